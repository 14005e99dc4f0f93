"""The simulated Ollama that tests of other parts use: over HTTP, it does what Ollama's scheduler does, at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.simulated import SimulatedOllama


@pytest.fixture
def ollama() -> Iterator[SimulatedOllama]:
    """Three models, of which two fit, and one for embeddings."""
    with SimulatedOllama("a:1", "b:1", "c:1", embedding=("e:1",), fit=2) as ollama:
        yield ollama


def generate(ollama: SimulatedOllama, name: str = "a:1", **asked: Any) -> requests.Response:
    """A request for one token."""
    options = {"num_predict": 1, **asked.pop("options", {})}
    body = {"model": name, "prompt": "1", "raw": True, "options": options, **asked}
    return requests.post(f"{ollama.url}/api/generate", json=body, timeout=10)


def test_a_request_with_the_running_context_changes_nothing_but_the_end(ollama: SimulatedOllama) -> None:
    """Neither a reload nor an eviction; the end is five minutes from then."""
    ollama.load("a:1", context_length=2048)
    ollama.pass_time(200)
    assert ollama.expires_in("a:1") == pytest.approx(100, abs=5)
    answer = generate(ollama, options={"num_ctx": 2048})

    assert json.loads(answer.text.splitlines()[-1])["eval_count"] == 1
    assert (ollama.reloads, ollama.evictions, len(ollama.asked)) == (0, 0, 2)
    assert ollama.expires_in("a:1") == pytest.approx(300, abs=5)


def test_a_request_with_another_context_or_none_reloads(ollama: SimulatedOllama) -> None:
    """A bare one asks for the server's own."""
    ollama.load("a:1", context_length=2048)
    generate(ollama, options={"num_ctx": 1024})
    generate(ollama)

    assert ollama.reloads == 2
    assert ollama.loaded["a:1"].context_length == 4096


def test_a_third_model_evicts(ollama: SimulatedOllama) -> None:
    """The pinned one stays."""
    ollama.load("a:1", keep_alive=-1)
    ollama.load("b:1")
    generate(ollama, "c:1")

    assert list(ollama.loaded) == ["a:1", "c:1"]
    assert (ollama.reloads, ollama.evictions) == (0, 1)


def test_a_model_expires_and_a_pinned_one_does_not(ollama: SimulatedOllama) -> None:
    """As time passes."""
    ollama.load("a:1", keep_alive="10s")
    ollama.load("b:1", keep_alive=-1)
    ollama.pass_time(3600)

    assert list(ollama.loaded) == ["b:1"]
    assert ollama.expires_in("b:1") > 10**9


def test_a_keep_alive_in_a_request_stays(ollama: SimulatedOllama) -> None:
    """Which is why a probe must not send any."""
    ollama.load("a:1", keep_alive=-1)
    generate(ollama, keep_alive=60, options={"num_ctx": 4096})
    generate(ollama, options={"num_ctx": 4096})

    assert ollama.expires_in("a:1") < 61


def test_what_hangs_is_generation_alone(ollama: SimulatedOllama) -> None:
    """/api/ps and /api/version answer as if nothing were."""
    ollama.load("a:1")
    ollama.hang()
    with pytest.raises(requests.Timeout):
        requests.post(f"{ollama.url}/api/generate", json={"model": "a:1", "prompt": "1"}, timeout=0.2)

    assert requests.get(f"{ollama.url}/api/version", timeout=10).json() == {"version": "0.33.0-rc2"}
    assert requests.get(f"{ollama.url}/api/ps", timeout=10).json()["models"][0]["name"] == "a:1"


def test_refusals_reach_the_client(ollama: SimulatedOllama) -> None:
    """Unknown, and for embeddings."""
    assert [generate(ollama, name).status_code for name in ("nothere", "e:1")] == [404, 400]
    assert ollama.loaded == {}


def test_the_head_of_a_stream_comes_with_its_first_token(ollama: SimulatedOllama) -> None:
    """In chunks, one for each piece."""
    with generate(ollama, stream=True) as answer:
        assert answer.headers["Transfer-Encoding"] == "chunked"
        pieces = [json.loads(line) for line in answer.iter_lines()]

    assert [piece["done"] for piece in pieces] == [False, True]
