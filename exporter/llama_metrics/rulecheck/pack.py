"""A folder of rules files as rules: which alerts there are, and what each of them needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from llama_metrics.rulecheck.expression import parse
from llama_metrics.rulecheck.need import NEVER, AllOf, Need, Series, all_of, any_of, series
from llama_metrics.rulecheck.tokens import Misread
from llama_metrics.schema import Problem, Problems, read_yaml


class _Rule(msgspec.Struct, frozen=True):
    alert: str | None = None
    record: str | None = None
    expr: str | int | float = ""


class _Group(msgspec.Struct, frozen=True):
    rules: tuple[_Rule, ...] | None = None


class _File(msgspec.Struct, frozen=True):
    groups: tuple[_Group, ...] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """An alert or a record, the name of the file that it stands in, and what it needs."""

    file: str
    name: str
    is_alert: bool
    need: Need


@dataclass(frozen=True)
class Pack:
    """The rules of a folder, in their order; `unread` says what is wrong with those that cannot be read."""

    alerts: Sequence[Rule]
    records: Mapping[str, Need]
    unread: Mapping[str, str] = field(default_factory=dict)

    def reach(self, need: Need) -> Iterator[Series]:
        """The series that it comes down to, and the records on the way there."""
        seen: set[Series] = set()
        open_ = [need]
        while open_:
            for one in series(open_.pop()):
                if one not in seen:
                    seen.add(one)
                    yield one
                    if one.name in self.records:
                        open_.append(self.records[one.name])

    def grounded(self, need: Need, inside: frozenset[str] = frozenset()) -> Need:
        """The same with what each record is made of in its place; `inside` are the records around it."""
        if not isinstance(need, Series):
            join = all_of if isinstance(need, AllOf) else any_of
            return join(self.grounded(part, inside) for part in need.parts)
        if need.name not in self.records:
            return need
        # A record that reads its own past has to begin by something else.
        return NEVER if need.name in inside else self.grounded(self.records[need.name], inside | {need.name})


def read(folder: Path) -> Pack:
    """Every rule of the folder's *.yml. Raises Problems for what cannot be read, and where there is no alert at all."""
    if not folder.is_dir():
        raise Problems([Problem(str(folder), "is no folder; give the one that holds the rules files (*.yml)")])
    problems: list[Problem] = []
    unread: dict[str, str] = {}
    rules = [rule for file in sorted(folder.glob("*.yml")) for rule in _rules(file, problems, unread)]
    if not problems and not any(rule.is_alert for rule in rules):
        problems.append(Problem(str(folder), "holds no rules file (*.yml) with an alert"))
    if problems:
        raise Problems(problems)
    recorded = {rule.name for rule in rules if not rule.is_alert}
    # Several files may record one series; any of them will do.
    records = {
        name: any_of(rule.need for rule in rules if not rule.is_alert and rule.name == name) for name in recorded
    }
    return Pack([rule for rule in rules if rule.is_alert], records, unread)


def _rules(file: Path, problems: list[Problem], unread: dict[str, str]) -> Iterator[Rule]:
    try:
        document = _document(file)
    except Problems as found:
        problems += found.problems
        return
    for raw in (raw for group in document.groups or () for raw in group.rules or ()):
        name = raw.alert or raw.record
        if name is None:
            problems.append(Problem(str(file), "holds a rule that is neither an alert nor a record"))
            continue
        try:
            yield Rule(file.name, name, raw.alert is not None, parse(str(raw.expr)))
        except Misread as error:
            # Prometheus may know more of PromQL than is known here: the others are judged all the same.
            unread[name] = str(error)


def _document(file: Path) -> _File:
    """A file without groups, as a configuration in the same folder, is none of ours."""
    raw: dict[str, Any] = read_yaml(file)
    try:
        return msgspec.convert({"groups": raw.get("groups")}, _File)
    except msgspec.ValidationError as error:
        raise Problems([Problem(str(file), f"is no rules file: {error}")]) from None
