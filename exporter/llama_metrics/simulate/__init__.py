"""An Ollama that is not there: it answers like one, and a scenario says what happens to it and when."""

from __future__ import annotations

from llama_metrics.simulate.run import main, powermetrics

__all__ = ["main", "powermetrics"]
