"""A reading of the probes as families."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from llama_metrics.collectors.probe import metrics
from llama_metrics.collectors.probe.reading import Probe, Probed, Reading
from llama_metrics.metrics import AnyFamily, Family, HistogramFamily, Metric


def render(reading: Reading) -> Iterable[AnyFamily]:
    """Every family that has a sample; before the first model is known there is none."""

    def of_last(metric: Metric, value: Callable[[Probe], float | None]) -> Family:
        return Family.of(metric, [((one.model,), value(one.last)) for one in reading if one.last])

    def by_reason(metric: Metric, counts: Callable[[Probed], tuple[tuple[str, int], ...]]) -> Family:
        return Family.of(metric, [((one.model, reason), count) for one in reading for reason, count in counts(one)])

    yield Family.of(metrics.ATTEMPTS, [((one.model,), one.attempts) for one in reading])
    yield by_reason(metrics.FAILED, lambda one: one.failures)
    yield by_reason(metrics.SKIPPED, lambda one: one.skips)
    seen = tuple(((one.model,), one.first_token) for one in reading if one.first_token)
    yield HistogramFamily(metrics.FIRST_TOKEN, seen)
    yield of_last(metrics.SUCCESS, lambda probe: probe.success)
    yield of_last(metrics.DURATION, lambda probe: probe.duration)
    yield of_last(metrics.GENERATION, lambda probe: probe.generation)
    yield of_last(metrics.GENERATED_TOKENS, lambda probe: probe.tokens)
    yield of_last(metrics.TIMESTAMP, lambda probe: probe.ended)
    yield Family.of(metrics.LAST_SUCCESS, [((one.model,), one.last_success) for one in reading])
