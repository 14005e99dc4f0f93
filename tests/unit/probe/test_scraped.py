"""The probe in the exporter: what is on the page, and what is not in the log."""

from __future__ import annotations

import logging

import pytest

from llama_metrics.app import App
from llama_metrics.collectors import ALL
from llama_metrics.config import load
from tests.support import exporter
from tests.support.fake_ollama import Behaviour, FakeOllama, http
from tests.support.waiting import until
from tests.unit.probe.probing import FIRST, GENERATE, LAST, PS, Waiting, answer, in_memory, ps

CONFIGURED = {"collectors__probe__enabled": True, "collectors__probe__models": [{"name": "a:1"}]}


def success(address: str) -> dict[str, float]:
    """What the page says of the last probes."""
    return exporter.samples(exporter.get(address, "/metrics").text, "ollama_probe_success")


def test_a_hung_ollama_is_on_the_page_within_the_bound() -> None:
    """It answers everything but what it is for; its end of our connection is closed."""
    waiting = Waiting(b"")
    answers: dict[str, Behaviour] = {
        "/api/version": http('{"version":"0.33.0"}'),
        PS: ps(in_memory("a:1")),
        GENERATE: waiting,
    }
    with (
        FakeOllama(answers) as ollama,
        exporter.running(ollama.url, **CONFIGURED, collectors__probe__timeout="1s") as address,
    ):
        assert waiting.begun.wait(5)
        while_it_waits = success(address)
        assert waiting.left.wait(5)
        after = until(lambda: success(address))
        page = exporter.get(address, "/metrics").text

    assert (while_it_waits, after) == ({}, {'{model="a:1"}': 0.0})
    assert exporter.samples(page, "ollama_up") == {"": 1.0}
    assert exporter.samples(page, "llama_metrics_collector_success")['{collector="probe"}'] == 1.0
    failures = exporter.samples(page, "ollama_probe_failures_total")
    assert failures['{model="a:1",reason="timed_out"}'] == 1.0


def test_probes_are_shown_where_ollama_is_down() -> None:
    """They say when they were made, so they outlast what a page shows of Ollama itself."""
    with exporter.running("http://127.0.0.1:9", **CONFIGURED) as address:
        found = until(lambda: success(address))
        page = exporter.get(address, "/metrics").text

    assert found == {'{model="a:1"}': 0.0}
    assert exporter.samples(page, "ollama_up") == {"": 0.0}
    assert exporter.samples(page, "ollama_probe_attempts_total") == {'{model="a:1"}': 1.0}


def test_the_exporter_stops_in_the_middle_of_a_probe() -> None:
    """Nobody waits for a request of a minute."""
    waiting = Waiting(b"")
    with FakeOllama({PS: ps(in_memory("a:1")), GENERATE: waiting}) as ollama:
        with exporter.running(ollama.url, **CONFIGURED):
            assert waiting.begun.wait(5)

        assert waiting.left.wait(5)


class Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """As logging.Handler.emit."""
        self.lines.append(f"{record.getMessage()} {record.__dict__}")


@pytest.mark.parametrize("behaviour", [answer(FIRST, LAST), http('{"error":"still"}', "500 No"), answer(b"still")])
def test_nothing_of_an_answer_is_in_the_log_or_on_the_page(behaviour: Behaviour) -> None:
    """Neither of a good one nor of a bad one, which is a matter of the series alone."""
    logger, kept = logging.Logger("test"), Lines()  # noqa: LOG001  registered nowhere
    logger.addHandler(kept)
    answers = {"/api/version": http('{"version":"0.33.0"}'), PS: ps(in_memory("a:1")), GENERATE: behaviour}
    with FakeOllama(answers) as ollama:
        flags = exporter.settings(**CONFIGURED, web__listen_address="127.0.0.1:0", collectors__log__enabled=False)
        app = App(load(ALL, {"OLLAMA_HOST": ollama.url}, flags=flags), logger)
        address = app.start()
        try:
            until(lambda: success(address))
            page = exporter.get(address, "/metrics").text
        finally:
            app.stop()

    assert "still" not in page
    assert not [line for line in kept.lines if "still" in line or "'probe'" in line]
