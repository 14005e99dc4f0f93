"""A listener to a fake powermetrics, under a clock that the test moves."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from llama_metrics.collector import Context
from llama_metrics.collectors.powermetrics.account import Reading
from llama_metrics.collectors.powermetrics.listener import Listener
from llama_metrics.collectors.powermetrics.stream import Stream
from llama_metrics.errors import SourceError
from llama_metrics.system.backoff import Backoff
from tests.support.collectors import context
from tests.support.fake_powermetrics import FakePowermetrics, document
from tests.support.waiting import until

NOW = 1_795_250_000.0


def is_gone(pid: int) -> bool:
    """Whether no process, not even a zombie, has this id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


class Setup:
    """A powermetrics that is listened to, every second as it believes.

    Attributes:
        fake: the powermetrics.
        now: seconds since 1970; only the test moves it.
        seconds: that never jump; likewise.

    """

    def __init__(self, folder: Path) -> None:
        self.fake = FakePowermetrics(folder)
        self.now, self.seconds = NOW, 1000.0
        self._stream = Stream(
            (self.fake.program, "-i", "1000"), 1.0, "monitor", self._monotonic, Backoff(0.01, self._monotonic)
        )
        self._stream.start()
        self.listener = Listener(self._stream, 1.0, self._context())

    def read(self) -> Reading:
        """What a scrape gets."""
        return self.listener.read(self.seconds)

    def samples(self, count: int) -> Reading:
        """The reading once there are so many samples."""
        return self.reading(lambda reading: reading.samples >= count)

    def reading(self, condition: Callable[[Reading], bool]) -> Reading:
        """The reading once the condition holds."""

        def wanted() -> Reading | None:
            try:
                reading = self.read()
            except SourceError:  # it is asked again until the bound is over
                return None
            return reading if condition(reading) else None

        return until(wanted)

    def error(self, kind: type[SourceError]) -> str:
        """What a scrape is told, once that is of this kind."""

        def wanted() -> str | None:
            try:
                self.read()
            except kind as error:
                return str(error)
            except SourceError:  # it is asked again until the bound is over
                return None
            return None

        return until(wanted)

    def sample(self, joules: float = 1.0) -> None:
        """Another document, and the NUL before it that there is between two."""
        self.fake.write(b"\0" + document(joules))

    def runs(self, count: int) -> None:
        """Waits for so many runs; the pauses before each are let pass."""

        def begun() -> bool:
            self.seconds += 0.1
            return len(self.fake.pids()) >= count

        until(begun)

    def close(self) -> None:
        """Ends it."""
        self.listener.close()

    def _monotonic(self) -> float:
        return self.seconds

    def _context(self) -> Context:
        return replace(context(), now=lambda: self.now, monotonic=self._monotonic)
