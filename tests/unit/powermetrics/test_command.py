"""The command line, the rule for sudoers, and what happens where it may not be run."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from llama_metrics.collector import Context
from llama_metrics.collectors.powermetrics.collector import POWERMETRICS
from llama_metrics.collectors.powermetrics.command import command_line, grant, interval, sudoers_rule
from llama_metrics.collectors.powermetrics.options import PowermetricsOptions
from llama_metrics.duration import Duration
from llama_metrics.errors import Unsupported
from llama_metrics.system.machine import Machine
from tests.support.collectors import context
from tests.support.fake_powermetrics import FakePowermetrics

APPLE = "/usr/bin/powermetrics -i 1000 -s cpu_power,gpu_power,thermal,battery -f plist -b 0"
RULE = "/usr/bin/powermetrics -i 1000 -s cpu_power\\,gpu_power\\,thermal\\,battery -f plist -b 0"


def machine(system: str = "Darwin", user: str = "monitor", run: Callable[[Sequence[str]], str | None] = str) -> Machine:
    """One that nobody has."""
    return Machine(system=system, user=user, home=Path("/"), environ={}, run=run)


def on(machine: Machine) -> Context:
    """That machine, and no Ollama."""
    return replace(context(), machine=machine)


def test_the_command_line() -> None:
    """Root runs powermetrics itself; nobody else is ever asked for a password."""
    options = PowermetricsOptions()

    assert " ".join(command_line(options, machine(user="root"))) == APPLE
    assert " ".join(command_line(options, machine())) == f"/usr/bin/sudo -n {APPLE}"


def test_the_interval_is_part_of_it() -> None:
    """In whole milliseconds, and never 0, which means none."""
    for text, milliseconds in (("5s", "5000"), ("1m30s", "90000"), ("250ms", "250"), ("0.1ms", "1")):
        command = command_line(PowermetricsOptions(interval=Duration.parse(text)), machine())

        assert command[command.index("-i") + 1] == milliseconds


def test_another_command_line_is_run_as_it_stands() -> None:
    """On any system."""
    options = PowermetricsOptions(command=("ssh", "mac", "powermetrics -i 5000"))

    assert command_line(options, machine("Linux")) == options.command


@pytest.mark.parametrize(
    ("command", "seconds"),
    [
        (("powermetrics", "-i", "5000"), 5.0),
        (("powermetrics", "-i", "0"), 2.0),
        (("powermetrics", "-i"), 2.0),
        (("powermetrics", "-i", "often"), 2.0),
        (("replay", "file"), 2.0),
    ],
)
def test_the_interval_of_another_command_line(command: tuple[str, ...], seconds: float) -> None:
    """Its own word comes first: samples twice as long as expected would show no means."""
    assert interval(command, PowermetricsOptions(interval=Duration(2.0), command=command)) == seconds


def test_the_rule_is_the_command_line() -> None:
    """Word for word, with sudoers' own characters escaped, and nothing left open."""
    command = command_line(PowermetricsOptions(), machine())
    rule = sudoers_rule(command, "monitor")

    assert rule == f"monitor ALL=(root) NOPASSWD: {RULE}"
    assert re.sub(r"\\(.)", r"\1", rule.partition("NOPASSWD: ")[2]).split(" ") == list(command[2:])
    assert "*" not in rule
    assert sudoers_rule(("/opt/pm", "a=b:c\\d"), "me") == "me ALL=(root) NOPASSWD: /opt/pm a\\=b\\:c\\\\d"


def test_what_a_person_pastes_writes_the_rule_once_visudo_has_read_it(tmp_path: Path) -> None:
    """Run by a real shell, with stand-ins for sudo and visudo; a rule that visudo refuses is written nowhere."""
    (tmp_path / "visudo").write_text('#!/bin/sh\n[ "$*" = "-cf -" ] && cat > "$0.read" && ! [ -e "$0.refuses" ]\n')
    (tmp_path / "sudo").write_text('#!/bin/sh\necho "$*" >> "$0.ran"; [ "$1" = chmod ] || cat > "$0.written"\n')
    for name in ("visudo", "sudo"):
        (tmp_path / name).chmod(0o755)
    line = grant(command_line(PowermetricsOptions(), machine()), "monitor")
    whole = f"monitor ALL=(root) NOPASSWD: {RULE}\n"

    def run() -> int:
        environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
        return subprocess.run(["/bin/sh", "-c", line], env=environ, check=False, capture_output=True).returncode

    (tmp_path / "visudo.refuses").touch()
    assert (run() != 0, (tmp_path / "sudo.ran").exists()) == (True, False)
    (tmp_path / "visudo.refuses").unlink()
    assert run() == 0
    assert (tmp_path / "visudo.read").read_text() == (tmp_path / "sudo.written").read_text() == whole
    assert (tmp_path / "sudo.ran").read_text() == (
        "tee /etc/sudoers.d/llama-metrics\nchmod 0440 /etc/sudoers.d/llama-metrics\n"
    )
    assert "\n" not in line


def test_another_system_is_not_supported() -> None:
    """Nobody asked for it, so it is left out with this sentence."""
    with pytest.raises(Unsupported, match="powermetrics is a program of macOS, and this is Linux"):
        POWERMETRICS.open(PowermetricsOptions(), on(machine("Linux")))


def test_a_right_that_is_missing_is_found_when_it_is_opened() -> None:
    """By asking sudo for exactly the command line, and nothing is run."""
    asked = []

    def run(command: Sequence[str]) -> None:
        asked.append(shlex.join(command))

    with pytest.raises(Unsupported, match="monitor may not run powermetrics as root without a password; `llama-m"):
        POWERMETRICS.open(PowermetricsOptions(), on(machine(run=run)))
    assert asked == [f"/usr/bin/sudo -n -l {APPLE}"]


def test_root_needs_no_rule(tmp_path: Path) -> None:
    """Nor does another command line; sudo is not asked."""

    def run(command: Sequence[str]) -> str:
        raise AssertionError(command)

    fake = FakePowermetrics(tmp_path)
    source = POWERMETRICS.open(PowermetricsOptions(command=(fake.program,)), on(machine("Linux", run=run)))
    source.close()
    assert fake.runs() in ([], [[]])


@pytest.mark.parametrize("is_there", [True, False])
def test_a_program_that_cannot_be_run(tmp_path: Path, is_there: bool) -> None:
    """It is left out, or the exporter does not start where it was asked for."""
    program = tmp_path / "powermetrics"
    if is_there:
        program.touch()

    with pytest.raises(Unsupported, match="cannot be run: permission denied" if is_there else "is not installed here"):
        POWERMETRICS.open(PowermetricsOptions(command=(str(program),)), on(machine()))
