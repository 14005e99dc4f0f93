"""The configuration keys of the runner collector."""

from __future__ import annotations

from llama_metrics.collector import Options
from llama_metrics.duration import Duration


class RunnerOptions(Options, frozen=True, kw_only=True):
    """On where Ollama runs on this machine.

    Attributes:
        metrics: whether to ask for the counters too, which a runner tells only where its operator has allowed it.

    """

    enabled: bool | None = None
    timeout: Duration = Duration(1.0)
    metrics: bool = False
