"""What llama-server, which Ollama starts for a model, says on its own port: its slots, and its counters."""
