"""What the board of machine and power shows is what the machines tell."""

from __future__ import annotations

import pytest

from llama_metrics.collectors.macos.metrics import LEVELS
from llama_metrics.collectors.nvidia.metrics import REASONS
from tests.dashboards.boards import Asked, panel_queries
from tests.dashboards.live import Live
from tests.dashboards.shown import (
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


def panel(title: str) -> Json:
    """A panel of the board."""
    return PANELS[f"ollama-machine: {title}"]


def query(title: str, header: str = "") -> Asked:
    """The only query of a panel, or that of a table's column."""
    if header:
        return column(panel(title), header)
    (only,) = panel_queries(panel(title))
    return only


def bars(live: Live, title: str) -> dict[str, str | None]:
    """The latest words of each bar of a timeline, by instance."""
    series = live.ask(query(title), EVERYTHING)
    return {one["metric"]["instance"]: words(states_of(panel(title)), latest(one)) for one in series}


def number(live: Live, title: str) -> float:
    """The number of a panel in the top row."""
    ((answer,),) = [live.ask(asked, EVERYTHING) for asked in panel_queries(panel(title))]
    return float(answer["value"][1])


def test_every_level_and_reason_has_words() -> None:
    """What a collector may tell, its own bar says in words, one for each."""
    for title, states in {"Thermal pressure of Macs": LEVELS, "What holds the clock of a card down": REASONS}.items():
        shown = [words(states_of(panel(title)), number) for number in range(1, len(states) + 1)]
        assert None not in shown
        assert len(set(shown)) == len(states)
        read = query(title).expr
        assert all(f'"{state}"' in read for state in states)


def test_heat_is_told_by_whoever_tells_it(live: Live) -> None:
    """By powermetrics of one Mac, without it of the other; and on top the worst of all."""
    assert bars(live, "Thermal pressure of Macs") == {"busy": "moderate", "mac": "heavy"}
    assert words(states_of(panel("Thermal pressure")), number(live, "Thermal pressure")) == "heavy"


def test_memory_pressure_is_told_in_words(live: Live) -> None:
    """On top as in its bar."""
    assert bars(live, "Memory pressure of Macs") == {"mac": "warning"}
    assert words(states_of(panel("Memory pressure")), number(live, "Memory pressure")) == "warning"


def test_of_several_reasons_the_weightiest_is_shown(live: Live) -> None:
    """The card is at its power limit, where it belongs, and too hot, which is trouble."""
    assert bars(live, "What holds the clock of a card down") == {"pc": "heat"}


def test_cards_have_short_names(live: Live) -> None:
    """The beginning of a UUID, and an address on the bus as it is."""
    asked, _limit = panel_queries(panel("Temperature of cards"))
    assert {legend(asked, one["metric"]) for one in live.ask(asked, EVERYTHING)} == {
        "GPU-1b6e0f3a pc east",
        "0000:0b:00.0 rig east",
        "0000:0c:00.0 rig east",
    }


def test_power_is_that_of_rails_and_cards_together(live: Live) -> None:
    """Of each machine once, of all machines on top: a rig's second card tells nothing and takes nothing away."""
    asked = query("Power by machine")
    watts = {(one["metric"]["instance"], one["metric"]["cluster"]): latest(one) for one in live.ask(asked, EVERYTHING)}

    assert set(watts) == {("busy", "east"), ("busy", "west"), ("pc", "east"), ("rig", "east")}
    assert (watts["pc", "east"], watts["rig", "east"]) == (348.2, 61)
    rails = live.ask(query("Power of a Mac, by rail"), EVERYTHING)
    assert {one["metric"]["rail"] for one in rails} == {"cpu", "gpu", "ane"}
    assert number(live, "Power now") > 348.2 + 61


def test_energy_is_what_the_rules_record(live: Live) -> None:
    """Over an hour, of a Mac by its counter, of cards by theirs or by their power: the table and the rules agree."""
    at = settled()
    shown = live.ask(query("Energy by machine", "Energy"), EVERYTHING | {"__range": "1h"}, at)
    record = Asked("", written_out("instance:ollama_machine_energy_joules:increase1h"), "instant")
    recorded = live.ask(record, EVERYTHING, at)
    joules = {(one["metric"]["instance"], one["metric"]["cluster"]): float(one["value"][1]) for one in recorded}

    assert {instance for instance, _ in joules} == {"busy", "pc", "rig"}
    assert {
        (one["metric"]["instance"], one["metric"]["cluster"]): 3600 * float(one["value"][1]) for one in shown
    } == pytest.approx(joules)


def test_a_token_costs_what_the_machines_used_for_it(live: Live) -> None:
    """The same exporter is on two sites, so both have its price, and so have both together; the PC makes no tokens."""
    prices = [latest(one) for one in live.ask(query("Energy per generated token"), EVERYTHING)]
    tokens = [latest(one) for one in live.ask(query("Generated tokens per joule"), EVERYTHING)]

    assert len(prices) == 2
    assert prices[0] == pytest.approx(prices[1], rel=0.2)
    assert number(live, "Energy per token, last hour") == pytest.approx(prices[0], rel=0.2)
    assert max(tokens) == pytest.approx(1 / prices[0], rel=0.2)


def test_a_gpu_is_busy_whoever_tells_it(live: Live) -> None:
    """By powermetrics, by the driver of a Mac, of an NVIDIA and of an AMD card."""
    busy = {
        one["metric"]["instance"]: latest(one)
        for asked in panel_queries(panel("GPU busy"))
        for one in live.ask(asked, EVERYTHING)
    }
    assert set(busy) == {"busy", "mac", "pc", "rig"}
    assert 0.02 < busy["busy"] <= 1
    assert (busy["mac"], busy["pc"]) == (0.93, 0.97)


def test_the_server_is_shown_whichever_model_is_chosen(live: Live) -> None:
    """It has none; and of the runners those that were chosen."""
    asked = query("Processes now", "Memory")
    for model, roles in {"qwen3:14b": {"server", "runner"}, "another:1b": {"server"}}.items():
        assert {one["metric"]["role"] for one in live.ask(asked, EVERYTHING | {"model": model})} == roles
