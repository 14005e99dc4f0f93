"""What ioreg prints of the GPU, parsed."""

from __future__ import annotations

import plistlib
from collections.abc import Mapping

import pytest

from llama_metrics.collectors.macos.texts import Gpu, parse_ioreg
from llama_metrics.errors import BadAnswer


def accelerators(*nodes: Mapping[str, object]) -> bytes:
    """As ioreg -a prints them."""
    return plistlib.dumps(list(nodes))


def apple(**statistics: object) -> dict[str, object]:
    """Apple's GPU with these statistics; `utilization` and `memory` for short."""
    names = {"utilization": "Device Utilization %", "memory": "In use system memory"}
    return {
        "IOClass": "AGXAcceleratorG16G",
        "PerformanceStatistics": {names.get(key, key): value for key, value in statistics.items()},
    }


def test_the_gpu_of_the_two_kinds_of_memory() -> None:
    """The one for all programs, never the driver's own, in whichever order."""
    driver = {"In use system memory (driver)": 7}

    assert parse_ioreg(accelerators(apple(**driver, utilization=21, memory=5))) == Gpu(0.21, 5)
    assert parse_ioreg(accelerators(apple(utilization=21, memory=5, **driver))) == Gpu(0.21, 5)
    assert parse_ioreg(accelerators(apple(**driver))) == Gpu()


@pytest.mark.parametrize(
    ("statistics", "expected"),
    [
        ({"utilization": 0, "memory": 0}, Gpu(0.0, 0)),
        ({"utilization": 100}, Gpu(1.0, None)),
        ({"utilization": 101, "memory": 2**50}, Gpu(None, None, 2)),
        ({"utilization": -1, "memory": -1}, Gpu(None, None, 2)),
        ({"utilization": True, "memory": "5"}, Gpu(None, None, 2)),
        ({"utilization": 1.5, "memory": b"5"}, Gpu(None, None, 2)),
        ({"utilization": float("nan"), "memory": []}, Gpu(None, None, 2)),
    ],
)
def test_numbers_that_cannot_be_true(statistics: dict[str, object], expected: Gpu) -> None:
    """They are dropped and counted, one by one; 0 is a number like others."""
    assert parse_ioreg(accelerators(apple(**statistics))) == expected


def test_which_of_several_accelerators() -> None:
    """Apple's among others, by either name of its class; where there are two, or none, nobody can tell."""
    intel: dict[str, object] = {"IOClass": "IntelAccelerator", "PerformanceStatistics": {"Device Utilization %": 3}}
    mine = apple(utilization=21)
    renamed = {"IOObjectClass": "AGXAcceleratorG17X", "PerformanceStatistics": {"Device Utilization %": 9}}

    assert parse_ioreg(accelerators(intel, mine)) == Gpu(0.21)
    assert parse_ioreg(accelerators(renamed)) == Gpu(0.09)
    assert parse_ioreg(accelerators(intel)) == Gpu()
    assert parse_ioreg(accelerators(mine, mine)) == Gpu()
    assert parse_ioreg(accelerators({"IOClass": "AGXAcceleratorG16G"})) == Gpu()
    assert parse_ioreg(accelerators({"IOClass": "AGXAcceleratorG16G", "PerformanceStatistics": 1})) == Gpu()


@pytest.mark.parametrize("text", [b"", b" \n", b"\n\n"])
def test_a_mac_without_an_accelerator(text: bytes) -> None:
    """A virtual one, for which ioreg prints nothing: absent, not failed."""
    assert parse_ioreg(text) == Gpu()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"+-o AGXAcceleratorG16G  <class AGXAcceleratorG16G>\n", "no property list"),
        (accelerators(apple(utilization=21))[:-20], "no property list"),
        (accelerators(apple(utilization=21)).replace(b"UTF-8", b"no-such"), "no property list"),
        (b"<plist><array><date>today</date></array></plist>", "no property list"),
        (b"<plist><array><dict><string/></dict></array></plist>", "no property list"),
        (b"<plist><integer>" + b"9" * 5000 + b"</integer></plist>", "no property list"),
        (b"<plist></plist>", "not one of accelerators"),
        (plistlib.dumps({"IOClass": "AGXAcceleratorG16G"}), "not one of accelerators"),
        (plistlib.dumps([1, "AGX"]), "not one of accelerators"),
        (b"\xff\xfe\x00", "no property list"),
    ],
)
def test_what_is_no_list_of_accelerators(text: bytes, said: str) -> None:
    """One sentence, whatever plistlib stumbles over."""
    with pytest.raises(BadAnswer, match=said):
        parse_ioreg(text)
