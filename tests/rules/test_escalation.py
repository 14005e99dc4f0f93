"""The second alert about what stays critical: each small wrong change to it is noticed, tried one after the other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.rules import promtool
from tests.rules.mutants import Mutant, mutants
from tests.rules.mutation import ALONE
from tests.rules.pack import FILES, RULES
from tools.binaries import Binaries

CASES = Path(__file__).parent / "cases" / "escalation.test.yml"
(FILE,) = (file for file in FILES if file.stem == "escalation")
(RULE,) = (rule for rule in RULES if rule.name == ALONE)


def verdict(binaries: Binaries, folder: Path, changed: Mutant) -> str:
    """What promtool says of the cases where the rule is this one."""
    document = yaml.safe_load(FILE.read_text())
    (rule,) = document["groups"][0]["rules"]
    hold = changed.rule.hold
    rule |= {"expr": changed.rule.expr, "for": "0s" if hold is None else f"{hold.total_seconds():.0f}s"}
    # The paths in the cases lead from their folder to the rules.
    cases = folder / CASES.relative_to(CASES.parents[3])
    cases.parent.mkdir(parents=True)
    (folder / "rules").mkdir()
    (folder / "rules" / FILE.name).write_text(yaml.safe_dump(document))
    shutil.copy(CASES, cases)
    (words,) = promtool.test(binaries.promtool, [cases])
    return words


def test_its_cases_pass(binaries: Binaries, tmp_path: Path) -> None:
    """Without a change, so that what follows means something."""
    assert verdict(binaries, tmp_path, Mutant(RULE, "none", "unchanged")).startswith("SUCCESS")


@pytest.mark.parametrize("changed", list(mutants(RULE)), ids=str)
def test_a_change_is_noticed(changed: Mutant, binaries: Binaries, tmp_path: Path) -> None:
    """By one of its cases at least."""
    assert "FAILED" in verdict(binaries, tmp_path, changed)
