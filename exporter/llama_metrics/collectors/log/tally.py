"""Counts what the events of one log say, and attributes it to models where that is certain."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from llama_metrics.collectors.log import events, metrics
from llama_metrics.collectors.log.facts import Facts
from llama_metrics.collectors.log.ledger import Ledger
from llama_metrics.collectors.log.lines import INFERENCE
from llama_metrics.collectors.log.runners import Roster, Runner, owner
from llama_metrics.collectors.log.tasks import Task, Tasks
from llama_metrics.metrics import AnyFamily
from llama_metrics.ollama.names import UNKNOWN

_INFERENCE = frozenset(INFERENCE)
# What changes the models that are installed.
_INSTALLING = frozenset({"/api/pull", "/api/create", "/api/copy", "/api/delete"})
_CODES = ("499", "500", "unknown")
# An aborted request is answered at once; after so many more answers, its own is not to be found.
_PATIENCE = 8
_SAME = 1.0


class Tally:
    """The counters of one log. Feed it every event, those from before the counting too: they tell who is alive."""

    def __init__(self) -> None:
        self._ledger, self._facts, self._roster, self._tasks = Ledger(), Facts(), Roster(), Tasks()
        count, histogram = self._ledger.counter, self._ledger.histogram
        self._http, self._took = count(metrics.HTTP_REQUESTS), histogram(metrics.HTTP_DURATION)
        self._messages, self._cancelled = count(metrics.MESSAGES), count(metrics.CANCELLED)
        self._rejections, self._truncations = count(metrics.QUEUE_REJECTIONS), count(metrics.TRUNCATIONS)
        self._requests, self._generated = count(metrics.REQUESTS), count(metrics.GENERATED_TOKENS)
        self._prompt, self._cached = count(metrics.PROMPT_TOKENS), count(metrics.PROMPT_CACHED_TOKENS)
        self._evaluated = count(metrics.PROMPT_EVALUATED_TOKENS)
        self._prompt_seconds, self._seconds = count(metrics.PROMPT_EVAL_SECONDS), count(metrics.EVAL_SECONDS)
        self._shifts, self._crashes = count(metrics.CONTEXT_SHIFTS), count(metrics.RUNNER_CRASHES)
        self._prompt_sizes = histogram(metrics.REQUEST_PROMPT_TOKENS)
        self._sizes = histogram(metrics.REQUEST_GENERATED_TOKENS)
        self._prompt_times = histogram(metrics.REQUEST_PROMPT_EVAL)
        self._token_times = histogram(metrics.REQUEST_TIME_PER_TOKEN)
        self._loads, self._load_times = count(metrics.LOADS), histogram(metrics.LOAD_DURATION)
        self._load_failures, self._memory = count(metrics.LOAD_FAILURES), count(metrics.OUT_OF_MEMORY)
        self._evictions, self._unloads = count(metrics.EVICTIONS), count(metrics.UNLOADS_OBSERVED)
        # How often the list of installed models has changed.
        self.installs = 0
        self._load_seconds: float | None = None
        self._untimed: Runner | None = None
        self._short_of_memory = False
        self._aborts: list[int] = []
        self._gone: tuple[str, float | None] | None = None
        self._crashed = False
        self._on: dict[type[events.Event], Callable[..., None]] = {
            events.Answered: self._answered,
            events.Prompt: self._prompted,
            events.PromptEvaluated: self._prompt_evaluated,
            events.Generated: self._generation,
            events.Released: self._released,
            events.Abandoned: lambda event: self._tasks.abandon(event.task, refused=event.refused),
            events.ContextShifted: lambda _: self._add(self._shifts),
            events.OutOfMemory: lambda _: self._out_of_memory(),
            events.SlotsReady: self._slots_ready,
            events.Offloaded: self._offloaded,
            events.Configured: self._configured,
            events.Listening: self._facts.listening,
            events.DefaultContext: self._facts.default_context,
            events.Device: self._facts.device,
            events.RunnerStarting: self._starting,
            events.ModelNamed: self._named,
            events.RunnerStarted: self._started,
            events.RunnersLoaded: self._loaded,
            events.LoadFailed: self._load_failed,
            events.Evicting: lambda _: self._add(self._evictions),
            events.TooLarge: lambda _: self._out_of_memory(),
            events.RunnerGone: self._runner_gone,
            events.Truncated: lambda _: self._add(self._truncations),
            events.ClientLeft: lambda _: self._aborts.append(_PATIENCE),
            events.RequestBegins: self._request_begins,
            events.RunnerInUse: self._runner_in_use,
        }

    def feed(self, read: Iterable[events.Event]) -> tuple[int, int]:
        """Counts events, in the log's order; gives how many there were, and how many Failed."""
        handlers, messages = self._on, self._messages
        parsed = failed = 0
        for event in read:
            kind = type(event)
            if kind is events.Failed:
                failed += 1
                continue
            parsed += 1
            handler = handlers.get(kind)
            if handler is not None:
                handler(event)
            if isinstance(event, events.Message):
                messages[(event.level,)] += 1
        return parsed, failed

    def begin(self) -> None:
        """What was counted until now lies before the counting; what is known stays known."""
        self._ledger.clear()
        self._aborts.clear()

    def exist(self, installed: Iterable[str], *, prints_costs: bool | None) -> None:
        """Makes the counters that can ever count exist, for what begins at 1 has no increase.

        `prints_costs` is whether this Ollama's runners do, where the log has not said it.
        """
        plain = [self._rejections, self._truncations, self._crashes, self._load_failures]
        for counts in (*plain, self._memory, self._evictions, self._unloads):
            counts[()] += 0
        for code in _CODES:
            self._cancelled[(code,)] += 0
        for level in events.LEVELS:
            self._messages[(level,)] += 0
        for route in INFERENCE:
            for code in ("200", "500", "503"):
                self._http[("POST", route, code)] += 0
        for model in installed:
            self._loads[(model,)] += 0
        if self._facts.timed or (self._facts.timed is None and prints_costs):
            self._shifts[()] += 0
            for model in (UNKNOWN, *(runner.model for runner in self._roster.alive if runner.upstream)):
                self._exist_for(model)

    def models(self) -> set[str]:
        """What the models are called that something is told of: by name, by blob, or `unknown`."""
        return self._ledger.models() | self._facts.models()

    def rename(self, names: Mapping[str, str]) -> None:
        """Gives models their names, from now on or for good: what is called `unknown` once stays so."""
        self._ledger.rename(names)
        self._facts.rename(names)

    def families(self, models: Collection[str]) -> Iterator[AnyFamily]:
        """What is known now; of models, what is called by one of these names."""
        yield from self._ledger.families(models)
        yield from self._facts.families(set(models) - {UNKNOWN})

    def _exist_for(self, model: str) -> None:
        of_requests = (self._requests, self._generated, self._evaluated, self._prompt_seconds, self._seconds)
        for counts in (*of_requests, self._prompt, self._cached):
            counts[(model,)] += 0

    def _add(self, counts: dict[tuple[str, ...], float]) -> None:
        counts[()] += 1

    # The access log

    def _answered(self, event: events.Answered) -> None:
        if event.polled:
            return
        route = event.route
        self._http[(event.method, route, event.code)] += 1
        self._took.observe((route,), event.seconds)
        if route in _INFERENCE:
            if event.code == "503":
                self._add(self._rejections)
            elif event.code == "499":
                self._cancelled[("499",)] += 1
            self._settle_aborts(event.code)
        elif route in _INSTALLING:
            self.installs += 1

    def _settle_aborts(self, code: str) -> None:
        """A client that left while waiting is answered 500. The line comes right behind, but others may be between."""
        if code == "500" and self._aborts:
            del self._aborts[0]
            self._cancelled[("500",)] += 1
        self._aborts = [left - 1 for left in self._aborts]
        while self._aborts and self._aborts[0] <= 0:
            del self._aborts[0]
            self._cancelled[("unknown",)] += 1

    # What runners print of their tasks

    def _prompted(self, event: events.Prompt) -> None:
        candidates = self._roster.candidates(event.task, event.context)
        self._tasks.begin(Task(event.slot, event.task, event.tokens, candidates))

    def _prompt_evaluated(self, event: events.PromptEvaluated) -> None:
        task = self._tasks.evaluated(event.slot, event.task, event.tokens)
        # Where the task's beginning was not seen, its cached part is not known, and not made up.
        whole = task.tokens if task else event.tokens
        model = (owner(task.candidates, timed=True) if task else UNKNOWN,)
        self._prompt[model] += whole
        self._cached[model] += whole - event.tokens
        self._evaluated[model] += event.tokens
        self._prompt_seconds[model] += event.seconds
        self._prompt_sizes.observe((), whole)
        self._prompt_times.observe(model, event.seconds)

    def _generation(self, event: events.Generated) -> None:
        task = self._tasks.generated(event.slot, event.task)
        model = (owner(task.candidates, timed=True) if task else UNKNOWN,)
        self._requests[model] += 1
        self._generated[model] += event.tokens
        self._seconds[model] += event.seconds
        self._sizes.observe((), event.tokens)
        if event.tokens > 1:
            self._token_times.observe(model, event.seconds / (event.tokens - 1))

    def _released(self, event: events.Released) -> None:
        task = self._tasks.release(event.slot, event.task)
        if task:
            self._prompt[(owner(task.candidates, timed=False),)] += task.tokens

    # Loads, and how they end

    def _configured(self, event: events.Configured) -> None:
        # The requests that the server before was at are cut off, not answered.
        self._tasks.clear()
        self._roster.restart()
        self._facts.configured(event)
        self._load_seconds = self._untimed = self._gone = None
        self._short_of_memory = self._crashed = False

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


def _close(one: float | None, other: float | None) -> bool:
    return one is None or other is None or abs(other - one) <= _SAME
