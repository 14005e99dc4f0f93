"""read: asks NVML, the library of NVIDIA's driver, by nvidia-ml-py. No other module touches either.

Whatever a card does not tell (an old card, an old driver, MIG, no permission) is None, each value on its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from llama_metrics.errors import BadAnswer, NotPermitted, SourceError, TimedOut, Unreachable, Unsupported

LIBRARY = "libnvidia-ml.so.1"

# The functions that tell a value and what they take behind the handle, the newest first: a driver that does not have
# one is asked the next.
Questions = tuple[tuple[str | int, ...], ...]
UUID: Questions = (("nvmlDeviceGetUUID",),)
NAME: Questions = (("nvmlDeviceGetName",),)
UTILIZATION: Questions = (("nvmlDeviceGetUtilizationRates",),)
# The version that does not count as used what the driver keeps for itself: the sum over processes comes close to it.
MEMORY: Questions = (("nvmlDeviceGetMemoryInfo", 0x02000028), ("nvmlDeviceGetMemoryInfo",))
POWER: Questions = (("nvmlDeviceGetPowerUsage",),)
POWER_LIMIT: Questions = (("nvmlDeviceGetEnforcedPowerLimit",),)
TEMPERATURE: Questions = (("nvmlDeviceGetTemperatureV", 0), ("nvmlDeviceGetTemperature", 0))
ENERGY: Questions = (("nvmlDeviceGetTotalEnergyConsumption",),)
REASONS: Questions = (("nvmlDeviceGetCurrentClocksEventReasons",), ("nvmlDeviceGetCurrentClocksThrottleReasons",))
PROCESSES: Questions = (("nvmlDeviceGetComputeRunningProcesses_v3",), ("nvmlDeviceGetComputeRunningProcesses_v2",))

# NVML sees the cards that were there when it was started. While one is missing it is started anew, but no more often.
_AGAIN = 60.0
_GRACE = 1.0


@dataclass(frozen=True, slots=True)
class Card:
    """What NVML says of a card, in its own units. `processes` are pairs of a pid and bytes, None where not told."""

    uuid: str
    name: str
    utilization: int | None
    memory_used: int | None
    memory_total: int | None
    power: int | None
    power_limit: int | None
    temperature: int | None
    energy: int | None
    reasons: int | None
    processes: tuple[tuple[int, int | None], ...]

    def is_mute(self) -> bool:
        """Whether it tells nothing of itself, as a card does that is no longer there."""
        told = (self.utilization, self.memory_total, self.power, self.temperature, self.energy)
        return all(value is None for value in told)


def load() -> Any:
    """nvidia-ml-py. Raises ImportError where it is not installed, OSError where the driver's library is not there."""
    import ctypes

    import pynvml

    # The name that it will ask for. This only loads: a driver that hangs must not keep the exporter from starting.
    ctypes.CDLL(LIBRARY)
    return pynvml


class Nvml:
    """NVML from its start to its end; for one thread at a time, which an NVML call may keep for as long as it likes.

    Args:
        api: nvidia-ml-py, as `load` gives it.
        monotonic: the clock that deadlines are told in.

    """

    def __init__(self, api: Any, monotonic: Callable[[], float]) -> None:
        self._api, self._monotonic = api, monotonic
        self._calling = threading.Lock()
        # When it was started; None while it is not.
        self._started: float | None = None
        # The most cards that were ever seen together.
        self._most = 0
        # Errors: NVML has to be started anew; the card has gone; the driver does not have this function.
        self._ended = (api.NVMLError_Uninitialized, api.NVMLError_DriverNotLoaded, api.NVMLError_LibRmVersionMismatch)
        self._lost = (api.NVMLError_GpuIsLost, api.NVMLError_ResetRequired)
        self._unknown = (api.NVMLError_FunctionNotFound, api.NVMLError_ArgumentVersionMismatch)

    def cards(self, deadline: float) -> tuple[Card, ...]:
        """The cards that answer. Raises SourceError where NVML does not, and starts it anew the next time."""
        with self._calling:
            try:
                if self._started is None:
                    self._api.nvmlInit()
                    self._started = self._monotonic()
                found = [self._card(index, deadline) for index in range(self._api.nvmlDeviceGetCount())]
            except self._api.NVMLError as error:
                self._stop()
                raise self._trouble(error) from None
            cards = tuple(card for card in found if card is not None)
            self._most = max(self._most, len(cards))
            if len(cards) < self._most and self._monotonic() - self._started >= _AGAIN:
                self._stop()
            return cards

    def close(self) -> None:
        """Ends NVML, unless it hangs in a call: then it ends with the process."""
        if self._calling.acquire(timeout=_GRACE):
            try:
                self._stop()
            finally:
                self._calling.release()

    def _stop(self) -> None:
        if self._started is not None:
            self._started = None
            # It may have ended by itself, which is then why it is stopped.
            with suppress(self._api.NVMLError):
                self._api.nvmlShutdown()

    def _card(self, index: int, deadline: float) -> Card | None:
        """One card; None where it is lost, or does not even say who it is."""
        if self._monotonic() > deadline:
            raise TimedOut(f"NVML answered for {index} cards within the time, and there are more")
        try:
            # A handle is asked for anew each time: that of a card which went away may not be used again.
            handle = self._api.nvmlDeviceGetHandleByIndex(index)
            uuid = self._ask(handle, UUID)
            card = self._told(handle, uuid) if uuid else None
        except self._ended:
            raise
        except self._api.NVMLError:
            return None
        return None if card is None or card.is_mute() else card

    def _told(self, handle: Any, uuid: str) -> Card:
        utilization, memory = self._ask(handle, UTILIZATION), self._ask(handle, MEMORY)
        return Card(
            uuid=uuid,
            name=self._ask(handle, NAME) or "",
            utilization=utilization and utilization.gpu,
            memory_used=memory and memory.used,
            memory_total=memory and memory.total,
            power=self._ask(handle, POWER),
            power_limit=self._ask(handle, POWER_LIMIT),
            temperature=self._ask(handle, TEMPERATURE),
            energy=self._ask(handle, ENERGY),
            reasons=self._ask(handle, REASONS),
            processes=tuple((one.pid, one.usedGpuMemory) for one in self._ask(handle, PROCESSES) or ()),
        )

    def _ask(self, handle: Any, questions: Questions) -> Any:
        """The first answer; None where the card does not tell. Raises NVMLError for a lost card and an ended NVML."""
        for name, *arguments in questions:
            # A future nvidia-ml-py leaves out what is deprecated now.
            function = getattr(self._api, str(name), None)
            if function is None:
                continue
            try:
                return function(handle, *arguments)
            except (*self._ended, *self._lost):
                raise
            except self._unknown:
                continue
            except (self._api.NVMLError, UnicodeDecodeError):
                return None
        return None

    def _trouble(self, error: Any) -> SourceError:
        """What came back, and what to do."""
        api, said = self._api, f"NVML says: {error}"
        match error:
            case api.NVMLError_LibRmVersionMismatch():
                return BadAnswer(f"{said} NVIDIA's driver was updated while it was running; restart the machine")
            case api.NVMLError_DriverNotLoaded():
                return Unreachable(f"{said}; load NVIDIA's driver: `nvidia-smi` tries to, `dmesg` tells why it fails")
            case api.NVMLError_LibraryNotFound():
                return Unsupported(f"{said}; install NVIDIA's driver, which has {LIBRARY}")
            case api.NVMLError_NoPermission():
                return NotPermitted(f"{said}; let this user read and write /dev/nvidia*")
            case api.NVMLError_Timeout():
                return TimedOut(said)
            case _:
                return BadAnswer(f"{said}; `nvidia-smi` may tell more, and a container may have to be started anew")
