"""Real processes below a real parent, seen through psutil, with a server on the port that they name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from llama_metrics.collectors.runner.metrics import READY
from llama_metrics.collectors.runner.reading import Reading, Runner, Slots
from llama_metrics.collectors.runner.source import RunnerSource
from llama_metrics.system.processes import ThisSystem
from tests.support.fake_ollama import FakeOllama
from tests.support.fake_processes import FakeServer
from tests.support.fake_runner import BLOB, FakeRunner
from tests.support.host import context
from tests.support.waiting import until
from tests.unit.runner.asked import api

PATH = f"/usr/share/ollama/.ollama/models/blobs/{BLOB}"


def test_a_real_runner_is_found_asked_and_gone(tmp_path: Path) -> None:
    """From its command line to its slots; when it is killed, what answers on its port is a stranger's."""
    with FakeOllama(api()) as ollama, FakeRunner() as listening, FakeServer(tmp_path) as server:
        pid = server.start_llama_server("--model", PATH, "--port", str(listening.port), "--host", "127.0.0.1")
        source = RunnerSource(ThisSystem(), context(tmp_path, ollama.url), metrics=False)

        def ours() -> list[Runner]:
            # Other tests may have runners on this machine at the same time.
            read: Reading = source.read(time.monotonic() + 5)
            return [runner for runner in read.runners if runner.model == "a:latest"]

        assert until(ours) == [Runner("a:latest", READY, Slots(0, 1, 0))]
        os.kill(pid, signal.SIGKILL)
        until(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
        before = listening.asked["/slots"]
        assert ours() == []
        source.close()

    assert listening.asked["/slots"] == before


def test_our_own_network_is_shared() -> None:
    """With our parent; of what is gone somebody else takes notice."""
    gone = max(psutil.pids()) + 100_000

    assert [ThisSystem().shares_network(pid) for pid in (os.getppid(), gone)] == [True, True]


def test_the_network_of_a_container_is_not(tmp_path: Path) -> None:
    """Linux shows the same file to all that share one, and another to the others."""
    files = [tmp_path / name / "net/tcp" for name in ("self", "7", "8")]
    for file in files:
        file.parent.mkdir(parents=True)
    files[0].write_text("sl  local_address rem_address")
    files[1].hardlink_to(files[0])
    files[2].write_text("sl  local_address rem_address")

    assert [ThisSystem(tmp_path).shares_network(pid) for pid in (7, 8)] == [True, False]


def test_a_process_is_the_same_as_long_as_it_lives() -> None:
    """By its start, which no later one with its pid has; one that is gone is none."""
    me = ThisSystem().identity(os.getpid())

    assert me == ThisSystem().identity(os.getpid())
    assert me != ThisSystem().identity(os.getppid())
    with pytest.raises(psutil.NoSuchProcess):
        ThisSystem().identity(max(psutil.pids()) + 100_000)
