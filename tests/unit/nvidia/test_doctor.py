"""What the doctor says of GPUs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llama_metrics.collectors import ALL
from llama_metrics.config import load as load_config
from llama_metrics.doctor.check import Check
from llama_metrics.doctor.gpus import look
from tests.support import fake_gpu, gpus
from tests.support.fake_gpu import Gpu
from tests.support.fake_nvml import FakeNvml, nvidia_ml_py
from tests.unit.amd.trees import TREES
from tests.unit.nvidia.test_open import no_driver, not_installed


def told(root: Path, load: Callable[[], Any] = not_installed, system: str = "Linux") -> list[Check]:
    """Every check on a machine with these files."""
    return list(look(load_config(ALL, {}), gpus.machine(root, system), load))


def test_cards_that_answer(tmp_path: Path) -> None:
    """They are told by their names."""
    api = nvidia_ml_py(FakeNvml(Gpu(), Gpu(uuid=b"GPU-2", name=b"NVIDIA RTX A6000")))

    assert told(gpus.with_nvidia_driver(tmp_path), lambda: api) == [
        Check("gpus", "ok", "by NVML: NVIDIA GeForce RTX 4090, NVIDIA RTX A6000")
    ]


@pytest.mark.parametrize(
    ("load", "fix"),
    [(not_installed, "pip install 'llama-metrics[nvidia]'"), (no_driver, "install NVIDIA's driver, or start the")],
)
def test_a_card_that_cannot_be_asked(tmp_path: Path, load: Callable[[], Any], fix: str) -> None:
    """That is trouble, with the line that ends it."""
    [check] = told(gpus.with_nvidia_driver(tmp_path), load)

    assert (check.state, check.fix.startswith(fix)) == ("trouble", True)


def test_a_driver_of_another_version(tmp_path: Path) -> None:
    """It was updated while it was running."""
    library = FakeNvml(Gpu())
    library.init = fake_gpu.VERSION_MISMATCH
    api = nvidia_ml_py(library)

    [check] = told(gpus.with_nvidia_driver(tmp_path), lambda: api)

    assert (check.state, check.fix) == ("trouble", "restart the machine")
    assert check.sentence.endswith("NVIDIA's driver was updated while it was running")


def test_a_driver_without_a_card(tmp_path: Path) -> None:
    """All of them may have fallen off the bus."""
    api = nvidia_ml_py(FakeNvml())

    [check] = told(gpus.with_nvidia_driver(tmp_path), lambda: api)

    assert (check.state, check.sentence) == ("trouble", "NVIDIA's driver is there, but no GPU answers")


def test_cards_of_both_makers(tmp_path: Path) -> None:
    """Each has its line."""
    shutil.copytree(TREES / "instinct", tmp_path, dirs_exist_ok=True)
    api = nvidia_ml_py(FakeNvml(Gpu()))

    assert told(gpus.with_nvidia_driver(tmp_path), lambda: api) == [
        Check("gpus", "ok", "by NVML: NVIDIA GeForce RTX 4090"),
        Check("gpus", "ok", "by the amdgpu driver: 0000:c1:00.0 (AMD Instinct MI300X OAM)"),
    ]


def test_no_card(tmp_path: Path) -> None:
    """Said once for both makers; on a Mac not at all."""
    assert told(tmp_path) == [Check("gpus", "absent", "neither an NVIDIA nor an AMD GPU was found")]
    assert told(tmp_path, system="Darwin") == []
