"""Truth: on every recorded log, the counters equal what the clients were told."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from llama_metrics.collectors.log import metrics
from llama_metrics.collectors.log.events import Failed
from llama_metrics.collectors.log.lines import Lines
from llama_metrics.metrics import HistogramFamily
from llama_metrics.ollama.names import UNKNOWN
from tests.conftest import RECORDINGS
from tests.unit.log.recorded import LOGS, OLD, SCENARIOS, Recorded, counts, families, read, recorded, total

ALL = list(recorded())
EVERY = pytest.mark.parametrize("log", ALL, ids=lambda log: f"{log.version}/{log.name}")
TIMED = pytest.mark.parametrize(
    "log",
    [log for log in ALL if log.version != OLD and log.name != "split_streams.stdout"],
    ids=lambda log: f"{log.version}/{log.name}",
)
# The log prints hundredths of a millisecond.
_ROUNDING = 0.5e-5


def test_every_scenario_is_recorded() -> None:
    """No scenario of the table has lost its log, and each version has its share."""
    assert {log.name for log in ALL} == SCENARIOS.keys()
    assert {version: sum(log.version == version for log in ALL) for version in {log.version for log in ALL}} == {
        OLD: 23, "0.33.0-rc2": 23, "0.33.0-rc2_newer-llama-server": 6,
    }  # fmt: skip


@EVERY
def test_requests_by_route_and_code(log: Recorded) -> None:
    """What the access log says is what was sent, without what is polled; each is in its route's histogram."""
    tally = read(log.text)
    seen = counts(tally, "ollama_http_requests_total")
    if log.name == "split_streams.stderr":
        assert seen == {}
        return

    assert seen == dict(log.answered)
    took = families(tally)["ollama_http_request_duration_seconds"]
    assert isinstance(took, HistogramFamily)
    assert sum(sum(seen.counts) for _, seen in took.samples) == log.answered.total()


@TIMED
def test_tokens(log: Recorded) -> None:
    """Prompt and generated tokens and generations are the API's, but for the stated difference."""
    tally = read(log.text)
    told = log.told().values()
    expected = [sum(one[i] for one in told) + log.did.beyond[i] for i in range(3)]

    found = [total(tally, name) for name in
             ("ollama_prompt_tokens_total", "ollama_generated_tokens_total", "ollama_requests_total")]  # fmt: skip
    assert found == expected
    assert total(tally, "ollama_prompt_cached_tokens_total") == log.did.cached


@TIMED
def test_whole_prompts_are_cached_evaluated_or_embedded(log: Recorded) -> None:
    """Prompt tokens are the cached and the evaluated ones, and those of embeddings and of what died unanswered."""
    tally = read(log.text)
    whole, cached = total(tally, "ollama_prompt_tokens_total"), total(tally, "ollama_prompt_cached_tokens_total")
    untimed = whole - cached - total(tally, "ollama_prompt_evaluated_tokens_total")

    # Embeddings of `http`: 11, 5 and 5. The two lost requests of keep_alive_zero: 11 and 20.
    assert untimed == {"embed": 547, "http": 21, "keep_alive_zero": 31}.get(log.name, 0)


@TIMED
def test_seconds(log: Recorded) -> None:
    """Prefill and decode seconds are the API's, to the log's rounding."""
    tally = read(log.text)
    native = [request for request in log.requests if "eval_duration" in request]
    lost = sum(request["eval_count"] for request in native) - total(tally, "ollama_generated_tokens_total")
    untold = total(tally, "ollama_requests_total") > len(native)

    for name, key in (
        ("ollama_prompt_eval_duration_seconds_total", "prompt_eval_duration"),
        ("ollama_eval_duration_seconds_total", "eval_duration"),
    ):
        told, seen = sum(request[key] for request in native) / 1e9, total(tally, name)
        room = _ROUNDING * len(native)
        if untold:
            # The routes of /v1 tell no durations; the log has them.
            assert seen > told
        elif lost > 0:
            assert seen < told
        else:
            assert seen == pytest.approx(told, abs=room)


@EVERY
def test_what_the_scenario_did(log: Recorded) -> None:
    """Loads, failures, crashes, truncations and rejections are those of the scenario's description."""
    tally, did = read(log.text), log.did
    if log.name == "split_streams.stdout":
        assert "ollama_model_loads_total" not in families(tally)
        return

    assert {
        "loads": total(tally, "ollama_model_loads_total"),
        "unloads": total(tally, "ollama_model_unloads_observed_total"),
        "failures": total(tally, "ollama_model_load_failures_total"),
        "out_of_memory": total(tally, "ollama_out_of_memory_total"),
        "crashes": total(tally, "ollama_runner_crashes_total"),
        "truncations": total(tally, "ollama_prompt_truncations_total"),
        "shifts": total(tally, "ollama_context_shifts_total"),
        "evictions": total(tally, "ollama_model_evictions_total"),
    } == {
        "loads": did.loads,
        "unloads": did.unloads,
        "failures": did.failures,
        "out_of_memory": did.out_of_memory,
        "crashes": did.crashes,
        "truncations": did.truncations,
        "shifts": 0 if log.version == OLD else did.shifts,
        "evictions": 0,
    }
    loads = families(tally).get("ollama_model_load_duration_seconds")
    assert isinstance(loads, HistogramFamily)
    assert sum(sum(seen.counts) for _, seen in loads.samples) == did.loads


@EVERY
def test_who_was_turned_away_and_who_left(log: Recorded) -> None:
    """Rejections and cancellations, the latter by the code of the access log."""
    tally, did = read(log.text), log.did
    cancelled = {code: count for (code,), count in counts(tally, "ollama_requests_cancelled_total").items()}

    assert total(tally, "ollama_queue_rejections_total") == did.rejections
    assert cancelled == did.cancelled


@EVERY
def test_nothing_recorded_fails_to_parse(log: Recorded) -> None:
    """No line of a recorded log begins like one that counts and goes on otherwise."""
    assert not [event for event in Lines().parse(log.text) if isinstance(event, Failed)]


@pytest.mark.parametrize("log", [log for log in ALL if log.version == OLD], ids=lambda log: log.name)
def test_an_old_ollama_has_no_token_families(log: Recorded) -> None:
    """Before 0.30 the log says nothing of tokens: the families are absent, not zero."""
    tally = read(log.text)
    tally.exist(["tiny-a:latest"], prints_costs=None)
    shown = families(tally)

    for metric in (metrics.REQUESTS, metrics.PROMPT_TOKENS, metrics.GENERATED_TOKENS, metrics.CONTEXT_SHIFTS):
        assert metric.name not in shown
    assert ("tiny-a:latest",) in dict(shown["ollama_model_loads_total"].samples)


@TIMED
def test_attribution_is_certain_or_unknown(log: Recorded) -> None:
    """No model is credited with more than its clients were told; what is left over is `unknown`."""
    prompt = {model: count for (model,), count in counts(read(log.text), "ollama_prompt_tokens_total").items()}
    generated = {model: count for (model,), count in counts(read(log.text), "ollama_generated_tokens_total").items()}
    told = log.told()
    beyond = log.did.beyond

    for model in {*prompt, *generated} - {UNKNOWN}:
        assert prompt.get(model, 0) <= told[model][0] + max(0, beyond[0])
        assert generated.get(model, 0) <= told[model][1] + max(0, beyond[1])
    if UNKNOWN not in prompt and beyond == (0, 0, 0):
        assert prompt == {model: one[0] for model, one in told.items()}
        assert generated == {model: one[1] for model, one in told.items() if one[1]}


def test_the_share_of_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    """Only logs in which the model cannot be told have an unknown share; it is printed for each."""
    shares = {}
    for log in ALL:
        if log.version != OLD:
            tokens = counts(read(log.text), "ollama_prompt_tokens_total")
            shares[f"{log.version}/{log.name}"] = tokens.get((UNKNOWN,), 0) / max(1, sum(tokens.values()))
    rows = [f"{share:8.1%}  {name}" for name, share in sorted(shares.items()) if share]
    with capsys.disabled():
        sys.stdout.write("\n".join(["", "prompt tokens of unknown models (of other recorded logs: none)", *rows, ""]))

    # Two runners of one context and task numbers that either can have. slow-d and tiny-a; the models of `http`.
    assert {name for name, share in shares.items() if share} == {
        "0.33.0-rc2/client_cancel",
        "0.33.0-rc2/http",
    }


def test_further_recordings_of_logs() -> None:
    """Logs outside the tree: those that are in it too are the same, and a bare runner's log has no line that fails."""
    root = Path(RECORDINGS) if RECORDINGS else None
    if root is None:
        return
    for log in root.glob("ollama/*/logs/*.log"):
        assert (LOGS / log.relative_to(root / "ollama")).read_bytes() == log.read_bytes()
    for log in root.glob("llama-server/*.log"):
        text = log.read_bytes()
        tally = read(text)
        generated = re.findall(rb"\| +eval time = .*?/ +(\d+) tokens", text)
        assert generated
        assert total(tally, "ollama_generated_tokens_total") == sum(map(int, generated))
        assert not [event for event in Lines().parse(text) if isinstance(event, Failed)]
