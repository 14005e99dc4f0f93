"""A table of processes in, page out: each page is compared with its golden file, to the letter."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import pytest

from llama_metrics import exposition
from llama_metrics.collectors.process.collector import PROCESS
from llama_metrics.collectors.process.source import ProcessSource
from tests.golden.test_pages import GOLDEN, check_metrics
from tests.support.fake_ollama import FakeOllama, http
from tests.support.host import context
from tests.support.process_table import TABLES, ProcessTable
from tools.binaries import Binaries

# Each but those in which no process can be told.
NAMES = sorted(file.stem for file in TABLES.glob("*.txt") if file.stem not in ("hidden", "macos_other_user"))
BLOB = "sha256-" + "a" * 64


def page(table: ProcessTable, folder: Path) -> str:
    """The page of the second scrape, 2.5 s of CPU later; the model of the blob bbb is not installed any more."""
    models = [{"name": name, "digest": name} for name in ("a:latest", "qwen3.5:35b")]
    shown = iter([http(json.dumps({"modelfile": f"FROM /x/{BLOB}\n"})), http('{"modelfile":"FROM /x/y\\n"}')])

    def show(connection: socket.socket) -> None:
        next(shown)(connection)

    answers = {
        "/api/tags": http(json.dumps({"models": models})),
        "/api/show": show,
        "/api/version": http('{"version":"0.33.0"}'),
    }
    with FakeOllama(answers) as ollama:
        source = ProcessSource(table, lambda _: 3, context(folder, ollama.url))
        source.read(time.monotonic() + 5)
    # Nobody answers any more: what has a name keeps it, and where there is no process, that is certain now.
    for pid, one in table.rows.items():
        table.change(pid, cpu=None if one.cpu is None else one.cpu + 2.5)
    return exposition.render(PROCESS.render(source.read(time.monotonic() + 5)), exposition.TEXT).decode()


def golden_file(name: str) -> Path:
    """Where the page of a table is kept."""
    return GOLDEN / f"proc__process.{name}.metrics"


@pytest.mark.parametrize("name", NAMES)
def test_a_table_gives_its_golden_page(name: str, tmp_path: Path, update_golden: bool, binaries: Binaries) -> None:
    """Each table gives the page beside it, which promtool finds nothing wrong with."""
    text = page(ProcessTable.load(name), tmp_path)
    file = golden_file(name)
    if update_golden:
        file.write_text(text)

    assert text == file.read_text()
    check_metrics(text, binaries)


def test_no_golden_page_of_processes_is_stale() -> None:
    """Every golden page of processes belongs to a table."""
    assert {golden_file(name) for name in NAMES} == set(GOLDEN.glob("*__process.*.metrics"))
