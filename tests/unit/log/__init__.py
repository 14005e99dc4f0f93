"""What Ollama's log tells: the recorded logs against what their clients were told."""
