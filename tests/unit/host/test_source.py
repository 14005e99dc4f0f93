"""Memory, swap, CPU time and boot time, by psutil; and a disk that hangs."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from llama_metrics import exposition
from llama_metrics.collectors.host.collector import HOST, HostOptions
from llama_metrics.collectors.host.models import FileSystem
from llama_metrics.collectors.host.source import HostSource, Reading, steady
from llama_metrics.errors import Unsupported
from tests.support.host import context
from tests.support.waiting import until


def read(source: HostSource) -> Reading:
    """A scrape with time enough."""
    return source.read(time.monotonic() + 5)


def test_the_real_machine(tmp_path: Path) -> None:
    """Numbers that can be true, and those of the folder's disk."""
    source = HostSource(str(tmp_path), context(tmp_path))
    reading = read(source)
    source.close()

    assert reading.memory_total == psutil.virtual_memory().total
    assert 0 < reading.memory_available < reading.memory_total
    assert 0 <= reading.swap_used <= reading.swap_total
    assert reading.boot == pytest.approx(psutil.boot_time(), abs=2)
    assert reading.models
    assert reading.models.size == os.statvfs(tmp_path).f_blocks * os.statvfs(tmp_path).f_frsize


def test_modes_add_up_to_time(tmp_path: Path) -> None:
    """All of them together are the CPUs times the seconds since boot, less what a CPU was switched off for."""
    source = HostSource(None, context(tmp_path))
    reading = read(source)
    source.close()
    ours, total = sum(reading.cpu.values()), sum(psutil.cpu_times())

    assert ours == pytest.approx(total, rel=0.01)
    assert {"user", "system", "idle"} <= set(reading.cpu)
    assert "guest" not in reading.cpu


def test_guests_are_counted_once() -> None:
    """Linux has their time in user and nice already."""
    assert steady({}, {"user": 5.0, "guest": 4.0, "nice": 2.0, "guest_nice": 1.0}) == {"user": 5.0, "nice": 2.0}


@pytest.mark.parametrize(("now", "shown"), [(98.0, 100.0), (100.0, 100.0), (101.0, 101.0), (90.0, 90.0)])
def test_small_steps_back_are_no_restart(now: float, shown: float) -> None:
    """Linux corrects iowait downwards; a fall of many seconds is another machine, which was restored from a copy."""
    assert steady({"iowait": 100.0}, {"iowait": now}) == {"iowait": shown}


def test_a_folder_that_comes_later(tmp_path: Path) -> None:
    """It is looked for each time: Ollama may be installed after us."""
    source = HostSource(str(tmp_path / "models"), context(tmp_path))
    assert read(source).models is None
    (tmp_path / "models").mkdir()

    assert read(source).models
    source.close()


class Hanging(HostSource):
    """A disk that says nothing until it is let go."""

    def __init__(self, root: Path, answer: FileSystem | None = None) -> None:
        self.let_go, self.asked, self.answer = threading.Event(), 0, answer
        super().__init__(None, context(root))

    def _measure(self) -> FileSystem | None:
        self.asked += 1
        self.let_go.wait(30)
        return self.answer


def test_a_disk_that_hangs_costs_only_itself(tmp_path: Path) -> None:
    """Memory and CPU are told, within the time, and no further question is asked meanwhile; then it is back."""
    source = Hanging(tmp_path, FileSystem(10, 5))
    started = time.monotonic()
    readings = [source.read(started + 3.0) for _ in range(5)]
    took = time.monotonic() - started
    assert [one.models for one in readings] == [None] * 5
    assert all(one.memory_total for one in readings)
    assert (source.asked, took < 2.0) == (1, True)
    source.let_go.set()

    assert until(lambda: read(source).models) == FileSystem(10, 5)
    source.close()


def test_a_disk_that_hangs_does_not_keep_us_from_ending(tmp_path: Path) -> None:
    """Its thread is left to it."""
    source = Hanging(tmp_path)
    source.read(time.monotonic() + 0.1)
    started = time.monotonic()
    source.close()

    assert time.monotonic() - started < 1.0
    source.let_go.set()


def test_more_room_than_there_is_cannot_be_true(tmp_path: Path) -> None:
    """It is dropped and counted."""
    source = Hanging(tmp_path, FileSystem(10, 11))
    source.let_go.set()

    assert read(source).models is None
    assert source.rejected == 1
    source.close()


def test_an_ollama_elsewhere(tmp_path: Path) -> None:
    """This machine is not the one under it, unless somebody says so."""
    elsewhere = context(tmp_path, "http://192.0.2.1:11434")
    with pytest.raises(Unsupported, match=r"Ollama is at http://192\.0\.2\.1:11434, not on this machine"):
        HOST.open(HostOptions(), elsewhere)

    asked_for = HOST.open(HostOptions(enabled=True), elsewhere)

    assert asked_for.read(time.monotonic() + 5).memory_total > 0
    asked_for.close()


def test_what_is_not_known_is_not_on_the_page(tmp_path: Path) -> None:
    """The page of a machine with a folder of models, and of one without."""
    source = HOST.open(HostOptions(models_path=str(tmp_path)), context(tmp_path))
    known = source.read(time.monotonic() + 5)
    source.close()
    pages = [
        exposition.render(HOST.render(one), exposition.TEXT).decode() for one in (known, replace(known, models=None))
    ]

    assert ["\nollama_models_filesystem_size_bytes" in page for page in pages] == [True, False]
    assert all("\nhost_memory_available_bytes " in page for page in pages)
