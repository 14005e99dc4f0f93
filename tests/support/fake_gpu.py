"""What the stand-in for NVML tells of a card, and the codes that it returns, numbered as in nvml.h."""

from __future__ import annotations

from dataclasses import dataclass, field

SUCCESS, UNINITIALIZED, NOT_SUPPORTED, NO_PERMISSION, INSUFFICIENT_SIZE, DRIVER_NOT_LOADED = 0, 1, 3, 4, 7, 9
TIMEOUT, GPU_IS_LOST, RESET_REQUIRED, VERSION_MISMATCH, UNKNOWN = 10, 15, 16, 18, 999
ARGUMENT_VERSION_MISMATCH = 25
# A process whose memory is not told.
NOT_AVAILABLE = 2**64 - 1


@dataclass(frozen=True)
class Error:
    """What a function returns in place of a value."""

    code: int


NO = Error(NOT_SUPPORTED)


@dataclass
class Gpu:
    """A card of a recent generation under load. Memory is used, reserved and total; processes are pid and bytes."""

    uuid: bytes = b"GPU-00000000-0000-0000-0000-000000000001"
    name: bytes = b"NVIDIA GeForce RTX 4090"
    utilization: int | Error = 97
    memory: tuple[int, int, int] | Error = (20 * 2**30, 2**29, 24 * 2**30)
    power: int | Error = 431_250
    power_limit: int | Error = 450_000
    temperature: int | Error = 71
    energy: int | Error = 86_400_123
    reasons: int | Error = 0
    processes: list[tuple[int, int]] | Error = field(default_factory=list)
    # Answers for the handle, and where it is an error for everything behind it too.
    state: int = SUCCESS
