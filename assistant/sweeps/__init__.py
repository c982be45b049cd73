"""Ladders and curves: runs that differ in one thing, scored on the same held-out questions."""
