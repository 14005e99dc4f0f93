"""What `llama-metrics doctor` says of macOS' own tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from llama_metrics.collectors.macos.collector import MACOS
from llama_metrics.config import Setting, load
from llama_metrics.doctor.check import Check
from llama_metrics.doctor.macos import look
from tests.support.fake_mac import FakeMac


@pytest.fixture
def mac(tmp_path: Path) -> FakeMac:
    """One whose tools all answer."""
    return FakeMac(tmp_path)


def checks(mac: FakeMac, system: str = "Darwin", *, enabled: bool | None = None) -> list[Check]:
    """What is said of it."""
    flags = [] if enabled is None else [Setting(("collectors", "macos", "enabled"), enabled, "flag")]
    return list(look(load((MACOS,), {}, flags=flags), mac.machine(system)))


def test_all_tools_answer(mac: FakeMac) -> None:
    """One line."""
    assert checks(mac) == [Check("macos", "ok", "macOS' own tools tell pressure, GPU and thermal state, without root")]


def test_a_tool_in_trouble_is_named(mac: FakeMac) -> None:
    """The exporter can only count it; here it says which, and why."""
    mac.script("ioreg", "echo 'registry is gone' >&2; exit 1")
    mac.prints("notifyutil", b"\xff")

    assert [(check.state, check.sentence) for check in checks(mac)] == [
        ("trouble", "ioreg ended with status 1: registry is gone"),
        ("trouble", "notifyutil tells no level of com.apple.system.thermalpressurelevel"),
    ]


def test_no_tool_answers(tmp_path: Path) -> None:
    """One line too."""
    mac = FakeMac(tmp_path)
    for tool in ("sysctl", "ioreg", "vm_stat", "notifyutil"):
        mac.path(tool).unlink()

    assert [(check.state, check.sentence) for check in checks(mac)] == [
        ("trouble", "none of macOS' own tools is on this machine: sysctl, ioreg, vm_stat, notifyutil")
    ]


def test_nothing_is_said_where_nobody_asks(mac: FakeMac) -> None:
    """On another system, and where the collector is switched off."""
    assert checks(mac, "Linux") == []
    assert checks(mac, enabled=False) == []
