"""What one document tells, in base units."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Rail:
    """A part of the chip whose power is told: cpu, gpu or ane."""

    name: str
    watts: float
    joules: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """Cores that share a clock, by macOS' own name for them; None is not known."""

    name: str
    active: float | None
    hertz: float | None


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample; None, and a rail or cluster that is missing, is not known.

    Attributes:
        seconds: how long it was taken over.
        rails: what each took.
        combined: cpu, gpu and ane together.
        gpu_active: share of the time.
        gpu_hertz: mean clock.
        clusters: of the processor.
        thermal: the level of thermal pressure, as in metrics.LEVELS; at the end of the sample.
        battery: charge, 0 to 1; at the end of the sample.
        implausible: values that cannot be true and were dropped.

    """

    seconds: float
    rails: tuple[Rail, ...]
    combined: Rail | None
    gpu_active: float | None
    gpu_hertz: float | None
    clusters: tuple[Cluster, ...]
    thermal: str | None
    battery: float | None
    implausible: int

    def at_its_end(self) -> Sample:
        """Without what is a mean over its time."""
        return replace(self, rails=(), combined=None, gpu_active=None, gpu_hertz=None, clusters=())
