"""`llama-metrics check --rules DIR --prometheus URL`: asks, judges, and says it in plain text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from textwrap import fill

from llama_metrics.errors import Unsupported
from llama_metrics.rulecheck.installation import Host, Installation, look
from llama_metrics.rulecheck.judge import Judged, judge
from llama_metrics.rulecheck.pack import Pack, read
from llama_metrics.rulecheck.prometheus import Prometheus
from llama_metrics.rulecheck.verdict import Lack, Level
from llama_metrics.scrape import SUCCESS

_WIDTH = 100
_MOST_HOSTS = 3
_SAYS = {Level.CANNOT: "cannot work", Level.WAITS: "nothing yet", Level.FOREIGN: "not for"}
_Places = frozenset[Host | None]


def examine(folder: Path, url: str) -> str:
    """The report. Raises Problems for rules that cannot be read and for what is no address, and SourceError."""
    pack = read(folder)
    with Prometheus(url) as prometheus:
        names = {one.name for alert in pack.alerts for one in pack.reach(alert.need)} - pack.records.keys()
        installation = look(prometheus, names)
    if not installation.exporters:
        raise Unsupported(
            f"{url} has no series {SUCCESS.name}; add the exporter to its scrape_configs, or see on its page of targets"
            " why that target is down"
        )
    return as_text(pack, installation, judge(pack, installation))


def as_text(pack: Pack, installation: Installation, judged: Sequence[Judged]) -> str:
    """What is in the way of which alerts: first rules that are not evaluated, then series that are absent."""
    well = sum(all(verdict.level == Level.WORKS for verdict in one.verdicts.values()) for one in judged)
    hosts = len(installation.exporters)
    head = (
        f"Prometheus {installation.version} scrapes {hosts} exporter{'' if hosts == 1 else 's'} of llama-metrics."
        f" {well} of {len(judged)} alerts find all that they read{'' if hosts == 1 else ', on every host'}."
    )
    unread = [_part(f"{name} cannot be judged: {why}", [], []) for name, why in pack.unread.items()]
    parts = [*unread, *_not_evaluated(pack, installation), *_lacking(judged, hosts)]
    return "\n\n".join([fill(head, _WIDTH), *parts]) + "\n"


def _not_evaluated(pack: Pack, installation: Installation) -> Iterator[str]:
    """Files that are not loaded, or not as they stand here, and rules whose evaluation fails."""
    loaded, alerts = installation.loaded, {alert.name: alert for alert in pack.alerts}
    for file in dict.fromkeys(alert.file for alert in pack.alerts):
        own = [alert for alert in pack.alerts if alert.file == file]
        records = {one.name for alert in own for one in pack.reach(alert.need)} & pack.records.keys()
        missing = [name for name in (*sorted(records), *(alert.name for alert in own)) if name not in loaded]
        if not any(alert.name in loaded for alert in own):
            todo = "add it to rule_files of Prometheus, if you want it"
            yield _part(f"{file} is not loaded", [todo], [alert.name for alert in own])
        elif missing:
            todo = "Prometheus has another version of the file: replace it, and reload Prometheus"
            yield _part(f"{file} is not loaded as it stands here", [todo], missing)
    for name in sorted(loaded.keys() & (alerts.keys() | pack.records.keys())):
        if loaded[name]:
            yield _part(f"{name} cannot be evaluated: {loaded[name]}", [], [])


def _lacking(judged: Sequence[Judged], hosts: int) -> Iterator[str]:
    """One part for each thing that is lacking, and the hosts where the same alerts lack it."""
    where: dict[tuple[Level, Lack], dict[str, set[Host | None]]] = defaultdict(lambda: defaultdict(set))
    for one in judged:
        for host, verdict in one.verdicts.items():
            for lack in verdict.lacks:
                where[verdict.level, lack][one.alert.name].add(host)
    # What somebody can mend comes first, and of that what mends most.
    order = sorted(where.items(), key=lambda found: (list(_SAYS).index(found[0][0]), -len(found[1])))
    for (level, lack), by_alert in order:
        together: dict[_Places, list[str]] = defaultdict(list)
        for name, found in by_alert.items():
            together[frozenset(found)].append(name)
        for places, names in together.items():
            yield _lack(f"{_SAYS[level]}{_where(places, hosts, level)}", lack, names)


def _lack(begin: str, lack: Lack, names: Sequence[str]) -> str:
    causes = sorted(lack)
    if not causes:
        return _part(f"{begin}: it reads a record that is made of nothing but itself", [], names)
    if len({cause.todo for cause in causes}) == 1:
        return _part(f"{begin}: {', '.join(cause.sentence for cause in causes)}", [causes[0].todo], names)
    todos = [f"{cause.sentence}: {cause.todo}" if cause.todo else cause.sentence for cause in causes]
    return _part(f"{begin}: one of these would do", todos, names)


def _where(places: _Places, hosts: int, level: Level) -> str:
    named = sorted(dict(host).get("instance", "?") for host in places if host is not None)
    if not named or hosts == 1:
        return " this host" if level == Level.FOREIGN else ""
    on = "" if level == Level.FOREIGN else " on"
    if len(named) == hosts:
        return f"{on} any host"
    listed = ", ".join(named[:_MOST_HOSTS])
    more = f" and {len(named) - _MOST_HOSTS} more" if len(named) > _MOST_HOSTS else ""
    return f"{on} {len(named)} of {hosts} hosts ({listed}{more})"


def _part(title: str, todos: Iterable[str], names: Sequence[str]) -> str:
    lines = [title, *(_wrapped(todo, "  -> ") for todo in todos if todo)]
    if names:
        lines.append(_wrapped(", ".join(names), "  "))
    return "\n".join(lines)


def _wrapped(text: str, begin: str) -> str:
    """Over several lines, all as far to the right as the first; what is to be copied is not broken."""
    return fill(text, _WIDTH, initial_indent=begin, subsequent_indent=" " * len(begin), break_on_hyphens=False)
