"""`llama-metrics doctor`, run as a person runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from llama_metrics.collectors import ALL
from llama_metrics.config import load
from llama_metrics.doctor.check import Check
from llama_metrics.doctor.report import as_text, examine, is_well
from llama_metrics.system.machine import Machine
from tests.support.fake_docker import FakeContainer, FakeDocker
from tests.support.fake_journal import FakeJournal
from tests.support.fake_ollama import FakeOllama, http


@dataclass(frozen=True)
class Told:
    """What it printed of the API and the log, line by line, and its exit status."""

    lines: list[str]
    status: int
    errors: str


def run(folder: Path, url: str, log: str, **environ: str) -> Told:
    """Runs it with this configuration of the log, written as YAML's flow."""
    file = folder / "llama-metrics.yml"
    file.write_text(f"targets: [{{name: default, url: '{url}'}}]\ncollectors: {{log: {log}}}\n")
    done = subprocess.run(
        [sys.executable, "-m", "llama_metrics", "doctor", "--config.file", str(file)],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Told(_of_ollama(done.stdout), done.returncode, done.stderr)


def _of_ollama(text: str) -> list[str]:
    """The lines that do not depend on the machine, whose looks have tests of their own."""
    looks = re.findall(r"^(\w+) +(\w+)  +(.+(?:\n +-> .+)?)$", text, re.MULTILINE)
    kept = [(state, name, told.split("\n")) for state, name, told in looks if name in ("ollama", "tokens", "log")]
    lines = []
    for state, name, (told, *fix) in kept:
        lines += [f"{state:7}  {name:6}  {told}", *(f"{'':17}{one.strip()}" for one in fix)]
    return lines


def ollama(version: str) -> FakeOllama:
    """One that answers."""
    return FakeOllama({"/api/version": http(f'{{"version":"{version}"}}'.encode())})


def test_all_is_well(tmp_path: Path) -> None:
    """Ollama answers, its log tells tokens, and it can be read."""
    log = tmp_path / "server.log"
    log.write_text("time=now\n")
    with ollama("0.33.0") as fake:
        told = run(tmp_path, fake.url, f"{{path: '{log}'}}")

    assert told == Told(
        [
            f"ok       ollama  Ollama 0.33.0 answers at {fake.url}",
            "ok       tokens  the log of Ollama 0.33.0 tells the tokens of each request",
            f"ok       log     the file {log}: it can be read, and is followed",
        ],
        0,
        "",
    )


def test_everything_is_looked_at(tmp_path: Path) -> None:
    """There is a check for each subject that a Linux machine can have."""
    machine = Machine(system="Linux", user="me", home=tmp_path, environ={}, run=lambda _: None, root=tmp_path)
    checks = examine(load(ALL, {"OLLAMA_HOST": "127.0.0.1:9"}), machine)

    assert {"ollama", "log", "processes", "models", "runners", "probe", "powermetrics", "gpus"} <= {
        check.name for check in checks
    }


def test_of_a_development_build_nobody_knows_whether_it_tells_tokens(tmp_path: Path) -> None:
    """It has no version to judge by, so it is not called old."""
    with ollama("0.0.0") as fake:
        lines = run(tmp_path, fake.url, "{}").lines

    said = "Ollama 0.0.0 is a development build; its first requests show whether its log tells tokens"
    assert [line.split("tokens  ", 1)[1] for line in lines if " tokens  " in line] == [said]
    assert not [line for line in lines if "update Ollama" in line]


def test_an_old_ollama_tells_no_tokens(tmp_path: Path) -> None:
    """That is no trouble, but it is said why those families are not there."""
    log = tmp_path / "server.log"
    log.write_text("time=now\n")
    with ollama("0.24.0") as fake:
        told = run(tmp_path, fake.url, f"{{path: '{log}'}}")

    said = "Ollama 0.24.0 prints no tokens at its default level; OLLAMA_DEBUG=1 would not help with generated tokens"
    assert told.lines[1:3] == [f"absent   tokens  {said}", "                 -> update Ollama to 0.30 or later"]
    assert told.status == 0


def test_no_ollama_and_no_log(tmp_path: Path) -> None:
    """Each says what came back, and what to do."""
    with ollama("0.33.0") as fake:
        pass
    told = run(tmp_path, fake.url, f"{{path: '{tmp_path}/none.log'}}")

    assert told.lines == [
        f"trouble  ollama  GET {fake.url}/api/version: connection refused",
        "                 -> is Ollama running there?",
        f"trouble  log     the file {tmp_path}/none.log: {tmp_path}/none.log: there is no such file yet",
        "                 -> it is read as soon as there is",
    ]
    assert told.status == 1


def test_a_log_alone_is_not_enough(tmp_path: Path) -> None:
    """Nor is Ollama alone."""
    with ollama("0.33.0") as fake:
        told = run(tmp_path, fake.url, "{source: docker}")

    assert told.lines[2:] == [
        "trouble  log     a container: collectors.log.source is docker",
        "                 -> name the container in collectors.log.container",
    ]
    assert told.status == 1


def test_the_journal_is_read(tmp_path: Path) -> None:
    """What a person without permission has to run, and that it is well once they have."""
    journal = FakeJournal(tmp_path)
    path = f"{tmp_path}:{os.environ['PATH']}"
    with ollama("0.33.0") as fake:
        journal.before('sys.stderr.write("Hint: You are currently not seeing messages from other users")')
        before = run(tmp_path, fake.url, "{source: journald}", PATH=path)
        journal.before("")
        journal.add("Listening")
        after = run(tmp_path, fake.url, "{source: journald}", PATH=path)

    assert before.lines[2].startswith("trouble  log     the journal of the unit ollama: ")
    assert "-> grant it with `sudo usermod -aG systemd-journal " in before.lines[3]
    assert after.lines[2:] == ["ok       log     the journal of the unit ollama: it can be read, and is followed"]
    assert (before.status, after.status) == (1, 0)


def test_a_container_is_found_by_itself(tmp_path: Path) -> None:
    """Every other place is listed with why it is not used."""
    with FakeDocker(None, mine=FakeContainer()) as engine, ollama("0.33.0") as fake:
        engine.containers["mine"].write("Listening\n")
        told = run(tmp_path, fake.url, "{}", DOCKER_HOST=engine.host, KUBERNETES_SERVICE_HOST="10.0.0.1")

    assert told.lines[2].startswith("absent   log     a log of the host: this exporter runs in a container")
    assert told.lines[4:] == ["ok       log     the container mine: it can be read, and is followed"]
    assert told.status == 0


def test_an_ollama_elsewhere(tmp_path: Path) -> None:
    """Its log is not here."""
    told = run(tmp_path, "http://no-such-host.invalid:11434", "{}")

    assert told.lines[1].startswith("absent   log     the log of another machine: Ollama does not run on this machine")
    assert told.status == 1


def test_standard_input_is_not_used_up(tmp_path: Path) -> None:
    """It is only said what would be read."""
    with ollama("0.33.0") as fake:
        told = run(tmp_path, fake.url, "{source: stdin}")

    assert told.lines[2:] == ["ok       log     standard input: whatever is piped in is followed"]


def test_a_bad_configuration(tmp_path: Path) -> None:
    """It is said as for every command."""
    told = run(tmp_path, "http://127.0.0.1:1", "{source: syslog}")

    assert (told.lines, told.status) == ([], 1)
    assert "collectors.log.source: is 'syslog'; it can be auto, file, journald, docker, stdin" in told.errors


def test_what_is_needed() -> None:
    """An Ollama and a log; of several logs one is enough."""
    fine, log, bad = Check("ollama", "ok", "."), Check("log", "ok", "."), Check("log", "trouble", ".")

    assert is_well([fine, bad, log])
    assert not is_well([fine, bad])
    assert not is_well([log])


def test_columns() -> None:
    """As wide as the longest name."""
    assert as_text([Check("a", "ok", "One."), Check("longer", "absent", "Two.", "three")]) == (
        "ok       a       One.\nabsent   longer  Two.\n                 -> three\n"
    )
