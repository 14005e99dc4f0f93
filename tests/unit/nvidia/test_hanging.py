"""NVML may hang in a call for as long as a card does; that costs its own collector, and only until it is over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from llama_metrics.scrape import Scraper
from tests.support import gpus
from tests.support.collectors import options, values
from tests.support.exporter import quiet
from tests.support.fake_gpu import Gpu
from tests.support.fake_nvml import FakeNvml
from tests.support.waiting import until


def two() -> FakeNvml:
    """Two cards, a and b."""
    return FakeNvml(Gpu(uuid=b"a"), Gpu(uuid=b"b"))


def test_nvml_that_hangs(tmp_path: Path) -> None:
    """It costs its own collector this scrape, keeps nobody from stopping, and NVML is asked by one thread alone."""
    library = two()
    scraper = Scraper([(gpus.nvidia(library), options(0.2))], gpus.context(gpus.with_nvidia_driver(tmp_path)), quiet())
    scraper.open()
    assert not library.called, "opening asks nothing that could hang"
    assert values(scraper.collect(), "nvidia_gpu_utilization_ratio") == {"a": 0.97, "b": 0.97}
    hold, release = _gate()
    library.before = hold
    try:
        for _ in range(2):
            families = scraper.collect()
            assert values(families, "llama_metrics_collector_timeout") == {"nvidia": 1.0}
            assert values(families, "nvidia_gpu_utilization_ratio") == {}
        assert len(library.threads) == 1
        scraper.stop(0)
        assert library.called["nvmlShutdown"] == 0
    finally:
        release()


def test_nvml_that_hung_goes_on(tmp_path: Path) -> None:
    """When the driver answers again, so does the collector."""
    library = two()
    scraper = Scraper([(gpus.nvidia(library), options(0.2))], gpus.context(gpus.with_nvidia_driver(tmp_path)), quiet())
    scraper.open()
    hold, release = _gate()
    library.before = hold
    assert values(scraper.collect(), "llama_metrics_collector_timeout") == {"nvidia": 1.0}

    release()

    until(lambda: values(scraper.collect(), "nvidia_gpu_utilization_ratio") == {"a": 0.97, "b": 0.97})
    scraper.stop(1)
    assert not library.is_running


def _gate() -> tuple[Callable[[str], None], Callable[[], None]]:
    """What holds every call until it is released."""
    released = threading.Event()

    def hold(_: str) -> None:
        # With an end: a C callback cannot be interrupted.
        released.wait(20)

    return hold, released.set
