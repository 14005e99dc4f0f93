"""What the board of service levels shows is what the rules record, and when Ollama was started."""

from __future__ import annotations

import re

import pytest

from dashboards.levels import NAMES
from dashboards.objectives import LIMITS, OBJECTIVES
from tests.dashboards.boards import ALL, BOARDS, Asked, panel_queries, queries
from tests.dashboards.levels import NORTH, cells, numbers, panel
from tests.dashboards.live import Live
from tests.dashboards.past import DAY, DAYS, DOWN, FAILURES, series
from tests.dashboards.shown import EVERYTHING, column, latest, settled, states_of, words
from tests.dashboards.test_queries import SCHEMA, parsed
from tests.rules.pack import ALERTS, RULES
from tests.rules.promql import THRESHOLD, selectors

BOARD = BOARDS["ollama-service-levels.json"]


def test_every_recorded_series_of_a_board_is_recorded() -> None:
    """By a rule of this repository: a series that only the fixture writes would be an empty panel elsewhere."""
    recorded = {rule.name for rule in RULES if not rule.is_alert}
    read = {selector.name or "" for _, asked in ALL for selector in selectors(parsed(asked))}
    of_rules = {name for name in read if ":" in name and not name.startswith(THRESHOLD)}
    assert len(of_rules) > 40
    assert of_rules <= recorded


def test_the_past_is_what_rules_and_exporter_would_have_written() -> None:
    """Names and labels of what the fixture writes are theirs, with a site's own label."""
    for one in series():
        site = set() if "_tokens:increase5m" in one.name else {"cluster"}
        assert {"job", *one.labels} == SCHEMA.series[one.name] | site, one.name


def test_the_objectives_are_told_of_each_job(live: Live) -> None:
    """What was promised, what was reached, and what is left: nothing where more was spent than there is."""
    expected = {
        "Promised": (0.99, 0.99, 0.95),
        "Reached, 30 days": (0.994, 0.985, 1),
        "Budget left": (0.4, -0.5, 1),
        "Days covered": (DAYS,) * 3,
    }
    for header, values in expected.items():
        shown = cells(live, "Objectives", header, "objective")
        assert shown == pytest.approx(dict(zip((one.name for one in OBJECTIVES), values, strict=True))), header


def test_the_top_row_shows_the_worst_job(live: Live) -> None:
    """Of three sites, the one that has spent most; and the one whose budget goes fastest."""
    at = settled()
    left, burns = (
        [cells(live, "Objectives", header, "objective", site, at) for site in ("east", "west", NORTH)]
        for header in ("Budget left", "Burn, 1 hour")
    )
    for objective in OBJECTIVES:
        assert numbers(live, f"Budget left, {objective.name}", at) == [min(one[objective.name] for one in left)]
    worst = [max(one[objective.name] for one in burns if objective.name in one) for objective in OBJECTIVES]
    assert numbers(live, "Burn rate, last hour", at) == worst


@pytest.mark.parametrize("window", LIMITS)
def test_a_burn_of_one_is_the_budget(live: Live, window: str) -> None:
    """The share that failed, by the share that may: in the graph and in the table."""
    at = settled()
    header = {"1h": "1 hour", "6h": "6 hours", "1d": "1 day", "3d": "3 days"}[window]
    record = Asked("", f"job:ollama_user_requests_failed:ratio{window}", "instant")
    shown = live.ask(column(panel("Objectives"), f"Burn, {header}"), EVERYTHING, at)
    (line,) = (one for one in panel_queries(panel("Burn rate, errors")) if one.legend.startswith(f"{header} {{"))
    burns = {one["metric"]["cluster"]: float(one["value"][1]) for one in live.ask(record, EVERYTHING, at)}
    assert burns
    for answer in (
        {o["metric"]["cluster"]: float(o["value"][1]) for o in shown if o["metric"]["objective"] == "errors"},
        {o["metric"]["cluster"]: latest(o) for o in live.ask(line, EVERYTHING, at)},
    ):
        assert answer == pytest.approx({site: ratio / 0.01 for site, ratio in burns.items()})


def test_burn_rates_have_the_limits_of_the_alerts() -> None:
    """A dashed line for each window, at the number that an alert divides that window's share by."""
    burns = [rule.expr for rule in ALERTS if "BudgetBurn" in rule.name]
    for objective in OBJECTIVES:
        limits = [one.expr for one in panel_queries(panel(f"Burn rate, {objective.name}")) if "alert" in one.legend]
        assert limits == [f"vector({limit:g})" for limit in LIMITS.values()]
        for window, limit in LIMITS.items():
            compared = f"{objective.bad}:ratio{window}" + (f" / {limit:g}" if limit > 1 else "\n")
            assert any(compared in expr and f'"long", "{window}"' in expr for expr in burns), compared


def test_before_the_first_failure_there_is_no_mean(live: Live) -> None:
    """Not 0 between failures, but that there was none yet; and after some, the mean."""
    for span, between, repair in (("7", -1, -1), ("30", (DAYS * DAY - DOWN) / FAILURES, DOWN / FAILURES)):
        for header, value in ((f"Between failures, {span} days", between), (f"To repair, {span} days", repair)):
            assert cells(live, "Failures by server", header, "instance") == {"old": value}
            said = words(states_of(panel("Failures by server"), header), value)
            assert said == ("none yet" if value < 0 else None)


def test_a_month_says_how_many_days_it_has(live: Live) -> None:
    """Seven of seven, and of thirty those since somebody watched; of what was used, too."""
    for span, days in (("7", 7), ("30", DAYS)):
        assert cells(live, "Failures by server", f"Days of {span} covered", "instance") == {"old": days}
    assert cells(live, "Used by server", "Days covered", "instance") == {"old": DAYS}
    covered = cells(live, "Used, and allowed", "Days covered", "span", None)
    # One record of five minutes lies between the spans each time.
    assert covered["7 days"] - covered["1 day"] == pytest.approx(5 / 1440)
    assert covered["30 days"] - covered["7 days"] == pytest.approx(5 / 1440)


def test_the_alerts_of_the_board_are_those_of_its_rules(live: Live) -> None:
    """All of burns, budgets and growth, and of the disk; nothing else. The top row has as many as the table."""
    files = {"slo_availability.yml", "slo_errors.yml", "slo_latency.yml", "budget.yml", "growth.yml"}
    wanted = {rule.name for rule in ALERTS if rule.file in files or "ModelsDisk" in rule.name}
    assert {rule.name for rule in ALERTS if re.fullmatch(NAMES, rule.name)} == wanted
    at = settled()
    (asked,) = panel_queries(panel("Burns, budgets and growth that fire"))
    rows = live.ask(asked, EVERYTHING, at)
    assert rows
    assert {one["metric"]["alertname"] for one in rows} <= wanted
    assert sum(numbers(live, "Alerts of this board", at)) == len(rows)


def test_starts_and_versions_are_marked(live: Live) -> None:
    """The PC was started anew and nobody else was; the worker has another version, and its name is the new one."""
    # Others look at the processes of the machine that this runs on.
    pages = EVERYTHING | {"instance": "(mac|pc|rig|worker)"}
    marks = {asked.where: live.ask(asked, pages) for asked in queries(BOARD) if asked.where.startswith("annotation")}
    assert {one["metric"]["instance"] for one in marks["annotation Restarts"]} == {"pc"}
    versions = {(one["metric"]["instance"], one["metric"]["version"]) for one in marks["annotation Versions"]}
    assert ("worker", "0.31.2") in versions
    assert {instance for instance, _ in versions} == {"worker"}
