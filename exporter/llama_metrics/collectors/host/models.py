"""read: the file system that holds Ollama's models. It may be of a network, and then it may hang."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from llama_metrics.system.machine import Machine

# Of Ollama's installer, NixOS, Arch (where the folder itself is also a home, so it is told by what is in it), snap.
_LINUX = (
    *("usr/share/ollama/.ollama/models", "var/lib/ollama/models"),
    *("var/lib/ollama/blobs", "var/snap/ollama/common/models"),
)
_OWN = ".ollama/models"
# In Ollama's own image.
_IMAGE = "root/.ollama/models"


@dataclass(frozen=True, slots=True)
class FileSystem:
    """Bytes; `available` to an ordinary user."""

    size: int
    available: int


def folder(given: str | None, machine: Machine) -> Path | None:
    """Where the models are: as it is configured, as the environment says it, or where an installer puts them.

    None where there is no such folder, or it may not be looked at: the folder above it need not be on the same disk.
    """
    named = given or machine.environ.get("OLLAMA_MODELS")
    if named:
        candidates = iter([machine.home / named[2:] if named.startswith("~/") else Path(named)])
    else:
        candidates = _defaults(machine)
    return next((path for path in candidates if _is_folder(path)), None)


def measure(path: Path) -> FileSystem | None:
    """The file system that a path is on; see `parse`."""
    return parse(os.statvfs(path))


def parse(told: os.statvfs_result) -> FileSystem | None:
    """None where it does not say how large it is, as some file systems of a network do not."""
    if not told.f_blocks:
        return None
    return FileSystem(told.f_blocks * told.f_frsize, told.f_bavail * told.f_frsize)


def _defaults(machine: Machine) -> Iterator[Path]:
    if machine.system == "Linux":
        yield from (machine.root / path for path in _LINUX)
    yield machine.home / _OWN
    if machine.system == "Linux":
        yield machine.root / _IMAGE
    if machine.system == "Darwin":
        # Who runs as root has another home than the user of the app. Of several users, nobody can tell which is meant.
        apps = [path for path in (machine.root / "Users").glob(f"*/{_OWN}") if _is_folder(path)]
        if len(apps) == 1:
            yield apps[0]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False
