"""`llama-metrics simulate`: one scenario on the wall clock, as an API or as powermetrics, until SIGTERM or SIGINT."""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from llama_metrics.config import ListenAddress
from llama_metrics.schema import Problems
from llama_metrics.simulate import api, files
from llama_metrics.simulate.event import Event
from llama_metrics.simulate.log import Journal, LogFile
from llama_metrics.simulate.power import Meter, document
from llama_metrics.simulate.scenario import Scenario
from llama_metrics.simulate.server import Server
from llama_metrics.simulate.state import next_step, state_at

# Lines that are due within one such step are written together.
_STEP = 0.05
# A signal that comes just before a wait is seen only after it.
_LONGEST_WAIT = 0.5
# Seconds that a sample of powermetrics is taken over.
_SAMPLE = 1.0


def main(scenario: str, listen: str, log: Path | None = None) -> int:
    """Serves the scenario on HOST:PORT until SIGTERM or SIGINT, and gives the exit status.

    Appends to `log` what Ollama would. Says on standard output where it listens; on standard error why it cannot.
    """
    try:
        address = ListenAddress.parse(listen)
    except ValueError as error:
        return _failed(f"--listen: {error}")
    try:
        loaded = files.load(files.find(scenario))
    except Problems as problems:
        return _failed(*(f"{problem.path}: {problem.message}" for problem in problems.problems))
    try:
        run = _Run(loaded, address, LogFile(log) if log else None)
    except OSError as error:
        return _failed(f"cannot write {log}: {_reason(error)}; choose another file with --log")
    try:
        run.start()
    except OSError as error:
        return _failed(f"cannot listen on {listen}: {_reason(error)}; choose another address with --listen")
    sys.stdout.write(f"A simulated Ollama {loaded.version}, scenario {scenario}, listens on {run.server.url}\n")
    sys.stdout.flush()
    try:
        run.until_a_signal()
    except OSError as error:
        return _failed(f"stopped: {_reason(error)}")
    return 0


def powermetrics(scenario: str) -> int:
    """Prints what powermetrics would on a Mac that runs the scenario: a sample each second, from one second on.

    Ends like powermetrics: by SIGTERM or SIGINT, and at the next sample where nobody reads on. Says on standard error
    why it cannot begin, and gives the exit status.
    """
    try:
        loaded = files.load(files.find(scenario))
    except Problems as problems:
        return _failed(*(f"{problem.path}: {problem.message}" for problem in problems.problems))
    # Python ignores it, and would tell of a closed pipe in many lines.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # At once: a reader that has stopped reading holds back a write for as long as it likes.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    start, meter, separator = time.monotonic(), Meter(loaded, datetime.now(UTC)), b""
    while True:
        time.sleep(_SAMPLE)  # a sample is taken over this time, and told at its end
        _print(separator + document(meter.until(time.monotonic() - start), meter.booted))
        # Between two samples, and not behind the last one.
        separator = b"\0"


def _leave(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(0)


def _print(text: bytes) -> None:
    """All of it, with nothing left for the interpreter to write at its end."""
    while text:
        text = text[os.write(sys.stdout.fileno(), text) :]


class _Run:
    """A scenario on the wall clock."""

    def __init__(self, scenario: Scenario, address: ListenAddress, log: LogFile | None) -> None:
        self._scenario, self._log = scenario, log
        self._began, self._start = datetime.now(UTC), time.monotonic()
        self._journal = Journal(scenario, self._began)
        # A handler may only do what is safe at any moment; SimpleQueue.put is.
        self._ended: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.server = Server(*address.pair, self._respond, self._answered)
        # Before the first poll, as a server does.
        self._write_until(0)

    def start(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda received, _frame: self._ended.put(received))
        self.server.up()

    def until_a_signal(self) -> None:
        try:
            while True:
                seconds = self._seconds()
                self._follow(seconds)
                due = [one for one in (next_step(self._scenario, seconds), self._due()) if one is not None]
                try:
                    self._ended.get(timeout=max(_STEP, min([seconds + _LONGEST_WAIT, *due]) - self._seconds()))
                except queue.Empty:
                    continue
                else:
                    break
        finally:
            self.server.down()
            if self._log:
                self._log.close()

    def _follow(self, seconds: float) -> None:
        """Makes true what the scenario says of this moment."""
        should_be_up = state_at(self._scenario, seconds).up
        self._write_until(seconds)
        if should_be_up and not self.server.is_up:
            self.server.up()
        elif self.server.is_up and not should_be_up:
            self.server.down()

    def _write_until(self, seconds: float) -> None:
        if self._log:
            self._log.write(self._journal.until(seconds))

    def _due(self) -> float | None:
        return self._journal.coming if self._log else None

    def _seconds(self) -> float:
        return time.monotonic() - self._start

    def _respond(self, request: api.Request) -> api.Answer:
        return api.answer(request, state_at(self._scenario, self._seconds()), self._began)

    def _answered(self, client: str, request: api.Request, status: int, seconds: float) -> None:
        if self._log:
            # Quoted as Go does; a client sends what it likes.
            path = json.dumps(request.target, ensure_ascii=False)[1:-1]
            values = {"client": client, "method": request.method, "path": path, "status": status, "seconds": seconds}
            self._log.write(self._journal.text(Event(self._seconds(), ("gin",), values)))


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _failed(*complaints: str) -> int:
    for complaint in complaints:
        sys.stderr.write(f"llama-metrics: {complaint}\n")
    return 1
