"""Runs the collectors side by side under a deadline and says how each one did.

A scrape waits for a collector no longer than the collector's own bound and what Prometheus allows. What failed has no
samples; its health says so. Where the gate of a scope failed, nothing else of that scope is shown.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import TimeoutError as StillRunning
from dataclasses import dataclass
from typing import Any, cast

from llama_metrics.collector import AnyCollector, Background, Context, Options
from llama_metrics.errors import SourceError, TimedOut, Unsupported
from llama_metrics.flight import Flight, SingleFlight
from llama_metrics.log import fields
from llama_metrics.metrics import AnyFamily, Family, Metric

SUCCESS = Metric(
    "llama_metrics_collector_success", "gauge", "1 if the collector could read its source, else 0.", ("collector",)
)
DURATION = Metric(
    "llama_metrics_collector_duration_seconds",
    "gauge",
    "How long the collector took, or has taken so far where the scrape did not wait for its end.",
    ("collector",),
)
TIMEOUT = Metric(
    "llama_metrics_collector_timeout", "gauge", "1 if the collector ran out of time, else 0.", ("collector",)
)
REJECTED = Metric(
    "llama_metrics_rejected_readings_total",
    "counter",
    "Values that cannot be true (a negative size, a name twice, a date before 1970) and were dropped.",
    ("collector",),
)
LAST_SUCCESS = Metric(
    "llama_metrics_background_last_success_timestamp_seconds",
    "gauge",
    "When a collector that works between scrapes last went well, in seconds since 1970; absent before the first time.",
    ("collector",),
)
RESTARTS = Metric(
    "llama_metrics_background_restarts_total",
    "counter",
    "Times a collector that works between scrapes was taken up again after trouble.",
    ("collector",),
)
METRICS = (SUCCESS, DURATION, TIMEOUT, REJECTED, LAST_SUCCESS, RESTARTS)

# A source ends by itself at its bound, and its error says more than ours; it gets this long to do so.
_SLACK = 0.1


class CannotOpen(Exception):
    """A collector that was asked for by name cannot run on this machine."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one collector did: its families, or the error. `seconds` is how long it took, `at` when, since 1970."""

    collector: AnyCollector
    families: tuple[AnyFamily, ...]
    error: BaseException | None
    seconds: float
    at: float


class Scraper:
    """Opens collectors once and collects from them as often as asked.

    Args:
        enabled: collectors with their options, in the order of the page.
        context: what their sources need.
        logger: told once when a collector begins to fail and once when it has recovered.

    """

    def __init__(
        self, enabled: Iterable[tuple[AnyCollector, Options]], context: Context, logger: logging.Logger
    ) -> None:
        self._enabled, self._context, self._logger = tuple(enabled), context, logger
        self._parts: tuple[_Part, ...] = ()
        self._lock = threading.Lock()
        self._last: dict[str, Result] = {}

    def open(self) -> None:
        """Opens the collectors, and leaves out those that this machine does not support.

        Raises CannotOpen for such a one that was asked for.
        """
        for collector, options in self._enabled:
            try:
                self._parts += (_Part(collector, options, self._context),)
            except Unsupported as reason:
                if options.enabled:
                    self.stop(0)
                    raise CannotOpen(f"collector {collector.name} is enabled, but: {reason}") from None
                self._logger.info("collector left out", extra=fields(collector=collector.name, reason=reason))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the open collectors."""
        return tuple(part.collector.name for part in self._parts)

    def last(self) -> tuple[Result | None, ...]:
        """The latest result of each open collector; None for one that was never asked."""
        with self._lock:
            return tuple(self._last.get(name) for name in self.names)

    def collect(self, names: Collection[str] | None = None, seconds: float | None = None) -> list[AnyFamily]:
        """The families of the named collectors (all where None), with their health, within `seconds`."""
        asked = [part for part in self._parts if names is None or part.collector.name in names]
        end = float("inf") if seconds is None else self._context.monotonic() + seconds
        flights = [part.flights.join() for part in asked]
        results = [self._wait(part, flight, end) for part, flight in zip(asked, flights, strict=True)]
        for result in results:
            self._note(result)
        return [*_shown(results), *_health(results), _rejected(asked), *_background(asked)]

    def stop(self, grace: float) -> None:
        """Lets the collections under way end within `grace` seconds; those still out count as timed out. Closes all."""
        end = self._context.monotonic() + grace
        for part in self._parts:
            part.flights.stop(end - self._context.monotonic(), TimedOut("the exporter is stopping"))
        for part in self._parts:
            part.source.close()

    def _wait(self, part: _Part, flight: Flight[Result], end: float) -> Result:
        limit = min(flight.started + part.timeout + _SLACK, end)
        try:
            error = flight.result.exception(max(0.0, limit - self._context.monotonic()))
        except StillRunning:
            error = TimedOut("no reading within the time of this scrape")
        return part.failed(error, flight.started) if error else flight.result.result()

    def _note(self, result: Result) -> None:
        """Logs the change from good to bad, from one trouble to another, and back; nothing while it stays."""
        with self._lock:
            before = self._last.get(result.collector.name)
            self._last[result.collector.name] = result
        earlier = before.error if before else None
        if type(earlier) is type(result.error):
            return
        about = fields(collector=result.collector.name)
        if result.error is None:
            self._logger.info("collector has recovered", extra=about)
        elif isinstance(result.error, SourceError):
            about = fields(collector=result.collector.name, error=result.error)
            self._logger.warning("collector fails", extra=about)
        else:
            self._logger.error("collector has a bug; please report it", extra=about, exc_info=result.error)


class _Part:
    """An opened collector with its thread."""

    def __init__(self, collector: AnyCollector, options: Options, context: Context) -> None:
        self.collector, self.timeout = collector, float(options.timeout)
        self.source = collector.open(options, context)
        self.background: Background[Any] | None = cast("Background[Any]", self.source) if collector.background else None
        self._context = context
        self.flights = SingleFlight(collector.name, self._collect, context.monotonic)

    def failed(self, error: BaseException, started: float) -> Result:
        """The result of a call that ended, or that nobody waits for any longer, with an error."""
        took = self._context.monotonic() - started
        return Result(self.collector, self.collector.when_failed, error, took, self._context.now())

    def _collect(self) -> Result:
        """Reads within the collector's own bound, whoever waits for it, and renders.

        The time is taken here: a scrape waits for one collector after the other, and would count the waiting.
        """
        started = self._context.monotonic()
        try:
            reading = self.source.read(started + self.timeout)
            families = tuple(self.collector.render(reading))
        except Exception as error:  # noqa: BLE001  a bug in a collector costs that collector alone
            return self.failed(error, started)
        return Result(self.collector, families, None, self._context.monotonic() - started, self._context.now())


def _shown(results: Sequence[Result]) -> Iterable[AnyFamily]:
    """The families, without those of a scope whose gate failed, save what outlasts it; the gate's own word stays."""
    closed = {result.collector.scope for result in results if result.collector.gate and result.error}
    for result in results:
        stays = result.collector.gate or result.collector.outlasts_gate
        if stays or result.collector.scope not in closed:
            yield from result.families


def _health(results: Sequence[Result]) -> Iterable[Family]:
    def labelled(metric: Metric, value: Callable[[Result], float]) -> Family:
        return Family.of(metric, [((result.collector.name,), value(result)) for result in results])

    yield labelled(SUCCESS, lambda result: result.error is None)
    yield labelled(DURATION, lambda result: result.seconds)
    yield labelled(TIMEOUT, lambda result: isinstance(result.error, TimedOut))


def _rejected(parts: Sequence[_Part]) -> Family:
    return Family.of(REJECTED, [((part.collector.name,), part.source.rejected) for part in parts])


def _background(parts: Sequence[_Part]) -> Iterable[Family]:
    sources = [((part.collector.name,), part.background) for part in parts if part.background]
    if sources:
        yield Family.of(LAST_SUCCESS, [(name, source.last_success) for name, source in sources])
        yield Family.of(RESTARTS, [(name, source.restarts) for name, source in sources])
