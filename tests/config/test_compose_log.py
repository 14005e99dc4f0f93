"""How Ollama's log reaches the exporter in compose: the shell line that copies it, and who may read what."""

from __future__ import annotations

import fnmatch
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from llama_metrics.collectors import ALL
from llama_metrics.collectors.log.options import LogOptions
from llama_metrics.config import load
from tests.config.shipped import CONFIG, config
from tests.support.waiting import until

COMPOSE = config("docker-compose.yml")
SERVICES = COMPOSE["services"]
# Says its process id, one line on each stream, and how it ends.
OLLAMA = """#!/bin/bash
trap 'echo "ended by a signal"; exit 3' TERM
echo "$$ $1"
echo "on stderr" >&2
[ "$END" ] && exit "$END"
while :; do sleep 0.05; done
"""


def mounts(service: str) -> dict[str, str]:
    """Where a service has its named volumes, by their names."""
    volumes = [volume.split(":") for volume in SERVICES[service]["volumes"]]
    return {parts[0]: ":".join(parts[1:]) for parts in volumes if parts[0] in COMPOSE["volumes"]}


@contextmanager
def serving(folder: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The entry point of the service ollama, with another program of that name, and the log in the folder."""
    program = folder / "bin/ollama"
    program.parent.mkdir()
    program.write_text(OLLAMA)
    program.chmod(0o755)
    shell, option, script = SERVICES["ollama"]["entrypoint"]
    script = script.replace("$$", "$").replace("/var/log/ollama", str(folder))
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        [shell, option, script],
        env={**os.environ, "PATH": path, **environment},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        # The container would end with its first process; here the loop beside it is left.
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def until_logged(log: Path, words: str) -> str:
    """What the log holds as soon as it holds these words."""
    until(lambda: log.exists() and words in log.read_text())
    return log.read_text()


def test_ollama_gets_the_signals_itself_and_both_of_its_streams_are_copied(tmp_path: Path) -> None:
    """`docker stop` ends it at once, as without the shell; nothing waits for ten seconds and a SIGKILL."""
    log = tmp_path / "server.log"
    log.write_text("before\n")
    with serving(tmp_path) as process:
        until_logged(log, "on stderr")
        process.terminate()
        status = process.wait(timeout=10)
        copied = until_logged(log, "ended by a signal")

    assert status == 3
    assert copied.splitlines() == ["before", f"{process.pid} serve", "on stderr", "ended by a signal"]


def test_what_is_copied_also_goes_where_it_went_before(tmp_path: Path) -> None:
    """`docker logs` shows it still."""
    with serving(tmp_path) as process:
        until_logged(tmp_path / "server.log", "on stderr")
        assert process.stdout is not None
        said = [process.stdout.readline(), process.stdout.readline()]

    assert said == [f"{process.pid} serve\n", "on stderr\n"]


@pytest.mark.parametrize("status", [1, 7])
def test_ollamas_exit_status_is_the_containers(tmp_path: Path, status: int) -> None:
    """Docker's restart policy looks at it."""
    with serving(tmp_path, END=str(status)) as process:
        assert process.wait(timeout=10) == status


def test_a_log_that_cannot_be_written_does_not_stop_ollama(tmp_path: Path) -> None:
    """A full volume costs the exporter its lines, and nobody an answer."""
    (tmp_path / "server.log").mkdir()
    with serving(tmp_path) as process:
        assert process.stdout is not None
        said = [process.stdout.readline(), process.stdout.readline()]
        process.terminate()
        status = process.wait(timeout=10)

    assert (said[0], status) == (f"{process.pid} serve\n", 3)


@pytest.mark.parametrize(
    ("service", "volume", "file"),
    [("ollama", "ollama-log", "with-log.yml"), ("simulated", "simulated-log", "demo.yml")],
)
def test_the_exporter_reads_what_each_ollama_writes_and_cannot_write_it(service: str, volume: str, file: str) -> None:
    """The volume is its own, and read-only for the exporter, which follows that name in it."""
    (chosen,) = [options for collector, options in load(ALL, {}, CONFIG / file).collectors if collector.name == "log"]
    folder, _, mode = mounts("exporter")[volume].partition(":")
    command = " ".join([*SERVICES[service].get("entrypoint", []), *SERVICES[service].get("command", [])])

    assert mode == "ro"
    assert f"{mounts(service)[volume]}/server.log" in command
    assert isinstance(chosen, LogOptions)
    assert chosen.source == "file"
    assert fnmatch.fnmatch(f"{folder}/server.log", chosen.path or "")


def test_nobody_is_given_dockers_socket() -> None:
    """It is root on the host, read-only or not."""
    assert not [volume for one in SERVICES.values() for volume in one.get("volumes", []) if "docker.sock" in volume]


def test_the_hosts_log_takes_the_place_of_the_containers() -> None:
    """config/host-log.yml mounts a folder, read-only, where the volume was, and chooses the same configuration."""
    exporter = config("config/host-log.yml")["services"]["exporter"]
    environment = config("docker-compose.yml")["services"]["exporter"]["volumes"]

    assert [volume.rpartition("}:")[2] for volume in exporter["volumes"]] == [mounts("exporter")["ollama-log"]]
    assert f"./config/with-log.yml:{exporter['environment']['LLAMA_METRICS_CONFIG_FILE']}:ro" in environment
