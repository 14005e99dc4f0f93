"""`llama-metrics simulate`: one scenario on the wall clock, with an API, a log and runners, until SIGTERM or SIGINT."""

from __future__ import annotations

import json
import queue
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from llama_metrics.config import ListenAddress
from llama_metrics.schema import Problems
from llama_metrics.simulate import api, files
from llama_metrics.simulate.event import Event
from llama_metrics.simulate.live import Live, WallClock
from llama_metrics.simulate.log import LogFile
from llama_metrics.simulate.runners import Runners
from llama_metrics.simulate.scenario import Scenario
from llama_metrics.simulate.server import Server
from llama_metrics.simulate.state import next_step
from llama_metrics.simulate.wording import Wording

# Lines that are due within one such step are written together.
_STEP = 0.05
# A client may have a model loaded at any moment; and a signal that comes just before a wait is seen only after it.
_LONGEST_WAIT = 0.1


def main(scenario: str, listen: str, log: Path | None = None, *, has_runners: bool = False) -> int:
    """Serves the scenario on HOST:PORT until SIGTERM or SIGINT, and gives the exit status.

    Appends to `log` what Ollama would. Says on standard output where it listens; on standard error why it cannot.
    """
    try:
        address = ListenAddress.parse(listen)
    except ValueError as error:
        return failed(f"--listen: {error}")
    try:
        loaded = files.load(files.find(scenario))
    except Problems as problems:
        return failed(*(f"{problem.path}: {problem.message}" for problem in problems.problems))
    try:
        run = _Run(loaded, address, LogFile(log) if log else None, has_runners=has_runners)
    except OSError as error:
        return failed(f"cannot write {log}: {_reason(error)}; choose another file with --log")
    try:
        run.start()
    except OSError as error:
        return failed(f"cannot listen on {listen}: {_reason(error)}; choose another address with --listen")
    sys.stdout.write(f"A simulated Ollama {loaded.version}, scenario {scenario}, listens on {run.server.url}\n")
    sys.stdout.flush()
    try:
        run.until_a_signal()
    except OSError as error:
        return failed(f"stopped: {_reason(error)}")
    return 0


def failed(*complaints: str) -> int:
    """Says why it cannot; gives the exit status."""
    for complaint in complaints:
        sys.stderr.write(f"llama-metrics: {complaint}\n")
    return 1


class _Run:
    """A scenario on the wall clock."""

    def __init__(self, scenario: Scenario, address: ListenAddress, log: LogFile | None, *, has_runners: bool) -> None:
        self._scenario, self._log, self._began = scenario, log, datetime.now(UTC)
        self._wording = Wording(scenario.version)
        self._runners = Runners(scenario.version, time.monotonic()) if has_runners else None
        self._clock = WallClock()
        self._live = Live(scenario, self._began, self._clock, self._told)
        # A handler may only do what is safe at any moment; SimpleQueue.put is.
        self._ended: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.server = Server(*address.pair, self._live.respond, self._answered)
        # Before the first poll, as a server does.
        self._live.follow()

    def start(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda received, _frame: self._ended.put(received))
        self.server.up()

    def until_a_signal(self) -> None:
        try:
            while True:
                now = self._follow()
                due = [one for one in (next_step(self._scenario, now), self._live.coming) if one is not None]
                try:
                    self._ended.get(timeout=max(_STEP, min([now + _LONGEST_WAIT, *due]) - self._clock.now()))
                except queue.Empty:
                    continue
                else:
                    break
        finally:
            self.server.down()
            if self._runners:
                self._runners.end()
            if self._log:
                self._log.close()

    def _follow(self) -> float:
        """Makes true what the scenario says of this moment, and gives it."""
        now, up = self._live.follow(), self._live.state().up
        if self._runners:
            self._runners.follow(self._live.runners(), now, up=up)
        if up and not self.server.is_up:
            self.server.up()
        elif self.server.is_up and not up:
            self.server.down()
        return now

    def _told(self, event: Event) -> None:
        if self._log:
            self._log.write(self._wording.text(event, self._began))
        if self._runners:
            self._runners.tell(event)

    def _answered(self, client: str, request: api.Request, answer: api.Answer, seconds: float) -> None:
        # Quoted as Go does; a client sends what it likes.
        path = json.dumps(request.target, ensure_ascii=False)[1:-1]
        values = {"client": client, "method": request.method, "path": path, "status": answer.status}
        self._live.say(answer.said, {**values, "seconds": seconds})


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
