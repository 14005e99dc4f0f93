"""Counts loads of models, and how runners end, as far as the log says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from llama_metrics.collectors.log import events, metrics
from llama_metrics.collectors.log.facts import Facts
from llama_metrics.collectors.log.ledger import Counts, Ledger
from llama_metrics.collectors.log.runners import Roster, Runner, owner
from llama_metrics.collectors.log.tasks import Tasks

_SAME = 1.0


class Loads:
    """The loads of one server. It keeps the roster of runners, and ends the tasks of those that are gone."""

    def __init__(self, ledger: Ledger, facts: Facts, roster: Roster, tasks: Tasks) -> None:
        self._facts, self._roster, self._tasks = facts, roster, tasks
        count = ledger.counter
        self._loads, self._load_times = count(metrics.LOADS), ledger.histogram(metrics.LOAD_DURATION)
        self._load_failures, self._memory = count(metrics.LOAD_FAILURES), count(metrics.OUT_OF_MEMORY)
        self._evictions, self._unloads = count(metrics.EVICTIONS), count(metrics.UNLOADS_OBSERVED)
        self._crashes, self._prompt = count(metrics.RUNNER_CRASHES), count(metrics.PROMPT_TOKENS)
        # How long the load under way took, where that was printed before its end; the runner whose is still to come.
        self._load_seconds: float | None = None
        self._untimed: Runner | None = None
        self._short_of_memory = False
        self._gone: tuple[str, float | None] | None = None
        self._crashed = False

    @property
    def handlers(self) -> Mapping[type[events.Event], Callable[..., None]]:
        """What is done with each event that is about this."""
        return {
            events.RunnerStarting: self._starting,
            events.ModelNamed: self._named,
            events.SlotsReady: self._slots_ready,
            events.Offloaded: self._offloaded,
            events.RunnerStarted: self._started,
            events.RunnersLoaded: self._loaded,
            events.LoadFailed: self._load_failed,
            events.OutOfMemory: lambda _: self._out_of_memory(),
            events.TooLarge: lambda _: self._out_of_memory(),
            events.Evicting: lambda _: self._add(self._evictions),
            events.RunnerGone: self._runner_gone,
            events.RequestBegins: self._request_begins,
            events.RunnerInUse: self._runner_in_use,
        }

    def restart(self) -> None:
        """Another server begins: the runners of the one before are gone, and its loads are over."""
        self._roster.restart()
        self._load_seconds = self._untimed = self._gone = None
        self._short_of_memory = self._crashed = False

    def exist(self, installed: Iterable[str]) -> None:
        """Makes the counters exist, those of loads for each installed model."""
        for counts in (self._crashes, self._load_failures, self._memory, self._evictions, self._unloads):
            counts[()] += 0
        for model in installed:
            self._loads[(model,)] += 0

    def _starting(self, event: events.RunnerStarting) -> None:
        self._facts.timed = event.upstream or self._facts.timed
        self._roster.start(event)
        self._load_seconds = self._untimed = None
        died = self._roster.find(event.model) if self._crashed else None
        if died:
            self._tasks.drop(died)
        self._crashed = False

    def _named(self, event: events.ModelNamed) -> None:
        loading = self._roster.loading
        if loading:
            loading.model = event.model

    def _slots_ready(self, event: events.SlotsReady) -> None:
        loading = self._roster.loading
        if loading:
            loading.slots, loading.context = event.slots, event.context

    def _offloaded(self, event: events.Offloaded) -> None:
        loading = self._roster.loading
        if loading:
            loading.layers = event.layers, event.of

    def _started(self, event: events.RunnerStarted) -> None:
        """Printed twice a load: the first counts, and it may come before or behind the count of runners."""
        if self._roster.loading:
            self._load_seconds = event.seconds if self._load_seconds is None else self._load_seconds
        elif self._untimed:
            self._load_times.observe((self._untimed.model,), event.seconds)
            self._untimed = None

    def _loaded(self, event: events.RunnersLoaded) -> None:
        new, gone = self._roster.loaded(event.count)
        self._loads[(new.model,)] += 1
        if self._load_seconds is None:
            self._untimed = new
        else:
            self._load_times.observe((new.model,), self._load_seconds)
        self._unloads[()] += gone
        self._facts.loaded(new)
        self._short_of_memory = False
        for task in self._tasks.orphans(self._roster.alive):
            self._prompt[(owner(task.candidates, timed=True),)] += task.tokens

    def _load_failed(self, event: events.LoadFailed) -> None:
        if event.memory:
            self._out_of_memory()
        if not event.cancelled:
            self._add(self._load_failures)
        self._roster.loading = None
        self._short_of_memory = False

    def _out_of_memory(self) -> None:
        """A load that runs out of memory says so in several lines."""
        if not self._short_of_memory:
            self._add(self._memory)
        self._short_of_memory = True

    def _runner_gone(self, event: events.RunnerGone) -> None:
        """Printed twice at once; the load that follows says whose runner it was."""
        before, self._gone = self._gone, (event.words, event.second)
        again = before is not None and before[0] == event.words and _close(before[1], event.second)
        if not again:
            self._add(self._crashes)
        self._crashed = True

    # OLLAMA_DEBUG

    def _request_begins(self, event: events.RequestBegins) -> None:
        runner = self._roster.find(event.model)
        if runner and runner.requests is not None:
            runner.requests += 1

    def _runner_in_use(self, event: events.RunnerInUse) -> None:
        runner = self._roster.find(event.model)
        if runner:
            runner.requests = event.requests

    def _add(self, counts: Counts) -> None:
        counts[()] += 1


def _close(one: float | None, other: float | None) -> bool:
    return one is None or other is None or abs(other - one) <= _SAME
