"""Reading a Mac made of a folder, whose tools are real programs."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from llama_metrics.collectors.macos.collector import MACOS
from llama_metrics.collectors.macos.metrics import METRICS
from llama_metrics.collectors.macos.tools import MacosSource, Reading
from llama_metrics.errors import BadAnswer, TimedOut, Unsupported
from llama_metrics.metrics import Family
from tests.support.fake_mac import FakeMac

# More than any tool that answers takes on a busy machine; less than anybody waits for one that hangs.
BOUND = 3.0
TOOLS = ("sysctl", "ioreg", "vm_stat", "notifyutil")
# Which families are the tools'.
OF = {
    "sysctl": {"macos_memory_pressure_level", "macos_gpu_wired_limit_bytes"},
    "ioreg": {"macos_gpu_utilization_ratio", "macos_gpu_memory_in_use_bytes"},
    "vm_stat": {"macos_memory_wired_bytes", "macos_memory_compressed_bytes"},
    "notifyutil": {"macos_thermal_pressure"},
}
ALL = set().union(*OF.values())


@pytest.fixture
def mac(tmp_path: Path) -> FakeMac:
    """One that tells everything there is to tell."""
    return FakeMac(tmp_path, "m2_ultra_under_pressure")


def opened(mac: FakeMac) -> MacosSource:
    """Its source."""
    return MacosSource(mac.root, time.monotonic)


def read(source: MacosSource) -> Reading:
    """What it says within the bound."""
    return source.read(time.monotonic() + BOUND)


def told(reading: Reading) -> set[str]:
    """The families that have a sample."""
    families = [family for family in MACOS.render(reading) if isinstance(family, Family)]
    return {family.metric.name for family in families if family.samples}


def test_everything_is_told(mac: FakeMac) -> None:
    """Each family that is declared, in that order, and nothing rejected."""
    source = opened(mac)
    reading = read(source)

    assert [family.metric for family in MACOS.render(reading)] == list(METRICS)
    assert told(reading) == ALL
    assert (reading.troubles, source.rejected) == ((), 0)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_that_this_macos_does_not_have(mac: FakeMac, tool: str) -> None:
    """Its series are absent, and that is no trouble."""
    mac.path(tool).unlink()
    source = opened(mac)
    reading = read(source)

    assert told(reading) == ALL - OF[tool]
    assert (reading.troubles, source.rejected) == ((), 0)


def test_tools_that_hang(mac: FakeMac) -> None:
    """Each costs its own series; it is counted, and it is ended."""
    tools = ("sysctl", "ioreg")
    for tool in tools:
        mac.script(tool, "sleep 600")
    source = opened(mac)
    reading = read(source)

    assert told(reading) == ALL - OF["sysctl"] - OF["ioreg"]
    assert [type(trouble) for trouble in reading.troubles] == [TimedOut, TimedOut]
    for tool, trouble in zip(tools, reading.troubles, strict=True):
        assert str(trouble).startswith(f"{mac.path(tool)} gives no answer within ")
    assert source.rejected == 2


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_that_fails(mac: FakeMac, tool: str) -> None:
    """Its own words are in the sentence; what it printed before is not believed."""
    file = mac.path(tool)
    printed = file.rename(file.with_suffix(".real"))
    mac.script(tool, f'{printed} "$@" 2>/dev/null; echo "cannot open the registry" >&2; exit 71')
    source = opened(mac)
    reading = read(source)

    assert told(reading) == ALL - OF[tool]
    assert [str(trouble) for trouble in reading.troubles] == [f"{tool} ended with status 71: cannot open the registry"]
    assert source.rejected == 1


@pytest.mark.parametrize("text", [b"no such thing\n", b"\xff\xfe\xc3(\x00", b"<plist><array>"])
@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_that_prints_garbage(mac: FakeMac, tool: str, text: bytes) -> None:
    """The same, whether it is text or not."""
    mac.prints(tool, text)
    source = opened(mac)
    reading = read(source)

    assert told(reading) == ALL - OF[tool]
    assert [type(trouble) for trouble in reading.troubles] == [BadAnswer]
    assert source.rejected == 1


@pytest.mark.parametrize("tool", ["sysctl", "vm_stat", "notifyutil"])
def test_a_tool_that_prints_nothing(mac: FakeMac, tool: str) -> None:
    """An empty answer is none; only ioreg says in that way that there is no accelerator."""
    mac.prints(tool, b"")
    mac.prints("ioreg", b"")
    source = opened(mac)
    reading = read(source)

    assert told(reading) == ALL - OF[tool] - OF["ioreg"]
    assert source.rejected == 1


def test_a_number_that_cannot_be_true_costs_itself(mac: FakeMac) -> None:
    """The tool's other numbers stay; each reading counts its own."""
    mac.prints("sysctl", b"kern.memorystatus_vm_pressure_level: 3\niogpu.wired_limit_mb: 1024\n")
    source = opened(mac)
    first, _ = read(source), read(source)

    assert told(first) == ALL - {"macos_memory_pressure_level"}
    assert (first.troubles, source.rejected) == ((), 2)


def test_a_tool_that_recovers(mac: FakeMac) -> None:
    """Nothing of an earlier reading is kept, and nothing is given up."""
    good = mac.path("notifyutil").rename(mac.root / "good")
    mac.script("notifyutil", "exit 1")
    source = opened(mac)
    first = read(source)
    good.rename(mac.path("notifyutil"))

    assert (first.thermal, read(source).thermal) == (None, "heavy")


def test_nothing_at_all_can_be_read(mac: FakeMac) -> None:
    """Then the collector fails, and the sentence names each tool, but not one that is not there.

    It is a timeout only where time was all that was missing.
    """
    mac.prints("sysctl", b"")
    mac.script("ioreg", "sleep 600")
    mac.script("vm_stat", "exit 2")
    mac.path("notifyutil").unlink()
    source = opened(mac)

    with pytest.raises(BadAnswer) as raised:
        read(source)
    assert re.fullmatch(
        r"none of macOS' own tools can be used: sysctl tells none of kern\..*, .*/ioreg gives no answer within .* s,"
        r" vm_stat ended with status 2",
        str(raised.value),
    )
    assert source.rejected == 0


def test_all_of_them_hang(mac: FakeMac) -> None:
    """That is a timeout, and a tenth of a second is left of the time to say so."""
    for tool in TOOLS:
        mac.script(tool, "sleep 600")
    source = MacosSource(mac.root, lambda: 1000.0)

    with pytest.raises(
        TimedOut, match=r"none of macOS' own tools can be used: .*sysctl gives no answer within 0\.9 s, "
    ):
        source.read(1001.0)


def test_none_of_them_is_there(tmp_path: Path) -> None:
    """A machine that says it is a Mac and has nothing of one."""
    with pytest.raises(Unsupported, match="sysctl, ioreg, vm_stat, notifyutil"):
        read(MacosSource(tmp_path, time.monotonic))


def test_a_deadline_that_is_over(mac: FakeMac) -> None:
    """A timeout, no bug."""
    with pytest.raises(TimedOut):
        opened(mac).read(time.monotonic() - 1.0)
