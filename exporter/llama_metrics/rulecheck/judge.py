"""Which alerts can work, on which hosts, and what the others lack. Pure: from rules and what was asked to findings.

A series is judged where it should come from:

- that of a collector, on each host: there now, it works. Else by the collector's own health: not on, failing, or on and
  well, with nothing of it to tell at this moment, which is no fault;
- `llama_metrics_collector_*` of named collectors, by whether such a collector is on;
- a record, by what it is made of; that it is evaluated at all is told apart;
- anything else (`up`, what Prometheus and Alertmanager say of themselves), by whether it is there at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llama_metrics import scrape
from llama_metrics.collector import AnyCollector
from llama_metrics.collectors import ALL
from llama_metrics.collectors.version import VERSION
from llama_metrics.ollama.eras import prints_costs
from llama_metrics.rulecheck import causes
from llama_metrics.rulecheck.installation import Exporter, Host, Installation, Provider, providers
from llama_metrics.rulecheck.need import AllOf, Need, Series, series
from llama_metrics.rulecheck.pack import Pack, Rule
from llama_metrics.rulecheck.verdict import WORKS, Cause, Verdict, because, either, every

_HEALTH = frozenset(metric.name for metric in scrape.METRICS)
_LOCAL = frozenset(collector.name for collector in ALL if collector.scope == "host")


@dataclass(frozen=True)
class Judged:
    """An alert with its verdict on each host; on None where it is about no host, but about Prometheus itself."""

    alert: Rule
    verdicts: Mapping[Host | None, Verdict]


def judge(pack: Pack, installation: Installation) -> list[Judged]:
    """Every alert, in the order of the pack."""
    by_collector = providers()
    nowhere: dict[Host | None, _Place] = {None: _Place(installation, by_collector, None)}
    hosts: dict[Host | None, _Place] = {
        host: _Place(installation, by_collector, host) for host in installation.exporters
    }
    judged = []
    for alert in pack.alerts:
        need = pack.grounded(alert.need)
        is_of_hosts = any(one.name in by_collector or one.collector for one in series(need))
        places = hosts if is_of_hosts else nowhere
        judged.append(Judged(alert, {host: place.verdict(need) for host, place in places.items()}))
    return judged


class _Place:
    """One host, or none."""

    def __init__(self, installation: Installation, by_collector: Mapping[str, Provider], host: Host | None) -> None:
        self._installation, self._providers, self._host = installation, by_collector, host
        self._exporter = installation.exporters[host] if host is not None else Exporter({})
        self._known: dict[Series, Verdict] = {}

    def verdict(self, need: Need) -> Verdict:
        """How it stands with a need that reads no record."""
        if isinstance(need, Series):
            if need not in self._known:
                self._known[need] = self._looked_up(need)
            return self._known[need]
        parts = [self.verdict(part) for part in need.parts]
        return every(parts) if isinstance(need, AllOf) else either(parts)

    def _looked_up(self, one: Series) -> Verdict:
        if one.name in self._providers:
            return self._provided(one.name)
        if one.name in _HEALTH and one.collector:
            chosen = [collector for collector in ALL if one.takes(collector.name)]
            if any(collector.name in self._exporter.health for collector in chosen):
                return WORKS
            return either(because(self._off(collector)) for collector in chosen)
        return (
            WORKS
            if one.name in self._installation.known
            else because(causes.elsewhere(one.name, self._installation.known))
        )

    def _provided(self, name: str) -> Verdict:
        collector, metric = self._providers[name]
        if self._host in self._installation.present.get(name, frozenset()):
            return WORKS
        health = self._exporter.health
        if collector.name not in health:
            return because(self._off(collector))
        if collector.scope == "target" and not collector.outlasts_gate and health.get(VERSION.name) is False:
            return because(causes.DOWN)
        if not health[collector.name]:
            return because(causes.failing(collector))
        costs = prints_costs(self._exporter.ollama) if self._exporter.ollama else None
        return because(causes.silent(collector, metric, prints_costs=costs))

    def _off(self, collector: AnyCollector) -> Cause:
        if collector.scope == "host" and not _LOCAL & self._exporter.health.keys():
            return causes.REMOTE
        return causes.off(collector, self._exporter.system)
