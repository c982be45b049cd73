"""Examples in and out: files of several shapes, checks, personal data, leaks and coverage."""
