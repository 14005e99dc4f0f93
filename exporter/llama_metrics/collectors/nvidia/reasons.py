"""parse: why a GPU's clock is held down, in NVML's bits and in our words."""

from __future__ import annotations

from llama_metrics.collectors.nvidia.metrics import REASONS

# As nvml.h numbers them.
IDLE = 0x001
BITS = {
    0x002: "applications_clocks",
    0x004: "power_cap",
    0x008: "hardware_slowdown",
    0x010: "sync_boost",
    0x020: "thermal_software",
    0x040: "thermal_hardware",
    0x080: "power_brake",
    0x100: "display_clocks",
}
_OTHER = ~(IDLE | sum(BITS))


def active(mask: int) -> tuple[bool, ...]:
    """For each of REASONS whether it holds; a bit without a word of its own is `other`, being idle is none."""
    words = {word for bit, word in BITS.items() if mask & bit}
    if mask & _OTHER:
        words.add("other")
    return tuple(reason in words for reason in REASONS)
