"""The example of overrides is true: it does nothing as shipped, and taken out of its comments it is the defaults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from promql_parser import Call, NumberLiteral

from tests.rules import promtool
from tests.rules.pack import ALERTS, OVERRIDES, RULES, RUNBOOK, Rule, rules_of
from tests.rules.promql import THRESHOLD
from tests.rules.thresholds import settings, thresholds

SHIPPED = OVERRIDES.read_text()
TAKEN = re.sub(r"^( +)# (- record: |  expr: |  labels: )", r"\1\2", SHIPPED, flags=re.MULTILINE)


def _defaults(rules: list[Rule]) -> dict[str, float]:
    found = {}
    for rule in rules:
        call = rule.parsed()
        assert isinstance(call, Call), rule
        number = call.args[0]
        assert call.func.name == "vector", rule
        assert isinstance(number, NumberLiteral), rule
        # A bucket is chosen by its bound, and the value says nothing.
        found[rule.name.removeprefix(THRESHOLD)] = float(rule.labels.get("le", number.val))
    return found


def test_it_overrides_nothing_as_shipped() -> None:
    """A `rule_files: rules/*.yml` loads it too, and its default would win over a user's lower number."""
    assert rules_of(OVERRIDES.name, SHIPPED) == []


def test_it_shows_every_threshold_with_its_default() -> None:
    """Nothing is missing, nothing is left over, no number is out of date."""
    used = {name: default for alert in ALERTS for name, default in thresholds(alert.parsed())}
    own = {name for rule in RULES for name in settings(rule.parsed())}
    shown = _defaults(rules_of(OVERRIDES.name, TAKEN))
    assert {name: number for name, number in shown.items() if name not in own} == used
    assert own <= shown.keys()


def test_it_loads_when_taken_out_of_its_comments(promtools: tuple[Path, ...], tmp_path: Path) -> None:
    """What a user gets by following it passes promtool."""
    file = tmp_path / "overrides.yml"
    file.write_text(TAKEN)
    for judge in promtools:
        done = promtool.check(judge, [file])
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("alert", [alert for alert in ALERTS if THRESHOLD in alert.expr], ids=str)
def test_a_threshold_is_explained(alert: Rule) -> None:
    """The example says which alert a threshold belongs to, the runbook which threshold an alert has."""
    section = re.search(rf"^## {alert.name}\n(.+?)(?=^## |\Z)", RUNBOOK.read_text(), re.MULTILINE | re.DOTALL)
    assert section
    for name in {*dict(thresholds(alert.parsed())), *settings(alert.parsed())}:
        above = SHIPPED.partition(f"# - record: {THRESHOLD}{name}\n")[0].rpartition("\n\n")[2]
        assert f"# {alert.name}: " in above
        assert f"`{THRESHOLD}{name}`" in section[1]
