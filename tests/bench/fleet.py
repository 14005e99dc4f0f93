"""A fleet as Prometheus has stored it: every series of a host, with as much of its past as the rules look back at.

Hosts are well and at work, each with three models in memory; every third is a Mac, the others have an NVIDIA card.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

from promql_parser import MatrixSelector, VectorSelector

from llama_metrics.catalogue import catalogue
from llama_metrics.collectors.probe.metrics import FAILURES
from llama_metrics.collectors.runner.metrics import STATES
from llama_metrics.metrics import Histogram
from tests.rules.pack import RULES
from tests.rules.promql import TARGET_LABELS, Schema, nodes
from tests.rules.watchers import WATCHERS

_JOB = "ollama"
_SCRAPE = 15
# Scrapes that lie ahead of the clock, in seconds: no range runs empty while the rules are evaluated.
_AHEAD = 5 * 60
# What an expression without a range looks back.
_LATEST = 5 * 60
# What no rule reads is there as well, for Prometheus' memory; its latest samples are enough.
_UNREAD = 60
# How the names begin that only Macs have, only machines with an NVIDIA card, and nobody here.
_MAC, _LINUX = ("powermetrics_", "macos_", "instance:powermetrics_"), ("nvidia_", "instance:gpu_")
_NOBODY = ("amd_",)

_VALUES: Mapping[str, tuple[str, ...]] = {
    "model": ("llama3.2:3b", "qwen3:8b", "nomic-embed-text:latest"),
    "method": ("POST",),
    "route": ("/api/generate", "/api/chat", "/api/embed", "/v1/chat/completions", "/v1/embeddings"),
    "code": ("200", "500", "503"),
    "role": ("server", "runner"),
    "state": ("busy", "idle"),
    "level": ("nominal", "moderate", "heavy", "trapping", "sleeping", "other"),
    "rail": ("cpu", "gpu", "ane"),
    "cpu_cluster": ("E", "P0"),
    "mode": ("user", "system", "idle"),
    "result": ("parsed", "ignored", "failed"),
    "collector": ("version", "ps", "tags", "process", "host", "log", "runner", "probe", "machine"),
    "reason": FAILURES,
}  # fmt: skip
# By how much what is counted grows from scrape to scrape; what is named nowhere here, failures above all, does not.
_GROWTH: Mapping[str, float] = {
    "_sum": 0.5, "_count": 1, "_bucket": 1, "requests_total": 1, "attempts_total": 1, "lines_total": 1,
    "samples_total": 15, "tokens_total": 400, "duration_seconds_total": 8, "joules_total": 1350,
}  # fmt: skip
# What is measured, where it is not 1.
_LEVELS: Mapping[str, float] = {
    "size_bytes": 5e9, "vram_bytes": 5e9, "total_bytes": 64e9, "memory_available_bytes": 32e9,
    "resident_memory_bytes": 1e9, "filesystem_size_bytes": 2e12, "filesystem_available_bytes": 1e12,
    "swap_used_bytes": 0, "unread_bytes": 0, "max_fds": 1024, "power_watts": 90, "temperature_celsius": 60,
    "throttle_active": 0, "timeout": 0, "pinned": 0, "timestamp_seconds": 1.7e9, "time_seconds": 1.7e9,
    "scrape_samples_post_metric_relabeling": 600, "scrape_sample_limit": 5000, "scrape_duration_seconds": 0.1,
}  # fmt: skip
# Words in the names of records of what goes wrong, and labels of counters of that.
_WRONG = ("down", "fail", "late", "unavailable", "unexplained", "appeared", "throttl", "pressure", "busy")
_FAILED = {"500", "503", "failed"}


@dataclass(frozen=True, slots=True)
class Series:
    """Its labels, and its values, `step` seconds apart, the last one `ahead` seconds ahead of the clock."""

    labels: Mapping[str, str]
    values: Sequence[float]
    step: int
    ahead: int


def of_host(name: str, *, mac: bool) -> Iterator[Series]:
    """Every series of one host, what is recorded of it included."""
    for metric, labels in _stored().items():
        if labels >= TARGET_LABELS and not metric.startswith((*(_LINUX if mac else _MAC), *_NOBODY)):
            yield from _series(metric, {"job": _JOB, "instance": name}, sorted(labels - TARGET_LABELS))


def of_job() -> Iterator[Series]:
    """What is recorded of all hosts together."""
    for metric, labels in _stored().items():
        if not labels >= TARGET_LABELS:
            yield from _series(metric, {"job": _JOB}, sorted(labels - TARGET_LABELS))


@cache
def _stored() -> Mapping[str, frozenset[str]]:
    """The name and the labels of all that Prometheus stores of a fleet."""
    series = Schema.of(catalogue(), RULES).series
    return {name: labels for name, labels in series.items() if name not in WATCHERS or name.startswith("scrape_")}


@cache
def _looked_back() -> Mapping[str, int]:
    """How many seconds of a series' past are read, by its name."""
    longest: dict[str, int] = defaultdict(int)
    for node in [node for rule in RULES for node in nodes(rule.parsed())]:
        match node:
            case MatrixSelector():
                name, seconds = node.vector_selector.name, int(node.range.total_seconds())
            case VectorSelector():
                name, seconds = node.name, _LATEST
            case _:
                continue
        longest[name or ""] = max(longest[name or ""], seconds)
    return longest


@cache
def _intervals() -> Mapping[str, int]:
    """How many seconds lie between two samples of what is recorded."""
    records = (rule for rule in RULES if not rule.is_alert)
    return {rule.name: int(rule.interval.total_seconds()) if rule.interval else _SCRAPE for rule in records}


@cache
def _bounds() -> Mapping[str, tuple[str, ...]]:
    histograms = (metric for metric in catalogue() if isinstance(metric, Histogram))
    return {f"{metric.name}_bucket": (*map(str, map(float, metric.bounds)), "+Inf") for metric in histograms}


def _series(metric: str, target: Mapping[str, str], labels: Sequence[str]) -> Iterator[Series]:
    step, seconds = _intervals().get(metric, _SCRAPE), _looked_back().get(metric, _UNREAD)
    # What is recorded is recorded until now: a sample that lies ahead would have the rules' own refused.
    ahead = 0 if metric in _intervals() else _AHEAD
    count = (seconds + ahead) // step + 2
    values = {**_VALUES, "le": _bounds().get(metric, ())}
    if metric == "ollama_runner_state":
        values["state"] = STATES
    for chosen in product(*(values.get(label, ("only",)) for label in labels)):
        level = _level(metric, chosen)
        growth = 0 if _FAILED.intersection(chosen) else _growth(metric)
        yield Series(
            {"__name__": metric, **target, **dict(zip(labels, chosen, strict=True))},
            [level + growth * number for number in range(count)],
            step,
            ahead,
        )


def _growth(metric: str) -> float:
    if ":" in metric:
        return 0
    return next((growth for end, growth in _GROWTH.items() if metric.endswith(end)), 0)


def _level(metric: str, chosen: Sequence[str]) -> float:
    if ":" in metric:
        return 0 if any(word in metric for word in _WRONG) else 1
    # Of several states it is in one.
    if metric.endswith(("_pressure", "_slots", "_state")):
        return float(not {"nominal", "idle", "ready"}.isdisjoint(chosen))
    return next((level for end, level in _LEVELS.items() if metric.endswith(end)), 1)
