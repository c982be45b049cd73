"""Answers before people: queued for experts, judged blind, corrected, and put to good use."""
