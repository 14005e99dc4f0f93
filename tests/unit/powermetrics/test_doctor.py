"""What `llama-metrics doctor` says of powermetrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from llama_metrics.collectors.powermetrics.collector import POWERMETRICS
from llama_metrics.config import load
from llama_metrics.doctor.check import Check
from llama_metrics.doctor.powermetrics import look
from llama_metrics.system.machine import Machine
from tests.support.exporter import settings
from tests.support.fake_powermetrics import FIXTURES, FakePowermetrics, document


def check(*command: str, system: str = "Darwin", run: Callable[[Sequence[str]], str | None] = str) -> Check:
    """The one check, with this command line where there is one."""
    flags = settings(collectors__powermetrics__command=list(command)) if command else []
    machine = Machine(system=system, user="monitor", home=Path("/"), environ={}, run=run)
    (found,) = look(load([POWERMETRICS], {}, flags=flags), machine)
    return found


def nobody(_: Sequence[str]) -> None:
    """A sudo that knows no rule."""


@pytest.fixture
def fake(tmp_path: Path) -> FakePowermetrics:
    """One that has said nothing so far."""
    return FakePowermetrics(tmp_path)


def test_another_system() -> None:
    """That is no trouble."""
    assert check(system="Linux") == Check(
        "powermetrics", "absent", "powermetrics is a program of macOS, and this is Linux"
    )


def test_a_mac_without_the_rule() -> None:
    """The fix is one line to paste."""
    found = check(run=nobody)

    assert (found.state, found.sentence) == (
        "trouble",
        "monitor may not run powermetrics as root without a password",
    )
    assert found.fix == (
        "rule='monitor ALL=(root) NOPASSWD: /usr/bin/powermetrics -i 1000 -s"
        " cpu_power\\,gpu_power\\,thermal\\,battery -f plist -b 0'; printf '%s\\n' \"$rule\" | visudo -cf - &&"
        " printf '%s\\n' \"$rule\" | sudo tee /etc/sudoers.d/llama-metrics >/dev/null &&"
        " sudo chmod 0440 /etc/sudoers.d/llama-metrics"
    )


def test_one_that_gives_samples(fake: FakePowermetrics) -> None:
    """Only that proves it; what it tells is named."""
    fake.write(document())
    whole = check(fake.program)
    fake.write((FIXTURES / "m4_pro_macos15_battery_only.plist").read_bytes())
    part = check(fake.program)

    assert (whole.state, whole.sentence) == (
        "ok",
        f"`{fake.program}` gives samples, which tell the power of cpu, gpu, ane",
    )
    assert part.sentence.endswith("which tell the power of no part of the chip")
    assert fake.were_alone()


def test_one_that_refuses_though_sudo_knew_a_rule(fake: FakePowermetrics) -> None:
    """It is the same trouble with the same fix."""
    fake.complain("powermetrics must be invoked as the superuser\n")
    fake.exit(1)
    found = check(fake.program)

    assert found.sentence == "monitor may not run powermetrics as root without a password"
    assert found.fix.startswith(f"rule='monitor ALL=(root) NOPASSWD: {fake.program}'; ")


def test_one_that_prints_text(fake: FakePowermetrics) -> None:
    """What to put into the configuration."""
    fake.write((FIXTURES / "text_intel.txt").read_bytes())
    found = check(fake.program)

    assert (found.state, found.fix) == ("trouble", "put `-f plist` into collectors.powermetrics.command")
    assert found.sentence == "powermetrics prints text, not plists: 'Machine model: MacBookPro16,1'"


def test_one_that_ends(fake: FakePowermetrics) -> None:
    """Its own words."""
    fake.complain("powermetrics: unrecognized sampler: battery\n")
    fake.exit(64)

    assert check(fake.program).sentence == (
        f"{fake.program} ended with status 64: powermetrics: unrecognized sampler: battery"
    )


def test_one_that_says_nothing(fake: FakePowermetrics) -> None:
    """It is not waited for any longer than a start may take."""
    assert check(fake.program, "-i", "1").sentence == "no sample came within 2 s"
