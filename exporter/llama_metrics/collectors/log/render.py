"""A reading of the log as families."""

from __future__ import annotations

from collections.abc import Iterable

from llama_metrics.collectors.log import metrics
from llama_metrics.collectors.log.follower import Reading
from llama_metrics.metrics import AnyFamily, Family


def render(reading: Reading) -> Iterable[AnyFamily]:
    """What was counted, and how the reading itself goes."""
    yield from reading.families
    results = (("parsed", reading.parsed), ("ignored", reading.ignored), ("failed", reading.failed))
    yield Family.of(metrics.LINES, [((result,), count) for result, count in results])
    yield Family.single(metrics.LAST_LINE, reading.last_line)
    yield Family.single(metrics.UNREAD, reading.unread)
    yield Family.single(metrics.ROTATIONS, reading.rotations)
