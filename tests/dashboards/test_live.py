"""Every query of every dashboard, on a real Prometheus that scrapes real exporters, gives data, and the right data."""

from __future__ import annotations

import math
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.dashboards.boards import ALL, Asked, panel_queries
from tests.dashboards.live import Live, watched
from tests.dashboards.shown import (
    CHOSEN,
    EVERYTHING,
    PANELS,
    Json,
    column,
    latest,
    legend,
    settled,
    states_of,
    words,
    written_out,
)
from tests.dashboards.test_queries import parsed
from tests.rules.conventions import JOB_WIDE
from tests.rules.pack import RULES
from tests.rules.promql import needed, selectors
from tools.binaries import Binaries

# Records and alerts that are of all sites of a job.
MERGED = {rule.name for rule in RULES if JOB_WIDE.keys() & needed(rule, RULES)}
OF_ALL = "instance:ollama_inference_requests:increase10m"
each_panel = pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)


@pytest.mark.parametrize("variables", [EVERYTHING, CHOSEN], ids=["all", "chosen"])
@pytest.mark.parametrize("asked", [asked for _, asked in ALL], ids=[f"{name}: {asked}" for name, asked in ALL])
def test_a_query_gives_data(live: Live, asked: Asked, variables: dict[str, str]) -> None:
    """No panel, variable or annotation is empty by construction, and none says NaN. There are no exemptions."""
    answer = live.ask(asked, variables)
    assert answer
    if asked.kind != "label_values":
        points = [point for one in answer for point in one.get("values", [one.get("value")])]
        assert all(math.isfinite(float(value)) for _, value in points)


@each_panel
def test_no_two_series_have_one_name(live: Live, panel: Json) -> None:
    """Legends tell two hosts apart, and two sites whose hosts have one name."""
    if panel["type"] != "table":
        names = [legend(asked, one["metric"]) for asked in panel_queries(panel) for one in live.ask(asked, EVERYTHING)]
        assert names
        assert [name for name, count in Counter(names).items() if count > 1] == []


@each_panel
def test_no_query_merges_sites(live: Live, panel: Json) -> None:
    """What is told of a host or a job is told of that of one site, save where a rule takes all sites of a job."""
    for asked in panel_queries(panel):
        read = {selector.name for selector in selectors(parsed(asked))}
        for one in live.ask(asked, EVERYTHING):
            merged = MERGED & {*read, one["metric"].get("alertname")}
            assert ("job" in one["metric"] and not merged) == ("cluster" in one["metric"]), asked


@each_panel
def test_rows_of_a_table_join_one_to_one(live: Live, panel: Json) -> None:
    """By the labels that all of its queries have, no query gives a row twice; a name would keep rows apart."""
    if panel["type"] == "table":
        answers = [[one["metric"] for one in live.ask(asked, EVERYTHING)] for asked in panel_queries(panel)]
        shared = set.intersection(*({name for labels in answer for name in labels} for answer in answers))
        assert "__name__" not in set().union(*(labels for answer in answers for labels in answer))
        for answer in answers:
            rows = {tuple(labels.get(name) for name in sorted(shared)) for labels in answer}
            assert len(rows) == len(answer)


@pytest.mark.parametrize(
    ("title", "numbers"),
    [
        ("Ollama", [4, 0]),
        ("Exporters", [3, 0]),
        ("Models in memory", [14]),
        # On each site one partly, and one wholly on the CPU, of a host that has others on its GPU.
        ("Not wholly on the GPU", [4]),
        ("Expected models missing", [2]),
    ],
)
def test_the_top_row_says_what_is_true(live: Live, title: str, numbers: list[int]) -> None:
    """The numbers over all hosts."""
    assert _numbers(live, title) == numbers


def test_the_number_of_alerts_is_that_of_the_table(live: Live) -> None:
    """Critical and other add up to all, alerts without an instance among them."""
    (table,) = _queries("Alerts firing, by name")
    at = settled()
    rows = live.ask(table, EVERYTHING, at)
    critical, other = _numbers(live, "Alerts firing", at)
    assert critical == sum(row["metric"]["severity"] == "critical" for row in rows)
    assert critical + other == len(rows)
    assert {"OllamaExpectedModelMissing", "OllamaModelOnCpu"} <= {row["metric"]["alertname"] for row in rows}


def test_each_place_is_shown_in_its_words(live: Live) -> None:
    """On the GPU, partly, on the CPU, pinned, and a host without a model in memory."""
    panel = PANELS["ollama-overview: Models in memory and where they run"]
    shown = {
        one["metric"].get("model", one["metric"]["instance"]): words(states_of(panel), latest(one))
        for asked in panel_queries(panel)
        for one in live.ask(asked, EVERYTHING)
    }
    expected = {
        "llama3.2:3b": "GPU",
        "qwen3:14b": "partly on GPU",
        "hf.co/Qwen/Qwen2.5-32B-Instruct-GGUF:Q4_K_M": "CPU",
        "nomic-embed-text:latest": "GPU, pinned",
        "idle": "nothing in memory",
    }
    assert {name: shown.get(name) for name in expected} == expected


def test_what_has_expired_and_what_never_does_are_no_errors(live: Live) -> None:
    """Their times have words instead of numbers; a time to come is a number."""
    panel = PANELS["ollama-overview: In memory now"]
    asked = next(asked for asked in panel_queries(panel) if "expiry" in asked.expr)
    times = {one["metric"]["model"]: float(one["value"][1]) for one in live.ask(asked, EVERYTHING)}
    states = states_of(panel, "Unloads in")
    assert words(states, times["gemma3:4b"]) == "in use or unloading"
    assert words(states, times["nomic-embed-text:latest"]) == "never, pinned"
    assert words(states, times["llama3.2:3b"]) is None


def test_speeds_and_shares_are_those_of_the_simulated_model(live: Live) -> None:
    """Of qwen3: a token each 14 ms, 0.5 ms for one of the prompt, of which six of ten are cached."""
    assert _of_model(live, "Generation, tokens per second A") == pytest.approx(1 / 0.014, rel=0.1)
    assert _of_model(live, "Prompt evaluation, tokens per second A") == pytest.approx(1 / 0.0005, rel=0.1)
    assert _of_model(live, "Prompt cache share A") == pytest.approx(0.6, abs=0.05)
    assert 0.01 < _of_model(live, "Time per output token A") < 0.02


def test_half_its_usual_speed_is_the_limit_of_a_model(live: Live) -> None:
    """The dashed line of qwen3 is what OllamaDecodeSlow compares with."""
    limit, speed = (_of_model(live, f"Generation, tokens per second {query}") for query in "BA")
    assert limit == pytest.approx(speed / 2, rel=0.2)


def test_shares_are_parts_of_all_requests(live: Live) -> None:
    """Some requests fail, some are refused, some clients leave, and most do none of it."""
    for counter in ("queue_rejections", "requests_cancelled"):
        live.prometheus.wait_for(f"count(sum by (cluster) (increase(ollama_{counter}_total[60s])) > 0) == 2")
    shares = [
        float(one["value"][1])
        for asked in panel_queries(PANELS["ollama-requests: Without success"])
        for one in live.ask(asked, EVERYTHING)
    ]
    assert len(shares) == 3
    assert all(0 < share < 0.2 for share in shares)


@pytest.mark.parametrize(
    ("header", "record", "span"),
    [
        ("Failed", f"instance:ollama_inference_requests_failed:increase10m / ({OF_ALL} > 0)", "600s"),
        ("First token", "instance:ollama_time_to_first_token_seconds:mean5m", "300s"),
    ],
)
def test_the_table_says_what_the_rules_record(live: Live, header: str, record: str, span: str) -> None:
    """Over as long as a rule looks back, both give the same number for a host."""
    asked = column(PANELS["ollama-requests: Requests by server"], header)
    at = settled()
    recorded = live.ask(Asked(record, f"max without () ({written_out(record)})", "instant"), EVERYTHING, at)
    shown = live.ask(asked, EVERYTHING | {"__range": span, "instance": "busy"}, at)
    values = [{one["metric"]["cluster"]: float(one["value"][1]) for one in answer} for answer in (shown, recorded)]
    assert set(values[0]) == {"east", "west"}
    assert values[0] == pytest.approx(values[1])


def test_bars_add_up_to_what_was_counted(live: Live) -> None:
    """Steps and ranges as Grafana has them, only shorter: four scrapes a bar, five a range. Nothing counts twice."""
    (asked,) = panel_queries(PANELS["ollama-requests: Messages by level"])
    live.prometheus.wait_for("ollama_log_messages_total offset 22s")
    end = time.time() - 1
    bars = live.points(asked, EVERYTHING | {"__interval_ms": "4000", "__rate_interval": "5s"}, end - 16, end, 4)
    counted = live.prometheus.query(f"sum(ollama_log_messages_total @ {end} - ollama_log_messages_total @ {end - 20})")
    assert sum(bars) == pytest.approx(float(counted[0]["value"][1]), rel=0.1)


def test_what_is_not_set_has_words(live: Live) -> None:
    """A setting that Ollama leaves to itself is said to be automatic; one that it has is a number."""
    panel = PANELS["ollama-requests: Settings"]
    columns = {asked.expr: live.ask(asked, EVERYTHING) for asked in panel_queries(panel)}
    (models,) = (answer for expr, answer in columns.items() if "max_loaded_models" in expr)
    (queue,) = (answer for expr, answer in columns.items() if "max_queue" in expr)
    assert {words(states_of(panel, "Models at once"), float(one["value"][1])) for one in models} == {"automatic"}
    assert {float(one["value"][1]) for one in queue} == {512.0}


def test_before_ollama_0_30_there_are_no_tokens(live: Live) -> None:
    """The idle host's log has requests and no tokens: not even a 0 is shown of them."""
    idle = EVERYTHING | {"instance": "idle"}
    for title in ("Generated tokens per second", "Tokens by model", "Generation, tokens per second"):
        for asked in panel_queries(PANELS[f"ollama-requests: {title}"]):
            assert live.ask(asked, idle) == []
    (asked,) = panel_queries(PANELS["ollama-requests: Requests per second"])
    assert live.ask(asked, idle)


def test_a_death_is_seen(binaries: Binaries, tmp_path: Path) -> None:
    """First Ollama's, on both of its sites; then its exporter's, of which the top row says that nothing is known."""
    with watched(binaries, tmp_path) as live:
        live.busy.ollama.stop()
        live.prometheus.wait_for('count(ollama_up{instance="busy"} == 0) == 2')
        assert _numbers(live, "Ollama") == [2, 2]
        assert _numbers(live, "Exporters") == [3, 0]
        assert _states(live, "Servers") == [("busy", "down"), ("busy", "down"), ("idle", "up"), ("worker", "up")]
        live.busy.exporter.stop()
        live.prometheus.wait_for('count(up{instance="busy"} == 0) == 2')
        assert _numbers(live, "Ollama") == [2, 0]
        assert _numbers(live, "Exporters") == [1, 2]
        lost = ("busy", "exporter down")
        assert _states(live, "Servers") == [lost, lost, ("idle", "up"), ("worker", "up")]


def _queries(title: str) -> list[Asked]:
    return panel_queries(PANELS[f"ollama-overview: {title}"])


def _numbers(live: Live, title: str, at: float | None = None) -> list[int]:
    return [int(one["value"][1]) for asked in _queries(title) for one in live.ask(asked, EVERYTHING, at)]


def _of_model(live: Live, where: str, model: str = "qwen3:14b") -> float:
    """The latest value of a model in a graph of the requests' dashboard: the mean where several hosts have it."""
    (asked,) = (asked for name, asked in ALL if name == "ollama-requests.json" and asked.where == where)
    values = [latest(one) for one in live.ask(asked, EVERYTHING) if one["metric"]["model"] == model]
    return sum(values) / len(values)


def _states(live: Live, title: str) -> list[tuple[str, str | None]]:
    """The instance and the latest state of each bar in a timeline of the overview."""
    panel = PANELS[f"ollama-overview: {title}"]
    series = [one for asked in panel_queries(panel) for one in live.ask(asked, EVERYTHING)]
    return sorted((one["metric"]["instance"], words(states_of(panel), latest(one))) for one in series)
