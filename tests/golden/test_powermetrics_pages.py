"""A document of powermetrics in, page out: each page is compared with its golden file, to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest

from llama_metrics import exposition
from llama_metrics.collectors.powermetrics.account import Account
from llama_metrics.collectors.powermetrics.plist import parse
from llama_metrics.collectors.powermetrics.render import render
from tests.golden.test_pages import GOLDEN, check_metrics
from tests.support.fake_powermetrics import FIXTURES
from tools.binaries import Binaries

DOCUMENTS = sorted(FIXTURES.glob("*.plist"))


def golden_file(document: Path) -> Path:
    """Where the page of a document is kept."""
    return GOLDEN / f"hand-made__powermetrics.{document.stem}.metrics"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.stem)
def test_a_document_gives_its_golden_page(document: Path, update_golden: bool, binaries: Binaries) -> None:
    """Each document, the first of its stream, gives the page beside it, which promtool finds nothing wrong with."""
    # The longest interval that one of them was asked for.
    account = Account(5.0)
    account.add(parse(document.read_bytes()), 1.75e9)
    page = exposition.render(render(account.reading(restarts=0)), exposition.TEXT).decode()
    file = golden_file(document)
    if update_golden:
        file.write_text(page)

    assert page == file.read_text()
    check_metrics(page, binaries)


def test_no_golden_page_of_powermetrics_is_stale() -> None:
    """Every golden page of it belongs to a document."""
    assert {golden_file(document) for document in DOCUMENTS} == set(GOLDEN.glob("*__powermetrics.*.metrics"))
