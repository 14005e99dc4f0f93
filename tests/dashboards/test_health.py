"""What the board of inference health shows is what runners and probe tell."""

from __future__ import annotations

import pytest

from llama_metrics.collectors.runner.metrics import READY, STATES
from tests.dashboards import worker
from tests.dashboards.boards import panel_queries
from tests.dashboards.live import Live
from tests.dashboards.shown import EVERYTHING, PANELS, Json, column, latest, states_of, words
from tests.dashboards.worker import BUSY, IDLE, STUCK

# Where others look at real processes too, what they find is not this test's.
WORKER = EVERYTHING | {"instance": "worker"}


def panel(title: str) -> Json:
    """A panel of the board."""
    return PANELS[f"ollama-health: {title}"]


def cells(live: Live, title: str, header: str) -> dict[str, float]:
    """A column of a table, by model."""
    return {one["metric"]["model"]: float(one["value"][1]) for one in live.ask(column(panel(title), header), WORKER)}


def numbers(live: Live, title: str) -> list[float]:
    """The numbers of a panel in the top row."""
    return [float(one["value"][1]) for asked in panel_queries(panel(title)) for one in live.ask(asked, WORKER)]


def bars(live: Live, title: str) -> dict[str, str | None]:
    """The latest words of each bar of a timeline, by model."""
    (asked,) = panel_queries(panel(title))
    return {one["metric"]["model"]: words(states_of(panel(title)), latest(one)) for one in live.ask(asked, WORKER)}


def of_model(live: Live, title: str, model: str) -> list[float]:
    """The latest value of a model in each query of a graph."""
    answers = [live.ask(asked, WORKER) for asked in panel_queries(panel(title))]
    return [latest(one) for answer in answers for one in answer if one["metric"].get("model") == model]


def test_every_state_has_words() -> None:
    """What the collector may tell of a runner is in its bar, and three words more say what a ready one does."""
    shown = [words(states_of(panel("Runners and their state")), number) for number in range(1, 3 + len(STATES))]
    (asked,) = panel_queries(panel("Runners and their state"))

    assert None not in shown
    assert len(set(shown)) == len(shown)
    assert all(f'state="{state}"' in asked.expr for state in STATES if state != READY)


def test_each_runner_is_in_its_state(live: Live) -> None:
    """A bar for each, in its words; the table says the same."""
    expected = {
        BUSY: "at work",
        IDLE: "idle",
        STUCK: "at work, no slot idle",
        "mistral:7b": "silent",
        "phi4:14b": "loading",
        "gemma3:4b": "tells no slots",
        "7f3c0e4d91ab": "another answer",
    }
    column_states = states_of(panel("Runners now"), "State")

    assert bars(live, "Runners and their state") == expected
    assert {m: words(column_states, n) for m, n in cells(live, "Runners now", "State").items()} == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Probe now", [1, 1]),
        ("Wait for the first token", [worker.QUICK]),
        ("Slots", [4, 5]),
        ("Runners in trouble", [1, 1]),
        ("Connections", [12, 3]),
    ],
)
def test_the_top_row_says_what_is_true(live: Live, title: str, expected: list[float]) -> None:
    """One model works and one does not, one runner is silent and one stands still, three connections have no slot."""
    assert numbers(live, title) == pytest.approx(expected)


def test_the_longest_wait_for_a_success_counts(live: Live) -> None:
    """Of the models that are probed now: that of a model which is left alone is older, and no news."""
    (seconds,) = numbers(live, "Since the last success")
    assert 600 <= seconds < 660


def test_what_stands_still_is_what_the_alert_calls_hung(live: Live) -> None:
    """The board and OllamaInferenceHung do not contradict each other."""
    firing = live.prometheus.query('ALERTS{alertname="OllamaInferenceHung", alertstate="firing", instance="worker"}')

    assert {one["metric"]["model"] for one in firing} == {STUCK}


def test_a_probe_that_fails_is_red_and_one_left_alone_is_a_gap(live: Live) -> None:
    """The table still has the one that is left alone, and how often."""
    assert bars(live, "Probe by model") == {BUSY: "works", STUCK: "failed"}
    assert cells(live, "Models that are probed", "of them succeeded") == pytest.approx({BUSY: 1, STUCK: 0})
    left_out = cells(live, "Models that are probed", "Left out")
    assert left_out.pop(IDLE) > 0
    assert left_out == {BUSY: 0, STUCK: 0}


def test_the_first_token_is_that_of_the_probe(live: Live) -> None:
    """The last one in the graph; mean and percentile of all in the table, one of five of which had to wait."""
    assert of_model(live, "Probe's time to first token", BUSY) == pytest.approx([worker.QUICK])
    (mean,) = cells(live, "Models that are probed", "First token, mean").values()
    (high,) = cells(live, "Models that are probed", "First token, 95 %").values()

    assert mean == pytest.approx(0.8 * worker.QUICK + 0.2 * worker.SLOW, rel=0.3)
    assert 2.5 < high <= 5


def test_room_is_that_of_all_slots(live: Live) -> None:
    """Tokens in use, and what four slots hold together."""
    used, room = of_model(live, "Context in use", BUSY)
    assert room == 4 * worker.CONTEXT
    assert 0 < used < room
    assert of_model(live, "Context in use", STUCK) == [2048, worker.CONTEXT]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Generation by runner and log, tokens per second", 45),
        ("Prompt evaluation by runner and log, tokens per second", 1500),
        ("Prompt cache share by runner and log", 2 / 3),
    ],
)
def test_runner_and_log_agree(live: Live, title: str, expected: float) -> None:
    """Two lines on each other; and the log's are only of servers whose runners count."""
    assert of_model(live, title, BUSY) == pytest.approx([expected] * 2)
    asked = panel_queries(panel(title))
    assert {one["metric"]["instance"] for each in asked for one in live.ask(each, EVERYTHING)} == {"worker"}


def test_the_runner_counts_what_was_cancelled_too(live: Live) -> None:
    """A tenth of the requests is not in the log."""
    for what in ("Generated", "Prompt"):
        runner = cells(live, "Tokens by runner and log", f"{what}, runner")
        log = cells(live, "Tokens by runner and log", f"{what}, log")
        assert log == pytest.approx({BUSY: 0.9 * runner[BUSY]}, rel=0.01)
