"""RAG, the tuned model, or both: everything that was measured, as one recommendation."""
