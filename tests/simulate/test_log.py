"""The simulated log reads like a recorded one, and holds what it says that it holds."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from llama_metrics.simulate import files
from llama_metrics.simulate.event import Event
from llama_metrics.simulate.log import LogFile, written
from llama_metrics.simulate.scenario import Scenario
from llama_metrics.simulate.wording import Wording, duration, is_upstream
from tests.simulate.journal import Journal
from tests.simulate.recorded import FIXTURES
from tests.simulate.shapes import recorded, shape

BEGAN = datetime(2026, 11, 21, 7, 16, 53, 512345, tzinfo=UTC)
TRAFFIC = files.load(Path(__file__).parent / "traffic.yml")
STEADY = files.load(files.find("steady"))
VERSIONS = ("0.33.0-rc2", "0.24.0")
# Where there is a GPU or MLX, lines that no recording has: the recordings are of a machine without.
NOT_RECORDED = (
    "load_tensors: ",
    r"time=TIME level=INFO .* msg=\"(starting llama-server|vram-based default context|inference compute)\" ",
    r"time=TIME level=INFO .* msg=\"starting mlx runner subprocess\" ",
    # OLLAMA_MAX_LOADED_MODELS, by which the recorded evictions came about, evicts without a word.
    r"time=TIME .*(evicting|evicting a model to make space)\" ",
)


def text(scenario: Scenario, seconds: float) -> str:
    """The log of so many seconds."""
    return Journal(scenario, BEGAN).until(seconds)


def of_version(scenario: Scenario, version: str) -> Scenario:
    """The same on another Ollama."""
    return msgspec.structs.replace(scenario, version=version)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_line_has_a_recorded_shape(version: str) -> None:
    """On a machine without a GPU, which the recorded one was, whatever happens to the requests."""
    lines = {shape(line) for line in text(of_version(TRAFFIC, version), 120).splitlines()}

    assert len(lines) > 30
    assert lines - recorded(version) == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_what_no_recording_has_is_about_gpus_mlx_or_evictions(version: str) -> None:
    """And is little: everything else of the shipped scenario has a recorded shape too."""
    lines = {shape(line) for line in text(of_version(STEADY, version), 120).splitlines()}

    strange = lines - recorded(version)
    assert 0 < len(strange) < 15
    assert [line for line in strange if not re.match("|".join(NOT_RECORDED), line)] == []


def test_lines_in_columns_are_the_recorded_ones_byte_for_byte() -> None:
    """The recorded numbers give the recorded lines."""
    log = (FIXTURES / "logs/single_model.log").read_text().splitlines()
    first = next(index for index, line in enumerate(log) if "task 0 | prompt eval time" in line)
    cost = {"prompt_ms": 16.15, "evaluated": 6, "prompt_each": 16.15 / 6, "prompt_rate": 371.54}
    cost |= {"eval_ms": 0.97, "generated": 8, "eval_each": 0.97 / 7, "eval_rate": 7201.65, "graphs": 7}
    cost |= {"total_ms": 17.12, "total_tokens": 14, "kept": 13, "truncated": 0, "task": 0}
    answer = {"status": 200, "client": "127.0.0.1", "method": "POST", "path": "/api/generate", "seconds": 0.020466564}
    began = datetime(2026, 11, 21, 6, 39, 34, tzinfo=UTC)
    wording = Wording("0.33.0-rc2")

    said = wording.text(Event(0, ("timing", "release"), cost), began) + wording.text(Event(0, ("gin",), answer), began)

    assert said.splitlines() == log[first : first + 7]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0s"),
        (123e-9, "123ns"),
        (41.662e-6, "41.662µs"),
        (7.55e-6, "7.55µs"),
        (0.25, "250ms"),
        (0.8424777, "842.4777ms"),
        (54.065008594, "54.065008594s"),
        (146.41, "2m26s"),
        (19869.7, "5h31m9s"),
    ],
)
def test_durations_are_as_go_prints_them(seconds: float, said: str) -> None:
    """Above a minute in whole seconds, as gin cuts them."""
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("version", "upstream"), [("0.30.0", True), ("0.33.0-rc2", True), ("1.0", True), ("0.24.0", False)]
)
def test_tokens_are_logged_from_0_30_on(version: str, upstream: bool) -> None:
    """Before that a request leaves its line in the access log, and nothing of its tokens."""
    scenario = of_version(TRAFFIC, version)
    log = text(scenario, 30)

    assert is_upstream(version) is upstream
    assert ("eval time" in log, "starting llama-server" in log) == (upstream, upstream)
    assert "[GIN]" in log
    assert (written(scenario, 30).total("ollama_generated_tokens_total") > 0) is upstream


def numbers(log: str, pattern: str) -> list[int]:
    """The first number of each line that has the pattern."""
    return [int(found) for found in re.findall(pattern, log, re.MULTILINE)]


@pytest.mark.parametrize("scenario", [TRAFFIC, STEADY], ids=["traffic", "steady"])
def test_what_is_said_to_be_written_is_written(scenario: Scenario) -> None:
    """Read again from the text, with expressions of this test's own."""
    log, truth = text(scenario, 90), written(scenario, 90)
    evaluated = numbers(log, r"prompt eval time =.*/ +(\d+) tokens")
    is_embedding = r"n_keep = 0, task\.n_tokens = (\d+)"

    assert truth.total("ollama_requests_total") == len(evaluated) > 10
    assert truth.total("ollama_prompt_evaluated_tokens_total") == sum(evaluated)
    assert truth.total("ollama_generated_tokens_total") == sum(numbers(log, r"\|  +eval time =.*/ +(\d+) tokens"))
    whole = truth.total("ollama_prompt_evaluated_tokens_total") + truth.total("ollama_prompt_cached_tokens_total")
    embedded = sum(numbers(log, is_embedding))
    assert truth.total("ollama_prompt_tokens_total") == whole + embedded
    assert truth.total("ollama_http_requests_total") == log.count("[GIN]")
    assert truth.counts["ollama_queue_rejections_total",] == len(re.findall(r"\| 503 \|", log)) > 0
    assert truth.counts["ollama_requests_cancelled_total", "499"] == len(re.findall(r"\| 499 \|", log)) > 0
    assert truth.counts["ollama_requests_cancelled_total", "500"] == log.count("aborting completion request") > 0
    assert truth.counts["ollama_prompt_truncations_total",] == log.count("truncating input prompt") > 0
    assert truth.counts["ollama_context_shifts_total",] == log.count("slot context shift") > 0
    assert truth.counts["ollama_runner_crashes_total",] * 2 == log.count("process no longer running") > 0
    assert truth.counts["ollama_out_of_memory_total",] == log.count('msg="llama-server terminated"') > 0
    failures = len(re.findall(r"Load failed.*terminated|failed to load model metadata", log))
    assert truth.counts["ollama_model_load_failures_total",] == failures > 0
    assert truth.total("ollama_model_loads_total") == log.count('msg="loaded runners"') > 0
    assert truth.counts.get(("ollama_model_evictions_total",), 0) == log.count("evicting")


def test_all_that_can_happen_happens_in_the_steady_scenario_within_a_minute() -> None:
    """What the dashboards' tests rely on: each of these counts something in every minute."""
    names = {name for name, *_ in written(STEADY, 60).counts}

    for minute in range(1, 5):
        assert {name for name, *_ in written(STEADY, 60 * minute + 60, after=60 * minute).counts} == names
    assert len(names) == 17


def test_failures_stay_few_in_the_steady_scenario() -> None:
    """Or the alert about them would fire wherever it is shown."""
    counts = written(STEADY, 600).counts
    answers = {key[3]: 0.0 for key in counts if key[0] == "ollama_http_requests_total"}
    for key, value in counts.items():
        if key[0] == "ollama_http_requests_total":
            answers[key[3]] += value

    assert answers["500"] - counts["ollama_requests_cancelled_total", "500"] < 0.09 * sum(answers.values())


def test_a_log_too_long_goes_on_in_a_new_file(tmp_path: Path) -> None:
    """By renaming, without losing a line, and with one old file at most."""
    path = tmp_path / "server.log"
    log = LogFile(path, largest=100)
    for number in range(40):
        log.write(f"line {number:3}\n")
    log.close()
    kept = (tmp_path / "server.log.1").read_text() + path.read_text()

    assert sorted(one.name for one in tmp_path.iterdir()) == ["server.log", "server.log.1"]
    assert kept.splitlines()[-15:] == [f"line {number:3}" for number in range(25, 40)]
    assert path.stat().st_size <= 120


def test_a_log_that_is_there_is_kept(tmp_path: Path) -> None:
    """A restart appends, as under systemd or in a volume."""
    path = tmp_path / "server.log"
    path.write_text("before\n")
    log = LogFile(path)
    log.write("after\n")
    log.close()

    assert path.read_text() == "before\nafter\n"
