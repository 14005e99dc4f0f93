"""The processes of Ollama: its server and its runners."""
