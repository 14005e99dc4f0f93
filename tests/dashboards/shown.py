"""What a reader sees of a panel: its queries with values for the variables, its legends, its words for states."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from tests.dashboards.boards import BOARDS, Asked, filled, panel_queries, panels
from tests.dashboards.live import MISSING
from tests.rules.pack import RULES

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


def column(panel: Json, header: str) -> Asked:
    """The query of a table's column."""
    (organize,) = (step["options"] for step in panel["transformations"] if step["id"] == "organize")
    (value,) = (name for name, shown in organize["renameByName"].items() if shown == header)
    (only,) = (one for one in panel_queries(panel) if value == f"Value #{one.where[-1]}")
    return only


def written_out(expr: str) -> str:
    """An expression with those of their rules in place of recorded series, save where a range of one is read."""
    for rule in RULES:
        name = rf"\b{rule.name}\b(?!\[)"
        if not rule.is_alert and re.search(name, expr):
            expr = written_out(re.sub(name, f"({rule.expr.strip()})", expr))
    return expr


def settled() -> float:
    """A moment of which nothing is under way any more: a sample has the time at which its scrape or rule began.

    What a rule has recorded is older than that, and may lack what was scraped then; `written_out` asks anew.
    """
    return time.time() - 5


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
