"""Families as text: the Prometheus format 0.0.4 or OpenMetrics 1.0, by prometheus_client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client import generate_latest
from prometheus_client.metrics_core import Metric as ClientMetric
from prometheus_client.openmetrics.exposition import ALLOWUTF8
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector as ClientCollector
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

from llama_metrics.metrics import AnyFamily, Family, HistogramFamily

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def qualities(header: str) -> dict[str, float]:
    """What an Accept header, or one of its kin, names, and how much each is wanted: 1 where it does not say."""
    wanted: dict[str, float] = {}
    for part in header.split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        wanted[name] = max(wanted.get(name, 0.0), _quality(parameters))
    return wanted


def negotiate(accept: str) -> str:
    """The content type that answers an Accept header: OpenMetrics where it is wanted at least as much as text."""
    wanted = qualities(accept)
    openmetrics = wanted.get("application/openmetrics-text", 0.0)
    return OPENMETRICS if openmetrics and openmetrics >= wanted.get("text/plain", 0.0) else TEXT


def render(families: Iterable[AnyFamily], content_type: str) -> bytes:
    """The page in one of the two content types above."""
    page = _Page(families)
    if content_type == OPENMETRICS:
        # Our names need no escaping: Metric sees to it. The default would look at each of their characters.
        return bytes(generate_openmetrics(page, ALLOWUTF8))  # type: ignore[no-untyped-call]
    return generate_latest(page)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


class _Page(ClientCollector):
    """What an encoder asks of a registry is this one method."""

    def __init__(self, families: Iterable[AnyFamily]) -> None:
        self._families = families

    def collect(self) -> Iterator[ClientMetric]:
        for family in self._families:
            metric = family.metric
            # OpenMetrics names the family of a counter without the suffix of its sample.
            shown = ClientMetric(metric.name.removesuffix("_total"), metric.help, metric.kind)
            shown.samples = _numbers(family) if isinstance(family, Family) else list(_buckets(family))
            yield shown


def _numbers(family: Family) -> list[Sample]:
    name, labels = family.metric.name, family.metric.labels
    return [Sample(name, dict(zip(labels, values, strict=True)), number) for values, number in family.samples]


def _buckets(family: HistogramFamily) -> Iterator[Sample]:
    """Each bucket holds those below it too."""
    name, bounds = family.metric.name, [*map(floatToGoString, family.metric.bounds), "+Inf"]
    for values, seen in family.samples:
        labels = dict(zip(family.metric.labels, values, strict=True))
        for bound, count in zip(bounds, accumulate(seen.counts), strict=True):
            yield Sample(f"{name}_bucket", {**labels, "le": bound}, count)
        yield Sample(f"{name}_count", labels, sum(seen.counts))
        yield Sample(f"{name}_sum", labels, seen.sum)
