"""A reading of powermetrics as families."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llama_metrics.collectors.powermetrics import metrics
from llama_metrics.collectors.powermetrics.account import Reading
from llama_metrics.collectors.powermetrics.sample import Sample
from llama_metrics.metrics import Family


def render(reading: Reading) -> Iterable[Family]:
    """The latest sample, and what all of them add up to."""
    if reading.sample:
        yield from _latest(reading.sample)
        yield Family.single(metrics.SAMPLE_TIME, reading.arrived)
    yield Family.of(metrics.ENERGY, [((name,), joules) for name, joules in reading.joules])
    yield Family.single(metrics.COMBINED_ENERGY, reading.combined_joules)
    yield Family.single(metrics.SAMPLES, reading.samples)
    yield Family.single(metrics.PARSE_ERRORS, reading.parse_errors)
    yield Family.single(metrics.IMPLAUSIBLE, reading.implausible)
    yield Family.single(metrics.RESTARTS, reading.restarts)


def _latest(sample: Sample) -> Iterator[Family]:
    yield Family.of(metrics.POWER, [((rail.name,), rail.watts) for rail in sample.rails])
    yield Family.single(metrics.COMBINED_POWER, sample.combined.watts if sample.combined else None)
    yield Family.single(metrics.GPU_ACTIVE, sample.gpu_active)
    yield Family.single(metrics.GPU_FREQUENCY, sample.gpu_hertz)
    yield Family.of(metrics.CLUSTER_ACTIVE, [((cluster.name,), cluster.active) for cluster in sample.clusters])
    yield Family.of(metrics.CLUSTER_FREQUENCY, [((cluster.name,), cluster.hertz) for cluster in sample.clusters])
    levels = metrics.LEVELS if sample.thermal else ()
    yield Family.of(metrics.THERMAL_PRESSURE, [((level,), level == sample.thermal) for level in levels])
    yield Family.single(metrics.BATTERY, sample.battery)
    yield Family.single(metrics.SAMPLE_INTERVAL, sample.seconds)
