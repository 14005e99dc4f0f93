"""Hosts that are not there, and what is judged of them."""

from __future__ import annotations

from collections.abc import Iterable

from llama_metrics.collectors import ALL
from llama_metrics.rulecheck import causes
from llama_metrics.rulecheck.expression import parse
from llama_metrics.rulecheck.installation import Exporter, Host, Installation
from llama_metrics.rulecheck.judge import judge
from llama_metrics.rulecheck.pack import Pack, Rule
from llama_metrics.rulecheck.verdict import Verdict, because

EVERY = {collector.name: True for collector in ALL}
HERE: Host = frozenset({("instance", "here"), ("job", "ollama")})
THERE: Host = frozenset({("instance", "there"), ("job", "ollama")})
BY_NAME = {collector.name: collector for collector in ALL}


def installed(exporters: dict[Host, Exporter], present: Iterable[str] = (), known: Iterable[str] = ()) -> Installation:
    """These exporters, every one of which has these series."""
    return Installation("3.5.3", {}, exporters, dict.fromkeys(present, frozenset(exporters)), frozenset(known))


def verdict(expression: str, exporter: Exporter, *, present: str = "", known: str = "", **records: str) -> Verdict:
    """On an alert of this expression, where an exporter says this and these series are there."""
    needs = {name: parse(text) for name, text in records.items()}
    pack = Pack([Rule("x.yml", "A", True, parse(expression))], needs)
    found = judge(pack, installed({HERE: exporter}, present.split(), known.split()))
    return next(iter(found[0].verdicts.values()))


def without(*names: str, system: str = "linux", ollama: str = "0.33.0", **states: bool) -> Exporter:
    """An exporter with every collector on and well, save these."""
    return Exporter({**{name: True for name in EVERY if name not in names}, **states}, system, ollama)


def off(name: str) -> Verdict:
    """Because that collector is not on."""
    return because(causes.off(BY_NAME[name], "linux"))
