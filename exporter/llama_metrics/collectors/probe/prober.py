"""Asks the models for a token, one after the other, and leaves alone what it would disturb."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from llama_metrics.collector import Context
from llama_metrics.collectors.probe.account import Account
from llama_metrics.collectors.probe.memory import Running, key, parse
from llama_metrics.collectors.probe.metrics import (
    BAD_ANSWER,
    NO_CONTEXT,
    NO_GENERATION,
    NOT_LOADED,
    REFUSED,
    RELOADED,
    TIMED_OUT,
    UNREACHABLE,
)
from llama_metrics.collectors.probe.options import ProbeOptions
from llama_metrics.collectors.probe.reading import Reading
from llama_metrics.errors import BadAnswer, SourceError, TimedOut, Unreachable
from llama_metrics.ollama.answers import LoadedModels
from llama_metrics.ollama.client import Client
from llama_metrics.ollama.generation import generate, is_no_generation

_LOOK_SECONDS = 5.0
# What is in memory is asked for again where it was so long ago: a model that has left since would be loaded.
_FRESH = 1.0
# A model that is in memory is ready in milliseconds; no load is as fast as this.
_LOADED_ANEW = 1.0
# So long after it has gone, a model is forgotten.
_FORGOTTEN = 3600.0


@dataclass(frozen=True, slots=True)
class _Look:
    """What was in memory at a moment (monotonic seconds); or why nobody knows, and how long it took to fail."""

    at: float
    running: dict[str, Running]
    failure: tuple[str, float] | None = None


class Prober:
    """The models that are probed, and what is known of them. `round` is called by one thread, `reading` by any.

    Args:
        client: asks Ollama.
        options: which models, and how long a request may take.
        context: the clocks.
        begins: told how long the next step may take.

    """

    def __init__(
        self, client: Client, options: ProbeOptions, context: Context, begins: Callable[[float], None]
    ) -> None:
        self._client, self._timeout, self._begins = client, float(options.timeout), begins
        self._now, self._monotonic = context.now, context.monotonic
        self._lock = threading.Lock()
        self._accounts = {
            key(model.name): Account(model.name, is_named=True, may_load=model.load) for model in options.models
        }
        # Values of answers that cannot be true.
        self.rejected = 0

    def round(self, is_over: Callable[[], bool]) -> None:
        """Probes each model that is due, unless `is_over` before its turn."""
        look = self._look()
        for place, account in self._accounts.items():
            if self._monotonic() - look.at > _FRESH:
                look = self._look()
            if is_over():
                return
            if account.gone is None:
                self._probe(account, look.running.get(place), look.failure)

    def reading(self) -> Reading:
        """What is known now."""
        with self._lock:
            return tuple(account.reading() for account in self._accounts.values())

    def _look(self) -> _Look:
        began = self._monotonic()
        self._begins(_LOOK_SECONDS)
        try:
            answer = self._client.get("/api/ps", LoadedModels, began + _LOOK_SECONDS)
        except SourceError as error:
            at = self._monotonic()
            return _Look(at, {}, (_reason(error), at - began))
        running, rejected = parse(answer, self._now())
        look = _Look(self._monotonic(), running)
        with self._lock:
            self.rejected += rejected
            self._see(look)
        return look

    def _see(self, look: _Look) -> None:
        # Another dict, for a round may be going over this one; a model that is new to it has its turn in the next.
        accounts = dict(self._accounts)
        for place, model in look.running.items():
            if model.pinned and place not in accounts:
                accounts[place] = Account(model.name, is_named=False, may_load=False)
        for place, account in accounts.items():
            account.see(look.running.get(place), look.at)
        self._accounts = {
            place: account
            for place, account in accounts.items()
            if account.gone is None or look.at - account.gone < _FORGOTTEN
        }

    def _probe(self, account: Account, running: Running | None, failure: tuple[str, float] | None) -> None:
        reason = account.left_alone(self._monotonic())
        if failure and not reason:
            with self._lock:
                account.failed(*failure, self._now())
            return
        if running is None and not account.may_load:
            reason = reason or NOT_LOADED
        if running is not None and running.context is None:
            reason = reason or NO_CONTEXT
        if reason:
            with self._lock:
                account.skipped(reason)
        else:
            self._ask(account, running)

    def _ask(self, account: Account, running: Running | None) -> None:
        began = self._monotonic()
        self._begins(self._timeout)
        name, context = (running.name, running.context) if running else (account.name, None)
        try:
            generation = generate(self._client, name, context, began + self._timeout, self._monotonic)
        except SourceError as error:
            with self._lock:
                self._take(error, account, self._monotonic() - began)
                account.is_suspect = running is not None and isinstance(error, TimedOut)
            return
        with self._lock:
            self.rejected += generation.rejected
            account.succeeded(generation, self._now())
            if running and (generation.load or 0.0) > _LOADED_ANEW:
                account.leave_alone(RELOADED, self._monotonic())

    def _take(self, error: SourceError, account: Account, seconds: float) -> None:
        if isinstance(error, BadAnswer) and is_no_generation(error):
            account.leave_alone(NO_GENERATION, self._monotonic())
            account.skipped(NO_GENERATION)
        else:
            account.failed(_reason(error), seconds, self._now())


def _reason(error: SourceError) -> str:
    if isinstance(error, TimedOut):
        return TIMED_OUT
    if isinstance(error, Unreachable):
        return UNREACHABLE
    return REFUSED if isinstance(error, BadAnswer) and error.status is not None else BAD_ANSWER
