"""How a probe can fail: each way has its reason, its bound, and an end at Ollama's side too."""

from __future__ import annotations

import time

import pytest

from tests.support.fake_ollama import Behaviour, cut, hang, http, raw
from tests.unit.probe.probing import (
    FIRST,
    GENERATE,
    HEAD,
    LAST,
    PS,
    Probing,
    Waiting,
    answer,
    changed,
    chunked,
    in_memory,
    named,
    names,
)

LONG = b'{"done":false,"response":"' + b"x" * 70_000 + b'"}\n'
FAILING: dict[str, tuple[Behaviour, str]] = {
    "404, not installed any more": (http('{"error":"model \'a:1\' not found"}', "404 Not Found"), "refused"),
    "400, another reason": (http('{"error":"unexpected EOF"}', "400 Bad Request"), "refused"),
    "500, no memory": (http('{"error":"model requires more system memory"}', "500 Internal Server Error"), "refused"),
    "500, its words elsewhere": (http('{"error":"x does not support generate"}', "500 No"), "refused"),
    "503, the queue is full": (http('{"error":"server busy, please try again."}', "503 Unavailable"), "refused"),
    "403, no body": (http("", "403 Forbidden"), "refused"),
    "500, no JSON": (http("<html>", "500 Internal Server Error"), "refused"),
    "204": (raw(b"HTTP/1.1 204 No Content\r\n\r\n"), "refused"),
    "an error after HTTP 200": (answer(b'{"error":"unexpected EOF"}\n'), "refused"),
    "an error after a chunk": (answer(FIRST, b'{"error":"an error was encountered"}\n'), "refused"),
    "a redirect": (http("", "302 Found", "Location: http://192.0.2.1/x"), "bad_answer"),
    "compressed": (http(b"\x1f\x8b", "200 OK", "Content-Encoding: gzip"), "bad_answer"),
    "not HTTP": (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "bad_answer"),
    "no lines": (answer(), "bad_answer"),
    "no last chunk": (answer(FIRST), "bad_answer"),
    "no last chunk, of thirty equal tokens": (answer(*[FIRST] * 30), "bad_answer"),
    "not JSON": (answer(b"<html>It works!</html>\n"), "bad_answer"),
    "a page, with its length": (http("<html>It works!</html>"), "bad_answer"),
    "JSON of another shape": (answer(b'{"choices":[]}\n'), "bad_answer"),
    "a list": (answer(b"[1]\n"), "bad_answer"),
    "done is no truth": (answer(b'{"done":"yes"}\n'), "bad_answer"),
    "a count that is text": (answer(b'{"done":true,"eval_count":"one"}\n'), "bad_answer"),
    "a count out of range": (answer(b'{"done":true,"eval_count":1e999}\n'), "bad_answer"),
    "not UTF-8": (answer(b"\xff\xfe\n"), "bad_answer"),
    "brackets without end": (answer(b"[" * 60_000 + b"\n"), "bad_answer"),
    "a long line": (answer(LONG, LAST), "bad_answer"),
    "a line without end": (answer(*[b"x" * 10_000] * 8), "bad_answer"),
    "lines without end": (answer(*[FIRST] * 4000, LAST), "bad_answer"),
    "closed without an answer": (cut(b""), "unreachable"),
    "closed after the head": (cut(HEAD), "unreachable"),
    "closed between two chunks": (cut(HEAD + chunked(FIRST)), "unreachable"),
    "closed in a chunk": (cut(HEAD + chunked(FIRST, LAST)[:-30]), "unreachable"),
    "a chunk of a negative size": (cut(HEAD + b"-5\r\n" + FIRST), "unreachable"),
    "a chunk of an endless size": (cut(HEAD + b"f" * 30 + b"\r\n" + FIRST), "unreachable"),
    "a body shorter than it says": (cut(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + FIRST), "unreachable"),
}


@pytest.mark.parametrize("name", FAILING)
def test_every_failure_has_its_reason(name: str) -> None:
    """It is an attempt that failed, with no token; the next answer that is good is a success again."""
    behaviour, reason = FAILING[name]
    with Probing(named("a:1"), in_memory("a:1")) as probing:
        probing.says(behaviour)
        one = probing.round()["a:1"]
        probing.says(answer(FIRST, LAST))
        after = probing.round()["a:1"]

    assert (one.attempts, changed(one.failures), changed(one.skips)) == (1, {reason: 1}, {})
    assert one.last is not None
    assert (one.last.success, one.last.generation, one.last.tokens, one.first_token) == (False, None, None, None)
    assert after.last is not None
    assert (after.attempts, after.last.success, changed(after.failures)) == (2, True, {reason: 1})


GOOD: dict[str, tuple[Behaviour, int | None]] = {
    "one chunk": (answer(LAST), 1),
    "no counts": (answer(FIRST, b'{"model":"a:1","done":true}\n'), None),
    "no end of the last line": (answer(FIRST, LAST.rstrip()), 1),
    "a line in two pieces": (answer(FIRST + LAST[:20], LAST[20:]), 1),
    "both lines in one piece": (answer(FIRST + LAST), 1),
    "a body with its length": (http(FIRST + LAST), 1),
    "a body until the end of the connection": (cut(b"HTTP/1.0 200 OK\r\n\r\n" + FIRST + LAST), 1),
    "empty lines": (answer(b"\n", FIRST, b"\r\n", LAST), 1),
    "more after the last chunk": (answer(LAST, b"garbage\n"), 1),
    "half a character": (answer(FIRST.replace(b" still", b"\xe2\x82"), LAST), 1),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_a_good_answer(name: str) -> None:
    """However it is cut, and whatever the token is; the last chunk is the end. What it does not count is not known."""
    behaviour, tokens = GOOD[name]
    with Probing(named("a:1"), in_memory("a:1")) as probing:
        probing.says(behaviour)
        one = probing.round()["a:1"]

    assert one.last is not None
    assert (one.last.success, one.last.tokens, changed(one.failures)) == (True, tokens, {})


WAITING = {
    "before the status line": lambda: Waiting(b""),
    "in the head": lambda: Waiting(HEAD[:30]),
    "after the head": lambda: Waiting(HEAD),
    "between two chunks": lambda: Waiting(HEAD + chunked(FIRST)),
    "in a chunk": lambda: Waiting(HEAD + chunked(FIRST)[:20]),
    "headers that drip": lambda: Waiting(b"HTTP/1.1 200 OK\r\n", b"X-Drip: 1\r\n"),
    "a line that drips": lambda: Waiting(HEAD, chunked(b" ")),
    "chunks that drip": lambda: Waiting(HEAD, chunked(FIRST)),
}


@pytest.mark.parametrize("phase", WAITING)
def test_a_hung_ollama_is_a_failure_within_the_bound(phase: str) -> None:
    """Its end of our connection is closed then, and while it waited nobody else was asked."""
    waiting = WAITING[phase]()
    with Probing(named("a:1", timeout=0.5), in_memory("a:1")) as probing:
        probing.says(waiting)
        began = time.monotonic()
        one = probing.round()["a:1"]
        took = time.monotonic() - began
        asked = dict(probing.ollama.asked)

        assert waiting.left.wait(5)
        # Far from any pause in which a dripping peer would be heard again.
        assert took < 5
    assert one.last is not None
    assert (one.last.success, changed(one.failures), asked) == (False, {"timed_out": 1}, {PS: 1, GENERATE: 1})


LOOKS: dict[str, tuple[Behaviour, str]] = {
    "404, before 0.1.38": (http("404 page not found", "404 Not Found"), "refused"),
    "500": (http("", "500 Internal Server Error"), "refused"),
    "not JSON": (http("<html>"), "bad_answer"),
    "closed": (cut(b""), "unreachable"),
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_that_fails_is_a_failure_of_every_model_that_would_be_asked(name: str) -> None:
    """Of the named ones, and of those that were pinned when it last worked; but of none that is left alone or gone."""
    behaviour, reason = LOOKS[name]
    embeds = http('{"error":"does not support generate"}', "400 Bad Request")
    with Probing(named("d:1")) as probing:
        probing.holds(in_memory("c:1", pinned=True))
        probing.round()
        probing.holds(in_memory("d:1"))
        probing.says(embeds)
        probing.round()
        probing.holds(in_memory("b:1", pinned=True), in_memory("d:1"))
        probing.says(answer(FIRST, LAST))
        probing.round()
        asked = names(probing.asked())
        probing.ollama.answers[PS] = behaviour
        found = probing.round()
        probed = {model: one.last.success for model, one in found.items() if one.last}

        assert names(probing.asked()) == asked
    assert {model: changed(one.failures) for model, one in found.items()} == {"b:1": {reason: 1}, "c:1": {}, "d:1": {}}
    assert probed == {"b:1": False}
    assert changed(found["d:1"].skips) == {"not_loaded": 1, "no_generation": 3}


def test_a_look_that_hangs_is_a_failure_within_its_own_bound() -> None:
    """Which is far below that of a probe: nothing has to be computed for it."""
    with Probing(named("a:1", timeout=60)) as probing:
        probing.ollama.answers[PS] = hang
        began = time.monotonic()
        one = probing.round()["a:1"]
        took = time.monotonic() - began

    assert (changed(one.failures), set(probing.ollama.asked)) == ({"timed_out": 1}, {PS})
    assert took < 30


def test_nobody_there_is_a_failure() -> None:
    """A named model has no success while Ollama is down."""
    with Probing(named("a:1")) as probing:
        pass
    one = probing.round()["a:1"]

    assert one.last is not None
    assert (one.last.success, changed(one.failures)) == (False, {"unreachable": 1})
