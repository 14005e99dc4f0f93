"""GPU in, page out: each page is compared with its golden file, to the letter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from llama_metrics import exposition
from llama_metrics.collectors.amd.collector import AMD
from llama_metrics.collectors.nvidia.nvml import Nvml
from llama_metrics.collectors.nvidia.parse import parse
from llama_metrics.collectors.nvidia.render import render
from tests.golden.test_pages import GOLDEN, check_metrics
from tests.support import fake_gpu, gpus
from tests.support.fake_gpu import NO, NOT_AVAILABLE, Gpu
from tests.support.fake_nvml import FakeNvml, nvidia_ml_py
from tests.unit.amd.trees import TREES
from tools.binaries import Binaries

GIB = 2**30
# The processes that are runners; 40 is a desktop.
MODELS = {41: "llama3.3:70b", 42: "qwen3:8b", 43: "qwen3:8b"}


def two_cards() -> FakeNvml:
    """A model on both of them, and one more on the second, at its power limit and warm."""
    first = Gpu(uuid=b"GPU-a2f0b1c4-0000-4000-8000-000000000001", processes=[(40, GIB // 2), (41, 19 * GIB)])
    second = Gpu(
        uuid=b"GPU-a2f0b1c4-0000-4000-8000-000000000002",
        utilization=100,
        power=449_870,
        temperature=83,
        energy=91_234_567_890,
        reasons=0x024,
        processes=[(41, 12 * GIB), (42, 3 * GIB), (43, 4 * GIB)],
    )
    return FakeNvml(first, second)


def old_card() -> FakeNvml:
    """Of 2013, with the last driver for it: it tells little, and by the old functions."""
    memory = (9 * GIB, GIB // 8, 12 * GIB)
    library = FakeNvml(Gpu(b"GPU-0ld", b"Tesla K40c", 97, memory, 62_000, 235_000, 71, NO, NO))
    library.missing = {name for name in library.functions if name.endswith(("_v3", "Info_v2", "TemperatureV"))}
    return library


def lost_card() -> FakeNvml:
    """One of two has fallen off the bus."""
    library = two_cards()
    library.gpus[0].state = fake_gpu.GPU_IS_LOST
    return library


def mig() -> FakeNvml:
    """A card that is divided tells no utilization, and not what its processes use."""
    return FakeNvml(
        Gpu(
            uuid=b"GPU-a2f0b1c4-0000-4000-8000-000000000003",
            name=b"NVIDIA A100-SXM4-80GB",
            utilization=NO,
            memory=(31 * GIB, GIB // 2, 80 * GIB),
            power=96_410,
            power_limit=400_000,
            temperature=34,
            processes=[(41, NOT_AVAILABLE)],
        )
    )


def shared_memory() -> FakeNvml:
    """A GPU without memory of its own, as in NVIDIA's GB10: it is the processor's, so NVML tells none."""
    return FakeNvml(
        Gpu(b"GPU-sh4red", b"NVIDIA GB10", memory=NO, power=41_000, power_limit=NO, processes=[(41, 45 * GIB)])
    )


NVIDIA_CASES: tuple[Callable[[], FakeNvml], ...] = (two_cards, old_card, lost_card, mig, shared_memory)
AMD_CASES = tuple(sorted(tree.name for tree in TREES.iterdir() if tree.is_dir()))


def golden_file(collector: str, case: str) -> Path:
    """Where the page of a case is kept."""
    return GOLDEN / f"hand-made__{collector}.{case}.metrics"


@pytest.mark.parametrize("case", NVIDIA_CASES)
def test_an_nvidia_card_gives_its_golden_page(
    case: Callable[[], FakeNvml], update_golden: bool, binaries: Binaries
) -> None:
    """What NVML says gives the page beside it, which promtool finds nothing wrong with."""
    nvml = Nvml(nvidia_ml_py(case()), lambda: 0)
    page = exposition.render(render(parse(nvml.cards(1), MODELS)), exposition.TEXT).decode()

    compare(page, golden_file("nvidia", case.__name__), binaries, update=update_golden)


@pytest.mark.parametrize("case", AMD_CASES)
def test_an_amd_card_gives_its_golden_page(case: str, update_golden: bool, binaries: Binaries) -> None:
    """What the driver's files say gives the page beside it, which promtool finds nothing wrong with."""
    source = AMD.open(AMD.options(), gpus.context(TREES / case))
    page = exposition.render(AMD.render(source.read(0)), exposition.TEXT).decode()

    compare(page, golden_file("amd", case), binaries, update=update_golden)


def compare(page: str, file: Path, binaries: Binaries, *, update: bool) -> None:
    """Fails where the page is another one, or promtool finds fault with it."""
    if update:
        file.write_text(page)

    assert page == file.read_text()
    check_metrics(page, binaries)


def test_no_golden_page_of_a_gpu_is_stale() -> None:
    """Every golden page of a GPU belongs to a case."""
    produced = {golden_file("nvidia", case.__name__) for case in NVIDIA_CASES}
    produced |= {golden_file("amd", case) for case in AMD_CASES}

    assert produced == {*GOLDEN.glob("*__nvidia.*.metrics"), *GOLDEN.glob("*__amd.*.metrics")}
