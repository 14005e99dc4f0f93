"""Many changed rules side by side in one file: each under a name of its own, with expectations of its own.

A case costs promtool a database and its samples, once, however many forms of a rule it judges by it.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from promql_parser import display_duration, parse_duration

from tests.rules.cases import Case
from tests.rules.mutants import UNCHANGED, Mutant
from tests.rules.pack import Rule
from tests.rules.promql import needed, selectors

# Ends the name of a changed rule, before the number of the change. No name, label or text in the pack has it.
_MARK = "_mutant"


def named(words: str) -> set[int]:
    """Which of those tried promtool names: it names what failed, and nothing else."""
    return {int(number) for number in re.findall(rf"{_MARK}(\d+)", words)}


def written(tried: Sequence[Mutant], cases: Sequence[Case], rules: Sequence[Rule], folder: Path) -> dict[Path, Case]:
    """Writes each case into a file of its own, asking for every changed form of its rule. Gives the cases by file."""
    folder.mkdir(parents=True)
    files: dict[Path, Case] = {}
    for alike in _alike(cases, {rule.name for rule in rules}):
        *records, judged = _chain(alike[0], rules)
        forms = _forms(tried, [*records, judged])
        if not forms:
            continue
        # What reads which alerts fire would find its other forms among them: each has a file of its own.
        apart = any(selector.name == "ALERTS" for selector in selectors(judged.parsed()))
        for some in [[form] for form in forms] if apart else [forms]:
            entries = [_entry(rule) for rule in [*records, *(rule for form in some for rule in form.rules)]]
            name = f"{len(files)}.yml"
            (folder / name).write_text(json.dumps({"groups": [{"name": "forms", "rules": entries}]}))
            for case in alike:
                document = {"rule_files": [name], "evaluation_interval": case.step, "tests": [_test(case, some)]}
                file = folder / f"{len(files)}.test.yml"
                file.write_text(json.dumps(document))
                files[file] = case
    return files


@dataclass(frozen=True)
class _Form:
    """A changed rule and the rules that depend on it, all renamed; `own` finds what they are called without that."""

    rules: list[Rule]
    own: re.Pattern[str]
    mark: str

    def renamed(self, text: str) -> str:
        """The text with the names of this form."""
        return self.own.sub(rf"\g<0>{self.mark}", text)


def _alike(cases: Sequence[Case], recorded: set[str]) -> list[list[Case]]:
    """The cases that need the same rules, together."""
    found = defaultdict(list)
    for case in cases:
        found[case.rule, case.step, frozenset(recorded.intersection(one.name or "" for one in case.fed))].append(case)
    return list(found.values())


def _chain(case: Case, rules: Sequence[Rule]) -> list[Rule]:
    """The records that the case's rule reads, in their order, and last that rule."""
    # What is recorded once an hour is not there yet in the first hour: short cases do without.
    short = parse_duration(case.step) < timedelta(hours=1)
    judged = next(rule for rule in rules if rule.name == case.rule)
    # A record that the case feeds is not recorded too.
    fed = {one.name for one in case.fed}
    used = [rule for rule in rules if rule.name not in fed and not (short and rule.interval == timedelta(hours=1))]
    names = needed(judged, used)
    return [*(rule for rule in rules if rule.name in names and rule is not judged), judged]


def _forms(tried: Sequence[Mutant], chain: Sequence[Rule]) -> list[_Form]:
    reads = {rule.name: needed(rule, chain) for rule in chain}
    forms = []
    for number, mutant in enumerate(tried):
        if mutant.kind == UNCHANGED:
            # Once for a case: all that could be renamed for a change is.
            changed = list(chain) if mutant.rule is chain[-1] else []
        else:
            changed = [rule for rule in chain if mutant.rule.name in reads[rule.name]]
        if changed:
            names = "|".join(re.escape(rule.name) for rule in changed)
            form = _Form([], re.compile(rf"(?<![\w:])(?:{names})(?![\w:])"), f"{_MARK}{number}")
            for rule in [mutant.rule if rule.name == mutant.rule.name else rule for rule in changed]:
                form.rules.append(replace(rule, name=form.renamed(rule.name), expr=form.renamed(rule.expr)))
            forms.append(form)
    return forms


def _entry(rule: Rule) -> dict[str, object]:
    entry: dict[str, object] = {rule.kind: rule.name, "expr": rule.expr}
    if rule.is_alert:
        entry |= {"labels": rule.labels, "annotations": rule.annotations}
    if rule.hold:
        entry["for"] = display_duration(rule.hold)
    if rule.keep:
        entry["keep_firing_for"] = display_duration(rule.keep)
    return entry


def _test(case: Case, forms: Sequence[_Form]) -> dict[str, Any]:
    """What the case asks of its own rule, asked of each form. What it asks of other rules, their own cases prove."""
    alerts = [entry for entry in case.raw.get("alert_rule_test", ()) if entry["alertname"] == case.rule]
    exprs = [json.dumps(entry) for entry in case.raw.get("promql_expr_test", ())]
    return {
        **case.raw,
        # Only a rule that reads which alerts fire, and so has one form here, is among the series.
        "input_series": json.loads(forms[0].renamed(json.dumps(case.raw["input_series"]))),
        "alert_rule_test": [{**entry, "alertname": form.renamed(case.rule)} for form in forms for entry in alerts],
        "promql_expr_test": [json.loads(form.renamed(entry)) for form in forms for entry in exprs],
    }
