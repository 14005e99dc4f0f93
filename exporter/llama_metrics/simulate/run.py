"""`llama-metrics simulate`: one scenario on the wall clock, served until SIGTERM or SIGINT."""

from __future__ import annotations

import queue
import signal
import sys
import time
from datetime import UTC, datetime

from llama_metrics.config import ListenAddress
from llama_metrics.schema import Problems
from llama_metrics.simulate import api, files
from llama_metrics.simulate.scenario import Scenario
from llama_metrics.simulate.server import Server
from llama_metrics.simulate.state import next_step, state_at


def main(scenario: str, listen: str) -> int:
    """Serves the scenario on HOST:PORT until SIGTERM or SIGINT, and gives the exit status.

    Says on standard output where it listens; on standard error why it cannot.
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
        _serve(loaded, scenario, address)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return _failed(f"cannot listen on {listen}: {reason}; choose another address with --listen")
    return 0


def _serve(scenario: Scenario, name: str, address: ListenAddress) -> None:
    # A handler may only do what is safe at any moment; SimpleQueue.put is.
    ended: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: ended.put(received))
    began, start = datetime.now(UTC), time.monotonic()

    def respond(method: str, target: str) -> api.Answer:
        return api.answer(method, target, state_at(scenario, time.monotonic() - start), began)

    server = Server(*address.pair, respond)
    server.up()
    sys.stdout.write(f"A simulated Ollama {scenario.version}, scenario {name}, listens on {server.url}\n")
    sys.stdout.flush()
    try:
        while True:
            seconds = time.monotonic() - start
            should_be_up = state_at(scenario, seconds).up
            if should_be_up and not server.is_up:
                server.up()
            elif server.is_up and not should_be_up:
                server.down()
            coming = next_step(scenario, seconds)
            try:
                ended.get(timeout=None if coming is None else coming - seconds)
            except queue.Empty:
                continue
            else:
                break
    finally:
        server.down()


def _failed(*complaints: str) -> int:
    for complaint in complaints:
        sys.stderr.write(f"llama-metrics: {complaint}\n")
    return 1
