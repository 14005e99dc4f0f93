"""read: memory, swap, CPU time, boot time, and the disk of Ollama's models."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import TimeoutError as StillRunning
from dataclasses import dataclass

import psutil

from llama_metrics.collector import Context
from llama_metrics.collectors.host.models import FileSystem, folder, measure
from llama_metrics.errors import BadAnswer, TimedOut
from llama_metrics.flight import SingleFlight

# Linux counts the time of guests as user and nice time already.
_INSIDE_OTHERS = {"guest", "guest_nice"}
# Linux corrects iowait and idle time downwards now and then, by less than this.
_CORRECTION = 3.0
# A disk that takes longer than this waits for a server that is gone.
_DISK_SECONDS = 0.5
_GRACE = 0.1


@dataclass(frozen=True, slots=True)
class Reading:
    """Bytes and seconds; `cpu` by mode, `boot` since 1970, `models` None where the folder is not known or hangs."""

    memory_total: int
    memory_available: int
    swap_total: int
    swap_used: int
    boot: float
    cpu: Mapping[str, float]
    models: FileSystem | None


class HostSource:
    """psutil's numbers, and one thread for the disk, for that may hang and nothing else shall wait for it."""

    def __init__(self, models_path: str | None, context: Context) -> None:
        self.rejected = 0
        self._cpu: dict[str, float] = {}
        self._models_path, self._context = models_path, context
        self._disk = SingleFlight("host-models", self._measure, context.monotonic)

    def read(self, deadline: float) -> Reading:
        """What there is now. Raises BadAnswer where the system does not tell."""
        flight = self._disk.join()
        try:
            memory, swap, times = psutil.virtual_memory(), psutil.swap_memory(), psutil.cpu_times()
            boot = psutil.boot_time()
        except (OSError, RuntimeError, psutil.Error) as error:
            raise BadAnswer(f"asking the system for memory, swap and CPU time: {error}") from None
        self._cpu = steady(self._cpu, times._asdict())
        wait = min(deadline, flight.started + _DISK_SECONDS) - self._context.monotonic()
        try:
            models = flight.result.result(max(0.0, wait))
        except (OSError, StillRunning, TimedOut):
            # The folder has gone in between, or its disk hangs; what memory and CPU say is true all the same.
            models = None
        return Reading(memory.total, memory.available, swap.total, swap.used, boot, self._cpu, self._plausible(models))

    def close(self) -> None:
        """Leaves a disk that hangs to its thread."""
        self._disk.stop(_GRACE, TimedOut("the exporter is stopping"))

    def _measure(self) -> FileSystem | None:
        path = folder(self._models_path, self._context.machine)
        return measure(path) if path else None

    def _plausible(self, models: FileSystem | None) -> FileSystem | None:
        """More room than the disk has cannot be true."""
        if models and models.available > models.size:
            self.rejected += 1
            return None
        return models


def steady(before: Mapping[str, float], times: Mapping[str, float]) -> dict[str, float]:
    """Seconds by mode, without overlaps, and without the small steps back that would read as a restart."""
    now = {mode: seconds for mode, seconds in times.items() if mode not in _INSIDE_OTHERS}
    for mode, seconds in now.items():
        last = before.get(mode, 0.0)
        if 0.0 < last - seconds < _CORRECTION:
            now[mode] = last
    return now
