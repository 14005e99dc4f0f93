"""config/alertmanager/*.tmpl: what a person reads, rendered by amtool, short enough for every channel."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.config.channels import read
from tests.config.shipped import CONFIG
from tools.binaries import Binaries

TEMPLATES = CONFIG / "alertmanager"
TITLE = '{{ template "llama-metrics.title" . }}'
TEXT = '{{ template "llama-metrics.text" (dict "data" . "slack" false) }}'
SLACK = TEXT.replace("false", "true")
EMAIL = '{{ template "llama-metrics.email.html" . }}'
# Telegram counts UTF-16 units, ntfy bytes, Discord characters: bytes are the most. Title and text together.
LIMIT = 4096
# The shipped address of Grafana has 21 letters, the longest that the command takes 109.
GRAFANA_ROOM = 109 - 21
RUNBOOK = "https://github.com/llama-metrics/llama-metrics/blob/main/docs/RUNBOOK.md#ollamadown"
DASHBOARD = "http://127.0.0.1:3000/d/ollama-overview"
DESCRIPTION = "Ollama has not answered for 2 minutes. First look at its log."


def alert(
    instance: str = "box1", *, status: str = "firing", description: str = DESCRIPTION, **labels: str
) -> dict[str, Any]:
    """One alert of a notification, which began at 10:00 and, if it has ended, lasted 12 minutes and a half."""
    common = {"alertname": "OllamaDown", "job": "ollama", "severity": "critical", "instance": instance}
    return {
        "status": status,
        "labels": common | labels,
        "annotations": {"summary": "Ollama does not answer.", "description": description, "runbook_url": RUNBOOK},
        "startsAt": "2026-11-20T11:00:00+01:00",
        "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else "2026-11-20T10:12:30Z",
    }


def render(binaries: Binaries, folder: Path, text: str, *alerts: dict[str, Any], kind: str = "text") -> str:
    """What Alertmanager makes of a notification about these alerts."""

    def common(key: str) -> dict[str, str]:
        first, *others = [one[key] for one in alerts]
        return {name: value for name, value in first.items() if all(one.get(name) == value for one in others)}

    notification = {
        "status": "firing" if any(one["status"] == "firing" for one in alerts) else "resolved",
        "alerts": list(alerts),
        "commonLabels": common("labels"),
        "commonAnnotations": common("annotations"),
    }
    (folder / "data.json").write_text(json.dumps(notification))
    command = [str(binaries.amtool), "template", "render", f"--template.glob={TEMPLATES}/*.tmpl"]
    command += [f"--template.text={text}", f"--template.data={folder}/data.json", f"--template.type={kind}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_one_alert_says_what_where_since_when_and_what_to_do(binaries: Binaries, tmp_path: Path) -> None:
    """And where to look further."""
    assert render(binaries, tmp_path, f"{TITLE}\n{TEXT}", alert(model="llama3.2:3b")) == (
        "Firing: OllamaDown on box1 (critical)\n"
        "Ollama does not answer.\n"
        "- box1, llama3.2:3b, since 2026-11-20 10:00 UTC\n"
        f"  {DESCRIPTION}\n"
        f"What to do: {RUNBOOK}\n"
        f"Dashboard: {DASHBOARD}?var-job=ollama&var-instance=box1"
    )


def test_what_is_over_says_how_long_it_lasted_and_does_not_tell_it_all_again(
    binaries: Binaries, tmp_path: Path
) -> None:
    """Without the first step, which nobody needs to take any more."""
    lines = render(binaries, tmp_path, f"{TITLE}\n{TEXT}", alert(status="resolved")).splitlines()

    assert lines[:3] == [
        "Resolved: OllamaDown on box1",
        "This has ended: Ollama does not answer.",
        "- resolved: box1, lasted 12m 30s",
    ]
    assert DESCRIPTION not in "\n".join(lines)


def test_many_alerts_are_counted_eight_are_named_and_three_told(binaries: Binaries, tmp_path: Path) -> None:
    """So that the links at the end are always there."""
    firing = [alert(f"box{number}") for number in range(14)]
    resolved = [alert(f"old{number}", status="resolved") for number in range(7)]

    lines = render(binaries, tmp_path, f"{TITLE}\n{TEXT}", *firing, *resolved).splitlines()

    assert lines[0] == "Firing: OllamaDown (critical), 14 alerts"
    named = [line for line in lines if line.startswith("- box")]
    assert [line.split(",")[0] for line in named] == [f"- box{number}" for number in range(8)]
    assert lines.count(f"  {DESCRIPTION}") == 3
    assert "and 6 more" in lines
    assert [line.split(",")[0] for line in lines if "lasted" in line] == [f"- resolved: old{n}" for n in range(5)]
    assert "and 2 more resolved" in lines
    assert lines[-1] == f"Dashboard: {DASHBOARD}?var-job=ollama"


def test_an_alert_of_somebody_else_is_readable(binaries: Binaries, tmp_path: Path) -> None:
    """Without severity, job and annotations there are a name and a place."""
    stranger = alert() | {"labels": {"alertname": "DiskFull", "instance": "nas"}, "annotations": {}}

    assert render(binaries, tmp_path, f"{TITLE}\n{TEXT}", stranger) == (
        f"Firing: DiskFull on nas\n- nas, since 2026-11-20 10:00 UTC\nDashboard: {DASHBOARD}?var-instance=nas"
    )


def test_an_alert_without_an_instance_names_its_job(binaries: Binaries, tmp_path: Path) -> None:
    """As that of a job which is gone as a whole."""
    whole = alert()
    del whole["labels"]["instance"]

    assert "- job ollama, since " in render(binaries, tmp_path, TEXT, whole)


@pytest.mark.parametrize("character", "aü€😀<\n")
@pytest.mark.parametrize("firing", [1, 3, 8, 40])
def test_no_text_is_too_long_for_any_channel(binaries: Binaries, tmp_path: Path, character: str, firing: int) -> None:
    """Whatever the texts hold, and no character is cut in two."""
    long = character * 3000
    states = ["firing"] * firing + ["resolved"] * (40 - firing)
    alerts = [
        alert(long, status=status, description=long, alertname=long, severity=long, model=long) for status in states
    ]
    for one in alerts:
        one["labels"]["job"] = "<" * 40
        one["annotations"] |= {"summary": long, "runbook_url": "x" * 200}

    text = render(binaries, tmp_path, f"{TITLE}\n{TEXT}", *alerts)

    assert 500 < len(text.encode()) < LIMIT - GRAFANA_ROOM
    assert "\ufffd" not in text
    assert "\n" not in render(binaries, tmp_path, TITLE, *alerts)


def test_for_slack_nothing_of_an_alert_is_markup(binaries: Binaries, tmp_path: Path) -> None:
    """`<!channel>` would call everybody."""
    text = render(binaries, tmp_path, SLACK, alert("<!here>", description="<!channel> a & b", model="<x>"))

    assert "&lt;!here&gt;, &lt;x&gt;" in text
    assert "&lt;!channel&gt; a &amp; b" in text
    assert "<" not in text


def test_an_email_tells_more_and_escapes_all_of_it(binaries: Binaries, tmp_path: Path) -> None:
    """Twenty alerts in full; in HTML what an alert says is text, and a link is a link."""
    alerts = [alert(f"<b>{number}", description=f"<script>{number}</script> & so on") for number in range(25)]
    alerts += [alert("old", status="resolved")]

    html = render(binaries, tmp_path, EMAIL, *alerts, kind="html")

    assert html.count("&lt;script&gt;") == 20
    assert "and 5 more" in html
    assert "resolved: <b>old</b>, lasted 12m 30s" in html
    assert "<script>" not in html
    assert "<b><b>" not in html
    assert f'<a href="{RUNBOOK}">What to do</a>' in html
    assert f'<a href="{DASHBOARD}?var-job=ollama">Dashboard</a>' in html


@pytest.mark.parametrize("severity", ["critical", "warning", "info", "none", "page", ""])
@pytest.mark.parametrize("status", ["firing", "resolved"])
def test_a_severity_in_the_words_of_each_channel(
    binaries: Binaries, tmp_path: Path, severity: str, status: str
) -> None:
    """PagerDuty calls what it is not told an error; ntfy is loud only where somebody has to act; Slack has colours."""
    names = ("pagerduty.severity", "ntfy.priority", "slack.color")
    text = " ".join(f'{{{{ template "llama-metrics.{name}" . }}}}' for name in names)

    pagerduty, ntfy, slack = render(binaries, tmp_path, text, alert(severity=severity, status=status)).split(" ")

    assert pagerduty == (severity if severity in ("critical", "warning", "info") else "error")
    loud = {"critical": ("urgent", "danger"), "info": ("low", "warning")}
    assert (ntfy, slack) == (loud.get(severity, ("default", "warning")) if status == "firing" else ("low", "good"))


@pytest.mark.parametrize("file", sorted(TEMPLATES.glob("*.yml")), ids=lambda file: file.stem)
def test_a_part_uses_templates_that_there_are(file: Path) -> None:
    """amtool check-config does not look inside a template's name."""
    defined = {name for one in TEMPLATES.glob("*.tmpl") for name in re.findall(r'define "([^"]+)"', one.read_text())}

    assert set(re.findall(r'template "([^"]+)"', str(read(file)))) <= defined
