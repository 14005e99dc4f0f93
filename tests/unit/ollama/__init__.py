"""What is known of Ollama whoever watches it: its processes and its answers."""
