"""Running the cases on changed rules: which changes does some case notice, and which alerts have a near miss?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path

from tests.rules import promtool
from tests.rules.cases import CASES, Case
from tests.rules.mutants import NEAR, UNCHANGED, Mutant, mutants
from tests.rules.pack import RULES, Rule
from tests.rules.promql import needed
from tests.rules.unnoticed import UNNOTICED
from tests.rules.variants import named, written

# Cases by how often the rules are evaluated for them: the long ones come last, when few changes are left to try.
_STEPS = (0, 15, 30, 60, 100, 400, math.inf)
_ORDER = ("quiet", "fires", "resolves", "records")


@dataclass(frozen=True)
class Noticed:
    """How much was changed, what no case notices of it, and the alerts that a change would make fire in a quiet case.

    `listed` are those of which unnoticed.py says that no case can. Of a rule in `failing` a case fails though nothing
    was changed: it would notice everything.
    """

    rules: int
    changes: int
    unnoticed: frozenset[str]
    near_misses: frozenset[str]
    listed: frozenset[str]
    failing: frozenset[str]

    @property
    def mistakes(self) -> list[str]:
        """What the cases lack, and what tests/rules/unnoticed.py says that is not true."""
        return [
            *(f"no case notices it: {change}" for change in sorted(self.unnoticed - self.listed)),
            *(f"noticed or gone, and in unnoticed.py: {change}" for change in sorted(self.listed - self.unnoticed)),
            *(f"a case fails without a change: {rule}" for rule in sorted(self.failing)),
        ]

    def __str__(self) -> str:
        rules = "1 rule" if self.rules == 1 else f"{self.rules} rules"
        return f"{self.changes} changes to {rules}, {self.changes - len(self.unnoticed)} noticed by some case"


def noticed(judge: Path, folder: Path, rules: Sequence[Rule] = RULES) -> Noticed:
    """Tries each change to the rules on the cases that depend on them until one of them fails."""
    changes = [mutant for rule in rules for mutant in mutants(rule)]
    names = {rule.name for rule in rules}
    # Beside them, so that a case which fails by itself does not seem to notice anything.
    unchanged = [Mutant(rule, UNCHANGED, UNCHANGED) for rule in RULES if not names.isdisjoint(needed(rule, RULES))]
    found, near = set[Mutant](), set[str]()
    for number, ((above, upto), outcome) in enumerate(product(pairwise(_STEPS), _ORDER)):
        cases = [case for case in CASES if above < case.steps <= upto and case.outcome == outcome]
        new = _noticed(judge, [one for one in (*changes, *unchanged) if one not in found], cases, folder / str(number))
        found |= new
        near |= _near(new) if outcome == "quiet" else set()
    # What a case of another kind was the first to notice, a quiet one may notice too.
    tried = [mutant for mutant in changes if mutant.rule.is_alert and mutant.rule.name not in near]
    near |= _near(_noticed(judge, tried, [case for case in CASES if case.outcome == "quiet"], folder / "near"))
    return Noticed(
        rules=len(rules),
        changes=len(changes),
        unnoticed=frozenset(str(mutant) for mutant in changes if mutant not in found),
        near_misses=frozenset(near),
        listed=frozenset(change for change in UNNOTICED if change.partition(": ")[0] in names),
        failing=frozenset(mutant.rule.name for mutant in unchanged if mutant in found),
    )


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
