"""Every channel delivers, firing and resolved, through a real Alertmanager; and no secret is seen anywhere.

Changed for the test: the waiting times, and the hosts outside, in whose place one server on loopback stands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.config.channels import CHANNELS, EVERY, MARK, RUNBOOK, SECRETS, local_secrets, post, quick, shown, written
from tests.config.outside import Call, Outside
from tools.binaries import Binaries
from tools.stack import Alertmanager

PASSWORD = f"{MARK} # 'and: more"
# Where in the request of each channel its secret is.
PATHS = {
    "slack": f"/slack/{MARK}",
    "discord": f"/discord/{MARK}",
    "telegram": f"/telegram/bot123456:{MARK}/sendMessage",
    "pagerduty": "/pagerduty",
    "webhook": f"/webhook/{MARK}",
    "ntfy": f"/ntfy/{MARK}",
}


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    """Everything that is not ours."""
    with Outside(PASSWORD) as listening:
        yield listening


@pytest.fixture(scope="module")
def alertmanager(
    binaries: Binaries, outside: Outside, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Alertmanager]:
    """A real one with every channel there is."""
    folder = tmp_path_factory.mktemp("alertmanager")
    given = local_secrets(outside.url, outside.mail_server)
    names = [*EVERY, "webhook-escalation"]
    file = quick(written(folder, names, secrets=given), outside.url)
    with Alertmanager(binaries, file, folder) as real:
        yield real


@pytest.fixture(scope="module")
def told(alertmanager: Alertmanager, outside: Outside) -> dict[str, list[str]]:
    """Channel -> what it was told of one alert: that it fires, and that it has ended."""
    post(alertmanager, "box1")
    heard = {name: about(outside, name, "Firing", "box1") for name in CHANNELS}
    post(alertmanager, "box1", resolved=True)
    return {name: [heard[name], about(outside, name, "Resolved", "box1")] for name in CHANNELS}


def about(outside: Outside, name: str, status: str, instance: str) -> str:
    """What a channel hears of an instance."""
    if name == "email":
        [mail] = outside.mails(lambda mail: mail.subject.startswith(status) and instance in mail.subject)
        assert mail.to == ("me@example.org",)
        return f"{mail.subject}\n{mail.text}\n{mail.html}"
    word = {"webhook": {"Firing": '"status":"firing"', "Resolved": '"status":"resolved"'}}.get(name, {}).get(
        status, status
    )

    def is_it(call: Call) -> bool:
        return call.path.startswith(PATHS[name]) and word in call.body and instance in call.body

    [call] = outside.calls(is_it)
    return call.body


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_says_what_where_and_what_to_do(told: dict[str, list[str]], name: str) -> None:
    """At its own address, with its own secret; the summary, the place, the first step, the runbook."""
    firing, _ = told[name]

    for text in ("Ollama does not answer.", "box1", "First look at its", RUNBOOK):
        assert text in firing


@pytest.mark.parametrize("name", [name for name in CHANNELS if name != "webhook"])
def test_a_channel_says_when_it_is_over_and_how_long_it_lasted(told: dict[str, list[str]], name: str) -> None:
    """Ninety seconds. A webhook gets the two times instead."""
    _, resolved = told[name]

    assert "lasted 1m 3" in resolved
    assert "First look" not in resolved


def test_the_inbox_hears_of_it_too(alertmanager: Alertmanager, outside: Outside) -> None:
    """Beside all channels."""
    post(alertmanager, "box2")

    assert outside.calls(lambda call: call.path == "/ollama?template=llama-metrics" and "box2" in call.body)


def test_slack_gets_no_markup_that_is_not_ours(told: dict[str, list[str]]) -> None:
    """What an alert says cannot call a channel or make a link; red while it fires, green after."""
    firing, resolved = ([json.loads(text)["attachments"]] for text in told["slack"])

    assert "2 minutes &amp; more. {{ .Status }} First look at its &lt;log&gt;." in firing[0][0]["text"]
    assert [one[0][0]["color"] for one in (firing, resolved)] == ["danger", "good"]


def test_pagerduty_gets_the_severity_and_the_same_incident_twice(told: dict[str, list[str]]) -> None:
    """Without a template everything is an error there."""
    firing, resolved = map(json.loads, told["pagerduty"])

    assert firing["payload"]["severity"] == "critical"
    assert (firing["event_action"], resolved["event_action"]) == ("trigger", "resolve")
    assert firing["dedup_key"] == resolved["dedup_key"]
    assert firing["routing_key"] == SECRETS["pagerduty"].strip()


def test_ntfy_is_told_where_the_texts_stand(told: dict[str, list[str]], outside: Outside) -> None:
    """A server without our template takes title, message and priority out of what is posted."""
    firing, resolved = map(json.loads, told["ntfy"])
    [call, *_] = outside.calls(lambda call: call.path.startswith(PATHS["ntfy"]))

    asked = parse_qs(urlsplit(call.path).query)
    assert asked == {
        "template": ["yes"],
        "title": ["{{.title}}"],
        "message": ["{{.message}}"],
        "priority": ["{{.priority}}"],
    }
    assert set(firing) == {"title", "message", "priority"}
    assert [one["priority"] for one in (firing, resolved)] == ["urgent", "low"]
    assert firing["title"].strip() == "Firing: OllamaDown on box1 (critical)"
    assert "more. {{ .Status }} First" in firing["message"]


def test_what_looks_like_yaml_stays_text(told: dict[str, list[str]]) -> None:
    """Alertmanager would make a mapping of `Firing: OllamaDown`, and fill in a template that an alert brings along."""
    texts = [
        json.loads(told["ntfy"][0])["title"],
        json.loads(told["pagerduty"][0])["payload"]["custom_details"]["firing"],
    ]

    assert [type(text) for text in texts] == [str, str]


def test_a_telegram_is_plain_text(told: dict[str, list[str]]) -> None:
    """In the chat that the secret file names; without a sound when it is over."""
    firing, resolved = map(json.loads, told["telegram"])

    assert firing["chat_id"] == -1001234
    assert firing["text"].startswith("\tFiring: OllamaDown on box1 (critical)\nOllama does not answer.\n- box1, since ")
    assert "& more. {{ .Status }} First look at its <log>." in firing["text"]
    assert [one["disable_notification"] for one in (firing, resolved)] == [False, True]
    assert "parse_mode" not in firing


def test_an_email_has_text_and_html(told: dict[str, list[str]]) -> None:
    """In HTML what an alert says is text."""
    firing, _ = told["email"]

    assert "First look at its <log>." in firing
    assert "First look at its &lt;log&gt;." in firing


def test_the_dead_mans_switch_is_called_again_and_again(alertmanager: Alertmanager, outside: Outside) -> None:
    """By our watchdog alone, and nobody else hears of it."""
    post(alertmanager, "here", alertname="LlamaMetricsWatchdog", severity="none", category="meta")

    calls = outside.calls(lambda call: "LlamaMetricsWatchdog" in call.body, count=3)

    assert {call.path for call in calls} == {f"/deadman/{MARK}"}


def test_an_escalation_reaches_the_second_receiver_too(alertmanager: Alertmanager, outside: Outside) -> None:
    """Each channel that hears of what is critical, and the one that hears of nothing else: two webhooks here."""
    post(alertmanager, "box3", alertname="OllamaCriticalPersists", alert="OllamaDown")

    calls = outside.calls(lambda call: call.path == PATHS["webhook"] and "box3" in call.body, count=2)

    assert {json.loads(call.body)["receiver"] for call in calls} == {"webhook", "webhook-escalation"}


@pytest.mark.usefixtures("told")
def test_no_secret_is_shown(alertmanager: Alertmanager, binaries: Binaries) -> None:
    """After every channel was used: neither `amtool config show`, nor a page, nor the log."""
    found = shown(alertmanager, binaries)

    assert "api_url_file" in found["config show"]
    assert [where for where, text in found.items() if MARK in text] == []
