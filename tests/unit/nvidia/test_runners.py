"""Which model a process on the GPU is of: real processes with the command lines of each generation of Ollama."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from llama_metrics import exposition
from llama_metrics.collectors.nvidia.runners import Runners
from llama_metrics.scrape import Scraper
from tests.support import exporter, gpus
from tests.support.collectors import options
from tests.support.fake_gpu import NOT_AVAILABLE, Gpu
from tests.support.fake_nvml import FakeNvml
from tests.support.fake_ollama import FakeOllama, hang, http
from tests.support.waiting import until

BLOB = "sha256-" + "0123456789abcdef" * 4
# The second word of those that have none is there because it is a shell in truth, which takes it for its script.
RUNNERS = {
    "to 0.5.7": "ollama_llama_server runner",
    "from 0.5.8": "ollama runner",
    "from 0.30": "llama-server runner",
}
MEMORY = "nvidia_gpu_process_memory_bytes"


@contextmanager
def started(folder: Path, runner: str, server: str = "ollama serve") -> Iterator[int]:
    """A process called like the server that has started one called like the runner; gives the runner's pid."""
    command = f"./{runner} --model /models/blobs/{BLOB} --port 40001"
    for name in {server.split()[0], runner.split()[0]}:
        (folder / name).symlink_to("/bin/sh")
    # Both end when nobody holds the other end of their input.
    (folder / "runner").write_text("read line\n")
    (folder / server.split()[1]).write_text(f"exec 3<&0\n{command} <&3 &\nread line\nwait\n")
    with subprocess.Popen([f"./{server.split()[0]}", server.split()[1]], cwd=folder, stdin=subprocess.PIPE) as process:
        parent = psutil.Process(process.pid)
        yield until(
            lambda: next((child.pid for child in parent.children() if child.cmdline()[:5] == command.split()[:5]), None)
        )


def directory(**manifests: str) -> FakeOllama:
    """An Ollama that has these models, and says what they are made of."""
    tags = [{"name": f"{name}:latest", "digest": f"{name}1", "size": 1} for name in manifests]
    # The modelfile is that of the first one: what is asked for is not looked at.
    shown = {"modelfile": f"FROM /models/blobs/{next(iter(manifests.values()))}\n"}
    return FakeOllama(
        {
            "/api/version": http('{"version":"0.33.0"}'),
            "/api/tags": http(json.dumps({"models": tags})),
            "/api/show": http(json.dumps(shown)),
            "/api/ps": http(json.dumps({"models": [{"name": f"{name}:latest"} for name in list(manifests)[:1]]})),
        }
    )


@pytest.mark.parametrize("runner", RUNNERS.values(), ids=RUNNERS)
def test_a_runner_of_each_generation(tmp_path: Path, runner: str) -> None:
    """It is told by its command line, and by the server that started it."""
    with started(tmp_path, runner) as pid:
        assert Runners().models([pid, psutil.Process().pid]) == {pid: BLOB}


def test_a_llama_server_of_somebody_else(tmp_path: Path) -> None:
    """Started by anything but a server of Ollama, it is none of its runners."""
    with started(tmp_path, "llama-server runner", "make demo") as pid:
        assert Runners().models([pid]) == {}


def test_the_server_itself_is_no_runner(tmp_path: Path) -> None:
    """It may have something on the GPU too, which is of no model."""
    with started(tmp_path, "ollama runner") as pid:
        assert Runners().models([psutil.Process(pid).ppid()]) == {}


def test_processes_that_are_not_there(tmp_path: Path) -> None:
    """Pids of another namespace, and of what has ended since: left out, and forgotten."""
    runners = Runners()
    with started(tmp_path, "ollama runner") as pid:
        assert runners.models([pid]) == {pid: BLOB}

    until(lambda: not psutil.pid_exists(pid))
    assert runners.models([pid, 2**22 + 1, 2**32 - 1]) == {}


def test_the_page_names_the_model(tmp_path: Path) -> None:
    """From the pid that NVML tells to the name that Ollama gives the blob."""
    with started(tmp_path, "llama-server runner") as pid, directory(llama=BLOB) as ollama:
        library = FakeNvml(Gpu(processes=[(pid, 5 * 2**30), (psutil.Process().pid, 2**30)]))

        assert memory(library, ollama.url, tmp_path) == {"llama:latest": 5 * 2**30}
        library.gpus[0].processes = [(pid, NOT_AVAILABLE)]
        assert memory(library, ollama.url, tmp_path) == {}


def test_a_blob_that_no_model_has(tmp_path: Path) -> None:
    """A model that was deleted while it ran is `unknown`, as it is in the log's series."""
    with started(tmp_path, "ollama runner") as pid, directory(other="sha256-" + "f" * 64) as ollama:
        library = FakeNvml(Gpu(processes=[(pid, 2**30)]))

        assert memory(library, ollama.url, tmp_path) == {"unknown": 2**30}


def test_ollama_that_runs_elsewhere_names_nobody_here(tmp_path: Path) -> None:
    """Its models are not those of processes on this machine."""
    with started(tmp_path, "ollama runner") as pid:
        library = FakeNvml(Gpu(processes=[(pid, 2**30)]))

        assert memory(library, "http://192.0.2.1:11434", tmp_path) == {}


def test_an_api_that_hangs_does_not_cost_the_gpu(tmp_path: Path) -> None:
    """The card's own values are there within the time; the model, whom nobody can name, is unknown."""
    with started(tmp_path, "ollama runner") as pid, FakeOllama({"/api/version": hang}) as ollama:
        library = FakeNvml(Gpu(processes=[(pid, 2**30)]))
        page = scrape(library, ollama.url, tmp_path)

    assert set(exporter.samples(page, "nvidia_gpu_power_watts").values()) == {431.25}
    assert set(exporter.samples(page, "llama_metrics_collector_success").values()) == {1.0}


def memory(library: FakeNvml, url: str, folder: Path) -> dict[str, float]:
    """Of each model's runners, as a page tells it."""
    found = exporter.samples(scrape(library, url, folder), MEMORY)
    begin = f'{{gpu="{Gpu().uuid.decode()}",model="'
    return {labels.removeprefix(begin).removesuffix('"}'): value for labels, value in found.items()}


def scrape(library: FakeNvml, url: str, folder: Path) -> str:
    """One page of a new exporter on a machine with the driver."""
    root = folder / "root"
    if not root.exists():
        gpus.with_nvidia_driver(root)
    scraper = Scraper([(gpus.nvidia(library), options())], gpus.context(root, url), exporter.quiet())
    scraper.open()
    try:
        # A scrape that waits no longer than the collector's own bound, as one of a short scrape_timeout does.
        return exposition.render(scraper.collect(seconds=2.0), exposition.TEXT).decode()
    finally:
        scraper.stop(1)
