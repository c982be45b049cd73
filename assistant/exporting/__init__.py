"""A tuned model to take away: as an adapter, merged into its base, or as a GGUF file for Ollama."""
