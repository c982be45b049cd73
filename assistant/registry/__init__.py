"""Runs as a person keeps them: names, notes, the queue, what each learned from, side by side."""
