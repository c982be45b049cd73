"""Examples written from documents: facts found by rule, questions for them, and what is kept."""
