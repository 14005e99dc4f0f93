"""Collectors whose sources do what a test tells them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from llama_metrics.collector import AnyCollector, Collector, Context, Options, Scope, Source, Target
from llama_metrics.duration import Duration
from llama_metrics.metrics import AnyFamily, Family, Metric
from llama_metrics.system.machine import this_machine

VALUE = Metric("test_value", "gauge", "What the source said.", ("collector",))


class Scripted:
    """A source whose `read` is the given function; it counts how often it was read."""

    def __init__(self, read: Callable[[float], float]) -> None:
        self._read = read
        self.reads = 0
        self.rejected = 0

    def read(self, deadline: float) -> float:
        """As the script says."""
        self.reads += 1
        return self._read(deadline)

    def close(self) -> None:
        """Holds nothing open."""


def scripted(
    name: str, read: Callable[[float], float], scope: Scope = "target", *, gate: bool = False
) -> tuple[AnyCollector, Scripted]:
    """A collector named `name` and its source."""
    source = Scripted(read)

    def open_(_: Options, __: Context) -> Source[float]:
        return source

    def render(reading: float) -> Iterable[Family]:
        yield Family.of(VALUE, [((name,), reading)])

    collector = Collector(
        name=name, help=name, scope=scope, options=Options, metrics=(VALUE,), open=open_, render=render, gate=gate
    )
    return collector, source


def options(seconds: float = 2.0) -> Options:
    """A bound of so many seconds."""
    return Options(timeout=Duration(seconds))


def context(url: str = "http://127.0.0.1:9") -> Context:
    """The Ollama at `url`, or one that nobody asks, and real clocks."""
    target, machine = Target(name="default", url=url), this_machine({})
    return Context(target, machine, now=time.time, monotonic=time.monotonic)


def values(families: Iterable[AnyFamily], name: str) -> dict[str, float]:
    """The samples of one family with one label: its value -> the number."""
    found = (family for family in families if isinstance(family, Family) and family.metric.name == name)
    return {labels[0]: number for family in found for labels, number in family.samples}
