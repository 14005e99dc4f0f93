"""The command as people run it: a process with arguments, an environment, signals and an exit status."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from llama_metrics import __version__
from llama_metrics.collectors import ALL
from tests.support import exporter
from tests.support.fake_ollama import FIXTURES, FakeOllama, hang, recorded

RECORDED = FIXTURES / "0.33.0-rc2"
GOOD = {
    "/api/version": recorded(RECORDED / "api_version.http"),
    "/api/ps": recorded(RECORDED / "api_ps.two_loaded.http"),
    "/api/tags": recorded(RECORDED / "api_tags.all_models.http"),
}
COMMAND = [sys.executable, "-m", "llama_metrics"]
WITHOUT_HOST = [f"--no-collector.{collector.name}" for collector in ALL if collector.scope == "host"]


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=30, env=os.environ | environ
    )


@contextmanager
def serving(url: str, *arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The exporter as a process on a free port, with nothing of this machine; its address and the process."""
    command = [*COMMAND, "--web.listen-address", "127.0.0.1:0", *WITHOUT_HOST, *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"OLLAMA_HOST": url})
    assert process.stderr is not None
    try:
        first = process.stderr.readline()
        found = re.search(r'url="?(http://[0-9.:]+)', first)
        assert found, first
        yield found[1], process
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_status_0(number: signal.Signals) -> None:
    """Idle, it is gone within 3 s and has said so."""
    with FakeOllama(GOOD) as ollama, serving(ollama.url) as (address, process):
        assert exporter.get(address, "/metrics").status_code == 200
        began = time.monotonic()
        process.send_signal(number)

        assert process.wait(10) == 0
        assert time.monotonic() - began < 3
        assert process.stderr is not None
        assert "stopped" in process.stderr.read()


def test_sigterm_during_a_scrape_answers_it() -> None:
    """The scrape under way is answered: who is still out counts as timed out, the others are on the page. Exit 0."""
    asked = threading.Event()

    def silent(connection: socket.socket) -> None:
        asked.set()
        hang(connection)

    with (
        FakeOllama(GOOD | {"/api/tags": silent}) as ollama,
        serving(ollama.url) as (address, process),
        ThreadPoolExecutor(1) as pool,
    ):
        scrape = pool.submit(exporter.get, address, "/metrics")
        assert asked.wait(10)
        began = time.monotonic()
        process.terminate()
        answer = scrape.result(10)
        status = process.wait(10)
        took = time.monotonic() - began

    assert (answer.status_code, status) == (200, 0)
    assert exporter.samples(answer.text, "ollama_up") == {"": 1.0}
    assert exporter.samples(answer.text, "llama_metrics_collector_timeout") == {
        '{collector="version"}': 0.0,
        '{collector="ps"}': 0.0,
        '{collector="tags"}': 1.0,
    }
    assert took < 3


def test_slow_clients_do_not_hold_up_the_end() -> None:
    """With more half requests open than there are threads, SIGTERM still ends it within 3 s."""
    with FakeOllama(GOOD) as ollama, serving(ollama.url) as (address, process), ExitStack() as stack:
        host, port = address.removeprefix("http://").split(":")
        for _ in range(100):
            client = stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost")
        began = time.monotonic()
        process.terminate()

        assert process.wait(20) == 0
        assert time.monotonic() - began < 3


def test_a_port_in_use_is_one_sentence() -> None:
    """With the address, the reason and the flag; status 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("--web.listen-address", f"127.0.0.1:{port}")

    assert done.returncode == 1
    assert done.stderr == (
        f"llama-metrics: cannot listen on 127.0.0.1:{port}: address already in use;"
        " choose another address with --web.listen-address\n"
    )


def test_an_address_of_another_machine_is_one_sentence() -> None:
    """Not ours to listen on."""
    done = run("--web.listen-address", "192.0.2.1:0")

    assert done.returncode == 1
    assert done.stderr.startswith("llama-metrics: cannot listen on 192.0.2.1:0: cannot assign requested address;")


def test_a_bad_configuration_starts_nothing(tmp_path: Path) -> None:
    """Every error with its path, status 1, for serve and check alike; a good one is valid."""
    bad, good = tmp_path / "bad.yml", tmp_path / "good.yml"
    bad.write_text("web: {max_request: 1}\nlog: {level: loud}\n")
    good.write_text("targets: [{url: 'http://10.0.0.5:11434'}]\n")
    errors = (
        "llama-metrics: web.max_request: unknown key; did you mean max_requests?\n"
        "llama-metrics: log.level: is 'loud'; it can be debug, info, warning, error\n"
    )

    for arguments in (("--config.file", str(bad)), ("check", str(bad))):
        done = run(*arguments)
        assert (done.returncode, done.stderr) == (1, errors)
    assert run(LLAMA_METRICS_CONFIG_FILE=str(bad)).stderr == errors
    assert run("check", str(good)).stdout == (
        f"{good} is valid: it watches http://10.0.0.5:11434 with version, ps, tags\n"
        "and, if this machine has what they read, with log, process, runner, host, macos, powermetrics, nvidia, amd\n"
    )


def test_a_wrong_command_line_is_status_2() -> None:
    """As argparse says it, with the usage."""
    assert run("--no-such-flag").returncode == 2
    assert run("--log.level", "loud").returncode == 2


def test_help_names_every_collector_and_command() -> None:
    """`--help` follows from the collectors; every command has its own."""
    text = run("--help").stdout

    for word in ("--collector.version", "--no-collector.tags", "check FILE", "simulate SCENARIO", "OLLAMA_HOST"):
        assert word in " ".join(text.split())
    for command in ("check", "metrics", "simulate"):
        assert f"llama-metrics {command}" in run(command, "--help").stdout
    assert run("--version").stdout == f"llama-metrics {__version__}\n"


def test_it_starts_without_ollama_and_sees_it_come() -> None:
    """Nobody there is no reason not to start; the first scrape after Ollama came shows it, and the log says both."""
    with FakeOllama(GOOD) as ollama:
        answers, ollama.answers = ollama.answers, {}
        with serving(ollama.url) as (address, process):
            down = exporter.get(address, "/metrics").text
            ollama.answers = answers
            up = exporter.get(address, "/metrics").text
            process.terminate()
            assert process.stderr is not None
            said = process.stderr.read()

    assert exporter.samples(down, "ollama_up") == {"": 0.0}
    assert exporter.samples(up, "ollama_up") == {"": 1.0}
    assert said.count('msg="collector fails"') == 3
    assert said.count('msg="collector has recovered"') == 3
    assert "Traceback" not in said


def test_the_exporter_tells_of_itself() -> None:
    """Its build and what its own process costs, as the system counts it."""
    with FakeOllama(GOOD) as ollama, serving(ollama.url) as (address, process):
        text = exporter.get(address, "/metrics").text
        threads = len(list(Path(f"/proc/{process.pid}/task").iterdir()))

    assert f'version="{__version__}"' in next(iter(exporter.samples(text, "llama_metrics_build_info")))
    assert exporter.samples(text, "process_threads")[""] == pytest.approx(threads, abs=1)
    assert 10e6 < exporter.samples(text, "process_resident_memory_bytes")[""] < 200e6
    assert 0 <= time.time() - exporter.samples(text, "process_start_time_seconds")[""] < 60
    assert exporter.samples(text, "process_cpu_seconds_total")[""] > 0
    assert exporter.samples(text, "process_open_fds")[""] < exporter.samples(text, "process_max_fds")[""]


def test_it_listens_on_ipv6_and_nowhere_else() -> None:
    """An address in brackets is bound, and only that."""
    with FakeOllama(GOOD) as ollama, exporter.running(ollama.url, web__listen_address="[::1]:0") as address:
        assert address.startswith("http://[::1]:")
        assert exporter.get(address, "/-/healthy").text == "healthy\n"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=5)
