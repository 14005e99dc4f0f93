"""Recorded answers of runners in, page out: each page is compared with its golden file, to the letter."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from llama_metrics import exposition
from llama_metrics.collectors.runner.collector import RUNNER
from llama_metrics.collectors.runner.source import RunnerSource
from tests.conftest import RECORDINGS
from tests.golden.test_pages import GOLDEN, check_metrics
from tests.support import exporter
from tests.support.fake_ollama import FIXTURES, Behaviour, FakeOllama, http
from tests.support.fake_runner import FakeRunner, moment, parallel, table
from tests.support.host import context
from tools.binaries import Binaries

_MODEL = '{model="slow-d:latest"}'


def cases(root: Path) -> list[tuple[str, str]]:
    """The folder and the moment of each recording; `parallel` is that of two runners with four slots."""
    found = [(file.parent.parent.name, file.name[13:-5]) for file in root.glob("*/runner/runner_slots.*.http")]
    two = root.glob("*/runner/metrics_parallel.runner0.slots.http")
    found += [(file.parent.parent.name, "parallel") for file in two]
    return sorted(found)


def recordings(root: Path, folder: str, case: str) -> Mapping[str, Mapping[str, Behaviour]]:
    """What each runner was recorded to answer, by its model."""
    path = root / folder / "runner"
    if case == "parallel":
        return {"tiny-b:latest": parallel(0, path), "tiny-a:latest": parallel(1, path)}
    name, _, setting = case.partition(".")
    return {"slow-d:latest": moment(name, setting, path)}


def page(runners: Mapping[str, Mapping[str, Behaviour]], folder: Path) -> str:
    """The page of an Ollama with these runners."""
    installed = {"models": [{"name": name, "digest": name} for name in runners]}
    api = {"/api/version": http('{"version":"0.33.0"}'), "/api/tags": http(json.dumps(installed))}
    with FakeOllama(api) as ollama, ExitStack() as stack:
        listening = {name: stack.enter_context(FakeRunner(answers)) for name, answers in runners.items()}
        rows = [one.row(900 + number, name) for number, (name, one) in enumerate(listening.items())]
        source = RunnerSource(table(*rows), context(folder, ollama.url), metrics=True)
        stack.callback(source.close)
        return exposition.render(RUNNER.render(source.read(time.monotonic() + 5)), exposition.TEXT).decode()


def golden_file(folder: str, case: str) -> Path:
    """Where the page of a recording is kept."""
    return GOLDEN / f"{folder}__runner.{case}.metrics"


@pytest.mark.parametrize(("folder", "case"), cases(FIXTURES))
def test_a_recording_gives_its_golden_page(
    folder: str, case: str, tmp_path: Path, update_golden: bool, binaries: Binaries
) -> None:
    """Each recorded moment gives the page beside it, which promtool finds nothing wrong with."""
    text = page(recordings(FIXTURES, folder, case), tmp_path)
    file = golden_file(folder, case)
    if update_golden:
        file.write_text(text)

    assert text == file.read_text()
    check_metrics(text, binaries)


def test_no_golden_page_of_runners_is_stale() -> None:
    """Every golden page of runners belongs to a recording."""
    assert {golden_file(*one) for one in cases(FIXTURES)} == set(GOLDEN.glob("*__runner.*.metrics"))


def test_the_recordings_in_the_tree_are_those_outside() -> None:
    """Where the recordings are at hand: none is missing, and none was changed."""
    if not RECORDINGS:
        return
    outside = Path(RECORDINGS) / "ollama"

    assert cases(outside) == cases(FIXTURES)
    for file in FIXTURES.glob("*/runner/*"):
        assert file.read_bytes() == (outside / file.relative_to(FIXTURES)).read_bytes()


def told(case: str, name: str) -> float:
    """One series of a golden page."""
    return exporter.samples(golden_file("0.33.0-rc2", case).read_text(), f"ollama_runner_{name}")[_MODEL]


def test_counters_are_what_the_api_had_counted() -> None:
    """After all requests: tokens exactly, seconds to the six digits that a runner prints."""
    truth = json.loads((FIXTURES / "0.33.0-rc2/runner/truth.metrics_on.json").read_text())
    requests = truth["requests_before_and_during"]
    prompting, generating = (sum(one[f"{what}_duration"] for one in requests) / 1e9 for what in ("prompt_eval", "eval"))

    assert told("after.metrics_on", "prompt_tokens_total") == truth["sum_prompt_eval_count"]
    assert told("after.metrics_on", "generated_tokens_total") == truth["sum_eval_count"]
    assert told("after.metrics_on", "prompt_eval_duration_seconds_total") == pytest.approx(prompting, rel=1e-4)
    assert told("after.metrics_on", "eval_duration_seconds_total") == pytest.approx(generating, rel=1e-5)


@pytest.mark.parametrize("setting", ["default", "metrics_on"])
def test_the_context_holds_the_prompt_and_what_is_generated(setting: str) -> None:
    """While the second request is at work, and in the middle of the third one's prompt; nothing before and after."""
    truth = json.loads((FIXTURES / f"0.33.0-rc2/runner/truth.{setting}.json").read_text())
    _, second, third = truth["requests_before_and_during"]

    used = [told(f"{name}.{setting}", "context_used_tokens") for name in ("idle", "busy", "busy_prompt", "after")]
    assert second["prompt_eval_count"] < used[1] < second["prompt_eval_count"] + second["eval_count"]
    assert 0 < used[2] < third["prompt_eval_count"]
    assert used[0] == used[3] == 0


def test_cancelled_requests_are_in_the_counters() -> None:
    """The API counts none of them; both versions of llama-server tell the same of the prompts."""
    for folder in ("0.33.0-rc2", "0.33.0-rc2_newer-llama-server"):
        truth = json.loads((FIXTURES / folder / "logs/metrics_parallel.truth.json").read_text())
        text = golden_file(folder, "parallel").read_text()
        prompts, generated = (
            exporter.samples(text, f"ollama_runner_{what}_tokens_total") for what in ("prompt", "generated")
        )
        cancelled = 41  # the tokens of its prompt, which the log has

        assert sum(prompts.values()) == truth["sum_prompt_tokens_api"] + cancelled
        assert sum(generated.values()) > truth["sum_generated_tokens_api"]
