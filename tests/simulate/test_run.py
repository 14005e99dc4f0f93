"""`llama-metrics simulate` as a process: what it says, how it ends, and a scenario on the clock."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.simulate.recorded import asked
from tests.support.waiting import until

COMMAND = [sys.executable, "-m", "llama_metrics", "simulate"]


def finished(scenario: str, listen: str, *arguments: str) -> tuple[int, str, str]:
    """Status, standard output and standard error of a run that ends by itself."""
    done = subprocess.run(
        [*COMMAND, scenario, "--listen", listen, *arguments], capture_output=True, text=True, timeout=20, check=False
    )
    return done.returncode, done.stdout, done.stderr


@contextmanager
def started(scenario: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A run on a free port, with the line that it said; killed at the end if need be."""
    process = subprocess.Popen(
        [*COMMAND, scenario, "--listen", "127.0.0.1:0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().rstrip()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_a_signal_ends_it(number: signal.Signals) -> None:
    """One line, and status 0 without a word on standard error."""
    with started("steady") as (process, line):
        said, _, url = line.rpartition(" ")
        version = asked(url, "GET", "/api/version").body
        process.send_signal(number)
        out, err = process.communicate(timeout=5)

    assert said == "A simulated Ollama 0.33.0-rc2, scenario steady, listens on"
    assert version == b'{"version":"0.33.0-rc2"}'
    assert (process.returncode, out, err) == (0, "", "")


def test_the_server_of_a_scenario_dies_and_comes_back(tmp_path: Path) -> None:
    """On the clock, on the same port."""
    file = tmp_path / "own.yml"
    file.write_text("version: x\nmodels: []\nsteps: [{at: 0.5, server: down}, {at: 1, server: up}]\n")
    with started(str(file)) as (_, line):
        url = line.rpartition(" ")[2]
        seen: list[bool] = []

        def look() -> bool:
            try:
                answers = asked(url, "GET", "/").body == b"Ollama is running"
            except ConnectionError:  # it is down
                answers = False
            if seen[-1:] != [answers]:
                seen.append(answers)
            return len(seen) == 3

        until(look)

    assert seen == [True, False, True]


def test_an_unknown_scenario_is_one_sentence() -> None:
    """And nothing listens."""
    assert finished("nosuch", "127.0.0.1:0") == (
        1,
        "",
        "llama-metrics: nosuch: is no scenario; name demo or steady, or a .yml file of your own\n",
    )


def test_a_file_that_is_not_there_is_one_sentence() -> None:
    """It says which."""
    status, out, err = finished("/nosuch/own.yml", "127.0.0.1:0")

    assert (status, out, err) == (1, "", "llama-metrics: /nosuch/own.yml: cannot be read: no such file or directory\n")


def test_a_port_in_use_is_one_sentence() -> None:
    """It says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        status, out, err = finished("steady", address)

    assert (status, out) == (1, "")
    assert err == (
        f"llama-metrics: cannot listen on {address}: address already in use; choose another address with --listen\n"
    )


def test_what_is_no_address_is_one_sentence() -> None:
    """It shows one."""
    status, out, err = finished("steady", "127.0.0.1")

    assert (status, out) == (1, "")
    assert err.startswith("llama-metrics: --listen: '127.0.0.1' is not an address; ")
    assert err.count("\n") == 1


LOGGED = """
version: 0.33.0-rc2
models: [{name: a, size: 1_000_000_000, modified_at: 2026-10-01T00:00:00Z}]
steps:
  - at: 0.2
    load: [{model: a, memory: 1_000_000_000, gpu: 0, context_length: 4096, keep_alive: forever}]
  - {at: 0.2, requests: [{model: a, rate: 20, generated_tokens: 2, seconds_per_prompt_token: 0}]}
"""


def test_it_logs_what_happens_as_it_happens_and_who_polls(tmp_path: Path) -> None:
    """Its start before the first poll, each poll before its answer, requests while they come, and no line in halves."""
    scenario, log = tmp_path / "own.yml", tmp_path / "server.log"
    scenario.write_text(LOGGED)
    with started(str(scenario), "--log", str(log)) as (process, line):
        asked(line.rpartition(" ")[2], "GET", '/api/ps?x="1"')
        polled = log.read_text()
        until(lambda: log.read_text().count("eval time =") >= 10)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=5)
    text = log.read_text()

    assert 'msg="server config"' in polled.splitlines()[0]
    assert re.search(r'\| 200 \| +[0-9.]+[mµ]s \| +127\.0\.0\.1 \| GET +"/api/ps\?x=\\"1\\""\n$', polled)
    assert text.startswith(polled)
    assert text.endswith("\n")
    assert text.count('msg="loaded runners" count=1') == 1
    assert text.count("eval time =") >= 10
    assert (process.returncode, err) == (0, "")


def test_a_clients_request_is_answered_and_logged(tmp_path: Path) -> None:
    """The log has it when the client has its answer."""
    scenario, log = tmp_path / "own.yml", tmp_path / "server.log"
    scenario.write_text(LOGGED)
    asked_for = {"model": "a", "prompt": "1", "options": {"num_predict": 5, "num_ctx": 4096}}
    with started(str(scenario), "--log", str(log)) as (_, line):
        url = line.rpartition(" ")[2]
        until(lambda: "eval time =" in log.read_text())
        answer = requests.post(f"{url}/api/generate", json=asked_for, timeout=10)
        text = log.read_text()
    final = json.loads(answer.text.splitlines()[-1])

    assert (final["prompt_eval_count"], final["eval_count"], final["eval_duration"]) == (2, 5, 80_000_000)
    assert re.search(r"task \d+ \|        eval time = +80\.00 ms / +5 tokens", text)
    assert '"/api/generate"' in text
    assert text.count("processing task") == text.count("new prompt")


def test_a_log_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """And nothing listens."""
    assert finished("steady", "127.0.0.1:0", "--log", str(tmp_path)) == (
        1,
        "",
        f"llama-metrics: cannot write {tmp_path}: is a directory; choose another file with --log\n",
    )
