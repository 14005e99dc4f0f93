"""What NVML said, in base units; what cannot be true is dropped and counted."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llama_metrics.collectors.nvidia.metrics import REASONS
from llama_metrics.collectors.nvidia.nvml import Card
from llama_metrics.collectors.nvidia.parse import Gpu, Reading, parse
from llama_metrics.collectors.nvidia.reasons import active
from llama_metrics.collectors.nvidia.render import render

GIB = 2**30
CARD = Card("GPU-1", "A card", 97, 20 * GIB, 24 * GIB, 431_250, 450_000, 71, 86_400_123, 0, ())
GPU = Gpu("GPU-1", "A card", 0.97, 20 * GIB, 24 * GIB, 431.25, 450.0, 71, 86_400.123, (False,) * len(REASONS), ())
UINT, ULONG = 2**32 - 1, 2**64 - 1


def test_base_units() -> None:
    """Percent are a ratio, milliwatts are watts, millijoules are joules."""
    assert parse([CARD], {}) == Reading((GPU,), 0)


def test_what_is_not_told_is_absent() -> None:
    """Not known is neither zero nor wrong."""
    card = Card("GPU-1", "", None, None, None, None, None, None, None, None, ())

    assert parse([card], {}) == Reading((Gpu("GPU-1", "", None, None, None, None, None, None, None, None, ()),), 0)


def test_zero_is_a_value() -> None:
    """An idle card is 0 busy, uses no memory and may be cold."""
    [gpu] = parse([replace(CARD, utilization=0, memory_used=0, temperature=0, energy=0)], {}).gpus

    assert (gpu.utilization, gpu.memory_used, gpu.temperature, gpu.energy) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("utilization", (101, UINT)),
        ("memory_used", (24 * GIB + 1, ULONG)),
        ("power", (0, UINT)),
        ("power_limit", (0, UINT)),
        ("temperature", (-1, 201, UINT)),
        ("energy", (ULONG,)),
    ],
)
def test_what_cannot_be_true(field: str, values: tuple[int, ...]) -> None:
    """Each is dropped alone and counted: out of its range, or all bits set in place of a value."""
    for value in values:
        reading = parse([replace(CARD, **{field: value})], {})  # type: ignore[arg-type]
        assert reading == Reading((replace(GPU, **{field: None}),), 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("total", [0, ULONG])
def test_a_total_that_cannot_be_true(total: int) -> None:
    """It says nothing of what is in use."""
    assert parse([replace(CARD, memory_total=total)], {}) == Reading((replace(GPU, memory_total=None),), 1)


def test_a_card_told_twice() -> None:
    """The first one stays: a series may be given once."""
    assert parse([CARD, replace(CARD, power=1000)], {}) == Reading((GPU,), 1)


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (0x000, []),
        (0x001, []),
        (0x002, ["applications_clocks"]),
        (0x004, ["power_cap"]),
        (0x008, ["hardware_slowdown"]),
        (0x010, ["sync_boost"]),
        (0x020, ["thermal_software"]),
        (0x040, ["thermal_hardware"]),
        (0x048, ["thermal_hardware", "hardware_slowdown"]),
        (0x080, ["power_brake"]),
        (0x100, ["display_clocks"]),
        (0x200, ["other"]),
        (0x405, ["power_cap", "other"]),
        (ULONG, list(REASONS)),
    ],
)
def test_reasons(mask: int, words: list[str]) -> None:
    """Bits are words, an unknown bit is `other`, and being idle is no reason."""
    assert [reason for reason, holds in zip(REASONS, active(mask), strict=True) if holds] == words


def test_memory_by_model() -> None:
    """Runners of one model add up; who is no runner of ours is left out."""
    card = replace(CARD, processes=((1, 4 * GIB), (2, 5 * GIB), (3, 6 * GIB), (4, 7 * GIB)))

    [gpu] = parse([card], {1: "a:latest", 3: "a:latest", 4: "b:latest"}).gpus

    assert gpu.models == (("a:latest", 10 * GIB), ("b:latest", 7 * GIB))


def test_a_runner_that_uses_nothing() -> None:
    """0 is a value."""
    [gpu] = parse([replace(CARD, processes=((1, 0),))], {1: "a:latest"}).gpus

    assert gpu.models == (("a:latest", 0),)


def test_memory_that_is_not_told() -> None:
    """A sum of which a part is missing would be wrong, so that model is left out; the other one stays."""
    card = replace(CARD, processes=((1, 4 * GIB), (2, None), (3, 6 * GIB)))

    assert parse([card], {1: "a:latest", 2: "a:latest", 3: "b:latest"}) == Reading(
        (replace(GPU, models=(("b:latest", 6 * GIB),)),), 0
    )


def test_memory_that_cannot_be_true() -> None:
    """A process does not have more than the card has."""
    card = replace(CARD, processes=((1, 25 * GIB),))

    assert parse([card], {1: "a:latest"}) == Reading((GPU,), 1)


numbers = st.none() | st.integers(-(2**31), 2**64 - 1)
unsigned = st.none() | st.integers(0, 2**64 - 1)
pids = st.integers(0, 3)
cards = st.builds(
    Card,
    uuid=st.text(max_size=2),
    name=st.text(max_size=5),
    utilization=numbers,
    memory_used=numbers,
    memory_total=numbers,
    power=numbers,
    power_limit=numbers,
    temperature=numbers,
    energy=numbers,
    reasons=unsigned,
    processes=st.lists(st.tuples(pids, unsigned), max_size=4).map(tuple),
)


@given(st.lists(cards, max_size=3), st.dictionaries(pids, st.sampled_from(["a:latest", "b:latest"])))
def test_whatever_nvml_says_there_is_a_page(said: list[Card], models: dict[int, str]) -> None:
    """Any numbers give families, which are strict themselves, and every value lies where a card's can."""
    families = {family.metric.name: family.samples for family in render(parse(said, models))}

    for name, samples in families.items():
        assert all(math.isfinite(value) and value >= 0 for _, value in samples)
        if name.endswith("_ratio"):
            assert all(value <= 1 for _, value in samples)
    totals = dict(families["nvidia_gpu_memory_total_bytes"])
    for labels, used in families["nvidia_gpu_memory_used_bytes"]:
        assert used <= totals.get(labels, used)
