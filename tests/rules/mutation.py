"""Running the cases on changed rules: which changes does some case notice, and which alerts have a near miss?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path

from tests.rules import promtool
from tests.rules.cases import CASES, Case
from tests.rules.mutants import NEAR, Mutant, mutants
from tests.rules.pack import RULES
from tests.rules.variants import named, written

# It reads which alerts there are: its changed forms would find each other, and seem to be noticed. See test_escalation.
ALONE = "OllamaCriticalPersists"
TRIED = [mutant for rule in RULES if rule.name != ALONE for mutant in mutants(rule)]
# Beside them, so that a case which fails by itself does not seem to notice anything.
UNCHANGED = [Mutant(rule, "none", "unchanged") for rule in RULES if rule.name != ALONE]
# Cases by how often the rules are evaluated for them: the long ones come last, when few changes are left to try.
_STEPS = (0, 15, 30, 60, 100, 400, math.inf)
_ORDER = ("quiet", "fires", "resolves", "records")


@dataclass(frozen=True)
class Noticed:
    """The changes that some case notices, and the alerts that one small step would make fire in a quiet case."""

    changes: frozenset[str]
    near_misses: frozenset[str]


def noticed(judge: Path, folder: Path) -> Noticed:
    """Tries each change on the cases of its rule until one of them fails."""
    found, near = set[Mutant](), set[str]()
    for number, ((above, upto), outcome) in enumerate(product(pairwise(_STEPS), _ORDER)):
        cases = [case for case in CASES if above < case.steps <= upto and case.outcome == outcome]
        new = _noticed(judge, [one for one in (*TRIED, *UNCHANGED) if one not in found], cases, folder / str(number))
        found |= new
        near |= _near(new) if outcome == "quiet" else set()
    # What a case of another kind was the first to notice, a quiet one may notice too.
    tried = [mutant for mutant in TRIED if mutant.rule.is_alert and mutant.rule.name not in near]
    near |= _near(_noticed(judge, tried, [case for case in CASES if case.outcome == "quiet"], folder / "near"))
    return Noticed(frozenset(map(str, found)), frozenset(near))


def _near(found: set[Mutant]) -> set[str]:
    return {mutant.rule.name for mutant in found if mutant.kind in NEAR}


def _noticed(judge: Path, tried: Sequence[Mutant], cases: Sequence[Case], folder: Path) -> set[Mutant]:
    """The changes with which one of the cases fails."""
    found = set[Mutant]()
    while cases:
        left = [mutant for mutant in tried if mutant not in found]
        files = written(left, cases, RULES, folder / str(len(left)))
        verdicts = dict(zip(files, promtool.test(judge, list(files)), strict=True))
        for file, words in verdicts.items():
            assert "could not parse" not in words, f"a change made no rule of it:\n{words}"
            assert words.startswith("SUCCESS") or named(words), f"{files[file]} fails without a change:\n{words}"
        found |= {left[number] for words in verdicts.values() for number in named(words)}
        # A rule that cannot be evaluated ends a case for all forms: once more, without that one.
        cases = [files[file] for file, words in verdicts.items() if ", err: " in words]
    return found
