"""What is asked of Prometheus, and what of its answers is believed."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llama_metrics.errors import BadAnswer, SourceError, TimedOut, Unreachable
from llama_metrics.rulecheck.prometheus import Prometheus
from llama_metrics.schema import Problems
from tests.support.fake_ollama import Behaviour, FakeOllama, hang, http
from tools.stack import free_port

BUILD = "/api/v1/status/buildinfo"
RULES = "/api/v1/rules?exclude_alerts=true"
UP = "/api/v1/query?query=up+%3D%3D+1&timeout=10s"


def test_answers_are_taken() -> None:
    """Version, samples, and rules with the error of their last evaluation; what else is in them is left alone."""
    answers = {
        BUILD: http('{"status":"success","data":{"version":"3.5.3","goVersion":"x"}}'),
        UP: http(
            '{"status":"success","data":{"resultType":"vector","result":'
            '[{"metric":{"job":"a"},"value":[1.5,"1"]},{"metric":{},"value":[1,"+Inf"]}]}}'
        ),
        RULES: http(
            '{"status":"success","data":{"groups":[{"name":"g","rules":[{"name":"A","health":"ok","alerts":[]},'
            '{"name":"B","health":"err","lastError":"many-to-many"},{"name":"C","health":"unknown"}]}]}}'
        ),
    }
    with FakeOllama(answers) as server, Prometheus(server.url + "/") as prometheus:
        assert prometheus.version() == "3.5.3"
        assert prometheus.query("up == 1") == [({"job": "a"}, 1.0), ({}, float("inf"))]
        assert prometheus.rules() == {"A": "", "B": "many-to-many", "C": ""}


@pytest.mark.parametrize(
    ("behaviour", "kind", "says"),
    [
        (http("", "401 Unauthorized"), BadAnswer, "HTTP 401; it asks for credentials"),
        (http("", "403 Forbidden"), BadAnswer, "HTTP 403; it refuses"),
        (http("", "404 Not Found"), BadAnswer, "HTTP 404; this is no Prometheus' API"),
        (http("", "503 Service Unavailable"), BadAnswer, "HTTP 503$"),
        (http("", "302 Found", "Location: /login"), BadAnswer, "a redirect to '/login'"),
        (http("<html>"), BadAnswer, "not an answer of Prometheus'"),
        (http("{}"), BadAnswer, "not an answer of Prometheus'"),
        (http('{"data":{"version":3}}'), BadAnswer, "not an answer of Prometheus'"),
        (http(b'{"data":{"version":"\xff"}}'), BadAnswer, "not an answer of Prometheus'"),
        (http("[" * 100_000), BadAnswer, "not an answer of Prometheus'"),
        (http(b"x" * (9 << 20)), BadAnswer, "larger than 8 MiB"),
    ],
)
def test_what_is_no_answer_is_said(behaviour: Behaviour, kind: type[SourceError], says: str) -> None:
    """What was asked, what came back and what to do, and nothing about Ollama."""
    with FakeOllama({BUILD: behaviour}) as server, Prometheus(server.url) as prometheus:
        with pytest.raises(kind, match=says) as error:
            prometheus.version()
        assert f"GET {server.url}{BUILD}: " in str(error.value)
        assert "Ollama" not in str(error.value)


def test_nobody_there() -> None:
    """The sentence asks about Prometheus."""
    nowhere = Prometheus(f"http://127.0.0.1:{free_port()}")
    with nowhere, pytest.raises(Unreachable, match="connection refused; is Prometheus there"):
        nowhere.version()


def test_all_answers_together_are_awaited_for_a_minute() -> None:
    """Each for ten seconds; what is asked later gets what is left, and then nothing is asked any more."""
    now = [0.0]
    with FakeOllama({UP: http('{"data":{"result":[]}}'), BUILD: hang}) as server:
        with Prometheus(server.url, lambda: now[0]) as prometheus:
            now[0] = 59.9
            assert prometheus.query("up == 1") == []
            with pytest.raises(TimedOut, match=r"within 0\.1 s; Prometheus is too busy"):
                prometheus.version()
            now[0] = 61
            with pytest.raises(TimedOut, match="no time was left"):
                prometheus.query("up == 1")
        assert server.asked[UP] == 1


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("127.0.0.1:9090", "is no address"),
        ("ftp://host", "is no address"),
        ("http://", "is no address"),
        ("http://[::1", "is no address"),
        ("http://host:port", "is no address"),
        ("http://host/?x=1", "is no address"),
        ("http://user:hunter2@host", "user name or password"),
        ("http://user:hunter2@host:port?x=1", "user name or password"),
        ("", "is no address"),
    ],
)
def test_what_is_no_address_is_refused(address: str, says: str) -> None:
    """Before anything is asked; a password is not repeated."""
    with pytest.raises(Problems, match=says) as error:
        Prometheus(address)
    assert "hunter2" not in str(error.value)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=50)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_not(body: bytes) -> None:
    """And no other exception."""
    answers = dict.fromkeys((BUILD, RULES, UP), http(body))
    with FakeOllama(answers) as server, Prometheus(server.url) as prometheus:
        for ask in (prometheus.version, prometheus.rules, lambda: prometheus.query("up == 1")):
            with pytest.raises(SourceError):
                ask()
