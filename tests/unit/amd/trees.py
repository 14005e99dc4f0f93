"""Trees of the amdgpu driver's files; their README says what each one is."""

from __future__ import annotations

import shutil
from pathlib import Path

from llama_metrics.collectors.amd.collector import AMD
from llama_metrics.collectors.amd.parse import Reading
from tests.support import gpus

TREES = Path(__file__).parent.parent.parent / "fixtures" / "amd"


def read(root: Path) -> Reading:
    """What a new source gives."""
    return AMD.open(AMD.options(), gpus.context(root)).read(float("inf"))


def copy(tree: str, to: Path) -> Path:
    """A tree that may be changed."""
    shutil.copytree(TREES / tree, to, dirs_exist_ok=True)
    return to


def device(root: Path) -> Path:
    """The folder of the first card."""
    return root / "sys/class/drm/card0/device"
