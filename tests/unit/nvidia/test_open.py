"""Where there is no GPU, or nothing to ask it with, the collector is left out, and says what would change it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from llama_metrics.collector import Options
from llama_metrics.collectors.nvidia.collector import NVIDIA
from llama_metrics.collectors.nvidia.nvml import load
from llama_metrics.collectors.nvidia.present import has_card
from llama_metrics.errors import Unsupported
from llama_metrics.scrape import CannotOpen, Scraper
from tests.support import gpus
from tests.support.exporter import quiet
from tests.support.fake_gpu import Gpu
from tests.support.fake_nvml import FakeNvml


def pci(root: Path, vendor: str, kind: str) -> Path:
    """A device on the PCI bus."""
    device = root / "sys/bus/pci/devices/0000:01:00.0"
    device.mkdir(parents=True)
    (device / "vendor").write_text(vendor + "\n")
    (device / "class").write_text(kind + "\n")
    return root


def not_installed() -> Any:
    """As on a machine without nvidia-ml-py."""
    raise ModuleNotFoundError("No module named 'pynvml'")


def no_driver() -> Any:
    """As on a machine without NVIDIA's driver."""
    raise OSError("libnvidia-ml.so.1: cannot open shared object file")


@pytest.mark.parametrize(
    ("vendor", "kind", "there"),
    [
        ("0x10de", "0x030000", True),
        ("0x10de", "0x030200", True),
        ("0x10de", "0x040300", False),
        ("0x10de", "0x068000", False),
        ("0x1002", "0x030000", False),
    ],
)
def test_a_card_on_the_bus(tmp_path: Path, vendor: str, kind: str, there: bool) -> None:
    """A graphics card or an accelerator; not the sound on a card, a switch between cards, or another maker's."""
    assert has_card(pci(tmp_path, vendor, kind)) is there


@pytest.mark.parametrize("sign", ["proc/driver/nvidia/version", "dev/nvidiactl", "usr/lib/wsl/lib/libnvidia-ml.so.1"])
def test_signs_of_the_driver(tmp_path: Path, sign: str) -> None:
    """A container may see nothing of the bus, and neither does Linux inside Windows."""
    assert not has_card(tmp_path)
    (tmp_path / sign).parent.mkdir(parents=True)
    (tmp_path / sign).touch()

    assert has_card(tmp_path)


@pytest.mark.parametrize(
    ("load", "words"),
    [
        (not_installed, "nvidia-ml-py is not installed; pip install 'llama-metrics[nvidia]'"),
        (no_driver, "libnvidia-ml.so.1 cannot be loaded (libnvidia-ml.so.1: cannot open shared object file); install"),
    ],
)
def test_a_card_that_cannot_be_asked(tmp_path: Path, load: Any, words: str) -> None:
    """What is missing is named. Asked for by name, it is a reason not to start."""
    context = gpus.context(pci(tmp_path, "0x10de", "0x030000"))
    collector = gpus.with_load(load)

    with pytest.raises(Unsupported) as caught:
        collector.open(collector.options(), context)
    assert words in str(caught.value)
    with pytest.raises(CannotOpen, match="collector nvidia is enabled, but: there is an NVIDIA GPU"):
        Scraper([(collector, Options(enabled=True))], context, quiet()).open()


@pytest.mark.parametrize("load", [not_installed, no_driver])
def test_no_card(tmp_path: Path, load: Any) -> None:
    """Nobody is told to install anything for a card that is not there."""
    with pytest.raises(Unsupported, match=r"^no NVIDIA GPU: neither"):
        gpus.with_load(load).open(NVIDIA.options(), gpus.context(tmp_path))


def test_without_a_card_it_is_left_out(tmp_path: Path) -> None:
    """On by default means: where there is one."""
    scraper = Scraper([(NVIDIA, NVIDIA.options())], gpus.context(tmp_path), quiet())
    scraper.open()

    assert scraper.names == ()


def test_rejected_values_add_up(tmp_path: Path) -> None:
    """Over the scrapes, as a counter does."""
    library = FakeNvml(Gpu(utilization=255, power=0))
    source = gpus.nvidia(library).open(NVIDIA.options(), gpus.context(gpus.with_nvidia_driver(tmp_path)))

    for expected in (2, 4):
        source.read(float("inf"))
        assert source.rejected == expected
    source.close()


def test_the_real_library_is_found_or_named() -> None:
    """On this machine, whichever it is: nvidia-ml-py on the driver's library, or an error that names the library."""
    try:
        api = load()
    except OSError as error:
        assert "libnvidia-ml.so.1" in str(error)  # noqa: PT017  either outcome is right
    else:
        assert api.nvmlInit


def test_a_machine_without_nvidia_ml_py() -> None:
    """The package imports without it, and finding it is the first thing that fails."""
    code = """
import sys
sys.modules["pynvml"] = None
from llama_metrics.collectors.nvidia.collector import NVIDIA
from llama_metrics.collectors.nvidia.nvml import load
try:
    load()
except ImportError:
    print(NVIDIA.name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    assert (done.stdout, done.stderr) == ("nvidia\n", "")
