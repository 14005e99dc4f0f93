"""What the board of service levels shows of what is used and what grows is what the rules record and a user allows."""

from __future__ import annotations

import pytest

from tests.dashboards.boards import panel_queries
from tests.dashboards.levels import cells, panel, without
from tests.dashboards.live import OWN, OWN_NUMBER, Live
from tests.dashboards.past import DAY, DAYS, KILOWATT_HOURS
from tests.dashboards.shown import EVERYTHING, column, states_of, words
from tests.rules.promql import THRESHOLD


def test_a_span_is_the_time_until_now(live: Live) -> None:
    """What was used three days ago is in the week and not in the day, what was ten days ago only in the month."""
    used = cells(live, "Used, and allowed", "Tokens", "span", None)
    assert used["7 days"] - used["1 day"] == pytest.approx(2e6, rel=0.01)
    assert used["30 days"] - used["7 days"] == pytest.approx(3e6, rel=0.01)


def test_what_is_used_is_a_share_of_what_is_allowed(live: Live) -> None:
    """The user's own number, of each span that has one."""
    allowed = cells(live, "Used, and allowed", "Tokens allowed", "span", None)
    assert allowed == dict.fromkeys(("1 day", "7 days", "30 days"), OWN_NUMBER)
    share = cells(live, "Used, and allowed", "Tokens, of that", "span", None)
    assert share["30 days"] == pytest.approx(6e6 / OWN_NUMBER, rel=0.01)
    assert cells(live, "Used, and allowed", "Cost allowed", "span", None) == {"30 days": OWN_NUMBER}


def test_where_no_budget_is_set_there_is_none(live: Live) -> None:
    """The table says so, no share is told, and the graph has no dashed line."""
    names = [f"{THRESHOLD}{name}" for name in OWN if name.endswith("budget_tokens")]
    asked = without(column(panel("Used, and allowed"), "Tokens allowed"), *names)
    values = {float(one["value"][1]) for one in live.ask(asked, EVERYTHING)}
    assert {words(states_of(panel("Used, and allowed"), "Tokens allowed"), value) for value in values} == {"none set"}
    assert live.ask(without(column(panel("Used, and allowed"), "Tokens, of that"), *names), EVERYTHING) == []
    (_, limit) = panel_queries(panel("Tokens within 24 hours"))
    assert live.ask(limit, EVERYTHING)
    assert live.ask(without(limit, f"{THRESHOLD}daily_budget_tokens"), EVERYTHING) == []


@pytest.mark.parametrize(
    ("title", "header", "key"), [("Used by server", "Cost, month", "instance"), ("Used, and allowed", "Cost", "span")]
)
def test_where_no_price_is_set_it_says_so(live: Live, title: str, header: str, key: str) -> None:
    """Not a cost of 0. With a price, what was used before it has none, and that is no word either."""
    asked = column(panel(title), header)
    price, cost = f"{THRESHOLD}electricity_price_per_kilowatt_hour", "ollama_machine_energy_cost"
    unpriced = live.ask(without(asked, price, cost), EVERYTHING)
    assert unpriced
    assert {words(states_of(panel(title), header), float(one["value"][1])) for one in unpriced} == {"no price set"}
    assert all(float(one["value"][1]) >= 0 for one in live.ask(asked, EVERYTHING))
    assert "old" not in {one["metric"].get(key) for one in live.ask(asked, EVERYTHING)}


def test_who_used_it_adds_up_read_and_generated(live: Live) -> None:
    """Of a server all models, of a model what it read and what it generated."""
    for days, name in ((1, "day"), (7, "week"), (DAYS, "month")):
        assert cells(live, "Used by server", f"Tokens, {name}", "instance") == {"old": 10000 * days}
        # Not the hour whose record is as old as the span.
        hours = min(24 * DAYS, 24 * days - (days < DAYS))
        energy = cells(live, "Used by server", f"Energy, {name}", "instance")
        assert energy == {"old": pytest.approx(KILOWATT_HOURS * hours)}
        assert cells(live, "Tokens by model", f"Read, {name}", "model", None)["old:1b"] == 9000 * days
        assert cells(live, "Tokens by model", f"Generated, {name}", "model", None)["old:1b"] == 1000 * days


def test_memory_is_compared_with_the_days_before(live: Live) -> None:
    """The server's own, and that of cards which no model has."""
    for headers, key, values in (
        (("Server", "Server, a day ago", "Server, 2 days ago"), "pc", (96e6, 90e6, 84e6)),
        (("GPU", "GPU, a day ago", "GPU, 2 days ago"), "rig", (3.926e9, 3.5e9, 3.1e9)),
    ):
        shown = [cells(live, "Memory from day to day", header, "instance", "east")[key] for header in headers]
        assert shown == pytest.approx(values)


def test_a_disk_fills_at_the_slower_pace_of_two(live: Live) -> None:
    """40 GB in three days after 50 GB in three: 60 GB last for four days and a half; and the alert fires."""
    shown = [
        cells(live, "Disk of the models", header, "instance", "east")["pc"]
        for header in ("Left", "Written, last 3 days", "3 days before", "Full in")
    ]
    assert shown == pytest.approx([60e9, 40e9, 50e9, 4.5 * DAY])
    assert cells(live, "Disk of the models", "Full in", "instance", "east").keys() == {"pc"}
    (asked,) = panel_queries(panel("Burns, budgets and growth that fire"))
    firing = {(one["metric"]["alertname"], one["metric"].get("instance")) for one in live.ask(asked, EVERYTHING)}
    assert ("OllamaModelsDiskFullInDays", "pc") in firing
