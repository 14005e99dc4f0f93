"""The files in dashboards/grafana are what the code makes, and nothing else lies there."""

from __future__ import annotations

from dashboards.__main__ import files
from tests.dashboards.boards import FOLDER


def test_checked_in_files_are_what_the_code_makes() -> None:
    """Neither edited by hand nor forgotten: `make dashboards` writes them."""
    assert {file.name: file.read_text() for file in FOLDER.iterdir()} == files()


def test_the_same_files_come_out_each_time() -> None:
    """Making them twice in one process changes nothing: panels are built once and placed at each call."""
    assert files() == files()
