"""How long eight runners take to be asked, beside the slowest of them alone, and what a read of them costs.

`python -m tests.bench.runner` is their ports, in a process of its own: it prints them and answers until it is killed.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import requests

from llama_metrics.collectors.runner.collector import RUNNER
from llama_metrics.collectors.runner.options import RunnerOptions
from llama_metrics.duration import Duration
from tests.bench.table import Row
from tests.support.collectors import context
from tests.support.fake_ollama import Behaviour, FakeOllama, http
from tests.support.fake_processes import FakeServer
from tests.support.fake_runner import FakeRunner, moment
from tests.support.waiting import until

# What each takes for its answer; the last is the slowest.
_DELAYS = [0.05 + 0.05 * number / 7 for number in range(8)]
_MODELS = [f"model-{number}:latest" for number in range(8)]
_ROUNDS = 20
_BUDGET = 1.3


def measure(folder: Path) -> Iterator[Row]:
    """A read of eight runners, which answer after 50 to 100 ms."""
    reads, gets, cpu = [], [], []
    installed = {"models": [{"name": name, "digest": name} for name in _MODELS]}
    api = {"/api/version": http('{"version":"0.33.0"}'), "/api/tags": http(json.dumps(installed))}
    with _ports() as ports, FakeOllama(api) as ollama, FakeServer(folder) as server:
        for model, port in zip(_MODELS, ports, strict=True):
            server.start_llama_server("--model", model, "--port", str(port))
        source = RUNNER.open(RunnerOptions(timeout=Duration(5.0)), context(ollama.url))

        def told() -> int:
            runners = source.read(time.monotonic() + 5).runners
            return sum(one.model in _MODELS and one.slots is not None for one in runners)

        # Each is a shell for a moment before it becomes what it was started as.
        until(lambda: told() == len(_MODELS))
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            requests.get(f"http://127.0.0.1:{ports[-1]}/slots", timeout=10).json()
            between, used = time.perf_counter(), time.process_time()
            if told() != len(_MODELS):
                raise RuntimeError("not every runner told its slots, so this measures something else")
            cpu.append(time.process_time() - used)
            reads.append(time.perf_counter() - between)
            gets.append(between - began)
        source.close()
    read, get = median(reads), median(gets)
    detail = (
        f"{read * 1e3:.0f} ms / {get * 1e3:.0f} ms for GET /slots of the slowest alone, medians of {_ROUNDS};"
        f" {median(cpu) * 1e3:.1f} ms of CPU a read"
    )
    yield Row("wall time of asking 8 runners", read / get, _BUDGET, "x", detail)


@contextmanager
def _ports() -> Iterator[list[int]]:
    with subprocess.Popen([sys.executable, "-m", __name__], stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield json.loads(process.stdout.readline())
        process.kill()


def _late(seconds: float) -> Behaviour:
    answer = moment("busy")["/slots"]

    def write(connection: socket.socket) -> None:
        time.sleep(seconds)  # what is measured: how long a runner takes to answer
        answer(connection)

    return write


if __name__ == "__main__":
    with ExitStack() as stack:
        listening = [stack.enter_context(FakeRunner({"/slots": _late(seconds)})) for seconds in _DELAYS]
        sys.stdout.write(json.dumps([runner.port for runner in listening]) + "\n")
        sys.stdout.flush()
        time.sleep(600)  # until it is killed; if nobody does, it is not left behind
