"""Families as text: the Prometheus format 0.0.4 or OpenMetrics 1.0, by prometheus_client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import generate_latest
from prometheus_client.metrics_core import Metric as ClientMetric
from prometheus_client.openmetrics.exposition import ALLOWUTF8
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector as ClientCollector
from prometheus_client.samples import Sample

from llama_metrics.metrics import Family

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


def render(families: Iterable[Family], content_type: str) -> bytes:
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

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def collect(self) -> Iterator[ClientMetric]:
        for family in self._families:
            metric = family.metric
            # OpenMetrics names the family of a counter without the suffix of its sample.
            shown = ClientMetric(metric.name.removesuffix("_total"), metric.help, metric.kind)
            shown.samples = [
                Sample(metric.name, dict(zip(metric.labels, values, strict=True)), number)
                for values, number in family.samples
            ]
            yield shown
