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

# The bounds of every histogram of how long people wait, so that one can be laid over the other.
SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0)

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
        _check(self.name, self.help, self.labels)
        if (self.kind == "counter") != self.name.endswith("_total"):
            raise ValueError(f"metric {self.name}: _total ends the names of counters, and only theirs")


@dataclass(frozen=True, slots=True)
class Histogram:
    """A metric that counts observations into buckets.

    `bounds` are the buckets' upper bounds, ascending, each one inside its bucket; the last bucket, without a bound,
    is not among them. Raises ValueError where name, help, labels or bounds break the conventions.
    """

    name: str
    help: str
    bounds: tuple[float, ...]
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check(self.name, self.help, self.labels)
        if self.name.endswith(("_total", "_bucket", "_sum", "_count")):
            raise ValueError(f"metric {self.name}: the name ends as the samples of a counter or histogram do")
        if "le" in self.labels:
            raise ValueError(f"metric {self.name}: le is the label of the buckets")
        if not self.bounds or list(self.bounds) != sorted(set(self.bounds)) or not all(map(math.isfinite, self.bounds)):
            raise ValueError(f"metric {self.name}: the bounds must be finite and ascend")

    @property
    def kind(self) -> Literal["histogram"]:
        """As a Metric's."""
        return "histogram"


AnyMetric = Metric | Histogram


def _check(name: str, help_text: str, labels: tuple[str, ...]) -> None:
    """What holds for metrics of every kind. Raises ValueError."""
    if not _METRIC_NAME.fullmatch(name):
        raise ValueError(f"metric {name!r}: not lower case words joined by _")
    if not help_text or help_text != help_text.strip() or "\n" in help_text:
        raise ValueError(f"metric {name}: the help must be one line of text")
    for label in labels:
        if not _LABEL_NAME.fullmatch(label):
            raise ValueError(f"metric {name}: label {label!r} is not lower case words joined by _")
        if label in RESERVED_LABELS:
            raise ValueError(f"metric {name}: label {label} collides with what Prometheus' operators add")
    if len(set(labels)) < len(labels):
        raise ValueError(f"metric {name}: a label is named twice")


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


@dataclass(frozen=True, slots=True)
class Distribution:
    """What a histogram has seen: observations in each bucket (not summed up; the last one is above every bound)."""

    counts: tuple[int, ...]
    sum: float


@dataclass(frozen=True, slots=True)
class HistogramFamily:
    """A histogram with its series: pairs of label values and a distribution.

    Raises ValueError for a wrong count of label values or buckets, a negative count, or a series given twice.
    """

    metric: Histogram
    samples: tuple[tuple[tuple[str, ...], Distribution], ...]

    def __post_init__(self) -> None:
        for values, seen in self.samples:
            if len(values) != len(self.metric.labels):
                raise ValueError(f"{self.metric.name}: {len(values)} values for labels {self.metric.labels}")
            if len(seen.counts) != len(self.metric.bounds) + 1 or min(seen.counts) < 0:
                raise ValueError(f"{self.metric.name}{values}: {seen.counts} are no counts of its buckets")
            if not math.isfinite(seen.sum):
                raise ValueError(f"{self.metric.name}{values}: {seen.sum} is no sum")
        if len({values for values, _ in self.samples}) < len(self.samples):
            raise ValueError(f"{self.metric.name}: a series is given twice")


AnyFamily = Family | HistogramFamily
