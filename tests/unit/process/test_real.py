"""Real children that imitate the command lines of each generation, seen through psutil."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from llama_metrics.collectors.process.reading import SERVER, Reading
from llama_metrics.collectors.process.source import ProcessSource
from llama_metrics.system.processes import ThisSystem
from tests.support.fake_ollama import FakeOllama, http
from tests.support.fake_processes import FakeServer
from tests.support.host import context
from tests.support.ordinary_user import ordinary_user
from tests.support.waiting import until

A = ("runner", "a:latest")
BLOB = "sha256-" + "a" * 64
PATH = f"/usr/share/ollama/.ollama/models/blobs/{BLOB}"


@pytest.fixture
def ollama() -> Iterator[FakeOllama]:
    """The API of an Ollama with the model a."""
    answers = {
        "/api/version": http('{"version":"0.33.0"}'),
        "/api/tags": http(json.dumps({"models": [{"name": "a:latest", "digest": "d"}]})),
        "/api/show": http(json.dumps({"modelfile": f"FROM {PATH}\n"})),
    }
    with FakeOllama(answers) as server:
        yield server


class Others(ThisSystem):
    """The real processes, but for those of other tests that run beside this one."""

    def __init__(self, server: FakeServer) -> None:
        self._server = server

    def pids(self) -> list[int]:
        """The server's, and the first one."""
        try:
            mine = psutil.Process(self._server.pid)
            return [1, mine.pid, *(child.pid for child in mine.children(recursive=True))]
        except psutil.NoSuchProcess:
            return [1]


def open_source(server: FakeServer, url: str, folder: Path) -> ProcessSource:
    """A source that sees this server."""
    return ProcessSource(Others(server), lambda _: None, context(folder, url))


def read(source: ProcessSource) -> Reading:
    """A scrape with time enough."""
    return source.read(time.monotonic() + 5)


def runners(source: ProcessSource, count: int) -> Reading:
    """The first reading with so many runners."""
    return until(lambda: reading if (reading := read(source)).runners == count else None)


@pytest.mark.parametrize(
    "command",
    [
        ["ollama", "runner", "--model", PATH, "--ctx-size", "8192", "--port", "40523"],
        ["/usr/local/bin/ollama", "runner", "--ollama-engine", "--model", PATH, "--port", "40523"],
        ["ollama", "runner", "--mlx-engine", "--model", "a:latest", "--port", "40523"],
    ],
)
def test_a_runner_of_ollamas_own_program(command: list[str], tmp_path: Path, ollama: FakeOllama) -> None:
    """Ollama 0.5.8 and later; the search for GPUs and a client beside it are left out."""
    with FakeServer(tmp_path, "/usr/local/bin/ollama") as server:
        server.start("ollama", "runner", "--ollama-engine", "--port", "40524")
        server.start("ollama", "ps")
        server.start(*command)
        reading = runners(open_source(server, ollama.url, tmp_path), 1)

    assert (reading.servers, [one.label for one in reading.groups]) == (1, [A, SERVER])


@pytest.mark.parametrize("program", ["llama-server", "ollama_llama_server"])
def test_a_runner_of_another_program(program: str, tmp_path: Path, ollama: FakeOllama) -> None:
    """Before 0.5.8, and from 0.30 on; with what the system tells of it."""
    with FakeServer(tmp_path) as server:
        server.start_llama_server("--port", "40524", "--verbose", program=program)
        pid = server.start_llama_server("--model", PATH, "--port", "40523", program=program)
        source, real = open_source(server, ollama.url, tmp_path), psutil.Process(pid)
        runners(source, 1)
        # Only then has it become what it was started for, and stays that.
        until(lambda: real.status() == psutil.STATUS_STOPPED)
        group = read(source).groups[0]

        assert (group.label, group.threads, group.open_fds) == (A, real.num_threads(), real.num_fds())
        assert group.started == pytest.approx(real.create_time(), abs=2)
        assert group.resident
        assert group.resident == pytest.approx(real.memory_info().rss, rel=0.5)


def test_cpu_seconds_never_fall(tmp_path: Path, ollama: FakeOllama) -> None:
    """A runner works and is killed, another of the same model follows: the sum goes on where it was."""
    with FakeServer(tmp_path) as server:
        source = open_source(server, ollama.url, tmp_path)
        first = server.start_llama_server("--model", PATH, turns=100_000)
        assert runners(source, 1).cpu[A] == 0.0
        until(lambda: psutil.Process(first).status() == psutil.STATUS_STOPPED)
        used = psutil.Process(first).cpu_times()
        sum_of_first = read(source).cpu[A]
        assert sum_of_first == pytest.approx(used.user + used.system)
        os.kill(first, signal.SIGKILL)
        assert runners(source, 0).cpu[A] == sum_of_first
        second = server.start_llama_server("--model", PATH, turns=100_000)
        until(lambda: psutil.Process(second).status() == psutil.STATUS_STOPPED)

        assert until(lambda: read(source).cpu[A] > sum_of_first)


def test_a_zombie_is_no_process(tmp_path: Path, ollama: FakeOllama) -> None:
    """A server that does not look after its dead children: they hold nothing."""
    with FakeServer(tmp_path) as server:
        source = open_source(server, ollama.url, tmp_path)
        pid = server.start_llama_server("--model", PATH)
        runners(source, 1)
        os.kill(pid, signal.SIGKILL)
        until(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
        reading = read(source)
        with pytest.raises(psutil.NoSuchProcess):
            ThisSystem().usage(pid)

    assert (reading.servers, reading.runners, [one.label for one in reading.groups]) == (1, 0, [SERVER])


def test_a_server_that_ends(tmp_path: Path, ollama: FakeOllama) -> None:
    """Then there is none, which is 0, for we have seen one; its seconds stay."""
    with FakeServer(tmp_path) as server:
        source = open_source(server, ollama.url, tmp_path)
        assert read(source).servers == 1

    reading = read(source)
    assert (reading.servers, reading.runners, reading.groups, set(reading.cpu)) == (0, 0, (), {SERVER})


def test_all_real_processes(tmp_path: Path) -> None:
    """Whatever runs on this machine beside the one that is looked for, nothing goes wrong."""
    with FakeServer(tmp_path) as server:
        system = ThisSystem()
        assert {1, os.getpid(), server.pid} <= set(system.pids())
        reading = read(ProcessSource(system, lambda pids: len(pids), context(tmp_path)))

    assert reading.servers
    assert reading.connections == reading.servers


def test_a_process_that_is_gone() -> None:
    """Every question says so."""
    pid = max(psutil.pids()) + 100_000
    for question in (ThisSystem().command, ThisSystem().name, ThisSystem().parent, ThisSystem().usage):
        with pytest.raises(psutil.NoSuchProcess):
            question(pid)


def test_seconds_of_both_kinds() -> None:
    """In the program and in the system for it; this process has used some of both."""
    before = os.times()
    cpu = ThisSystem().usage(os.getpid()).cpu
    after = os.times()

    assert cpu
    # The system tells them in hundredths.
    assert before.user + before.system - 0.02 <= cpu <= after.user + after.system + 0.02
    assert before.system > 0.02


def test_descriptors_of_another_user_are_not_permitted() -> None:
    """On any system; Linux permits everything else."""
    with ordinary_user():
        usage = ThisSystem().usage(1)

    assert usage.open_fds is None
    assert usage.started
