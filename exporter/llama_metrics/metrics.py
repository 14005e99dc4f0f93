"""Metrics as data: a Metric is declared once and holds no value; a Family is a metric with its samples.

Both are immutable and strict: what would make a page wrong (a bad name, a missing label value, a series given twice,
a value that is no number) is a ValueError where it is made, not a broken page at Prometheus.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self

Kind = Literal["gauge", "counter"]

_METRIC_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")
_LABEL_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# What Prometheus, its operator and a fleet's external labels add. A label of ours with such a name would be renamed
# to exported_… at the scrape, or be overwritten.
RESERVED_LABELS = frozenset(
    "instance job endpoint service pod namespace container cluster region zone env node host tenant replica"
    " prometheus".split()
)


@dataclass(frozen=True, slots=True)
class Metric:
    """A name, what it means and the names of its labels.

    Names are lower case words with a unit at the end; `_total` ends the names of counters and of nothing else.
    Raises ValueError where name, help or labels break the conventions.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _METRIC_NAME.fullmatch(self.name):
            raise ValueError(f"metric {self.name!r}: not lower case words joined by _")
        if (self.kind == "counter") != self.name.endswith("_total"):
            raise ValueError(f"metric {self.name}: _total ends the names of counters, and only theirs")
        if not self.help or self.help != self.help.strip() or "\n" in self.help:
            raise ValueError(f"metric {self.name}: the help must be one line of text")
        for label in self.labels:
            if not _LABEL_NAME.fullmatch(label):
                raise ValueError(f"metric {self.name}: label {label!r} is not lower case words joined by _")
            if label in RESERVED_LABELS:
                raise ValueError(f"metric {self.name}: label {label} collides with what Prometheus' operators add")
        if len(set(self.labels)) < len(self.labels):
            raise ValueError(f"metric {self.name}: a label is named twice")


Sample = tuple[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with samples: pairs of label values (in the order of the metric's labels) and a number.

    Raises ValueError for a wrong count of label values, a series given twice, or a value that is not finite.
    """

    metric: Metric
    samples: tuple[Sample, ...]

    def __post_init__(self) -> None:
        width = len(self.metric.labels)
        for values, number in self.samples:
            if len(values) != width:
                raise ValueError(f"{self.metric.name}: {len(values)} values for labels {self.metric.labels}")
            if not math.isfinite(number):
                raise ValueError(f"{self.metric.name}{values}: {number} is no value; leave the sample out")
        if len({values for values, _ in self.samples}) < len(self.samples):
            raise ValueError(f"{self.metric.name}: a series is given twice")

    @classmethod
    def of(cls, metric: Metric, samples: Iterable[tuple[tuple[str, ...], float | None]]) -> Self:
        """A family of those samples whose value is known; None means absent."""
        return cls(metric, tuple((values, number) for values, number in samples if number is not None))

    @classmethod
    def single(cls, metric: Metric, number: float | None) -> Self:
        """The family of a metric without labels: one sample, or none where the value is not known."""
        return cls.of(metric, [((), number)])
