"""Anything at all as what macOS' tools print: a reading, or a BadAnswer."""

from __future__ import annotations

import plistlib

from hypothesis import given
from hypothesis import strategies as st

from llama_metrics.collectors.macos.texts import (
    Gpu,
    Kernel,
    Memory,
    parse_ioreg,
    parse_notifyutil,
    parse_sysctl,
    parse_vm_stat,
)
from llama_metrics.errors import BadAnswer

HEADER = b"Mach Virtual Memory Statistics: (page size of 16384 bytes)\n"
PRESSURE = b"kern.memorystatus_vm_pressure_level: "
PARTS = st.sampled_from(
    [
        *(b"\n", b": ", b" ", b".", b"0", b"1", b"4", b"99999999999999999999999", b"-", b"\xff", b"\r", HEADER),
        *(PRESSURE, b"iogpu.wired_limit_mb", b"debug.iogpu.wired_limit", b"com.apple.system.thermalpressurelevel"),
        *(b"Pages wired down", b"Pages occupied by compressor", b"<plist>", b"</plist>", b"<array>", b"</array>"),
        *(b"<dict>", b"</dict>", b"<key>", b"</key>", b"<integer>", b"</integer>", b"<date>", b"</date>", b"<data>"),
        *(b"</data>", b"<string>", b"</string>", b"<real>", b"</real>", b"nan", b"AGX", b"IOClass", b"<true/>"),
        *(b"PerformanceStatistics", b"Device Utilization %", b"<!DOCTYPE x [<!ENTITY y 'z'>]>", b"&y;"),
    ]
)
ANY_TEXT = st.one_of(st.binary(max_size=200), st.lists(PARTS, max_size=30).map(b"".join))
VALUES = st.recursive(
    st.one_of(st.integers(-(2**63), 2**64 - 1), st.booleans(), st.floats(), st.binary(), st.sampled_from(["AGX", ""])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["IOClass", "PerformanceStatistics", "Device Utilization %", "In use system memory"]), inner
        ),
    ),
)


@given(ANY_TEXT)
def test_any_bytes_are_a_reading_or_a_bad_answer(text: bytes) -> None:
    """Never another exception, and never a number that cannot be true."""
    for parse in (parse_sysctl, parse_ioreg, parse_vm_stat, parse_notifyutil):
        try:
            reading: object = parse(text)
        except BadAnswer:  # the other answer that is allowed
            continue
        assert_plausible(reading)


@given(st.lists(VALUES, max_size=3))
def test_any_property_list_is_a_reading_or_a_bad_answer(value: list[object]) -> None:
    """Whatever types stand where numbers should."""
    try:
        reading = parse_ioreg(plistlib.dumps(value))
    except BadAnswer:  # the other answer that is allowed
        return
    assert_plausible(reading)


def assert_plausible(reading: object) -> None:
    """The numbers are in their bounds."""
    match reading:
        case Kernel(pressure, limit, rejected):
            assert pressure in (None, 1, 2, 4)
            assert limit is None or 0 < limit < 2**50
        case Gpu(utilization, memory, rejected):
            assert utilization is None or 0 <= utilization <= 1
            assert memory is None or 0 <= memory < 2**50
        case Memory(wired, compressed, rejected):
            assert all(size is None or 0 <= size < 2**50 for size in (wired, compressed))
        case _:
            assert reading in ("nominal", "moderate", "heavy", "trapping", "sleeping", "other")
            return
    assert 0 <= rejected <= 2
