"""Notifications: received as Alertmanager sends them, printed for a person, and counted strictly."""

from __future__ import annotations

import json
import queue
import urllib.request

from tools.notices import Inbox, Notice, missing, parse


def alert(status: str, name: str, fingerprint: str = "f1") -> dict[str, object]:
    """One alert as Alertmanager's webhook spells it."""
    return {
        "status": status,
        "labels": {"alertname": name, "severity": "critical", "instance": "demo"},
        "annotations": {"summary": "Ollama does not answer.", "description": "First look. " * 12},
        "startsAt": "2026-11-21T09:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": fingerprint,
    }


def body(*alerts: dict[str, object]) -> bytes:
    """What Alertmanager posts."""
    return json.dumps({"version": "4", "status": "firing", "alerts": alerts}).encode()


def test_a_notification_gives_a_notice_an_alert() -> None:
    """Whatever the state of the group, each alert has its own."""
    first, second = parse(body(alert("firing", "OllamaDown"), alert("resolved", "OllamaModelOnCpu", "f2")))

    assert (first.status, first.name, first.severity) == ("firing", "OllamaDown", "critical")
    assert (second.status, second.name, second.episode) == (
        "resolved",
        "OllamaModelOnCpu",
        ("f2", "2026-11-21T09:00:00Z"),
    )


def test_a_notice_reads_well() -> None:
    """When, state, severity, name; then the summary and the description, indented and wrapped."""
    (notice,) = parse(body(alert("firing", "OllamaDown")))
    first, second, *rest = notice.text(75.9).splitlines()

    assert first == "  1:15  FIRING    critical  OllamaDown"
    assert second == "        Ollama does not answer."
    assert len(rest) == 2
    assert all(line.startswith("        First") and len(line) <= 108 for line in rest)


def test_the_inbox_delivers_what_is_posted() -> None:
    """On loopback, and it answers 200, or Alertmanager would send it again."""
    arrived: queue.SimpleQueue[Notice] = queue.SimpleQueue()
    with Inbox(arrived.put) as inbox:
        request = urllib.request.Request(inbox.url, body(alert("firing", "OllamaDown")))  # noqa: S310
        status = urllib.request.urlopen(request, timeout=5).status  # noqa: S310

    assert (status, inbox.url.startswith("http://127.0.0.1:")) == (200, True)
    assert arrived.get(timeout=5).name == "OllamaDown"


def test_the_inbox_numbers_what_is_posted() -> None:
    """Alerts of one message have one number, and the next message another; and each alert names its host."""
    arrived: queue.SimpleQueue[Notice] = queue.SimpleQueue()
    with Inbox(arrived.put) as inbox:
        for posted in (body(alert("firing", "A", "a"), alert("firing", "B", "b")), body(alert("firing", "C", "c"))):
            request = urllib.request.Request(inbox.url, posted)  # noqa: S310
            urllib.request.urlopen(request, timeout=5).close()  # noqa: S310
    said = [arrived.get(timeout=5) for _ in range(3)]

    assert [(one.name, one.message) for one in said] == [("A", 1), ("B", 1), ("C", 2)]
    assert {one.instance for one in said} == {"demo"}


def notices(*said: tuple[str, str, str]) -> list[Notice]:
    """Notices in the order said: status, name, fingerprint."""
    return [notice for one in said for notice in parse(body(alert(*one)))]


def test_nothing_is_missing_when_each_alert_fired_and_then_resolved() -> None:
    """Others may come in between, and some may never resolve."""
    seen = notices(
        ("firing", "A", "a"), ("firing", "C", "c"), ("firing", "B", "b"), ("resolved", "B", "b"), ("resolved", "A", "a")
    )

    assert missing(seen, ["A", "B"]) == []


def test_what_is_missing_is_named() -> None:
    """Never fired, never resolved, resolved for another episode, or resolved before it fired."""
    seen = notices(
        ("firing", "B", "b"),
        ("firing", "C", "c1"),
        ("resolved", "C", "c2"),
        ("resolved", "D", "d"),
        ("firing", "D", "d"),
    )

    assert missing([], ["A"]) == ["A firing", "A resolved"]
    assert missing(seen, ["A", "B", "C", "D"]) == ["A firing", "A resolved", "B resolved", "C resolved", "D resolved"]
