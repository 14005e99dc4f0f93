"""An answer that is streamed: its lines, its one token, its bounds, and what a refusal says."""

from __future__ import annotations

import socket
import time
from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from llama_metrics.errors import BadAnswer
from llama_metrics.ollama.answers import LoadedModels
from llama_metrics.ollama.client import Client
from llama_metrics.ollama.generation import Chunk, generate, is_no_generation, parse
from llama_metrics.ollama.stream import LARGEST_STREAM, LONGEST_LINE, lines, refusal
from tests.support.fake_ollama import Behaviour, FakeOllama, http
from tests.unit.probe.probing import FIRST, GENERATE, HEAD, LAST, Waiting, chunked, loaded_in
from tests.unit.probe.told import Told

LINES = some.lists(some.binary(max_size=30).filter(lambda line: b"\n" not in line and line.strip()))
CHUNKS = some.fixed_dictionaries(
    {},
    optional={
        "done": some.booleans() | some.none() | some.text(),
        "error": some.text() | some.none(),
        "eval_count": some.integers() | some.floats() | some.none(),
        "load_duration": some.integers() | some.text(),
        "response": some.text(),
    },
)


def test_the_first_token_and_the_rest_are_timed() -> None:
    """From the request to the first line, and from there to the last; what lies between is no matter."""
    client = Told((2.5, FIRST), (3.0, FIRST), (4.0, LAST))
    found = generate(client, "a:1", 4096, 160.0, lambda: client.seconds)

    assert (found.first_token, found.rest, found.tokens, found.load, found.rejected) == (2.5, 1.5, 1, 0.00121941, 0)
    assert client.bodies[0]["options"] == {"num_predict": 1, "num_ctx": 4096}


def test_an_answer_of_one_line_takes_no_rest() -> None:
    """The token may be nothing that can be shown; without a context, none is sent."""
    client = Told((2.5, LAST))
    found = generate(client, "a:1", None, 160.0, lambda: client.seconds)

    assert (found.first_token, found.rest) == (2.5, 0.0)
    assert client.bodies[0] == {
        "model": "a:1",
        "prompt": "1",
        "raw": True,
        "stream": True,
        "options": {"num_predict": 1},
    }


@given(LINES, some.data())
def test_lines_are_the_same_however_they_are_cut(whole: list[bytes], data: some.DataObject) -> None:
    """In the middle, at the end, or all at once; the last one may lack its end."""
    text = b"\n".join(whole)
    cuts = sorted(data.draw(some.lists(some.integers(0, len(text)))))
    pieces = [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    assert list(lines(pieces)) == whole


@given(some.lists(some.binary()))
def test_any_bytes_are_chunks_or_a_bad_answer(pieces: list[bytes]) -> None:
    """Nothing else comes out of them."""
    try:
        found = [parse(line) for line in lines(pieces)]
    except BadAnswer:
        return
    assert all(isinstance(chunk, Chunk) for chunk in found)


@given(CHUNKS)
def test_any_object_is_a_chunk_or_a_bad_answer(value: dict[str, object]) -> None:
    """A chunk says whether it is the last one; an error is one wherever it stands."""
    try:
        chunk: Chunk | None = parse(msgspec.json.encode(value))
    except BadAnswer:
        chunk = None

    assert chunk is None or (isinstance(chunk.done, bool) and value.get("error") is None)


@given(some.binary() | some.text().map(str.encode))
def test_any_body_tells_an_error_or_none(body: bytes) -> None:
    """What a proxy says of its own is no error of Ollama's, and no trouble."""
    assert isinstance(refusal(body), str)


def test_the_bounds_are_exact() -> None:
    """A line, and a whole answer, may be so large and no larger."""
    assert list(lines([b"x" * LONGEST_LINE])) == [b"x" * LONGEST_LINE]
    with pytest.raises(BadAnswer, match="too large"):
        list(lines([b"x" * LONGEST_LINE, b"x"]))
    short = b"x" * 1023 + b"\n"
    assert len(list(lines([short] * (LARGEST_STREAM // 1024)))) == LARGEST_STREAM // 1024
    with pytest.raises(BadAnswer, match="too large"):
        list(lines([*[short] * (LARGEST_STREAM // 1024), b"x"]))


def test_a_refusal_is_told_in_ollamas_own_words() -> None:
    """Shortened, and with the request before it."""
    told = '\\"a:1\\" does not support generate'
    with FakeOllama({GENERATE: http(f'{{"error":"{told}{"!" * 5000}"}}', "400 Bad Request")}) as ollama:
        with pytest.raises(BadAnswer) as caught:
            generate(Client(ollama.url, {}), "a:1", None, time.monotonic() + 5, time.monotonic)

        assert str(caught.value).startswith(
            f'POST {ollama.url}{GENERATE}: HTTP 400: "a:1" does not support generate!!!'
        )
    assert caught.value.status == 400
    assert is_no_generation(caught.value)
    assert len(str(caught.value)) < 400


def test_a_connection_that_served_a_stream_is_closed() -> None:
    """What comes after the last chunk is waited for by nobody."""
    waiting = Waiting(HEAD + chunked(FIRST, LAST))
    with FakeOllama({GENERATE: waiting}) as ollama:
        client = Client(ollama.url, {})
        found = generate(client, "a:1", None, time.monotonic() + 60, time.monotonic)

        assert waiting.left.wait(5)
    assert found.tokens == 1


def test_a_look_and_a_stream_share_a_connection() -> None:
    """The one that the look has left open."""
    peers = []

    def noted(behaviour: Behaviour, connection: socket.socket) -> None:
        peers.append(connection.getpeername())
        behaviour(connection)

    answers = {"/api/ps": http('{"models":[]}'), GENERATE: loaded_in(0.5)}
    with FakeOllama({path: partial(noted, behaviour) for path, behaviour in answers.items()}) as ollama:
        client = Client(ollama.url, {})
        client.get("/api/ps", LoadedModels, time.monotonic() + 5)
        found = generate(client, "a:1", None, time.monotonic() + 5, time.monotonic)

    assert (found.load, len(peers), len(set(peers))) == (0.5, 2, 1)
