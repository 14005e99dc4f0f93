"""The powermetrics collector."""
