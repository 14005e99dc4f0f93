"""POST /api/generate answers as recorded: pieces, counts, durations, and every refusal."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from llama_metrics.ollama.names import ModelName
from llama_metrics.simulate.api import Request
from llama_metrics.simulate.scenario import Gpu, Model, Scenario
from tests.simulate.asking import Asking
from tests.simulate.recorded import recorded, shape


def model(name: str, capability: str = "completion", remote: str = "") -> Model:
    """An installed one, trained for 8192 tokens."""
    return Model(
        name=ModelName.parse(name),
        size=10**9,
        modified_at=datetime(2026, 10, 1, tzinfo=UTC),
        format="gguf",
        context_length=8192,
        capabilities=(capability,),
        remote_host=remote,
    )


MODELS = (model("tiny-a"), model("tiny-embed", "embedding"), model("big:cloud", remote="https://ollama.com:443"))
SCENARIO = Scenario("0.33.0-rc2", MODELS)
JSON = (("Content-Type", "application/json; charset=utf-8"),)


def lines(name: str) -> list[Any]:
    """The recorded pieces."""
    return [json.loads(line) for line in recorded(name).body.splitlines()]


def shapes(pieces: list[Any]) -> Any:
    """The shape of each."""
    return [shape(json.dumps(piece).encode()) for piece in pieces]


def test_a_stream_has_a_piece_for_each_token_and_then_the_counts() -> None:
    """Keys in their order and types are the recorded ones."""
    real = lines("api_generate.stream")
    simulated = Asking(SCENARIO).answered(model="tiny-a", prompt="a b c", options={"num_predict": 10})

    assert shapes(simulated) == shapes(real)
    assert len(simulated) == 11
    assert simulated[-1]["done_reason"] == real[-1]["done_reason"] == "length"
    assert (simulated[-1]["prompt_eval_count"], simulated[-1]["eval_count"]) == (4, 10)
    assert len(simulated[-1]["context"]) == 14
    assert {piece["response"] for piece in simulated[:-1]} == {" word"}


def test_without_a_stream_it_is_one_piece() -> None:
    """The same counts, the whole text, and no context for a raw prompt; with its length, as JSON."""
    asking = Asking(SCENARIO)
    answer = asking.generate(model="tiny-a", prompt="a b", raw=True, stream=False, options={"num_predict": 16})
    piece = json.loads(answer.body)

    assert (answer.status, answer.headers, answer.pieces) == (200, JSON, None)
    assert shapes([piece]) == shapes(lines("api_generate.final"))
    assert piece["response"].split() == ["word"] * 16


def test_a_stream_is_sent_as_it_comes() -> None:
    """Each piece at its moment: the first when the prompt is done, the last when all tokens are."""
    asking = Asking(SCENARIO)
    asking.answered(model="tiny-a")
    began = asking.clock.at
    answer = asking.generate(model="tiny-a", prompt="x " * 99, options={"num_predict": 3})
    seen = [(round(asking.clock.at - began, 6), json.loads(piece)["done"]) for piece in answer.pieces or ()]

    assert answer.headers == (("Content-Type", "application/x-ndjson"),)
    assert seen == [(0.05, False), (0.07, False), (0.09, False), (0.09, True)]


def test_what_is_zero_is_left_out() -> None:
    """One token takes no time behind the first; a request that only loads tells no counts."""
    asking = Asking(SCENARIO)
    loaded, again = (
        asking.answered(model="tiny-a"),
        asking.answered(model="tiny-a", prompt="1", options={"num_predict": 1}),
    )

    assert shapes(loaded) == shapes(lines("api_generate.load_only"))
    assert loaded[0]["done_reason"] == "load"
    assert "eval_duration" not in again[-1]
    assert again[-1]["eval_count"] == 1


def test_a_load_is_in_the_load_duration_and_in_the_total() -> None:
    """Half a second here; a model that is there already takes a millisecond to be found."""
    asking = Asking(SCENARIO)
    first, second = (asking.answered(model="tiny-a", prompt="1", options={"num_predict": 1})[-1] for _ in range(2))

    assert first["load_duration"] == 500_000_000
    assert second["load_duration"] == 1_000_000
    assert first["total_duration"] > first["load_duration"] + first["prompt_eval_duration"] > second["total_duration"]


def test_keep_alive_0_without_a_prompt_unloads_and_loads_nothing() -> None:
    """At once."""
    asking = Asking(SCENARIO)
    unloaded = asking.answered(model="tiny-a", keep_alive=0)
    assert shapes(unloaded) == shapes(lines("api_generate.unload"))
    assert (unloaded[0]["done_reason"], asking.clock.at) == ("unload", 0)
    asking.answered(model="tiny-a")
    assert asking.listed() == ["tiny-a:latest"]
    asking.answered(model="tiny-a", keep_alive="0s")

    assert asking.listed() == []


@pytest.mark.parametrize(
    ("keep_alive", "year"), [("-1", None), (-1, 2319), ("-1m", 2319), ("1h30m", 2026), (90, 2026), ("43800h", 2031)]
)
def test_a_keep_alive_is_seconds_or_a_duration_of_gos(keep_alive: object, year: int | None) -> None:
    """Below 0 is for ever; a number in quotes is none."""
    asking = Asking(SCENARIO)
    answer = asking.generate(model="tiny-a", keep_alive=keep_alive, stream=False)
    if year is None:
        assert (answer.status, json.loads(answer.body)) == (400, {"error": 'time: invalid duration "-1"'})
        return
    ps = json.loads(asking.live.respond(Request("GET", "/api/ps")).body)["models"]

    assert int(ps[0]["expires_at"][:4]) == year


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("empty_body.400", b""),
        ("bad_json.400", b'{"model": "tiny-a", '),
        ("unknown_model.404", b'{"model": "nothere", "prompt": "1"}'),
        ("bad_option", b'{"model": "tiny-a", "prompt": "1", "options": {"num_predict": "many"}}'),
    ],
)
def test_a_refusal_is_the_recorded_one(name: str, body: bytes) -> None:
    """Status, type and words; nothing is loaded."""
    asking, real = Asking(SCENARIO), recorded(name)
    answer = asking.live.respond(Request("POST", "/api/generate", body))

    assert (str(answer.status), answer.headers, answer.body) == (real.status[:3], JSON, real.body)
    assert asking.listed() == []


def test_a_model_for_embeddings_generates_nothing() -> None:
    """In the words that are recorded of a chat."""
    real = recorded("chat_with_embedding_model.400")
    answer = Asking(SCENARIO).generate(model="tiny-embed", prompt="1")

    assert answer.body == real.body.replace(b"chat", b"generate")
    assert (answer.status, real.status) == (400, "400 Bad Request")


def test_other_methods_are_refused_as_recorded() -> None:
    """With what is allowed."""
    real = recorded("get_on_post_route")
    answer = Asking(SCENARIO).live.respond(Request("GET", "/api/generate"))

    assert (answer.status, answer.body) == (405, real.body)
    assert set(answer.headers) <= set(real.headers)


def test_a_model_in_the_cloud_is_not_for_strangers() -> None:
    """Nobody has signed in."""
    assert Asking(SCENARIO).generate(model="big:cloud", prompt="1").status == 401


@pytest.mark.parametrize(
    ("memory", "options", "context"),
    [
        (0, {}, 4096),
        (24 * 2**30, {}, 8192),
        (0, {"num_ctx": 2048}, 2048),
        (0, {"num_ctx": 100_000}, 8192),
        (0, {"num_ctx": 0}, 4096),
    ],
)
def test_the_context_is_the_one_asked_for_or_the_servers_own(memory: int, options: object, context: int) -> None:
    """By the GPUs' memory together, and never more than the model was trained for."""
    gpus = (Gpu("GPU-1", "Some", memory),) if memory else ()
    asking = Asking(Scenario("0.33.0", MODELS, gpus=gpus))
    asking.answered(model="tiny-a", options=options)

    assert asking.live.state().loaded[0].context_length == context


def test_prompt_and_answer_fit_the_context() -> None:
    """However much is asked for."""
    options = {"num_ctx": 100, "num_predict": 10**9}
    final = Asking(SCENARIO).answered(model="tiny-a", prompt="x " * 500, stream=False, options=options)[-1]

    assert final["prompt_eval_count"] + final["eval_count"] <= 100


@given(
    body=st.one_of(
        st.binary(max_size=60),
        st.recursive(
            st.one_of(
                st.none(),
                st.booleans(),
                st.integers(),
                st.floats(allow_nan=False),
                st.text(max_size=5),
                st.just("tiny-a"),
            ),
            lambda inner: st.dictionaries(
                st.sampled_from(
                    ["model", "prompt", "stream", "raw", "keep_alive", "options", "num_ctx", "num_predict"]
                ),
                inner,
            ),
            max_leaves=8,
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_any_bytes_have_an_answer(body: bytes) -> None:
    """Never an exception: a status that Ollama has."""
    answer = Asking(SCENARIO).live.respond(Request("POST", "/api/generate", body))

    assert answer.status in (200, 400, 404, 500)
