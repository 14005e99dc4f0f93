"""What is promised follows from the shipped rules, and what breaks a promise is told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.timed.test_journal import told
from tools.timed_faults import CPU, DOWN, FLAPPING, HUNG, QUEUE, QUICK, SHIPPED
from tools.timed_journal import Arrival, Key
from tools.timed_promises import MUTED, TOGETHER, Promise, judge, promises, wrong
from tools.timed_stack import rules

RULES = rules(SHIPPED)
BEGAN = 1000.0
KEY: Key = ("OllamaDown", DOWN)
OTHER: Key = ("OllamaDown", FLAPPING)
FIRING, RESOLVED = Promise(KEY, "firing", 10, 20), Promise(KEY, "resolved", 50, 60)


def within(status: str) -> dict[str, float]:
    """What is promised of each host's alert, in seconds."""
    return {one.key[1]: one.within for one in promises(SHIPPED, RULES) if one.status == status and one.key != MUTED}


def test_an_alert_arrives_45_s_after_its_for() -> None:
    """And the one that needs two probes to have had their time as much later as these take."""
    two_probes = 66 + 66 + 60

    assert within("firing") == {DOWN: 165, FLAPPING: 165, QUEUE: 45, HUNG: two_probes + 345, CPU: 345}


def test_its_end_arrives_with_the_next_turn_of_its_group() -> None:
    """A minute where it is critical, else five; after what the rule keeps it firing for, and what it looks back on."""
    kept = float(RULES["OllamaInferenceHung"].get("keep_firing_for", "0m").removesuffix("m")) * 60

    assert within("resolved") == {
        DOWN: 300 + 60 + 45,
        FLAPPING: 300 + 60 + 45,
        QUEUE: 900 + 300 + 45,
        HUNG: 67 + kept + 60 + 45,
        CPU: 900 + 300 + 45,
    }


def test_the_promises_are_about_these_expressions() -> None:
    """Two probes, a quarter of an hour, and else what is true now: another shape needs another promise."""
    shapes = {name: " ".join(str(RULES[name]["expr"]).split()) for name in ("OllamaInferenceHung", "OllamaQueueFull")}

    assert 'increase(ollama_probe_failures_total{reason="timed_out"}[15m]) >= 2' in shapes["OllamaInferenceHung"]
    assert shapes["OllamaQueueFull"].startswith("increase(ollama_queue_rejections_total[15m]) >= ")
    assert RULES["OllamaDown"]["expr"] == "ollama_up == 0"
    assert "_over_time" not in str(RULES["OllamaModelOnCpu"]["expr"]).partition("and ignoring")[0]


def test_the_quick_rules_are_the_shipped_ones_but_for_their_times() -> None:
    """A `for` is a sixtieth, and so is the one range that an alert's end waits for."""
    quick = rules(QUICK)

    assert (quick["OllamaDown"]["for"], quick["OllamaDown"]["keep_firing_for"]) == ("2s", "5s")
    assert quick["OllamaQueueFull"]["expr"] == RULES["OllamaQueueFull"]["expr"].replace("[15m]", "[15s]")
    assert quick["OllamaInferenceHung"]["expr"] == RULES["OllamaInferenceHung"]["expr"]


def arrivals(*said: tuple[float, Key, str]) -> list[Arrival]:
    """One alert a message, so many seconds after the start."""
    return [Arrival(BEGAN + at, status, key, "/".join(key), number) for number, (at, key, status) in enumerate(said)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([(29, KEY, "firing"), (109, KEY, "resolved")], ["", ""]),
        ([], ["LOST", "LOST"]),
        ([(29, KEY, "firing")], ["", "LOST"]),
        ([(29, OTHER, "firing")], ["LOST", "LOST"]),
        ([(31, KEY, "firing"), (111, KEY, "resolved")], ["LATE", "LATE"]),
        ([(9, KEY, "firing"), (49, KEY, "resolved")], ["EARLY", "EARLY"]),
        (
            [(29, KEY, "firing"), (40, KEY, "resolved"), (44, KEY, "firing"), (99, KEY, "resolved")],
            ["AGAIN at 44", "EARLY, AGAIN at 99"],
        ),
        # The other one has opened the group.
        ([(20, OTHER, "firing"), (89, KEY, "firing"), (91, KEY, "resolved")], ["", ""]),
        ([(20, OTHER, "firing"), (91, KEY, "firing"), (91, KEY, "resolved")], ["LATE", ""]),
    ],
)
def test_what_breaks_a_promise(said: Sequence[tuple[float, Key, str]], expected: list[str]) -> None:
    """Nothing came, too late, before there was a reason, or more than once."""
    verdicts = judge([FIRING, RESOLVED], arrivals(*said), BEGAN, SHIPPED)

    assert [one.fault for one in verdicts] == expected


def test_the_table_has_the_margin() -> None:
    """When it came, after how many seconds, of how many, and what was left."""
    (kept,) = judge([FIRING], arrivals((22.5, KEY, "firing")), BEGAN, SHIPPED)
    (lost,) = judge([FIRING], [], BEGAN, SHIPPED)

    assert kept.row.split() == ["OllamaDown", "down", "firing", "10.0", "22.5", "12.5", "20.0", "7.5", "kept"]
    assert lost.row.split() == ["OllamaDown", "down", "firing", "10.0", "-", "-", "20.0", "-", "LOST"]


def test_all_complaints_are_told() -> None:
    """A broken promise, a message without news, two that did not come together, one that was not muted."""
    good = told(dict.fromkeys(TOGETHER, "firing"))
    alone = told({KEY: "firing"}, {KEY: "firing"})
    late = judge([FIRING], [], BEGAN, SHIPPED)

    assert wrong([], good, was_muted=True) == []
    assert wrong(late, alone, was_muted=False) == [
        "OllamaDown on down: LOST",
        "a message told nothing new: OllamaDown on down",
        "no message told of down and flapping together",
        "OllamaFlapping was not muted while OllamaDown fired",
    ]


def test_the_muted_alert_is_not_told_before_the_other_is_over() -> None:
    """Five minutes after the last outage, less a scrape and an evaluation; and then within its group's turn."""
    (muted,) = [one for one in promises(SHIPPED, RULES) if one.key == MUTED]

    assert (muted.status, muted.since, muted.within) == ("firing", SHIPPED.up_again + 300 - 30, 30 + 300 + 45)
