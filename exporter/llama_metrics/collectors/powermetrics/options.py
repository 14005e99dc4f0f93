"""The configuration keys of the powermetrics collector."""

from __future__ import annotations

from llama_metrics.collector import Options
from llama_metrics.duration import Duration


class PowermetricsOptions(Options, frozen=True, kw_only=True):
    """How powermetrics is run.

    Attributes:
        interval: how long each sample is taken over; it is part of the command line that sudo has to permit. What a
            `-i` in `command` says comes first.
        command: another command line, on any system; None is Apple's own, under sudo where we are not root.

    """

    enabled: bool | None = None
    interval: Duration = Duration(1.0)
    command: tuple[str, ...] | None = None
