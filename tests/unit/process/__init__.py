"""Ollama's processes: tables of many systems, and real children."""
