"""What Ollama, or whatever stands on its port, may answer: each costs its own collector and no other."""

from __future__ import annotations

import socket
import time

import pytest

from llama_metrics.errors import BadAnswer, SourceError, TimedOut, Unreachable
from llama_metrics.ollama.answers import InstalledModels, LoadedModels
from llama_metrics.ollama.client import LARGEST_BODY, Client
from tests.support import exporter
from tests.support.fake_ollama import FIXTURES, Behaviour, FakeOllama, cut, drip, hang, http, raw, recorded

RECORDED = FIXTURES / "0.33.0-rc2"
GOOD = {
    "/api/version": recorded(RECORDED / "api_version.http"),
    "/api/ps": recorded(RECORDED / "api_ps.one_loaded.http"),
    "/api/tags": recorded(RECORDED / "api_tags.all_models.http"),
}
OK = b"HTTP/1.1 200 OK\r\n"


def two_hundred_megabytes(connection: socket.socket) -> None:
    """A body that says its length, and keeps it."""
    connection.sendall(OK + b"Content-Length: 209715200\r\n\r\n")
    for _ in range(200):
        connection.sendall(b" " * 2**20)


def endless_chunks(connection: socket.socket) -> None:
    """A chunked body that never ends."""
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"100000\r\n" + b" " * 2**20 + b"\r\n")


BAD: dict[str, tuple[Behaviour, type[SourceError], str]] = {
    "404, an Ollama too old for the route": (
        recorded(RECORDED / "metrics.404.http"),
        BadAnswer,
        "HTTP 404; no such rou",
    ),
    "403, a foreign host name": (recorded(RECORDED / "foreign_host.403.http"), BadAnswer, "HTTP 403; Ollama refuses"),
    "401, a proxy before it": (http("", "401 Unauthorized"), BadAnswer, "HTTP 401; a proxy asks"),
    "500 with an empty body": (http("", "500 Internal Server Error"), BadAnswer, "HTTP 500"),
    "204": (raw(b"HTTP/1.1 204 No Content\r\n\r\n"), BadAnswer, "HTTP 204"),
    "a body cut in the middle": (cut(OK + b'Content-Length: 500\r\n\r\n{"models":[{"na'), BadAnswer, "cut off"),
    "chunks cut in the middle": (cut(OK + b"Transfer-Encoding: chunked\r\n\r\n40\r\n{"), BadAnswer, "cut off"),
    "200 MB": (two_hundred_megabytes, BadAnswer, "larger than 8 MiB"),
    "chunks without end": (endless_chunks, BadAnswer, "larger than 8 MiB"),
    "not JSON": (http("<html>It works!</html>"), BadAnswer, "not JSON"),
    "no body": (http(""), BadAnswer, "not JSON"),
    "JSON of another shape": (http('{"data":[]}'), BadAnswer, "another shape"),
    "a list of numbers": (http('{"models":[1,2]}'), BadAnswer, "another shape"),
    "a size that is text": (http('{"models":[{"name":"a:1","size":"big"}]}'), BadAnswer, "another shape"),
    "a number out of range": (http('{"models":[{"name":"a:1","size":1e999}]}'), BadAnswer, "another shape"),
    "brackets without end": (http("[" * 200_000), BadAnswer, "JSON"),
    "a redirect": (
        http("", "302 Found", "Location: http://192.0.2.1/x"),
        BadAnswer,
        "a redirect to 'http://192.0.2.1/x'",
    ),
    "compressed": (http(b"\x1f\x8b", "200 OK", "Content-Encoding: gzip"), BadAnswer, "compressed"),
    "a whole body, shorter than it says": (cut(OK + b'Content-Length: 99\r\n\r\n{"models":[]}'), BadAnswer, "cut off"),
    "closed without an answer": (cut(b""), Unreachable, "closed without an answer"),
    "not HTTP": (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), BadAnswer, "not HTTP"),
    "a body of a byte a fifth of a second": (drip(OK + b"Content-Length: 500\r\n\r\n", b" "), TimedOut, "within 0."),
    "headers without end": (drip(OK, b"X-Drip: 1\r\n"), TimedOut, "within 0."),
    "silence": (hang, TimedOut, "within 0."),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("route", ["/api/ps", "/api/tags"])
def test_a_bad_answer_is_one_sentence_in_time(name: str, route: str) -> None:
    """Each bad answer is a SourceError that names the request, within the bound."""
    behaviour, kind, words = BAD[name]
    with FakeOllama({route: behaviour}) as ollama:
        client = Client(ollama.url, {})
        began = time.monotonic()
        with pytest.raises(SourceError) as caught:
            client.get(route, LoadedModels if route == "/api/ps" else InstalledModels, began + 0.6)

    assert type(caught.value) is kind
    assert str(caught.value).startswith(f"GET {ollama.url}{route}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


# What the page still has where that route fails, and what it must not have.
OTHERS = {
    "/api/ps": ("ps", {"ollama_up": {"": 1.0}, "ollama_models": {"": 8.0}, "ollama_loaded_models": {}}),
    "/api/tags": ("tags", {"ollama_up": {"": 1.0}, "ollama_models": {}, "ollama_loaded_models": {"": 1.0}}),
    "/api/version": ("version", {"ollama_up": {"": 0.0}, "ollama_models": {}, "ollama_loaded_models": {}}),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("route", OTHERS)
def test_a_bad_answer_costs_no_other_series(name: str, route: str) -> None:
    """Whatever a route does, its own series are absent, its health says so, and the others' are on the page.

    Where /api/version fails, Ollama is down for this page, and no model is shown; everybody's health stays.
    """
    behaviour, kind, _ = BAD[name]
    failed, shown = OTHERS[route]
    bound = {f"collectors__{failed}__timeout": "600ms"}
    with FakeOllama(GOOD | {route: behaviour}) as ollama, exporter.running(ollama.url, **bound) as address:
        text = exporter.get(address, "/metrics").text

    assert {family: exporter.samples(text, family) for family in shown} == shown
    for family, expected in (("success", {failed: 0.0}), ("timeout", {failed: float(kind is TimedOut)})):
        usual = 1.0 if family == "success" else 0.0
        health = dict.fromkeys(("version", "ps", "tags"), usual) | expected
        found = exporter.samples(text, f"llama_metrics_collector_{family}")
        assert found == {f'{{collector="{name}"}}': number for name, number in health.items()}


def test_nobody_there_is_down_and_shows_no_models() -> None:
    """A refused connection is `ollama_up` 0, no model series at all, and the health of every collector."""
    with FakeOllama(GOOD) as ollama:
        url = ollama.url
    with exporter.running(url) as address:
        text = exporter.get(address, "/metrics").text

    assert exporter.samples(text, "ollama_up") == {"": 0.0}
    series = {line.partition("{")[0].partition(" ")[0] for line in text.splitlines() if line[0] != "#"}
    assert {name for name in series if name.startswith("ollama_")} == {"ollama_up"}
    assert set(exporter.samples(text, "llama_metrics_collector_success").values()) == {0.0}
    assert set(exporter.samples(text, "llama_metrics_collector_timeout").values()) == {0.0}


def test_models_that_answer_while_the_version_does_not_are_not_shown() -> None:
    """Where /api/version fails, Ollama is down for this page, whatever the other routes still say."""
    with FakeOllama(GOOD | {"/api/version": http("", "502 Bad Gateway")}) as ollama:
        text = exporter.page(ollama.url)

    assert exporter.samples(text, "ollama_up") == {"": 0.0}
    assert exporter.samples(text, "ollama_loaded_models") == {}
    assert exporter.samples(text, "ollama_models") == {}
    assert exporter.samples(text, "llama_metrics_collector_success")['{collector="ps"}'] == 1.0


def test_a_refused_connection_says_what_to_do() -> None:
    """The sentence for nobody there names the address and asks whether Ollama runs."""
    with FakeOllama() as ollama:
        url = ollama.url
    with pytest.raises(Unreachable, match="connection refused; is Ollama running there"):
        Client(url, {}).get("/api/ps", LoadedModels, time.monotonic() + 1)


def test_a_host_that_does_not_exist_is_unreachable() -> None:
    """A name that resolves to nothing is no bug of ours."""
    with pytest.raises(Unreachable, match="no such host"):
        Client("http://ollama.invalid:11434", {}).get("/api/ps", LoadedModels, time.monotonic() + 5)


def test_no_time_left_is_a_timeout_without_a_request() -> None:
    """A deadline in the past asks nobody."""
    with FakeOllama(GOOD) as ollama:
        with pytest.raises(TimedOut, match="no time was left"):
            Client(ollama.url, {}).get("/api/ps", LoadedModels, time.monotonic() - 1)

        assert not ollama.asked


def test_a_connection_that_ollama_closed_meanwhile_is_opened_again() -> None:
    """An Ollama that was restarted between two scrapes is no failure."""
    with FakeOllama(GOOD) as ollama:
        client = Client(ollama.url, {})
        client.get("/api/ps", LoadedModels, time.monotonic() + 1)
        ollama.hang_up()
        models = client.get("/api/ps", LoadedModels, time.monotonic() + 1).models

    assert models is not None
    assert [model.name for model in models] == ["tiny-a:latest"]


def test_headers_of_the_target_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A configured header reaches Ollama; a proxy and credentials of the environment do not come between."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with FakeOllama(GOOD) as ollama:
        Client(ollama.url, {"Authorization": "Bearer x"}).get("/api/ps", LoadedModels, time.monotonic() + 1)

        assert "Authorization: Bearer x" in ollama.heads[0]
        assert "Accept-Encoding: identity" in ollama.heads[0]


def test_the_largest_answer_has_room_for_thousands_of_models() -> None:
    """10,000 models fit into an answer; the bound is not met by a large collection."""
    one = (RECORDED / "api_tags.all_models.http").read_text().partition("[")[2].partition("},{")[0]

    assert len(one) * 10_000 < LARGEST_BODY
