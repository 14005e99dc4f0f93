"""Some case notices each small wrong change to a rule, so the cases prove what they seem to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from promql_parser import parse

from tests.rules.__main__ import main
from tests.rules.mutants import KINDS, mutants
from tests.rules.mutation import Noticed
from tests.rules.pack import ALERTS, RULES, Rule, rules_of
from tests.rules.test_cases import EXEMPT
from tests.rules.unnoticed import UNNOTICED

EXAMPLE = """
groups:
  - name: example
    rules:
      - alert: OllamaExample
        expr: sum without (model) (increase(x_total{a="b", c!="d"}[10m])) > 5 unless y
        for: 4m
        keep_firing_for: 6m
"""


def test_the_cases_notice_every_change(noticed: Noticed) -> None:
    """Comparison flipped, number moved, duration or range changed, matcher or arm dropped, sites merged: one fails."""
    assert noticed.mistakes == []


def test_what_is_listed_is_of_rules_that_there_are() -> None:
    """A list of what no case can notice does not outlive its rules."""
    assert {change.partition(": ")[0] for change in UNNOTICED} <= {rule.name for rule in RULES}


def test_every_mistake_is_told() -> None:
    """A change that nothing notices, one that is listed though it is noticed, a case that fails by itself."""
    good = Noticed(1, 2, frozenset({"a"}), frozenset(), frozenset({"a"}), frozenset())
    assert good.mistakes == []
    assert replace(good, listed=frozenset()).mistakes == ["no case notices it: a"]
    assert replace(good, unnoticed=frozenset()).mistakes == ["noticed or gone, and in unnoticed.py: a"]
    assert replace(good, failing=frozenset({"b"})).mistakes == ["a case fails without a change: b"]


def test_one_rule_can_be_tried(capsys: pytest.CaptureFixture[str]) -> None:
    """`make mutate` with a name is done in seconds, and a name that no rule has is told."""
    assert main(["OllamaDown"]) == 0
    assert "changes to 1 rule, " in capsys.readouterr().out
    assert main(["OllamaDow"]) == 2
    assert "no rule named OllamaDow;" in capsys.readouterr().err


@pytest.mark.parametrize("alert", ALERTS, ids=str)
def test_an_alert_has_a_near_miss(alert: Rule, noticed: Noticed) -> None:
    """In a case in which it stays quiet, one small step would make it fire: a number, a duration, a matcher, an arm."""
    assert (alert.name in noticed.near_misses) != ("quiet" in EXEMPT.get(alert.name, {}))


def test_every_part_of_a_rule_is_changed() -> None:
    """Each kind of change where it belongs, each one once."""
    (rule,) = rules_of("example.yml", EXAMPLE)
    changed = list(mutants(rule))
    assert {mutant.kind for mutant in changed} == set(KINDS)
    durations = [(mutant.rule.hold, mutant.rule.keep) for mutant in changed if mutant.kind == "for"]
    two, four, six, eight, twelve = (timedelta(minutes=minutes) for minutes in (2, 4, 6, 8, 12))
    assert durations == [(None, six), (two, six), (eight, six), (four, None), (four, twelve)]
    assert [str(parse(mutant.rule.expr)) for mutant in changed if mutant.kind != "for"] == [
        str(parse(expr))
        for expr in (
            '(sum without (model) (increase(x_total{a="b", c!="d"}[10m])) > 5)',
            '(sum without (model) (increase(x_total{a="b", c!="d"}[10m])) > 5) unless on (job, instance) (y)',
            '(sum without (model) (increase(x_total{a="b", c!="d"}[10m]))) <= (5) unless y',
            '(sum without (model) (increase(x_total{a="b", c!="d"}[10m]))) >= (5) unless y',
            'sum by (job, instance) (increase(x_total{a="b", c!="d"}[10m])) > 5 unless y',
            'sum without (model) (increase(x_total{a="b", c!="d"}[5m])) > 5 unless y',
            'sum without (model) (increase(x_total{a="b", c!="d"}[20m])) > 5 unless y',
            'sum without (model) (increase(x_total{c!="d"}[10m])) > 5 unless y',
            'sum without (model) (increase(x_total{a="b"}[10m])) > 5 unless y',
            'sum without (model) (increase(x_total{a="b", c!="d"}[10m])) > 4 unless y',
            'sum without (model) (increase(x_total{a="b", c!="d"}[10m])) > 6 unless y',
        )
    ]
