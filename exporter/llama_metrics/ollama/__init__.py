"""What is known of Ollama itself: where it listens, how its models are named, what its API answers."""
