"""The rules pack as data: every rule of rules/*.yml, in the order of the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import promql_parser
import yaml

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "rules"
OVERRIDES = FOLDER / "overrides.example.yml"
FILES = tuple(sorted(file for file in FOLDER.glob("*.yml") if file != OVERRIDES))
RUNBOOK = ROOT / "docs" / "RUNBOOK.md"
# Where a notification sends its reader; the only place that knows it, besides the rules themselves.
RUNBOOK_URL = "https://github.com/llama-metrics/llama-metrics/blob/main/docs/RUNBOOK.md"


@dataclass(frozen=True)
class Rule:
    """A rule with the file and the group it stands in; `interval` and the two durations are None where not set."""

    file: str
    group: str
    interval: timedelta | None
    kind: str
    name: str
    expr: str
    hold: timedelta | None
    keep: timedelta | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def is_alert(self) -> bool:
        """Whether it is an alert; else it records a series."""
        return self.kind == "alert"

    def parsed(self) -> promql_parser.Expr:
        """The expression as a tree."""
        return promql_parser.parse(self.expr)

    def __str__(self) -> str:
        return self.name


def groups(text: str) -> list[dict[str, Any]]:
    """The groups of a rules file, as they stand there."""
    document = yaml.safe_load(text)
    found: list[dict[str, Any]] = document["groups"]
    return found


def rules_of(file: str, text: str) -> list[Rule]:
    """The rules of one file."""
    return [_rule(file, group, raw) for group in groups(text) for raw in group["rules"] or []]


def _rule(file: str, group: dict[str, Any], raw: dict[str, Any]) -> Rule:
    kind = "alert" if "alert" in raw else "record"
    return Rule(
        file=file,
        group=group["name"],
        interval=_duration(group.get("interval")),
        kind=kind,
        name=raw[kind],
        expr=raw["expr"],
        hold=_duration(raw.get("for")),
        keep=_duration(raw.get("keep_firing_for")),
        labels=raw.get("labels", {}),
        annotations=raw.get("annotations", {}),
    )


def _duration(text: str | None) -> timedelta | None:
    return promql_parser.parse_duration(text) if text else None


RULES = tuple(rule for file in FILES for rule in rules_of(file.name, file.read_text()))
ALERTS = tuple(rule for rule in RULES if rule.is_alert)
