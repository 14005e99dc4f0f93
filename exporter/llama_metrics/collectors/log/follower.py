"""Follows a log on a thread of its own and counts; a scrape only takes what there is."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from llama_metrics.background import Loop
from llama_metrics.collector import Context
from llama_metrics.collectors.log.lines import Lines
from llama_metrics.collectors.log.sources.source import Block, LogSource
from llama_metrics.collectors.log.tally import Tally
from llama_metrics.errors import Stale
from llama_metrics.metrics import AnyFamily
from llama_metrics.ollama.directory import Directory

# A line is counted so long after it was written, at most, and half of it on average.
_WAIT = 0.5
_GRACE = 1.0
# Kept of a scrape's time for taking what there is, when the API does not answer.
_RESERVE = 0.25


@dataclass(frozen=True, slots=True)
class Reading:
    """What the log has told so far; `last_line` in seconds since 1970, `unread` in bytes, None where not known."""

    families: tuple[AnyFamily, ...]
    parsed: int
    ignored: int
    failed: int
    last_line: float | None
    unread: int | None
    rotations: int


class Follower:
    """One log being followed, from the moment this is made until `close`."""

    rejected = 0

    def __init__(self, log: LogSource, directory: Directory, context: Context) -> None:
        self._log, self._directory, self._context = log, directory, context
        self._lines, self._tally = Lines(), Tally()
        self._lock = threading.Lock()
        self._begun = threading.Event()
        self._parsed = self._ignored = self._failed = 0
        self._last_line: float | None = None
        self._loop = Loop("log", self._step, context.now)
        self._loop.start()

    @property
    def restarts(self) -> int:
        """Times the log was taken up again after it could not be read."""
        return self._loop.restarts

    @property
    def last_success(self) -> float | None:
        """When the log could last be read, in seconds since 1970."""
        return self._loop.last_success

    def read(self, deadline: float) -> Reading:
        """What there is. Raises what the log raised, or Stale while its existing part is still being read."""
        for event in (self._loop.begun, self._begun):
            if not self._loop.error:
                event.wait(max(0.0, deadline - _RESERVE - self._context.monotonic()))
        if self._loop.error:
            raise self._loop.error
        if not self._begun.is_set():
            raise Stale("the existing part of the log is still being read; a later scrape will see it")
        names = self._names(deadline - _RESERVE)
        with self._lock:
            self._tally.rename(names)
            # What has no name yet, or came up in the meantime, waits for the next scrape.
            families = tuple(self._tally.families(names.values()))
            counts = self._parsed, self._ignored, self._failed, self._last_line
        return Reading(families, *counts, unread=self._log.unread(), rotations=self._log.rotations)

    def close(self) -> None:
        """Stops following."""
        self._loop.stop(_GRACE)
        self._log.close()

    def _names(self, deadline: float) -> dict[str, str]:
        """The name of each model that was counted. The API is asked without the lock: the log does not wait for it."""
        directory = self._directory
        directory.refresh(self._tally.installs, deadline)
        with self._lock:
            self._tally.exist(directory.installed, prints_costs=directory.prints_costs)
            models = self._tally.models()
        directory.look_up(models, deadline)
        names = ((model, directory.name(model, deadline)) for model in models)
        return {model: name for model, name in names if name is not None}

    def _step(self) -> None:
        block = self._log.read(_WAIT)
        if block is None or not block.past:
            self._begin()
        if block is not None:
            with self._lock:
                self._count(block)

    def _begin(self) -> None:
        """The existing part ends here; what it counted is over, what it told of the present stays."""
        if not self._begun.is_set():
            with self._lock:
                self._tally.begin()
                self._parsed = self._ignored = self._failed = 0
            self._begun.set()

    def _count(self, block: Block) -> None:
        parsed, failed = self._tally.feed(self._lines.parse(block.text))
        self._parsed += parsed
        self._failed += failed
        self._ignored += block.text.count(b"\n") + block.overlong - parsed - failed
        self._last_line = self._context.now()
