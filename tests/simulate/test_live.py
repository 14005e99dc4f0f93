"""Clients beside a scenario's own traffic: one slot for both, and a log that tells of both as of one."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llama_metrics.simulate import files
from llama_metrics.simulate.api import Request
from llama_metrics.simulate.scenario import Scenario, Step
from tests.simulate.asking import Asking
from tests.simulate.shapes import recorded, shape

LOADED = """
version: 0.33.0-rc2
models:
  - {name: a, size: 1_000_000_000, modified_at: 2026-10-01T00:00:00Z, format: gguf}
  - {name: mlx, size: 1_000_000_000, modified_at: 2026-10-01T00:00:00Z, format: safetensors}
steps:
  - at: 0
    load: [{model: a, memory: 1_000_000_000, gpu: 0, context_length: 4096, keep_alive: forever}]
"""
_ALL = files.load(Path(__file__).parent / "traffic.yml")
# Its first model alone, and what does not load it again.
ONE_MODEL = Scenario(
    _ALL.version,
    _ALL.models,
    (
        Step(at=0, load=_ALL.steps[0].load[:1]),
        Step(at=1, requests=tuple(one for one in _ALL.steps[1].requests or () if one.ending in ("done", "shifted"))),
    ),
)
WORDS = ("processing task", "new prompt", "prompt eval time", "  eval time", "stop processing", "[GIN]")
PROBE = {"model": "a", "prompt": "1", "raw": True, "options": {"num_predict": 1, "num_ctx": 4096}}


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    """A pinned model, and nobody who asks for it."""
    file = tmp_path / "own.yml"
    file.write_text(LOADED)
    return files.load(file)


def tasks(log: str) -> list[int]:
    """The numbers of those that were launched."""
    return [int(number) for number in re.findall(r"task (\d+) \| processing task", log)]


def slot(log: str) -> list[str]:
    """What one slot was told, in order: l for a launch, r for a release."""
    return ["l" if found == "processing task" else "r" for found in re.findall(r"processing task|stop processing", log)]


def test_the_lines_of_a_clients_request_are_recorded_ones_in_the_recorded_order(scenario: Scenario) -> None:
    """Launch, prompt, timings, release, and the access line last, which tells the time of all of it."""
    asking = Asking(scenario)
    asking.until(2)
    before = len(asking.log)
    asking.answered(**PROBE)
    lines = asking.log[before:].splitlines()

    assert {shape(line) for line in lines} - recorded("0.33.0-rc2") == set()
    said = [next((word for word in WORDS if word in line), None) for line in lines]
    assert [word for word in said if word] == list(WORDS)
    assert re.search(r"new prompt, n_ctx_slot = 4096, n_keep = 4, task.n_tokens = 2$", "\n".join(lines), re.MULTILINE)
    asking.answered(**PROBE)
    assert "cached n_tokens = 1, memory_seq_rm [1, end)" in asking.log
    assert re.search(r'\| 200 \| +[3-5]\.\d+ms \| +127\.0\.0\.1 \| POST +"/api/generate"$', lines[-1])


def test_a_client_with_another_context_is_seen_to_load_the_model(scenario: Scenario) -> None:
    """As any load is, with the new context, and with as many runners as before."""
    asking = Asking(scenario)
    asking.until(2)
    before = len(asking.log)
    asking.answered(**PROBE | {"options": {"num_predict": 1, "num_ctx": 2048}})
    log = asking.log[before:]

    assert log.count('msg="loaded runners" count=1') == log.count('msg="starting llama-server"') == 1
    assert "-c 2048 -np 1" in log
    assert "new prompt, n_ctx_slot = 2048" in log
    assert tasks(log) == [0]
    assert {shape(line) for line in log.splitlines()} - recorded("0.33.0-rc2") == set()
    assert asking.live.traffic.residents.reloads == 1


def test_a_model_of_mlx_leaves_its_access_line_alone(scenario: Scenario) -> None:
    """Its runner logs no request."""
    asking = Asking(scenario)
    asking.answered(model="mlx")
    before = len(asking.log)
    asking.answered(model="mlx", prompt="1")

    assert len(asking.log[before:].splitlines()) == 1


def test_a_client_waits_for_the_scenarios_requests() -> None:
    """The slot is one: its wait is in its time to first token, and its task follows theirs."""
    asking = Asking(files.load(files.find("steady")))
    waits = []
    for moment in range(20, 60, 2):
        asking.until(moment)
        began = asking.clock.at
        asked = {"model": "qwen3:14b", "prompt": "1", "options": {"num_predict": 1, "num_ctx": 16384}}
        next(iter(asking.generate(**asked).pieces or ()))
        waits.append(asking.clock.at - began)

    assert min(waits) < 0.01
    assert max(waits) > 0.3
    assert asking.live.traffic.residents.reloads == 0


@settings(max_examples=25)
@given(moments=st.lists(st.floats(0, 20), min_size=1, max_size=30).map(sorted))
def test_however_clients_ask_a_slot_has_one_task_and_their_numbers_rise(moments: list[float]) -> None:
    """What the log's reader relies on."""
    asking = Asking(ONE_MODEL)
    for moment in moments:
        asking.until(moment)
        asking.generate(model="a:1", prompt="1", options={"num_predict": 5, "num_ctx": 8192})
    asking.until(60)

    numbers = tasks(asking.log)
    assert all(earlier < later for earlier, later in pairwise(numbers))
    assert slot(asking.log) == ["l", "r"] * len(numbers)
    assert len(numbers) > len(moments)


def test_a_request_that_never_has_its_turn_has_no_answer() -> None:
    """A model that is busy for good: the client leaves some day, and that is in the log."""
    asking = Asking(files.load(files.find("steady")))
    answer = asking.generate(model="gemma3:4b", prompt="1", options={"num_ctx": 8192})

    assert answer.never
    assert (answer.status, answer.said) == (500, ("abort", "gin"))


def test_a_server_that_is_down_answers_nobody(scenario: Scenario) -> None:
    """In the moment before its connections are cut."""
    asking = Asking(Scenario(scenario.version, scenario.models, (*scenario.steps, Step(at=5, server="down"))))
    asking.until(6)

    assert asking.generate(**PROBE).never
    assert json.loads(asking.live.respond(Request("GET", "/api/ps")).body) == {"models": []}


def test_a_limit_on_models_is_in_the_log_and_is_kept(scenario: Scenario) -> None:
    """OLLAMA_MAX_LOADED_MODELS evicts without a word; the next load tells of as many as are left."""
    asking = Asking(Scenario(scenario.version, scenario.models, scenario.steps, max_loaded_models=1))
    asking.until(2)
    before = len(asking.log)
    asking.answered(model="mlx")

    assert "OLLAMA_MAX_LOADED_MODELS:1 " in asking.log[:before]
    assert 'msg="loaded runners" count=1' in asking.log[before:]
    assert asking.listed() == ["mlx:latest"]
    assert asking.live.traffic.residents.evictions == 1
