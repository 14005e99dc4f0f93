"""read: the files of the amdgpu driver, one small read each. A file that cannot be read costs its own value alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_LONGEST = 4096
_CARD = re.compile(r"card([0-9]{1,4})")
_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")


@dataclass(frozen=True, slots=True)
class Files:
    """What the files of a card say, by its PCI address; None for one that cannot be read."""

    address: str
    name: str | None
    busy: str | None
    memory_used: str | None
    memory_total: str | None
    power: str | None
    temperature: str | None

    def is_mute(self) -> bool:
        """Whether it tells nothing of itself, as a card does that is no longer there."""
        told = (self.busy, self.memory_used, self.memory_total, self.power, self.temperature)
        return all(text is None for text in told)


def cards(root: Path) -> tuple[Files, ...]:
    """The cards that the amdgpu driver has, in its order, each address once."""
    found: dict[str, Files] = {}
    for _, device in sorted(_devices(root)):
        address = _address(device)
        if address is not None and address not in found:
            files = _read(address, device)
            if not files.is_mute():
                found[address] = files
    return tuple(found.values())


def has_card(root: Path) -> bool:
    """Whether there is one; no sensor is asked."""
    return any(_address(device) is not None for _, device in _devices(root))


def _devices(root: Path) -> list[tuple[int, Path]]:
    """The number and the folder of each card's device; connectors (card0-DP-1) and render nodes are none."""
    nodes = ((_CARD.fullmatch(node.name), node) for node in root.glob("sys/class/drm/card*"))
    return [(int(card[1]), node / "device") for card, node in nodes if card]


def _address(device: Path) -> str | None:
    """The PCI address of a card that amdgpu drives; None for any other."""
    lines = (_text(device / "uevent") or "").splitlines()
    facts = dict(line.partition("=")[::2] for line in lines)
    address = facts.get("PCI_SLOT_NAME", "")
    return address if facts.get("DRIVER") == "amdgpu" and _ADDRESS.fullmatch(address) else None


def _read(address: str, device: Path) -> Files:
    """A card that sleeps is not asked what would wake it; how much memory is in use the driver knows without it."""
    is_awake = (_text(device / "power/runtime_status") or "").strip() not in ("suspended", "suspending")
    sensors = min(device.glob("hwmon/hwmon*"), default=None) if is_awake else None
    return Files(
        address=address,
        name=_text(device / "product_name"),
        busy=_text(device / "gpu_busy_percent") if is_awake else None,
        memory_used=_text(device / "mem_info_vram_used"),
        memory_total=_text(device / "mem_info_vram_total"),
        power=_power(sensors) if sensors else None,
        temperature=_temperature(sensors) if sensors else None,
    )


def _power(sensors: Path) -> str | None:
    """The average, and where there is none what newer cards tell instead: the present value."""
    average = _text(sensors / "power1_average")
    return _text(sensors / "power1_input") if average is None else average


def _temperature(sensors: Path) -> str | None:
    """That of the edge, which is the first one where the card has it."""
    label = _text(sensors / "temp1_label")
    return _text(sensors / "temp1_input") if label is None or label.strip() == "edge" else None


def _text(file: Path) -> str | None:
    try:
        with file.open("rb", buffering=0) as opened:
            return opened.read(_LONGEST).decode(errors="replace")
    except OSError:
        # Not there, the sensor is busy, the card does not answer: whichever it is, it is not known now.
        return None
