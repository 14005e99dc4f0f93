"""config/ntfy/llama-metrics.yml: what a person reads, always short enough for ntfy to deliver it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.config.ntfy import LIMIT, TEMPLATE, Message, render
from tests.config.shipped import config
from tools.binaries import Binaries

ACTIONS = [action for part in TEMPLATE.values() for action in re.findall(r"\{\{-?\s*(.*?)\s*-?\}\}", part)]
URL = "https://example.org/RUNBOOK.md#ollamadown"
ANNOTATIONS = {"summary": "Ollama does not answer.", "description": "No answer for 2 minutes.", "runbook_url": URL}


def alert(instance: str = "box1", *, status: str = "firing", **other: str) -> dict[str, Any]:
    """One alert of a notification; `other` are further labels, and `description` and `severity`."""
    description = {"description": other.pop("description")} if "description" in other else {}
    labels = {"alertname": "OllamaDown", "job": "ollama", "severity": "critical", "instance": instance}
    return {
        "status": status,
        "labels": labels | other,
        "annotations": ANNOTATIONS | description,
        "startsAt": "2026-11-20T10:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
    }


def notification(*alerts: dict[str, Any], truncated: int = 0) -> dict[str, Any]:
    """What Alertmanager posts about these alerts."""

    def common(key: str) -> dict[str, str]:
        first, *others = [one[key] for one in alerts]
        return {name: value for name, value in first.items() if all(one.get(name) == value for one in others)}

    return {
        "status": "firing" if any(one["status"] == "firing" for one in alerts) else "resolved",
        "alerts": list(alerts),
        "truncatedAlerts": truncated,
        "commonLabels": common("labels"),
        "commonAnnotations": common("annotations"),
    }


def test_one_alert_says_what_where_and_what_to_do(binaries: Binaries, tmp_path: Path) -> None:
    """Name and severity in the title; summary, description and runbook in the text; loud."""
    message = render(binaries, notification(alert()), tmp_path)

    assert message == Message(
        title="Firing: OllamaDown (critical)",
        priority="urgent",
        text=f"Ollama does not answer.\n- No answer for 2 minutes.\nWhat to do: {URL}",
    )


def test_many_alerts_are_counted_and_five_are_told(binaries: Binaries, tmp_path: Path) -> None:
    """Fourteen alerts lost the whole message with ntfy's own template."""
    alerts = [alert(f"box{number}", description=f"No answer from box{number}.") for number in range(14)]

    message = render(binaries, notification(*alerts), tmp_path)

    assert message.title == "Firing: OllamaDown (critical), 14 alerts"
    assert message.text.splitlines()[1:7] == [f"- No answer from box{number}." for number in range(5)] + ["and 9 more"]


def test_resolved_is_quiet_and_does_not_repeat_the_description(binaries: Binaries, tmp_path: Path) -> None:
    """It says what has ended and where, at a priority without a sound."""
    message = render(binaries, notification(alert(status="resolved", model="llama3.2:latest")), tmp_path)

    assert message == Message(
        title="Resolved: OllamaDown",
        priority="low",
        text=f"This has ended: Ollama does not answer.\n- resolved: box1 llama3.2:latest\nWhat to do: {URL}",
    )


def test_partly_resolved_is_still_firing(binaries: Binaries, tmp_path: Path) -> None:
    """As long as one alert of the group fires, the message is loud, and tells both."""
    message = render(binaries, notification(alert(status="resolved"), alert("box2")), tmp_path)

    assert message.title == "Firing: OllamaDown (critical)"
    assert message.priority == "urgent"
    assert message.text.splitlines()[1:3] == ["- No answer for 2 minutes.", "- resolved: box1"]


def test_what_alertmanager_left_out_is_counted(binaries: Binaries, tmp_path: Path) -> None:
    """Where Alertmanager cut a group, the message says so, and does not call it resolved by the part that it sees."""
    firing = render(binaries, notification(alert(), truncated=37), tmp_path)
    resolved = render(binaries, notification(alert(status="resolved"), truncated=37), tmp_path)

    assert firing.title == "Firing: OllamaDown (critical), more than 1 alerts"
    assert "and 37 more that Alertmanager left out" in firing.text.splitlines()
    assert resolved.title.startswith("Partly resolved: ")


@pytest.mark.parametrize(
    ("severity", "priority"), [("critical", "urgent"), ("warning", "default"), ("info", "low"), ("other", "default")]
)
def test_a_severity_is_as_loud_as_it_is_urgent(
    binaries: Binaries, tmp_path: Path, severity: str, priority: str
) -> None:
    """Only critical rings; info lies in the list until somebody looks."""
    assert render(binaries, notification(alert(severity=severity)), tmp_path).priority == priority


def test_an_alert_of_somebody_else_is_readable(binaries: Binaries, tmp_path: Path) -> None:
    """Without a severity and annotations there is a title, a priority that ntfy knows, and the instance."""
    stranger = alert() | {"labels": {"alertname": "DiskFull", "instance": "nas"}, "annotations": {}}

    message = render(binaries, notification(stranger), tmp_path)

    assert message == Message(title="Firing: DiskFull", priority="default", text="- nas")


@pytest.mark.parametrize("character", "aü€😀")
@pytest.mark.parametrize("firing", [1, 10, 20])
def test_no_text_is_too_long_for_ntfy(binaries: Binaries, tmp_path: Path, character: str, firing: int) -> None:
    """Whatever the texts hold: title and message stay below the limit, and no character is cut in two."""
    long = character * 3000
    states = ["firing"] * firing + ["resolved"] * (20 - firing)
    alerts = [alert(long, status=status, alertname=long, severity=long, model=long) for status in states]
    for one in alerts:
        one["annotations"] = dict.fromkeys(ANNOTATIONS, long)

    message = render(binaries, notification(*alerts, truncated=480), tmp_path)

    assert len(message.title.encode()) < LIMIT
    assert 500 < len(message.text.encode()) < LIMIT
    assert "\ufffd" not in message.title + message.text


def test_only_what_go_and_ntfy_both_allow() -> None:
    """Functions of Go's templates alone, no printf width of four digits (ntfy refuses it), no {{define}}."""
    without_texts = [re.sub('"[^"]*"', "", action) for action in ACTIONS]
    words = {word for action in without_texts for word in re.findall(r"(?<![.$\w])[a-zA-Z]+", action)}

    assert words <= {*"range with if else end and not eq gt le len slice print printf".split()}
    assert all(int(width) < 1000 for action in ACTIONS for width in re.findall(r"%\.(\d+)s", action))


def test_what_may_be_absent_is_asked_for_first() -> None:
    """ntfy prints a label or an annotation that is not there as <no value>; `with` prints nothing."""
    optional = re.compile(r"\.(labels|annotations|commonLabels|commonAnnotations)\.")

    assert all(action.removeprefix("else ").startswith("with ") for action in ACTIONS if optional.search(action))


def test_the_template_is_the_one_that_alertmanager_asks_for() -> None:
    """Its file name, without .yml, is the name in the webhook's address, and compose puts it where ntfy looks."""
    (webhook,) = config("config/alertmanager.yml")["receivers"][0]["webhook_configs"]
    ntfy = config("docker-compose.yml")["services"]["ntfy"]

    assert webhook["url"].endswith("?template=llama-metrics")
    assert "./config/ntfy:/etc/ntfy/templates:ro" in ntfy["volumes"]
    assert set(TEMPLATE) == {"title", "priority", "message"}
