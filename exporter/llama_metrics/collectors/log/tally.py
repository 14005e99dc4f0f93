"""Counts what the events of one log say, and attributes it to models where that is certain."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from llama_metrics.collectors.log import events, metrics
from llama_metrics.collectors.log.facts import Facts
from llama_metrics.collectors.log.ledger import Ledger
from llama_metrics.collectors.log.lines import INFERENCE
from llama_metrics.collectors.log.loads import Loads
from llama_metrics.collectors.log.runners import Roster, owner
from llama_metrics.collectors.log.tasks import Task, Tasks
from llama_metrics.metrics import AnyFamily
from llama_metrics.ollama.names import UNKNOWN

_INFERENCE = frozenset(INFERENCE)
# What changes the models that are installed.
_INSTALLING = frozenset({"/api/pull", "/api/create", "/api/copy", "/api/delete"})
_CODES = ("499", "500", "unknown")
# An aborted request is answered at once; after so many more answers, its own is not to be found.
_PATIENCE = 8


class Tally:
    """The counters of one log. Feed it every event, those from before the counting too: they tell who is alive."""

    def __init__(self) -> None:
        self._ledger, self._facts, self._roster, self._tasks = Ledger(), Facts(), Roster(), Tasks()
        self._loads = Loads(self._ledger, self._facts, self._roster, self._tasks)
        count, histogram = self._ledger.counter, self._ledger.histogram
        self._http, self._took = count(metrics.HTTP_REQUESTS), histogram(metrics.HTTP_DURATION)
        self._messages, self._cancelled = count(metrics.MESSAGES), count(metrics.CANCELLED)
        self._rejections, self._truncations = count(metrics.QUEUE_REJECTIONS), count(metrics.TRUNCATIONS)
        self._requests, self._generated = count(metrics.REQUESTS), count(metrics.GENERATED_TOKENS)
        self._prompt, self._cached = count(metrics.PROMPT_TOKENS), count(metrics.PROMPT_CACHED_TOKENS)
        self._evaluated = count(metrics.PROMPT_EVALUATED_TOKENS)
        self._prompt_seconds, self._seconds = count(metrics.PROMPT_EVAL_SECONDS), count(metrics.EVAL_SECONDS)
        self._shifts = count(metrics.CONTEXT_SHIFTS)
        self._prompt_sizes = histogram(metrics.REQUEST_PROMPT_TOKENS)
        self._sizes = histogram(metrics.REQUEST_GENERATED_TOKENS)
        self._prompt_times = histogram(metrics.REQUEST_PROMPT_EVAL)
        self._token_times = histogram(metrics.REQUEST_TIME_PER_TOKEN)
        # How often the list of installed models has changed.
        self.installs = 0
        self._aborts: list[int] = []
        self._on: dict[type[events.Event], Callable[..., None]] = {
            **self._loads.handlers,
            events.Answered: self._answered,
            events.Prompt: self._prompted,
            events.PromptEvaluated: self._prompt_evaluated,
            events.Generated: self._generation,
            events.Released: self._released,
            events.Abandoned: lambda event: self._tasks.abandon(event.task, refused=event.refused),
            events.ContextShifted: lambda _: self._add(self._shifts),
            events.Configured: self._configured,
            events.Listening: self._facts.listening,
            events.DefaultContext: self._facts.default_context,
            events.Device: self._facts.device,
            events.Truncated: lambda _: self._add(self._truncations),
            events.ClientLeft: lambda _: self._aborts.append(_PATIENCE),
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
        self._loads.exist(installed)
        for counts in (self._rejections, self._truncations):
            counts[()] += 0
        for code in _CODES:
            self._cancelled[(code,)] += 0
        for level in events.LEVELS:
            self._messages[(level,)] += 0
        for route in INFERENCE:
            for code in ("200", "500", "503"):
                self._http[("POST", route, code)] += 0
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

    # Servers

    def _configured(self, event: events.Configured) -> None:
        # The requests that the server before was at are cut off, not answered.
        self._tasks.clear()
        self._loads.restart()
        self._facts.configured(event)
