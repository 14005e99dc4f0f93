"""What the probes have found, at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from llama_metrics.metrics import Distribution


@dataclass(frozen=True, slots=True)
class Probe:
    """The last probe of a model; seconds, `ended` since 1970. None is not known, or never came."""

    success: bool
    ended: float
    duration: float
    generation: float | None = None
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Probed:
    """All that is known of one model.

    Attributes:
        model: its name.
        attempts: requests.
        failures: of them, by reason.
        skips: requests that were due and left out, by reason.
        first_token: how long the first tokens took; None before the first one.
        last: the last probe; None before the first one, and while the model is skipped or gone.
        last_success: in seconds since 1970; None before the first one, and while the model is gone.

    """

    model: str
    attempts: int
    failures: tuple[tuple[str, int], ...]
    skips: tuple[tuple[str, int], ...]
    first_token: Distribution | None
    last: Probe | None
    last_success: float | None


Reading = tuple[Probed, ...]
