"""The demo as a person starts it: it shows what it promises, judges it, and leaves nothing behind.

The long run starts first and goes on while the others are tested; most of its time it waits. What it shows must be
asked for before them: it ends by its own clock, and they take as long as the machine makes them.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import requests

from tests.support.waiting import until
from tools.binaries import Binaries

ROOT = Path(__file__).parent.parent.parent
PROMISED = {"OllamaDown", "OllamaErrorRatioHigh", "OllamaExpectedModelMissing", "OllamaModelOnCpu"}


@contextmanager
def demo(folder: Path, *arguments: str, seconds: str = "") -> Iterator[subprocess.Popen[str]]:
    """The demo, with the folder as its working, home and temporary folder. Ended if the test did not end it."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    changed = {"PYTHONPATH": path, "HOME": str(folder), "TMPDIR": str(folder), "DEMO_SECONDS": seconds}
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.demo", *arguments],
        cwd=folder,
        env={**os.environ, **changed},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)


def read_until(process: subprocess.Popen[str], start: str) -> str:
    """What the demo printed, up to the line with that start."""
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if line.startswith(start):
            return read
    raise AssertionError(f"no line {start!r} in: {read}")


@pytest.fixture(scope="module", autouse=True)
def long_run(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """The demo with the quick scenario, for as long as that one needs. `binaries` are fetched before."""
    assert binaries
    with demo(tmp_path_factory.mktemp("long"), str(Path(__file__).parent / "quick.yml"), seconds="42") as process:
        yield process


@pytest.fixture(scope="module")
def said(long_run: subprocess.Popen[str]) -> str:
    """What the long run says before anything happens."""
    return read_until(long_run, "First scrape.")


def test_what_is_shortened_is_said(said: str) -> None:
    """Nobody takes the demo's times for the shipped ones."""
    for text in ("OllamaDown: for ", "keep_firing_for ", "group_wait ", "group_interval ", "rules every 15s -> 1s"):
        assert text in said
    assert re.search(r"exporter +http://127\.0\.0\.1:\d+/\n +Prometheus +\S+/alerts\n +Alertmanager +http", said)


def test_runners_are_asked_and_a_pinned_model_is_probed(said: str) -> None:
    """By the real exporter, which takes the simulated processes for Ollama's."""
    exporter = re.search(r"exporter +(\S+)", said)
    assert exporter
    wanted = (
        'ollama_runner_slots{model="llama3.2:3b",state="idle"} ',
        'ollama_runner_generated_tokens_total{model="llama3.2:3b"} ',
        'ollama_probe_success{model="llama3.2:3b"} 1.0',
    )

    def is_there() -> bool:
        page = requests.get(f"{exporter[1]}metrics", timeout=10).text
        return all(f"\n{sample}" in page for sample in wanted)

    until(is_there, seconds=30, pause=0.2)


@pytest.mark.parametrize("text", ["soon", "0", "-5", "nan", "inf"])
def test_bad_demo_seconds_are_one_sentence(tmp_path: Path, text: str) -> None:
    """Nothing is started, and the status is that of a bad command line."""
    with demo(tmp_path, seconds=text) as process:
        out, err = process.communicate(timeout=10)

    assert (process.returncode, out) == (2, "")
    assert err == f"DEMO_SECONDS is {text!r}, which is no number of seconds above 0.\n"


def test_where_nothing_arrives_the_status_is_1_and_it_says_what_is_missing(tmp_path: Path) -> None:
    """A second after the first scrape there can be no notification yet."""
    with demo(tmp_path, seconds="1") as process:
        out, err = process.communicate(timeout=60)
    missing = re.search(r"^Not arrived: (.*)\.$", out, re.MULTILINE)

    assert (process.returncode, err) == (1, "")
    assert missing
    assert set(missing.group(1).split(", ")) == {
        f"{name} {state}" for name in PROMISED for state in ("firing", "resolved")
    }


def test_ctrl_c_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    """Four children, the exporter's own and Ollama's processes end, their folder below .cache goes; nothing else is."""
    with demo(tmp_path) as process:
        read_until(process, "First scrape. Ctrl-C ends it.")
        children = psutil.Process(process.pid).children(recursive=True)
        commands = [child.cmdline() for child in children]
        # How many models are in memory by now depends on how long Prometheus took.
        lasting = [command for command in commands if command[0] != "llama-server"]
        folders = {found for command in commands for found in re.findall(r"/\S*/\.cache/demo-\w+", " ".join(command))}
        existed = [Path(folder).is_dir() for folder in folders]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    _, alive = psutil.wait_procs(children, timeout=0)

    assert (process.returncode, err, len(lasting), existed) == (0, "", 6, [True])
    assert ["ollama", "serve"] in lasting
    assert not alive
    assert [folder for folder in folders if Path(folder).exists()] == []
    assert list(tmp_path.rglob("*")) == []


def test_sigterm_while_it_starts_leaves_no_process(tmp_path: Path) -> None:
    """What was started before the signal is ended, what comes after it too."""
    with demo(tmp_path) as process:
        demo_process = psutil.Process(process.pid)
        children = until(lambda: demo_process.children(recursive=True))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    _, alive = psutil.wait_procs(children, timeout=0)

    assert (process.returncode, err) == (0, "")
    assert out.endswith("Stopping.\n")
    assert not alive


def test_all_that_it_promises_arrives_and_the_status_is_0(long_run: subprocess.Popen[str], said: str) -> None:
    """Four different alerts fire and then resolve, through the shipped rules and routes; one is fed by the log."""
    assert said
    assert long_run.stdout is not None
    out = long_run.stdout.read()
    arrived = re.findall(r"^ +\d+:\d\d  (FIRING|RESOLVED) +\w+ +(\w+)$", out, re.MULTILINE)

    assert long_run.wait(timeout=20) == 0
    for name in PROMISED:
        assert arrived.index(("FIRING", name)) < arrived.index(("RESOLVED", name))
