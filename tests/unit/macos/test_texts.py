"""What sysctl, vm_stat and notifyutil print, parsed: the forms that are known, and what is none of them."""

from __future__ import annotations

import pytest

from llama_metrics.collectors.macos.texts import (
    Kernel,
    Memory,
    parse_notifyutil,
    parse_sysctl,
    parse_vm_stat,
)
from llama_metrics.errors import BadAnswer

HEADER = b"Mach Virtual Memory Statistics: (page size of 16384 bytes)\n"
PRESSURE = b"kern.memorystatus_vm_pressure_level: "


@pytest.mark.parametrize(
    ("value", "level", "rejected"),
    [
        *((b"1", 1, 0), (b"2", 2, 0), (b"4", 4, 0)),
        *((b"0", None, 1), (b"3", None, 1), (b"-1", None, 1), (b"", None, 1), (b"high", None, 1), (b"1.0", None, 1)),
        # Two in Arabic: a digit, but none that sysctl prints.
        ("٢".encode(), None, 1),
    ],
)
def test_memory_pressure_has_three_levels(value: bytes, level: int | None, rejected: int) -> None:
    """Whatever else stands there is dropped and counted."""
    assert parse_sysctl(PRESSURE + value + b"\n") == Kernel(pressure=level, rejected=rejected)


@pytest.mark.parametrize(
    ("text", "limit", "rejected"),
    [
        (b"iogpu.wired_limit_mb: 0\n", None, 0),
        (b"iogpu.wired_limit_mb: 28672\n", 28672 * 2**20, 0),
        (b"debug.iogpu.wired_limit: 12884901888\n", 12884901888, 0),
        (b"debug.iogpu.wired_limit: 0\n", None, 0),
        # The newer name decides, also where it says that macOS does.
        (b"iogpu.wired_limit_mb: 0\ndebug.iogpu.wired_limit: 12884901888\n", None, 0),
        (b"iogpu.wired_limit_mb: -1\n", None, 1),
        (b"iogpu.wired_limit_mb: 99999999999999\n", None, 1),
        (b"debug.iogpu.wired_limit: 99999999999999999999\n", None, 1),
    ],
)
def test_the_wired_limit_in_either_unit(text: bytes, limit: int | None, rejected: int) -> None:
    """MiB by its present name, bytes by its older one; 0 means that macOS decides, and is no limit."""
    assert parse_sysctl(text) == Kernel(wired_limit=limit, rejected=rejected)


def test_a_name_that_is_not_there_shifts_nothing() -> None:
    """Values are found by their names, in any order, among lines of others."""
    assert parse_sysctl(b"iogpu.wired_limit_mb: 4\nhw.memsize: 1\n" + PRESSURE + b"2\n") == Kernel(2, 4 * 2**20)


@pytest.mark.parametrize("text", [b"", b"1\n0\n", b"\xff\xfe", b"x" + PRESSURE + b"1\n"])
def test_sysctl_without_any_of_its_names(text: bytes) -> None:
    """Numbers alone are nobody's."""
    with pytest.raises(BadAnswer, match=r"^sysctl tells none of kern\.memorystatus_vm_pressure_level, "):
        parse_sysctl(text)


@pytest.mark.parametrize(("page", "wired"), [(4096, 40960), (16384, 163840)])
def test_the_size_of_a_page_is_in_the_header(page: int, wired: int) -> None:
    """Intel's and Apple's."""
    header = HEADER.replace(b"16384", str(page).encode())

    assert parse_vm_stat(header + b"Pages wired down:       10.\nPages occupied by compressor: 0.\n") == Memory(
        wired, 0
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (b"Pages wired down: 1.\n", Memory(16384, None)),
        # What is in the compressor was larger before, and is not what it occupies.
        (b"Pages stored in compressor: 9.\nPages occupied by compressor: 2.\n", Memory(None, 32768)),
        (b"Pages wired down: many.\nPages occupied by compressor: 2.\n", Memory(None, 32768, 1)),
        (b"Pages wired down: 99999999999999.\nPages occupied by compressor:\n", Memory(None, None, 2)),
    ],
)
def test_lines_that_vm_stat_has_or_not(lines: bytes, expected: Memory) -> None:
    """One that is not there is absent; one that is no number is counted."""
    assert parse_vm_stat(HEADER + lines) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "the size of a page"),
        (b"Pages wired down: 1.\n", "the size of a page"),
        (HEADER.replace(b"16384", b"512") + b"Pages wired down: 1.\n", "the size of a page"),
        (HEADER, "neither wired nor compressed"),
        (b"\xff" + HEADER + b"\xff", "neither wired nor compressed"),
    ],
)
def test_what_is_no_vm_stat(text: bytes, said: str) -> None:
    """Without the size of a page, no number of pages means anything."""
    with pytest.raises(BadAnswer, match=said):
        parse_vm_stat(text)


@pytest.mark.parametrize(
    ("number", "level"),
    [(0, "nominal"), (1, "moderate"), (2, "heavy"), (3, "trapping"), (4, "sleeping"), (5, "other"), (30, "other")],
)
def test_thermal_pressure_by_its_number(number: int, level: str) -> None:
    """Five have names; a number that Apple adds is another state, not nominal."""
    assert parse_notifyutil(f"com.apple.system.thermalpressurelevel {number}\n".encode()) == level


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"0\n", b"com.apple.system.thermalpressurelevel\n", b"com.apple.system.thermalpressurelevel -1\n"),
        *(b"com.apple.system.thermalpressurelevel: Failed with code 9\n", b"com-apple-system.thermalpressurelevel 0\n"),
        *(b"com.apple.system.thermalpressurelevel 0 1\n", b"com.apple.system.thermalpressurelevel \xff\n"),
    ],
)
def test_no_thermal_pressure(text: bytes) -> None:
    """What is no level is not taken for nominal."""
    with pytest.raises(BadAnswer, match="notifyutil tells no level"):
        parse_notifyutil(text)
