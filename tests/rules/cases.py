"""The promtool cases as data. A case is named "<Alert> fires|quiet|resolves: <the reason for the case>"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from promql_parser import VectorSelector, parse

FOLDER = Path(__file__).parent / "cases"
FILES = tuple(sorted(FOLDER.glob("*.test.yml")))
OUTCOMES = ("fires", "quiet", "resolves")
_NAME = re.compile(rf"(?P<alert>\w+) (?P<outcome>{'|'.join(OUTCOMES)}): (?P<reason>.+)")


@dataclass(frozen=True)
class Case:
    """One entry of `tests` in a file of cases; `raw` is what promtool reads, `step` the file's evaluation_interval."""

    file: str
    step: str
    alert: str
    outcome: str
    reason: str
    raw: Mapping[str, Any]

    @property
    def answers(self) -> list[bool]:
        """At each time at which it asks for its alert, in their order: whether it expects the alert to fire."""
        asked = [entry for entry in self.raw["alert_rule_test"] if entry["alertname"] == self.alert]
        return [bool(entry["exp_alerts"]) for entry in asked]

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
        }
        return [] if proven[self.outcome] else [f"{self}: expects {self.answers}, which is not what its name says"]

    def __str__(self) -> str:
        return f"{self.alert} {self.outcome}: {self.reason}"


def cases_of(file: str, text: str) -> list[Case]:
    """The cases of one file. Raises ValueError for a name that is none."""
    document = yaml.safe_load(text)
    return [_case(file, document["evaluation_interval"], raw) for raw in document["tests"]]


def _case(file: str, step: str, raw: dict[str, Any]) -> Case:
    named = _NAME.fullmatch(raw.get("name", ""))
    if not named:
        raise ValueError(f"{file}: {raw.get('name')!r} is not '<Alert> {'|'.join(OUTCOMES)}: <reason>'")
    return Case(file, step, named["alert"], named["outcome"], named["reason"], raw)


CASES = tuple(case for file in FILES for case in cases_of(file.name, file.read_text()))
