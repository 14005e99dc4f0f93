"""Counters and histograms that grow, and their families at one moment."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from llama_metrics.metrics import AnyFamily, AnyMetric, Distribution, Family, Histogram, HistogramFamily, Metric

Labels = tuple[str, ...]
Counts = defaultdict[Labels, float]


_MODEL = ("model",)


@dataclass(slots=True)
class Seen:
    """One series of a histogram: observations in each bucket, and their sum."""

    counts: list[int]
    sum: float = 0.0

    def __iadd__(self, other: Self) -> Self:
        self.counts = [one + more for one, more in zip(self.counts, other.counts, strict=True)]
        self.sum += other.sum
        return self


class Buckets:
    """The series of one histogram."""

    def __init__(self, metric: Histogram) -> None:
        self._bounds = metric.bounds
        self.series: dict[Labels, Seen] = {}

    def observe(self, labels: Labels, value: float) -> None:
        """Counts a value into its bucket; a bound belongs to the bucket below it."""
        seen = self.series.get(labels)
        if seen is None:
            seen = self.series[labels] = Seen([0] * (len(self._bounds) + 1))
        seen.counts[bisect_left(self._bounds, value)] += 1
        seen.sum += value


class Ledger:
    """Every counter and histogram of the log. A series exists from its first mention on."""

    def __init__(self) -> None:
        self._counts: dict[Metric, Counts] = {}
        self._buckets: dict[Histogram, Buckets] = {}

    def counter(self, metric: Metric) -> Counts:
        """The series of a counter; `[labels] += amount` grows one, `[labels] += 0` makes it exist."""
        return self._counts.setdefault(metric, defaultdict(float))

    def histogram(self, metric: Histogram) -> Buckets:
        """The series of a histogram."""
        return self._buckets.setdefault(metric, Buckets(metric))

    def clear(self) -> None:
        """Forgets every series."""
        for counts in self._counts.values():
            counts.clear()
        for buckets in self._buckets.values():
            buckets.series.clear()

    def models(self) -> set[str]:
        """The values of the label `model`, over all series."""
        return {labels[0] for series in self._of_models() for labels in series}

    def rename(self, names: Mapping[str, str]) -> None:
        """Gives the series of models new names; series that come to have one name are added up."""
        for series in self._of_models():
            for labels in [labels for labels in series if names.get(labels[0], labels[0]) != labels[0]]:
                _merge(series, (names[labels[0]],), series.pop(labels))

    def families(self, models: Collection[str]) -> Iterator[AnyFamily]:
        """What has been mentioned, as it is now; of models, those called by one of these names."""

        def shown(metric: AnyMetric, labels: Labels) -> bool:
            return metric.labels != _MODEL or labels[0] in models

        for metric, counts in self._counts.items():
            samples = tuple((labels, count) for labels, count in counts.items() if shown(metric, labels))
            if samples:
                yield Family(metric, samples)
        for histogram, buckets in self._buckets.items():
            seen = ((labels, one) for labels, one in buckets.series.items() if shown(histogram, labels))
            distributions = tuple((labels, Distribution(tuple(one.counts), one.sum)) for labels, one in seen)
            if distributions:
                yield HistogramFamily(histogram, distributions)

    def _of_models(self) -> Iterator[dict[Labels, Any]]:
        yield from (counts for metric, counts in self._counts.items() if metric.labels == _MODEL)
        yield from (buckets.series for metric, buckets in self._buckets.items() if metric.labels == _MODEL)


def _merge(series: dict[Labels, Any], labels: Labels, more: Any) -> None:
    if labels in series:
        series[labels] += more
    else:
        series[labels] = more
