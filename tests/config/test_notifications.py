"""What arrives: a real Alertmanager with the shipped configuration, and a sink in ntfy's place.

Changed for the test: the address of ntfy, and the waiting times, which are 10 s, 1 m and 5 m as shipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.config.ntfy import LIMIT, render
from tests.config.shipped import alert_labels, config
from tests.config.sink import Sink
from tools.binaries import Binaries
from tools.stack import Alertmanager

SHIPPED = config("config/alertmanager.yml")
# Over this ntfy refuses the whole request.
BODY_LIMIT = 128 * 1024


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    """Takes ntfy's place."""
    with Sink() as listening:
        yield listening


@pytest.fixture(scope="module")
def alertmanager(binaries: Binaries, sink: Sink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    """The shipped configuration, quick, with the sink in ntfy's place."""
    folder = tmp_path_factory.mktemp("alertmanager")
    text = yaml.safe_dump(SHIPPED).replace("http://ntfy:2586", sink.url)
    quick = yaml.safe_load(text)
    for route in [quick["route"], *quick["route"]["routes"]]:
        route |= {"group_wait": "500ms", "group_interval": "600ms"}
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(quick))
    with Alertmanager(binaries, folder / "alertmanager.yml", folder) as real:
        yield real


def post(alertmanager: Alertmanager, job: str, *alerts: tuple[str, str], resolved: bool = False) -> None:
    """Says to Alertmanager what Prometheus would: name and instance of the alerts that fire, or have ended."""
    now = datetime.now(UTC)
    body: list[dict[str, Any]] = [
        {
            "labels": {"alertname": name, "job": job, "instance": instance, **alert_labels()[name]},
            "annotations": {
                "summary": "Ollama does not answer.",
                "description": f"Ollama on {instance} does not answer. " + "First look at its log. " * 15,
                "runbook_url": "https://example.org/RUNBOOK.md#ollamadown",
            },
            # A start longer ago than group_wait would be sent at once, each alert by itself.
            "startsAt": (now - timedelta(seconds=1) if resolved else now).isoformat(),
            # As long as the expression of a long rule in the address of a graph.
            "generatorURL": "http://127.0.0.1:9090/graph?g0.expr=" + "x" * 1500,
        }
        | ({"endsAt": now.isoformat()} if resolved else {})
        for name, instance in alerts
    ]
    requests.post(f"{alertmanager.url}/api/v2/alerts", json=body, timeout=10).raise_for_status()


def test_hosts_with_the_same_alert_come_in_one_message(alertmanager: Alertmanager, sink: Sink) -> None:
    """Grouped by alert and job, posted to ntfy's topic with our template."""
    post(alertmanager, "grouped", ("OllamaDown", "a"), ("OllamaDown", "b"), ("OllamaModelOnCpu", "c"))

    messages = sink.wait("grouped", lambda received: len(received) == 2)

    assert sorted(message.names for message in messages) == [
        [("OllamaDown", "a"), ("OllamaDown", "b")],
        [("OllamaModelOnCpu", "c")],
    ]
    assert {message.path for message in messages} == {"/ollama?template=llama-metrics"}


def test_the_end_of_an_alert_arrives(
    alertmanager: Alertmanager, sink: Sink, binaries: Binaries, tmp_path: Path
) -> None:
    """Firing, then resolved; each short enough for ntfy."""
    post(alertmanager, "ends", ("OllamaDown", "a"))
    sink.wait("ends", lambda received: len(received) == 1)
    post(alertmanager, "ends", ("OllamaDown", "a"), resolved=True)

    messages = sink.wait("ends", lambda received: len(received) == 2)

    shown = [render(binaries, message.payload, tmp_path) for message in messages]
    assert [message.title for message in shown] == ["Firing: OllamaDown (critical)", "Resolved: OllamaDown"]
    assert [message.priority for message in shown] == ["urgent", "low"]


def test_a_muted_alert_is_not_sent(alertmanager: Alertmanager, sink: Sink) -> None:
    """With the exporter down nothing else of its instance arrives, and another instance's does."""
    post(alertmanager, "muted", ("LlamaMetricsExporterDown", "a"), ("OllamaDown", "a"), ("OllamaDown", "b"))
    sink.wait("muted", lambda received: len(received) == 2)
    post(alertmanager, "muted", ("OllamaModelOnCpu", "b"))

    messages = sink.wait("muted", lambda received: len(received) == 3)

    assert sorted(name for message in messages for name in message.names) == [
        ("LlamaMetricsExporterDown", "a"),
        ("OllamaDown", "b"),
        ("OllamaModelOnCpu", "b"),
    ]


def test_what_the_inbox_refused_is_sent_again(alertmanager: Alertmanager, sink: Sink) -> None:
    """An inbox that restarts loses nothing."""
    sink.refuse = 2
    post(alertmanager, "refused", ("OllamaDown", "a"))

    messages = sink.wait("refused", lambda received: len(received) == 1)

    assert sink.refused == 2
    assert messages[0].names == [("OllamaDown", "a")]


def test_a_fleet_that_goes_down_at_once_is_not_too_much_for_ntfy(
    alertmanager: Alertmanager, sink: Sink, binaries: Binaries, tmp_path: Path
) -> None:
    """Five hundred hosts in one message: below both limits, and the hosts that it leaves out are counted."""
    post(alertmanager, "fleet", *(("OllamaDown", f"box{number}") for number in range(500)))

    # Alertmanager may begin before it has read the whole post: the last message is about all of them.
    (*_, message) = sink.wait(
        "fleet", lambda received: bool(received) and received[-1].payload["truncatedAlerts"] == 480
    )

    shown = render(binaries, message.payload, tmp_path)
    assert len(message.body) < BODY_LIMIT
    assert len(shown.text.encode()) < LIMIT
    assert shown.title == "Firing: OllamaDown (critical), more than 20 alerts"
    assert "and 480 more that Alertmanager left out" in shown.text.splitlines()


def test_the_shipped_times_keep_the_promise() -> None:
    """A notification comes within `for` + 45 s: scrape 15, evaluation 15, group_wait 10. Critical ends within 1 m."""
    critical, warning, _ = SHIPPED["route"]["routes"]

    assert SHIPPED["route"]["group_wait"] == "10s"
    assert (critical["matchers"], warning["matchers"]) == (['severity="critical"'], ['severity="warning"'])
    assert not any("group_wait" in route for route in (critical, warning))
    assert critical["group_interval"] == "1m"


def test_the_dead_mans_switch_is_called_more_often_than_it_expects() -> None:
    """Every five or six minutes: Alertmanager looks once in a group_interval whether it is time to repeat."""
    *_, watchdog = SHIPPED["route"]["routes"]

    assert (watchdog["receiver"], watchdog["matchers"]) == ("nowhere", ['severity="none"'])
    assert (watchdog["group_interval"], watchdog["repeat_interval"]) == ("1m", "5m")
