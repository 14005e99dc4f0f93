"""Is there an NVIDIA card in this machine? Told by files alone: neither the driver nor the card is woken."""

from __future__ import annotations

from pathlib import Path

_VENDOR, _DISPLAY = "0x10de", "0x03"
# Of the driver on Linux, and of the one that Windows lends to a Linux inside it.
_SIGNS = ("proc/driver/nvidia/version", "dev/nvidiactl", "usr/lib/wsl/lib/libnvidia-ml.so.1")


def has_card(root: Path) -> bool:
    """Whether the driver has left a sign, or the PCI bus has a GPU of NVIDIA's (not its sound or network)."""
    if any((root / sign).exists() for sign in _SIGNS):
        return True
    return any(
        _word(device / "vendor") == _VENDOR and _word(device / "class").startswith(_DISPLAY)
        for device in root.glob("sys/bus/pci/devices/*")
    )


def _word(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
