"""What a reader sees of a panel: its queries with values for the variables, its legends, its words for states."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.dashboards.boards import BOARDS, Asked, filled, panels
from tests.dashboards.live import MISSING

Json = dict[str, Any]
EVERYTHING = {"job": ".+", "instance": ".+", "model": ".+", "site": "cluster"} | {
    "__rate_interval": "15s",
    "__range": "60s",
    "__interval_ms": "1000",
}
# As Grafana writes a choice of several.
CHOSEN = {
    **EVERYTHING,
    "job": "ollama",
    "instance": "(busy|idle|mac|pc|rig|worker)",
    "model": rf"(qwen3:14b|llama3\\.2:3b|{MISSING})",
}
PANELS = {f"{board['uid']}: {panel['title']}": panel for board in BOARDS.values() for panel in panels(board)}


def latest(one: Json) -> float:
    """The newest point of a graph's series."""
    return float(one["values"][-1][1])


def legend(asked: Asked, labels: Mapping[str, str]) -> str:
    """As Grafana writes it: a label that the series does not have is empty."""
    return re.sub(r"{{\s*(.+?)\s*}}", lambda found: labels.get(found[1], ""), filled(asked.legend, EVERYTHING))


def states_of(panel: Json, column: str = "") -> list[Json]:
    """The mappings of a panel, or of a column of a table."""
    found: list[Json] = panel["fieldConfig"]["defaults"].get("mappings", [])
    for rule in panel["fieldConfig"]["overrides"]:
        if rule["matcher"]["options"] == column:
            found = next(setting["value"] for setting in rule["properties"] if setting["id"] == "mappings")
    return found


def words(states: list[Json], value: float) -> str | None:
    """What is shown instead of the value; None where the value itself is."""
    for mapping in states:
        options = mapping["options"]
        if mapping["type"] == "value" and f"{value:g}" in options:
            return str(options[f"{value:g}"]["text"])
        if mapping["type"] == "range" and options["from"] <= value <= options["to"]:
            return str(options["result"]["text"])
    return None
