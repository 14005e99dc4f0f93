"""What the processes and the machine cost, beside one pass of psutil over the pids of 500 processes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

import psutil

from llama_metrics import exposition
from llama_metrics.collectors.host.collector import HOST, HostOptions
from llama_metrics.collectors.process.collector import PROCESS, ProcessOptions
from tests.bench.table import Row
from tests.support.collectors import context
from tests.support.fake_ollama import FakeOllama, http
from tests.support.fake_processes import FakeServer

_PROCESSES, _ROUNDS, _SCRAPES = 500, 8, 20
_MODELS = ("a:latest", "b:latest")
_BUDGET = 1.5
# What is measured is the scrapes of the second hour, a quarter of a minute apart by the clock that they are told.
_PERIOD, _FIRST = 15.0, 240


def measure(folder: Path) -> Iterator[Row]:
    """CPU of process and host, with 500 processes and two runners."""
    answers = {"/api/version": http('{"version":"0.33.0"}'), "/api/tags": http(_installed())}
    with _sleepers(), FakeOllama(answers) as ollama, FakeServer(folder) as server, ExitStack() as stack:
        for model in _MODELS:
            server.start("ollama", "runner", "--mlx-engine", "--model", model, "--port", "1")
        clock = _Clock()
        here = replace(context(ollama.url), monotonic=clock)
        process, host = PROCESS.open(ProcessOptions(), here), HOST.open(HostOptions(models_path=str(folder)), here)
        stack.callback(process.close)
        stack.callback(host.close)

        def scrape() -> None:
            clock.ahead += _PERIOD
            deadline = clock() + 1.0
            families = [*PROCESS.render(process.read(deadline)), *HOST.render(host.read(deadline))]
            exposition.render(families, exposition.TEXT)

        for _ in range(_FIRST):
            scrape()
        subjects: dict[str, Callable[[], object]] = {
            "ours": scrape,
            "pass": lambda: list(psutil.process_iter(["pid"])),
            "list": lambda: list(psutil.process_iter()),
        }
        for work in subjects.values():
            _seconds_each(work)
        # Side by side in each round, so that a busy moment of the machine falls on all of them.
        pids = len(psutil.pids())
        rounds = [{name: _seconds_each(work) for name, work in subjects.items()} for _ in range(_ROUNDS)]
    ratio = median(one["ours"] / one["pass"] for one in rounds)
    ours, one_pass, listing = (median(one[key] for one in rounds) * 1e3 for key in subjects)
    detail = (
        f"{ours:.2f} ms / {one_pass:.2f} ms for process_iter(['pid']) over {pids} pids, median ratio of"
        f" {_ROUNDS} x {_SCRAPES}; {listing:.2f} ms where it only lists what it remembers"
    )
    yield Row("CPU of a scrape of process and host", ratio, _BUDGET, "x", detail)


class _Clock:
    """Monotonic seconds, and a scrape's distance more with each scrape."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


def _installed() -> str:
    return '{"models":[' + ",".join(f'{{"name":"{name}","digest":"{name}"}}' for name in _MODELS) + "]}"


@contextmanager
def _sleepers() -> Iterator[None]:
    sleepers = [subprocess.Popen(["sleep", "600"]) for _ in range(_PROCESSES)]
    try:
        yield
    finally:
        for sleeper in sleepers:
            sleeper.kill()
        for sleeper in sleepers:
            sleeper.wait()


def _seconds_each(work: Callable[[], object]) -> float:
    before = time.process_time()
    for _ in range(_SCRAPES):
        work()
    return (time.process_time() - before) / _SCRAPES
