"""What NVML says, through the real nvidia-ml-py: every value on its own."""

from __future__ import annotations

import inspect
import time
from dataclasses import replace

import pynvml
import pytest

from llama_metrics.collectors.nvidia import nvml, reasons
from llama_metrics.collectors.nvidia.metrics import REASONS
from llama_metrics.collectors.nvidia.nvml import Card, Nvml
from tests.support import fake_gpu
from tests.support.fake_gpu import NO, NOT_AVAILABLE, Error, Gpu
from tests.support.fake_nvml import FakeNvml, nvidia_ml_py

WHOLE = Card(
    uuid="GPU-00000000-0000-0000-0000-000000000001",
    name="NVIDIA GeForce RTX 4090",
    utilization=97,
    memory_used=20 * 2**30,
    memory_total=24 * 2**30,
    power=431_250,
    power_limit=450_000,
    temperature=71,
    energy=86_400_123,
    reasons=4,
    processes=((4711, 19 * 2**30), (4712, None)),
)
PROCESSES = [(4711, 19 * 2**30), (4712, NOT_AVAILABLE)]


def cards(library: FakeNvml) -> tuple[Card, ...]:
    """What one read gives."""
    return Nvml(nvidia_ml_py(library), time.monotonic).cards(time.monotonic() + 60)


def whole() -> FakeNvml:
    """One card that tells everything."""
    return FakeNvml(Gpu(reasons=4, processes=PROCESSES))


def test_a_card_tells_everything() -> None:
    """Each value arrives where it belongs, in NVML's own units."""
    assert cards(whole()) == (WHOLE,)


def test_an_old_driver_is_asked_the_old_functions() -> None:
    """Where the newest function is not there, the one before it answers; memory then has the driver's own in it."""
    library = whole()
    library.missing = {
        "nvmlDeviceGetMemoryInfo_v2",
        "nvmlDeviceGetTemperatureV",
        "nvmlDeviceGetCurrentClocksEventReasons",
        "nvmlDeviceGetComputeRunningProcesses_v3",
    }

    assert cards(library) == (replace(WHOLE, memory_used=20 * 2**30 + 2**29),)


@pytest.mark.parametrize("error", [fake_gpu.NOT_SUPPORTED, fake_gpu.UNKNOWN, fake_gpu.NO_PERMISSION, 31])
@pytest.mark.parametrize(
    ("told", "fields"),
    [
        ("utilization", {"utilization": None}),
        ("memory", {"memory_used": None, "memory_total": None}),
        ("power", {"power": None}),
        ("power_limit", {"power_limit": None}),
        ("temperature", {"temperature": None}),
        ("energy", {"energy": None}),
        ("reasons", {"reasons": None}),
        ("processes", {"processes": ()}),
        ("name", {"name": ""}),
    ],
)
def test_a_value_that_is_not_told_is_missing_alone(told: str, fields: dict[str, object], error: int) -> None:
    """Whatever the reason, also one without a name: the card's other values stay."""
    library = whole()
    setattr(library.gpus[0], told, Error(error))

    assert cards(library) == (replace(WHOLE, **fields),)  # type: ignore[arg-type]


def test_a_name_that_is_no_text_is_missing() -> None:
    """One bad byte costs the name; in the UUID it costs the card, which could not be told from another."""
    library = FakeNvml(Gpu(name=b"\xff"), Gpu(uuid=b"GPU-\xff"))

    assert [card.name for card in cards(library)] == [""]


def test_a_card_with_mig_tells_the_rest() -> None:
    """With MIG there is no utilization of the whole, and processes keep their memory to themselves."""
    library = FakeNvml(Gpu(utilization=NO, processes=[(4711, NOT_AVAILABLE)]))

    [card] = cards(library)
    assert (card.utilization, card.memory_total, card.processes) == (None, 24 * 2**30, ((4711, None),))


def test_no_card_is_no_trouble() -> None:
    """A driver without a card answers, and there is nothing to show."""
    assert cards(FakeNvml()) == ()


def test_what_is_asked_is_in_the_real_library() -> None:
    """Every function exists and takes what it is given; every number is the one that nvidia-ml-py has by name."""
    tables = (
        *(nvml.UUID, nvml.NAME, nvml.UTILIZATION, nvml.MEMORY, nvml.POWER, nvml.POWER_LIMIT, nvml.TEMPERATURE),
        *(nvml.ENERGY, nvml.REASONS, nvml.PROCESSES),
    )
    for name, *arguments in (question for table in tables for question in table):
        # Throws where the arguments are not those that the function takes.
        inspect.signature(getattr(pynvml, str(name))).bind("handle", *arguments)
    assert nvml.MEMORY[0][1] == pynvml.nvmlMemory_v2
    assert nvml.TEMPERATURE[0][1] == nvml.TEMPERATURE[1][1] == pynvml.NVML_TEMPERATURE_GPU


def test_the_reasons_are_those_of_the_real_library() -> None:
    """Each bit has the meaning that nvidia-ml-py gives it, and all that it names are known."""
    words = {
        "ApplicationsClocksSetting": "applications_clocks",
        "SwPowerCap": "power_cap",
        "HwSlowdown": "hardware_slowdown",
        "SyncBoost": "sync_boost",
        "SwThermalSlowdown": "thermal_software",
        "HwThermalSlowdown": "thermal_hardware",
        "HwPowerBrakeSlowdown": "power_brake",
        "DisplayClockSetting": "display_clocks",
    }

    assert {getattr(pynvml, f"nvmlClocksEventReason{name}"): word for name, word in words.items()} == reasons.BITS
    assert pynvml.nvmlClocksEventReasonGpuIdle == reasons.IDLE
    assert {*reasons.BITS.values(), "other"} == set(REASONS)
    assert pynvml.nvmlClocksEventReasonAll == reasons.IDLE | sum(reasons.BITS)


def test_the_stand_in_returns_real_codes() -> None:
    """Its codes are those of nvidia-ml-py."""
    for name in ("SUCCESS", "UNINITIALIZED", "NOT_SUPPORTED", "NO_PERMISSION", "INSUFFICIENT_SIZE", "TIMEOUT"):
        assert getattr(fake_gpu, name) == getattr(pynvml, "NVML_SUCCESS" if name == "SUCCESS" else f"NVML_ERROR_{name}")
    for name in ("DRIVER_NOT_LOADED", "GPU_IS_LOST", "RESET_REQUIRED", "UNKNOWN", "ARGUMENT_VERSION_MISMATCH"):
        assert getattr(fake_gpu, name) == getattr(pynvml, f"NVML_ERROR_{name}")
    assert fake_gpu.VERSION_MISMATCH == pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH
