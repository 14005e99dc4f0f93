"""The files for launchd: what it would read in them, and that the exporter takes the command line. No Mac was used."""

from __future__ import annotations

import plistlib
import re
from pathlib import Path
from typing import Any

import pytest

from llama_metrics.collectors.powermetrics.command import command_line, sudoers_rule
from llama_metrics.collectors.powermetrics.options import PowermetricsOptions
from llama_metrics.system.machine import Machine
from tests.config.service import start_and_stop
from tests.config.shipped import CONFIG, ROOT

LABEL = "io.github.llama-metrics"
DAEMON = CONFIG / "launchd" / "LaunchDaemons" / f"{LABEL}.plist"
AGENT = CONFIG / "launchd" / "LaunchAgents" / f"{LABEL}.plist"
# Every key that is used, with its type; launchd ignores a key that it does not know, and says nothing.
KEYS = {
    "Label": str,
    "ProgramArguments": list,
    "RunAtLoad": bool,
    "KeepAlive": bool,
    "ThrottleInterval": int,
    "ExitTimeOut": int,
    "StandardErrorPath": str,
}
BOTH = pytest.mark.parametrize("file", [DAEMON, AGENT], ids=lambda file: file.parent.name)


def job(file: Path) -> dict[str, Any]:
    """The property list."""
    value: dict[str, Any] = plistlib.loads(file.read_bytes(), fmt=plistlib.FMT_XML)
    return value


def test_these_are_all_the_files() -> None:
    """None lies beside them that nobody tests."""
    assert set((CONFIG / "launchd").rglob("*.plist")) == {DAEMON, AGENT}


@BOTH
def test_the_keys_are_those_of_launchd(file: Path) -> None:
    """Each with a value of its type; the file has the name of the job, as launchd's folders want it."""
    found = job(file)

    assert {key: type(value) for key, value in found.items()} == KEYS
    assert f"{found['Label']}.plist" == file.name


@BOTH
def test_it_runs_from_the_start_and_is_started_again(file: Path) -> None:
    """With time to end by itself, and not more often than launchd allows by default."""
    found = job(file)

    assert (found["RunAtLoad"], found["KeepAlive"]) == (True, True)
    assert found["ThrottleInterval"] >= 10
    assert found["ExitTimeOut"] >= 5


@BOTH
def test_paths_are_absolute_and_there_is_no_shell(file: Path) -> None:
    """launchd knows neither PATH as a terminal does, nor ~, nor variables."""
    found = job(file)
    program, *arguments = found["ProgramArguments"]

    assert Path(program).name == "llama-metrics"
    for path in (program, found["StandardErrorPath"]):
        assert path.startswith("/")
        assert re.fullmatch(r"[\w./-]+", path), "neither ~ nor $"
    assert not any(re.search(r"[$~*;|&]", argument) for argument in arguments)


@BOTH
def test_the_exporter_takes_the_command_line(file: Path, tmp_path: Path) -> None:
    """With launchd's environment it listens, and at SIGTERM it ends well before launchd loses patience."""
    found = job(file)
    said, status = start_and_stop(found["ProgramArguments"][1:], tmp_path, found["ExitTimeOut"])

    assert "msg=listening" in said
    assert status == 0


def test_only_the_agents_paths_wait_to_be_written_out() -> None:
    """The command in the agent's comment replaces every placeholder; the daemon is for nobody's home."""
    text = AGENT.read_text()
    written = re.sub("/Users/YOU", "/Users/alice", text)
    found: dict[str, Any] = plistlib.loads(written.encode())

    assert "s|/Users/YOU|$HOME|" in text
    assert "YOU" not in str(found)
    assert "YOU" not in DAEMON.read_text()
    assert all(line.count("/Users/YOU") <= 1 for line in text.splitlines()), "sed replaces one in a line"


@BOTH
def test_the_comment_installs_this_file(file: Path) -> None:
    """The commands in it name the file by its path in the repository, the program that is run, and the job."""
    text, found = file.read_text(), job(file)
    program = Path(found["ProgramArguments"][0])
    folder = str(program.parents[1]).replace("/Users/YOU", "~")

    assert str(file.relative_to(ROOT)) in text
    assert f"-m venv {folder}\n" in text
    assert f"{folder}/bin/pip install .\n" in text
    assert f"/{LABEL}, then bootstrap again" in text


def test_the_page_shows_the_rule_that_doctor_prints() -> None:
    """docs/mac.md holds the line for sudoers to the letter, and no rule without arguments."""
    mac = Machine(system="Darwin", user="USER", home=Path("/"), environ={}, run=lambda _: None)
    rule = sudoers_rule(command_line(PowermetricsOptions(), mac), "USER")
    lines = (ROOT / "docs" / "mac.md").read_text().splitlines()

    assert rule in [line.strip() for line in lines]
    assert [
        line for line in lines if line.rstrip().endswith(("NOPASSWD: /usr/bin/powermetrics", "NOPASSWD: ALL"))
    ] == []


def test_the_page_names_the_files_and_nothing_that_is_not_there() -> None:
    """Each path below config/ that the pages for the Mac and for Linux name exists, and they name these."""
    for page, files in (("mac.md", (DAEMON, AGENT)), ("linux.md", (CONFIG / "systemd" / "llama-metrics.service",))):
        text = (ROOT / "docs" / page).read_text()
        named = {ROOT / path for path in re.findall(r"\bconfig/[\w./-]*\w", text)}
        assert [str(path) for path in named if not path.exists()] == []
        assert set(files) <= named
