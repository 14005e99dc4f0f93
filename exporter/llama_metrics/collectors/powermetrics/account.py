"""What the samples add up to."""

from __future__ import annotations

from dataclasses import dataclass

from llama_metrics.collectors.powermetrics.sample import Sample

# A sample that took more than so many intervals went over a sleep, or the machine stood still.
_LONG = 2.0


@dataclass(frozen=True, slots=True)
class Reading:
    """The latest sample, and what all of them add up to.

    Attributes:
        sample: the latest one; None before the first.
        arrived: when it did, in seconds since 1970.
        joules: of each rail that was ever told.
        combined_joules: of all together; None where that was never told.
        samples: that could be read.
        parse_errors: pieces of output that could not.
        implausible: values that were dropped.
        restarts: of the program.

    """

    sample: Sample | None
    arrived: float | None
    joules: tuple[tuple[str, float], ...]
    combined_joules: float | None
    samples: int
    parse_errors: int
    implausible: int
    restarts: int


class Account:
    """Adds up samples, whichever run of the program they are of: no sample tells of any time but its own.

    Args:
        interval: seconds that a sample should take.

    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._joules: dict[str, float] = {}
        self._combined: float | None = None
        self._samples = 0
        self._latest: Sample | None = None
        self._arrived: float | None = None
        self.parse_errors = self.implausible = 0

    @property
    def arrived(self) -> float | None:
        """When the latest sample did, in seconds since 1970."""
        return self._arrived

    def add(self, sample: Sample, now: float) -> None:
        """Of one that went over a sleep, the energy counts: macOS says so. Its means say nothing of the time awake."""
        for rail in sample.rails:
            self._joules[rail.name] = self._joules.get(rail.name, 0.0) + rail.joules
        if sample.combined:
            self._combined = (self._combined or 0.0) + sample.combined.joules
        self._samples += 1
        self.implausible += sample.implausible
        self._latest = sample.at_its_end() if sample.seconds > _LONG * self._interval else sample
        self._arrived = now

    def reading(self, restarts: int) -> Reading:
        """All of it at this moment."""
        counts = self._samples, self.parse_errors, self.implausible, restarts
        return Reading(self._latest, self._arrived, tuple(self._joules.items()), self._combined, *counts)
