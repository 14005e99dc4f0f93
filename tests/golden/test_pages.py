"""Recorded answer in, page out: each page is compared with its golden file, to the letter."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from llama_metrics.catalogue import as_text, catalogue
from tests.conftest import RECORDINGS
from tests.support import exporter
from tests.support.fake_ollama import FIXTURES, FakeOllama, recorded
from tools.binaries import Binaries

GOLDEN = Path(__file__).parent
EXPECTED_MODELS = ("tiny-a:latest", "not-there:latest")
# The route that an answer belongs to, and what the other routes answer beside it.
ROUTES = {"api_version": "/api/version", "api_ps": "/api/ps", "api_tags": "/api/tags"}


def answers(root: Path) -> list[Path]:
    """The answers below a folder that are those of our routes."""
    return [file for file in sorted(root.rglob("api_*.http")) if file.name.split(".")[0] in ROUTES]


def page(answer: Path) -> str:
    """The page of an Ollama that gives this answer, with idle ones of the same folder on the other routes."""
    idle = {"api_version": "api_version", "api_ps": "api_ps.empty", "api_tags": "api_tags.empty"}
    folder = answer.parent
    if folder.name == "hand-made":
        idle |= {"api_ps": "api_ps.null", "api_tags": "api_tags.null"}
    replies = {ROUTES[route]: recorded(folder / f"{name}.http") for route, name in idle.items()}
    replies[ROUTES[answer.name.split(".")[0]]] = recorded(answer)
    with FakeOllama(replies) as ollama:
        text = exporter.page(ollama.url, EXPECTED_MODELS)
    # How long a collector took is the only thing here that a clock decides.
    return re.sub(r"(llama_metrics_collector_duration_seconds\{.*\}) .*", r"\1 0.0", text)


def golden_file(answer: Path) -> Path:
    """Where the page of an answer is kept."""
    return GOLDEN / f"{answer.parent.name}__{answer.stem}.metrics"


@pytest.mark.parametrize("answer", answers(FIXTURES), ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_recorded_answer_gives_its_golden_page(answer: Path, update_golden: bool, binaries: Binaries) -> None:
    """Each recorded answer gives the page beside it, which promtool finds nothing wrong with."""
    text = page(answer)
    file = golden_file(answer)
    if update_golden:
        file.write_text(text)

    assert text == file.read_text()
    check_metrics(text, binaries)


def check_metrics(text: str, binaries: Binaries) -> None:
    """Fails with promtool's words where it finds fault with a page."""
    said = subprocess.run(
        [binaries.promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )

    assert (said.returncode, said.stdout + said.stderr) == (0, "")


def further() -> list[Path]:
    """The recorded answers outside the tree."""
    return answers(Path(RECORDINGS) / "ollama") if RECORDINGS else []


def test_further_recordings_give_whole_pages(binaries: Binaries) -> None:
    """Every recorded answer outside the tree reads without trouble; those that are in the tree too are the same."""
    for answer in further():
        if not (answer.parent / "api_tags.empty.http").exists():
            continue
        text = page(answer)
        assert set(exporter.samples(text, "llama_metrics_collector_success").values()) == {1.0}, answer
        assert set(exporter.samples(text, "llama_metrics_rejected_readings_total").values()) == {0.0}, answer
        check_metrics(text, binaries)
        copy = FIXTURES / answer.parent.parent.name / answer.name
        assert not copy.exists() or copy.read_bytes() == answer.read_bytes()


def test_no_golden_page_is_stale() -> None:
    """Every golden page of an answer belongs to one; what the other collectors read has tests of its own."""
    assert {golden_file(answer) for answer in answers(FIXTURES)} == set(GOLDEN.glob("*__api_*.metrics"))


def test_the_catalogue_is_frozen(update_golden: bool) -> None:
    """A metric that is added, renamed or relabelled shows as a difference in catalogue.txt."""
    file = GOLDEN / "catalogue.txt"
    text = as_text(catalogue())
    if update_golden:
        file.write_text(text)

    assert text == file.read_text()


def test_every_series_on_a_golden_page_is_in_the_catalogue() -> None:
    """Names, kinds and label names on the pages are those that are declared, and no series stands there twice."""
    declared = {metric.name: metric for metric in catalogue()}
    for file in GOLDEN.glob("*.metrics"):
        lines = file.read_text().splitlines()
        kinds = dict(line.split(" ")[2:4] for line in lines if line.startswith("# TYPE "))
        series = [line.rpartition(" ")[0] for line in lines if not line.startswith("#")]
        assert len(set(series)) == len(series)
        for one in series:
            name, _, rest = one.partition("{")
            # The samples of a histogram are named after their part in it.
            family = name if name in declared else re.sub("_(bucket|count|sum)$", "", name)
            labels = re.findall(r'(\w+)="(?:\\.|[^"\\])*"', rest)
            own = [label for label in labels if (kinds[family], label) != ("histogram", "le")]
            assert (kinds[family], sorted(own)) == (declared[family].kind, sorted(declared[family].labels))
