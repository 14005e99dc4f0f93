"""The machine that Ollama runs on: memory, CPU, the disk with its models."""
