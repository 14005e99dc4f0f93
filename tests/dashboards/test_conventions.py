"""What Grafana's own linter asks of a dashboard, and what makes ours alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from grafana_foundation_sdk.models import units

from tests.dashboards.boards import BOARDS, panels

Json = dict[str, Any]
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
UNITS = {value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("__")}
KINDS = {"stat", "state-timeline", "timeseries", "heatmap", "table"}

each_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
each_panel = pytest.mark.parametrize(
    "panel",
    [panel for board in BOARDS.values() for panel in panels(board)],
    ids=[f"{board['uid']}: {panel['title']}" for board in BOARDS.values() for panel in panels(board)],
)


@each_board
def test_it_imports_and_provisions_everywhere(board: Json) -> None:
    """Classic form: no inputs to fill in at import, no id or version of one Grafana, a stable uid."""
    assert not {"__inputs", "__requires", "id", "version"} & set(board)
    assert 39 <= board["schemaVersion"] <= 42
    assert 8 <= len(board["uid"]) <= 40
    assert board["editable"] is False


@each_board
def test_it_opens_like_all_of_ours(board: Json) -> None:
    """Shared crosshair, refresh, tag, and links to the others that keep time and variables."""
    assert (board["graphTooltip"], board["tags"]) == (1, ["ollama"])
    # What looks back over days asks for much, and changes slowly.
    assert (board["time"]["from"], board["refresh"]) in (("now-6h", "30s"), ("now-7d", "5m"))
    (link,) = board["links"]
    assert (link["type"], link["tags"], link["includeVars"], link["keepTime"]) == ("dashboards", ["ollama"], True, True)
    assert "placement" not in link


@each_board
def test_names_are_given_once(board: Json) -> None:
    """Two boards of one uid, or two panels of one id or title, hide each other."""
    assert [other["uid"] for other in BOARDS.values()].count(board["uid"]) == 1
    for key in ("id", "title"):
        headings = [panel for panel in board["panels"] if panel["type"] == "row" and key == "id"]
        values = [panel[key] for panel in (*panels(board), *headings)]
        assert len(set(values)) == len(values)


@each_board
def test_panels_lie_side_by_side(board: Json) -> None:
    """No panel covers another, and none is too small to read. Those of a folded section begin below its heading."""
    folded = [(panel, panel["panels"]) for panel in board["panels"] if panel.get("panels")]
    for beside in (board["panels"], *(inner for _, inner in folded)):
        for one, other in combinations([panel["gridPos"] for panel in beside], 2):
            assert not (_overlap(one, other, "x", "w") and _overlap(one, other, "y", "h")), (one, other)
    for heading, inner in folded:
        assert heading["collapsed"]
        assert min(panel["gridPos"]["y"] for panel in inner) == heading["gridPos"]["y"] + 1
    for panel in panels(board):
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert place["w"] >= 4, panel["title"]
        assert place["h"] >= (4 if panel["type"] == "stat" else 6), panel["title"]


@each_board
def test_panels_are_not_too_many_to_look_through(board: Json) -> None:
    """What few people need is in folded sections, which ask Prometheus nothing until they are opened."""
    assert len([panel for panel in board["panels"] if panel["type"] != "row"]) <= 28


def _overlap(one: Json, other: Json, start: str, length: str) -> bool:
    return bool(one[start] < other[start] + other[length] and other[start] < one[start] + one[length])


@each_board
def test_variables_are_those_that_it_uses(board: Json) -> None:
    """One datasource; job, instance and model by query, several or all; each of them used somewhere."""
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    datasource = variables.pop("datasource")
    assert (datasource["type"], datasource["query"], datasource["label"]) == ("datasource", "prometheus", "Data source")
    site = variables.pop("site")
    assert (site["type"], site["current"]["value"], site["allowCustomValue"]) == ("custom", "cluster", True)
    assert {"job", "instance"} <= set(variables) <= {"job", "instance", "model"}
    for name, variable in variables.items():
        assert (variable["type"], variable["label"], variable["datasource"]) == ("query", name.title(), DATASOURCE)
        assert (variable["multi"], variable["includeAll"], variable["allValue"]) == (True, True, ".+")
        assert variable["refresh"] == 2, "on a change of the time range, or hosts of another day are not to be found"
    for name in ("job", "instance", "site", *variables):
        assert f"${name}" in str([panel["targets"] for panel in panels(board)]), name


@each_board
def test_links_lead_to_a_dashboard_that_exists(board: Json) -> None:
    """A click on a host is no dead end."""
    assert set(re.findall(r"/d/([\w-]+)", str(board["panels"]))) <= {other["uid"] for other in BOARDS.values()}


@each_board
def test_firing_alerts_are_annotations(board: Json) -> None:
    """From Prometheus' own series, so that it works without Grafana's alerting; for Grafana's old and new forms."""
    alerts, *others = board["annotations"]["list"]
    assert alerts["expr"].startswith("ALERTS{")
    for annotation in (alerts, *others):
        assert annotation["enable"]
        assert annotation["datasource"] == annotation["target"]["datasource"] == DATASOURCE
        assert annotation["expr"] == annotation["target"]["expr"]
        assert annotation["titleFormat"]


@each_panel
def test_a_panel_explains_itself(panel: Json) -> None:
    """Title, description, unit, and a text of its own where there is no data: nothing loaded is not an error."""
    assert panel["type"] in KINDS
    assert panel["title"]
    assert panel["description"].endswith(".")
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["noValue"] not in ("", "No data")
    assert {defaults["unit"], *_overridden(panel, "unit"), *_units_of_heatmap(panel)} <= UNITS


@each_panel
def test_a_panel_asks_the_chosen_datasource(panel: Json) -> None:
    """Every panel has queries, all of the datasource variable, named A, B, C."""
    assert panel["datasource"] == DATASOURCE
    assert [target["refId"] for target in panel["targets"]] == list("ABCDEFGHIJ"[: len(panel["targets"])])
    for target in panel["targets"]:
        assert target["datasource"] == DATASOURCE
        assert target["instant"] is not target["range"]
        assert target["instant"] == (panel["type"] in ("stat", "table"))


@each_panel
def test_colours_are_never_grafanas_own(panel: Json) -> None:
    """What is coloured by thresholds has some: Grafana's default paints everything above 80 red."""
    if panel["type"] not in ("timeseries", "heatmap"):
        steps = [panel["fieldConfig"]["defaults"]["thresholds"], *_overridden(panel, "thresholds")]
        assert all(one["steps"] and one["steps"][0]["value"] is None for one in steps)


@each_panel
def test_ranges_of_states_have_both_ends(panel: Json) -> None:
    """An open end is read differently by different Grafanas."""
    maps = [panel["fieldConfig"]["defaults"].get("mappings", []), *_overridden(panel, "mappings")]
    for mapping in (mapping for one in maps for mapping in one):
        if mapping["type"] == "range":
            assert mapping["options"]["from"] < mapping["options"]["to"]


@each_panel
def test_buckets_are_read_as_a_heatmap(panel: Json) -> None:
    """Only for a query of that format does Grafana take apart the buckets, which each hold the ones below."""
    for target in panel["targets"]:
        assert (target["format"] == "heatmap") == (panel["type"] == "heatmap")
        if panel["type"] == "heatmap":
            assert target["legendFormat"] == "{{le}}"
            assert panel["options"]["calculate"] is False
            assert panel["options"]["color"]["scheme"], "no colour at all"


@each_panel
def test_bars_count_each_event_once(panel: Json) -> None:
    """A bar is no shorter than the four scrapes that $__rate_interval takes at least, or two bars count an event."""
    per_bar = ["$__interval_ms" in target["expr"] for target in panel["targets"]]
    drawn_as_bars = panel["fieldConfig"]["defaults"].get("custom", {}).get("drawStyle") == "bars"
    assert per_bar == [drawn_as_bars] * len(per_bar)
    assert not drawn_as_bars or panel["interval"] == "1m"


@each_panel
def test_overrides_find_what_they_change(panel: Json) -> None:
    """An override by name names a series without variables, or a column of the table; a typo would do nothing."""
    named = {
        rule["matcher"]["options"] for rule in panel["fieldConfig"]["overrides"] if rule["matcher"]["id"] == "byName"
    }
    legends = [target["legendFormat"] for target in panel["targets"]]
    known = set(legends)
    for step in panel.get("transformations", []):
        known |= set(step["options"].get("renameByName", {}).values())
    assert named <= known
    if panel["type"] == "timeseries":
        for rule in panel["fieldConfig"]["overrides"]:
            if rule["matcher"]["id"] == "byRegexp":
                pattern = rule["matcher"]["options"].strip("/")
                assert any(re.search(pattern, legend) for legend in legends)


def _units_of_heatmap(panel: Json) -> Iterator[str]:
    if panel["type"] == "heatmap":
        yield from (panel["options"]["yAxis"]["unit"], panel["options"]["cellValues"]["unit"])


def _overridden(panel: Json, name: str) -> Iterator[Any]:
    for rule in panel["fieldConfig"]["overrides"]:
        yield from (setting["value"] for setting in rule["properties"] if setting["id"] == name)
