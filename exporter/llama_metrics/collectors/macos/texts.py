"""What macOS' own tools print, parsed: one function a tool. Pure.

sysctl       kern.memorystatus_vm_pressure_level: 1
ioreg -a     a property list: an array of accelerators, Apple's own GPU among them
vm_stat      Pages wired down:                        159117.
notifyutil   com.apple.system.thermalpressurelevel 0

What a tool does not say is None. A number that cannot be true is None too, and counted in `rejected`.
"""

from __future__ import annotations

import plistlib
import re
from collections.abc import Container
from dataclasses import dataclass
from xml.parsers.expat import ExpatError

from llama_metrics.collectors.macos.metrics import LEVELS
from llama_metrics.errors import BadAnswer

PRESSURE = "kern.memorystatus_vm_pressure_level"
WIRED_LIMIT_MIB = "iogpu.wired_limit_mb"
# The same before macOS 14; in bytes.
WIRED_LIMIT_BYTES = "debug.iogpu.wired_limit"
THERMAL = "com.apple.system.thermalpressurelevel"

_PRESSURES = (1, 2, 4)
_PAGE_SIZES = (4096, 16384)
_MIB = 2**20
# Far above any memory.
_TOO_LARGE = 2**50
_DIGITS = re.compile(rb"[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Kernel:
    """What sysctl says. `wired_limit` is None where macOS decides."""

    pressure: int | None = None
    wired_limit: int | None = None
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Gpu:
    """What the driver of Apple's GPU says, for all programs together."""

    utilization: float | None = None
    memory: int | None = None
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Memory:
    """What vm_stat says, in bytes."""

    wired: int | None = None
    compressed: int | None = None
    rejected: int = 0


def parse_sysctl(text: bytes) -> Kernel:
    """The values of those names that this macOS has. Raises BadAnswer where it has none of them."""
    names = (PRESSURE, WIRED_LIMIT_MIB, WIRED_LIMIT_BYTES)
    found = {name: value for name in names if (value := _line(text, name)) is not None}
    if not found:
        raise BadAnswer(f"sysctl tells none of {', '.join(names)}")
    sieve = _Sieve()
    pressure = sieve.digits(found.get(PRESSURE), _PRESSURES)
    if WIRED_LIMIT_MIB in found:
        limit = _times(sieve.digits(found[WIRED_LIMIT_MIB], range(_TOO_LARGE // _MIB)), _MIB)
    else:
        limit = sieve.digits(found.get(WIRED_LIMIT_BYTES), range(_TOO_LARGE))
    # 0 is not a limit: macOS decides.
    return Kernel(pressure, limit or None, sieve.rejected)


def parse_ioreg(text: bytes) -> Gpu:
    """The numbers of Apple's GPU; none where there is no such, or where nobody can tell which of several is meant.

    Raises BadAnswer for what is no list of accelerators.
    """
    if not text.strip():
        # No accelerator at all: ioreg prints nothing for nothing.
        return Gpu()
    try:
        nodes = plistlib.loads(text, fmt=plistlib.FMT_XML)
    except (ExpatError, ValueError, LookupError, AttributeError, TypeError, OverflowError, RecursionError):
        # plistlib lets through whatever its own steps stumble over.
        raise BadAnswer("ioreg prints no property list") from None
    if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
        raise BadAnswer("ioreg prints a property list, but not one of accelerators")
    apple = [node for node in nodes if _is_apple_gpu(node)]
    statistics = apple[0].get("PerformanceStatistics") if len(apple) == 1 else None
    if not isinstance(statistics, dict):
        return Gpu()
    sieve = _Sieve()
    utilization = sieve.number(statistics.get("Device Utilization %"), range(101))
    # Exactly this: the one with "(driver)" behind it is what the driver itself uses, and 0.
    memory = sieve.number(statistics.get("In use system memory"), range(_TOO_LARGE))
    return Gpu(None if utilization is None else utilization / 100, memory, sieve.rejected)


def parse_vm_stat(text: bytes) -> Memory:
    """Two of its lines. Raises BadAnswer where the page size is not told, or neither line is there."""
    header = re.search(rb"page size of ([0-9]{1,9}) bytes", text)
    if header is None or (page := int(header[1])) not in _PAGE_SIZES:
        raise BadAnswer("vm_stat does not tell the size of a page it counts in")
    wired, compressed = _line(text, "Pages wired down"), _line(text, "Pages occupied by compressor")
    if wired is None and compressed is None:
        raise BadAnswer("vm_stat tells neither wired nor compressed pages")
    sieve = _Sieve()
    numbers = range(_TOO_LARGE // page)
    return Memory(
        wired=_times(sieve.digits(wired, numbers), page),
        compressed=_times(sieve.digits(compressed, numbers), page),
        rejected=sieve.rejected,
    )


def parse_notifyutil(text: bytes) -> str:
    """The level of thermal pressure, by its name. Raises BadAnswer where none is told."""
    found = re.search(rb"^" + re.escape(THERMAL.encode()) + rb"[ \t]+([0-9]{1,20})[ \t]*$", text, re.MULTILINE)
    if found is None:
        raise BadAnswer(f"notifyutil tells no level of {THERMAL}")
    return LEVELS[min(int(found[1]), len(LEVELS) - 1)]


def _line(text: bytes, name: str) -> bytes | None:
    """What stands behind `name:` on its line; vm_stat ends its numbers with a full stop."""
    found = re.search(rb"^" + re.escape(name.encode()) + rb":(.*)$", text, re.MULTILINE)
    return found[1].strip().removesuffix(b".") if found else None


def _times(count: int | None, unit: int) -> int | None:
    return None if count is None else count * unit


def _is_apple_gpu(node: dict[str, object]) -> bool:
    """Intel Macs have accelerators of other makers, whose statistics mean something else."""
    return any(str(node.get(key)).startswith("AGX") for key in ("IOClass", "IOObjectClass"))


class _Sieve:
    """Lets numbers through that can be true, and counts the others. None goes through: not told is not wrong."""

    rejected = 0

    def digits(self, text: bytes | None, allowed: Container[int]) -> int | None:
        """The number that these digits are."""
        return self.number(int(text) if text and _DIGITS.fullmatch(text) else text, allowed)

    def number(self, value: object, allowed: Container[int]) -> int | None:
        """A whole number that is one of the allowed."""
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value in allowed):
            return value
        self.rejected += 1
        return None
