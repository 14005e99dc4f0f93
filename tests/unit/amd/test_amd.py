"""AMD GPUs by the files of their driver: every file on its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from llama_metrics.collectors.amd.collector import AMD
from llama_metrics.collectors.amd.parse import Gpu, Reading
from llama_metrics.collectors.amd.sysfs import cards
from llama_metrics.errors import Unsupported
from llama_metrics.scrape import Scraper
from tests.support import gpus
from tests.support.exporter import quiet
from tests.unit.amd.trees import TREES, copy, device, read

BUSY = Gpu("0000:03:00.0", "", 0.94, 19327352832, 25753026560, 303.0, 64.0)
NO_POWER = Gpu("0000:0a:00.0", "", 0.0, 17301504, 8589934592, None, 38.0)


def test_two_cards() -> None:
    """One has no power sensor: absent, not 0. Other makers' cards, connectors and render nodes are left out."""
    assert read(TREES / "two_cards") == Reading((BUSY, NO_POWER), 0)


def test_an_accelerator() -> None:
    """It has a name, tells its present power instead of an average, and has no edge: another sensor is not taken."""
    assert read(TREES / "instinct").gpus == (
        Gpu("0000:c1:00.0", "AMD Instinct MI300X OAM", 1.0, 150323855360, 206141652992, 742.0, None),
    )


def test_a_gpu_inside_a_processor() -> None:
    """Its memory is what was set aside for it."""
    assert read(TREES / "apu").gpus == (Gpu("0000:c4:00.0", "", 0.07, 402653184, 536870912, 12.043, 47.0),)


def test_a_card_that_sleeps_is_not_woken() -> None:
    """It is there, and what it would have to wake for is not read."""
    assert read(TREES / "asleep").gpus == (Gpu("0000:03:00.0", "", None, 12582912, 17163091968, None, None),)


def test_a_card_that_wakes(tmp_path: Path) -> None:
    """Then all of it is read. Where the state is not told, it is awake."""
    root = copy("asleep", tmp_path)
    awake = (Gpu("0000:03:00.0", "", 0.0, 12582912, 17163091968, 5.0, 35.0),)
    state = device(root) / "power/runtime_status"

    state.write_text("active\n")
    assert read(root).gpus == awake
    state.unlink()
    assert read(root).gpus == awake


def test_a_card_fallen_off() -> None:
    """It is not shown; the other one is."""
    assert [gpu.address for gpu in read(TREES / "fallen_off").gpus] == ["0000:83:00.0"]


def test_what_cannot_be_true() -> None:
    """Each is dropped and counted; what can be true stays."""
    assert read(TREES / "cannot_be_true") == Reading((Gpu("0000:03:00.0", "", None, None, 25753026560, None, None),), 4)


@pytest.mark.parametrize(
    ("file", "field"),
    [
        ("gpu_busy_percent", "utilization"),
        ("mem_info_vram_used", "memory_used"),
        ("mem_info_vram_total", "memory_total"),
        ("hwmon/hwmon4/power1_average", "power"),
        ("hwmon/hwmon4/temp1_input", "temperature"),
    ],
)
def test_a_file_that_cannot_be_read_is_missing_alone(tmp_path: Path, file: str, field: str) -> None:
    """A busy sensor refuses to be read; the card's other values stay, and nothing is counted as wrong."""
    root = copy("two_cards", tmp_path)
    (device(root) / file).unlink()
    (device(root) / file).mkdir()

    reading = read(root)

    known = {name: getattr(BUSY, name) for name in BUSY.__slots__}
    assert reading == Reading((Gpu(**{**known, field: None}), NO_POWER), 0)


def test_cards_that_come_and_go(tmp_path: Path) -> None:
    """What vanishes is no longer shown, and what comes is."""
    root = copy("two_cards", tmp_path)
    source = AMD.open(AMD.options(), gpus.context(root))
    assert len(source.read(0).gpus) == 2

    shutil.rmtree(root / "sys/class/drm/card0")
    assert source.read(0).gpus == (NO_POWER,)
    shutil.rmtree(root / "sys/class/drm")
    assert source.read(0).gpus == ()
    copy("two_cards", tmp_path)
    assert source.read(0).gpus == (BUSY, NO_POWER)
    source.close()


def test_a_card_with_two_nodes_is_one(tmp_path: Path) -> None:
    """An address is shown once, by its first node."""
    root = copy("two_cards", tmp_path)
    shutil.copytree(root / "sys/class/drm/card0", root / "sys/class/drm/card10")
    (root / "sys/class/drm/card10/device/gpu_busy_percent").write_text("1\n")

    assert read(root) == Reading((BUSY, NO_POWER), 0)


def test_no_card_of_amd(tmp_path: Path) -> None:
    """On by default means: where there is one."""
    copy("two_cards", tmp_path)
    for card in ("card0", "card1"):
        shutil.rmtree(tmp_path / "sys/class/drm" / card)

    with pytest.raises(Unsupported, match="no AMD GPU: no card in /sys/class/drm has the driver amdgpu"):
        read(tmp_path)
    scraper = Scraper([(AMD, AMD.options())], gpus.context(tmp_path), quiet())
    scraper.open()
    assert scraper.names == ()


def test_rejected_values_add_up() -> None:
    """Over the scrapes, as a counter does."""
    source = AMD.open(AMD.options(), gpus.context(TREES / "cannot_be_true"))

    for expected in (4, 8):
        source.read(0)
        assert source.rejected == expected


def test_a_sensor_that_is_not_the_edge(tmp_path: Path) -> None:
    """The hottest spot is another temperature. A first sensor without a label is the edge."""
    root = copy("two_cards", tmp_path)
    label = device(root) / "hwmon/hwmon4/temp1_label"

    label.write_text("junction\n")
    assert read(root).gpus[0].temperature is None
    label.unlink()
    assert read(root).gpus[0].temperature == 64.0


@pytest.mark.parametrize(
    "address", ["", "PCI_SLOT_NAME=\n", "PCI_SLOT_NAME=../../etc\n", "PCI_SLOT_NAME=0000:03:00.0x\n"]
)
def test_a_part_of_a_card_is_no_card(tmp_path: Path, address: str) -> None:
    """Accelerators can be divided into devices that are not on the bus."""
    root = copy("two_cards", tmp_path)
    (device(root) / "uevent").write_text(f"DRIVER=amdgpu\n{address}")

    assert read(root).gpus == (NO_POWER,)


def test_a_file_without_an_end_is_read_in_part(tmp_path: Path) -> None:
    """No more than a page is taken of any file."""
    root = copy("two_cards", tmp_path)
    (device(root) / "product_name").write_text("A" * 10**6)

    assert {len(card.name or "") for card in cards(root)} == {4096, 0}
    assert [gpu.name for gpu in read(root).gpus] == ["A" * 128, ""]
