"""A Prometheus exporter for Ollama and the machine under it, without a proxy."""

__version__ = "0.1.0"
