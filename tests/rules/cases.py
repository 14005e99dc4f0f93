"""The promtool cases as data. A case is named "<Alert> fires|quiet|resolves: <the reason for the case>".

What an alert reads is proven by its cases; a record for people's eyes has its own, "<record> records: <the reason>".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from promql_parser import VectorSelector, parse, parse_duration

from tests.rules.promql import selectors

FOLDER = Path(__file__).parent / "cases"
FILES = tuple(sorted(FOLDER.glob("*.test.yml")))
OUTCOMES = ("fires", "quiet", "resolves")
_NAME = re.compile(rf"(?P<rule>[\w:]+) (?P<outcome>{'|'.join(OUTCOMES)}|records): (?P<reason>.+)")


@dataclass(frozen=True)
class Case:
    """One entry of `tests` in a file of cases; `raw` is what promtool reads, `step` the file's evaluation_interval."""

    file: str
    step: str
    rule: str
    outcome: str
    reason: str
    raw: Mapping[str, Any]

    @property
    def answers(self) -> list[bool]:
        """At each time at which it asks for its alert, in their order: whether it expects the alert to fire."""
        asked = [entry for entry in self.raw.get("alert_rule_test", ()) if entry["alertname"] == self.rule]
        return [bool(entry["exp_alerts"]) for entry in asked]

    @property
    def steps(self) -> float:
        """How often promtool evaluates the rules for it: until the last time at which it asks for something."""
        asked = [entry for key in ("alert_rule_test", "promql_expr_test") for entry in self.raw.get(key, ())]
        return max(parse_duration(entry["eval_time"]) for entry in asked) / parse_duration(self.step)

    @property
    def read(self) -> set[str]:
        """The names of the series that it expects to have samples."""
        asked = [parse(entry["expr"]) for entry in self.raw.get("promql_expr_test", ()) if entry["exp_samples"]]
        return {selector.name or "" for expr in asked for selector in selectors(expr)}

    @property
    def fed(self) -> list[VectorSelector]:
        """The series that it feeds."""
        series = [parse(entry["series"]) for entry in self.raw["input_series"]]
        return [one for one in series if isinstance(one, VectorSelector)]

    def mistakes(self) -> list[str]:
        """What it says that its name does not."""
        proven = {
            "fires": any(self.answers),
            "quiet": bool(self.answers) and not any(self.answers),
            "resolves": any(self.answers) and not self.answers[-1],
            "records": self.rule in self.read,
        }
        return [] if proven[self.outcome] else [f"{self}: expects {self.answers}, which is not what its name says"]

    def __str__(self) -> str:
        return f"{self.rule} {self.outcome}: {self.reason}"


def cases_of(file: str, text: str) -> list[Case]:
    """The cases of one file. Raises ValueError for a name that is none."""
    document = yaml.safe_load(text)
    return [_case(file, document["evaluation_interval"], raw) for raw in document["tests"]]


def _case(file: str, step: str, raw: dict[str, Any]) -> Case:
    named = _NAME.fullmatch(raw.get("name", ""))
    if not named:
        raise ValueError(f"{file}: {raw.get('name')!r} is not '<Alert> {'|'.join(OUTCOMES)}: <reason>'")
    return Case(file, step, named["rule"], named["outcome"], named["reason"], raw)


CASES = tuple(case for file in FILES for case in cases_of(file.name, file.read_text()))
