"""The documents say what is true: what they repeat is compared with the code, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llama_metrics import catalogue
from llama_metrics.collectors import ALL
from tests.conftest import ROOT

DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]


def test_metrics_md_is_made_from_the_catalogue() -> None:
    """`make docs` would change nothing."""
    assert catalogue.as_markdown() == (ROOT / "docs" / "METRICS.md").read_text()


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub gives a document's headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_within_the_project_leads_somewhere(document: Path) -> None:
    """Files exist, and so do the headings that a link names."""
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = document.parent / path if path else document
        assert file.exists(), f"{document.name} links to {target}"
        assert not anchor or anchor in anchors(file), f"{document.name} links to {target}"


def test_the_readme_names_every_make_target_it_uses() -> None:
    """A command in a document is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in DOCUMENTS:
        for used in re.findall(r"(?:^|[`\s])make ([a-z0-9]+)\b(?=[`\s.,;:)]|$)", _code(document.read_text())):
            assert used in targets, f"{document.name} says make {used}"


def _code(text: str) -> str:
    """What stands in code blocks and between backticks."""
    return "\n".join(["\n".join(re.findall(r"```.*?```", text, re.DOTALL)), *re.findall(r"`[^`\n]+`", text)])


def test_the_readme_tells_of_every_collector() -> None:
    """Each collector has its line."""
    text = (ROOT / "README.md").read_text()

    assert all(f"`{collector.name}`" in text for collector in ALL)
