"""Where Ollama's models are, and how much room there is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llama_metrics.collectors.host.models import folder, measure, parse
from tests.support.host import machine
from tests.support.ordinary_user import ordinary_user


def make(root: Path, *paths: str) -> None:
    """These folders below the root."""
    for path in paths:
        (root / path).mkdir(parents=True)


@pytest.mark.parametrize(
    "path",
    [
        "usr/share/ollama/.ollama/models",
        "var/lib/ollama/models",
        "var/lib/ollama/blobs",
        "var/snap/ollama/common/models",
        "home/me/.ollama/models",
        "root/.ollama/models",
    ],
)
def test_the_defaults_of_linux(tmp_path: Path, path: str) -> None:
    """Of installers, of a user's own, of Ollama's image."""
    make(tmp_path, path)

    assert folder(None, machine(tmp_path)) == tmp_path / path


def test_the_service_is_asked_before_the_user(tmp_path: Path) -> None:
    """Who starts Ollama by hand for once leaves a folder behind."""
    make(tmp_path, "home/me/.ollama/models", "usr/share/ollama/.ollama/models")

    assert folder(None, machine(tmp_path)) == tmp_path / "usr/share/ollama/.ollama/models"


def test_the_defaults_of_macos(tmp_path: Path) -> None:
    """Our own; where we are root, those of the one user who has some. Linux's are none."""
    make(tmp_path, "Users/a/.ollama/models", "Users/b/Documents", "usr/share/ollama/.ollama/models")
    here = machine(tmp_path, "Darwin")
    assert folder(None, here) == tmp_path / "Users/a/.ollama/models"
    make(tmp_path, "Users/b/.ollama/models")
    assert folder(None, here) is None
    make(tmp_path, "home/me/.ollama/models")

    assert folder(None, here) == tmp_path / "home/me/.ollama/models"


def test_what_is_named_is_it(tmp_path: Path) -> None:
    """The configuration before the environment before any default; what is named and not there is not known."""
    make(tmp_path, "disk", "home/me/models", "usr/share/ollama/.ollama/models")
    here = machine(tmp_path, environ={"OLLAMA_MODELS": str(tmp_path / "disk")})

    assert folder(None, here) == tmp_path / "disk"
    assert folder("~/models", here) == tmp_path / "home/me/models"
    assert folder(str(tmp_path / "none"), here) is None
    assert folder("~nobody-at-all/models", here) is None


def test_a_folder_that_may_not_be_looked_at_is_not_known(tmp_path: Path) -> None:
    """It may lie on any disk; and a file is no folder."""
    make(tmp_path, "usr/share/ollama/.ollama/models", "home/me/.ollama")
    (tmp_path / "home/me/.ollama/models").touch()
    (tmp_path / "usr/share/ollama").chmod(0)
    with ordinary_user():
        found = folder(None, machine(tmp_path))
    (tmp_path / "usr/share/ollama").chmod(0o700)

    assert found is None


def test_room(tmp_path: Path) -> None:
    """As the system tells it: what an ordinary user may fill, which is less than what is free."""
    told, disk = os.statvfs(tmp_path), measure(tmp_path)

    assert disk
    assert disk.size == told.f_blocks * told.f_frsize
    assert 0 < disk.available < disk.size


def test_a_file_system_that_says_no_size() -> None:
    """It is not full, it is not known."""
    assert parse(os.statvfs_result((4096, 4096, 0, 0, 0, 0, 0, 0, 0, 255))) is None
