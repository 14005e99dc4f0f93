"""What a runner answers, as numbers: parsed, judged, and free of anybody's text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llama_metrics.collectors.runner import answers
from llama_metrics.collectors.runner.reading import Counters, Slots
from llama_metrics.errors import BadAnswer
from tests.support.fake_runner import slots

PROMPT = "my secret prompt"
IDLE = {"id": 0, "n_ctx": 4096, "speculative": False, "is_processing": False}
USED = IDLE | {"id_task": 3, "n_prompt_tokens": 900}
BUSY = USED | {"is_processing": True, "next_token": [{"has_next_token": True, "n_decoded": 5}]}
# As llama-server told them before it told tokens.
OLD_IDLE = IDLE | {"id_task": -1, "prompt": PROMPT, "next_token": {"has_next_token": True}}
OLD_BUSY = OLD_IDLE | {"id_task": 3, "is_processing": True}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([IDLE], Slots(0, 1, 0)),
        ([USED, IDLE], Slots(0, 2, 0)),
        ([BUSY, USED, IDLE, BUSY], Slots(2, 2, 1800)),
        ([OLD_IDLE], Slots(0, 1, None)),
        ([OLD_BUSY, OLD_IDLE], Slots(1, 1, None)),
        ([BUSY, OLD_BUSY], Slots(2, 0, None)),
    ],
)
def test_slots(told: list[object], expected: Slots) -> None:
    """Busy is what works; its tokens are summed, where all that had a task tell them. What is idle counts for none."""
    assert answers.slots(json.dumps(told).encode()) == (expected, 0)


@pytest.mark.parametrize("tokens", [-1, 2**40 + 1, 10**30])
def test_tokens_that_cannot_be_true(tokens: int) -> None:
    """They are counted, and no context is told."""
    assert answers.slots(slots(True, False, tokens=tokens).encode()) == (Slots(1, 1, None), 2)


@pytest.mark.parametrize(
    "prompt",
    [
        PROMPT.encode(),
        PROMPT.encode() + b"\xff\xfe\xc3\x28\xed\xa0\x80",
        rb"\ud83d\ude00 \ud800 \udc00\udc00 \\ud800 \" " + PROMPT.encode(),
        PROMPT.encode() * (2**20 // len(PROMPT)),
        rb"\",\"is_processing\":true,\"n_prompt_tokens\":7,\"x\":\"" + PROMPT.encode(),
    ],
    ids=["plain", "not UTF-8", "surrogates", "a million characters", "looks like a slot"],
)
def test_no_prompt_is_decoded(prompt: bytes) -> None:
    """Whatever a prompt holds, the slots are told, and nothing of it."""
    body = b'[{"prompt":"%b",' % prompt + json.dumps(BUSY)[1:-1].encode() + b',"generated":"%b"}]' % prompt

    assert answers.slots(body) == (Slots(1, 0, 900), 0)


@pytest.mark.parametrize(
    "body",
    [
        '[{"id":"my secret prompt","n_ctx":1,"is_processing":false}]',
        '[{"my secret prompt":1}]',
        '{"my secret prompt":1}',
        '["my secret prompt"]',
        '[{"id":0,"n_ctx":1,"is_processing":"my secret prompt"}]',
        '[{"id":0,"n_ctx":1,"is_processing":true,"n_prompt_tokens":1.5,"prompt":"my secret prompt"}]',
        '[{"id":0,"n_ctx":1,"is_processing":true,"prompt":"my secret prompt',
        "my secret prompt",
        "[]",
        "null",
        "",
        "[" * 100_000,
        '[{"id":0,"n_ctx":1,"is_processing":true,"prompt":' + "[" * 100_000,
    ],
)
def test_what_is_no_slots_is_not_repeated(body: str) -> None:
    """The error says what was expected, and nothing of what came; nor does what it hangs on to."""
    with pytest.raises(BadAnswer) as caught:
        answers.slots(body.encode())

    assert str(caught.value) == "the answer is not the slots of a llama-server"
    assert PROMPT not in f"{caught.value.__cause__}{caught.value.__context__}"


@pytest.mark.parametrize(
    ("body", "expected", "rejected"),
    [
        ("llamacpp:prompt_tokens_total 36\n", Counters(36.0, None, None, None, None), 0),
        ("llamacpp:tokens_predicted_seconds_total 1.23457e+06\r\n", Counters(None, None, None, None, 1234570.0), 0),
        ("llamacpp:tokens_predicted_total 0\nllamacpp:x 1\n", Counters(None, None, 0.0, None, None), 0),
        ("llamacpp:prompt_tokens_total -1\n", Counters(None, None, None, None, None), 1),
        ("llamacpp:prompt_seconds_total nan\n", Counters(None, None, None, None, None), 1),
        ("llamacpp:prompt_seconds_total inf\n", Counters(None, None, None, None, None), 1),
        ("llamacpp:prompt_seconds_total 1e300\n", Counters(None, None, None, None, None), 1),
        ("llamacpp:prompt_seconds_total soon\n", Counters(None, None, None, None, None), 1),
    ],
)
def test_counters(body: str, expected: Counters, rejected: int) -> None:
    """Each by its name; what is not told is not known, and what cannot be true is counted."""
    assert answers.counters(body.encode()) == (expected, rejected)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "my secret prompt",
        "# HELP llamacpp:prompt_tokens_total my secret prompt\n",
        "vllm:prompt_tokens_total 7\n",
        'llamacpp:prompt_tokens_total{model="my secret prompt"} 7\n',
        "llamacpp:prompt_tokens_total " + "9" * 5000,
    ],
)
def test_what_is_no_counters_is_not_repeated(body: str) -> None:
    """As with slots."""
    with pytest.raises(BadAnswer) as caught:
        answers.counters(body.encode())

    assert str(caught.value) == "the answer is not the metrics of a llama-server"


_NUMBERS = st.integers() | st.none()
_SLOT = st.fixed_dictionaries(
    {"id": st.integers(), "n_ctx": st.integers(), "is_processing": st.booleans()},
    optional={"id_task": _NUMBERS, "n_prompt_tokens": _NUMBERS, "prompt": st.text()},
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*BUSY, "prompt"]), inner),
)
_NAMES = st.sampled_from(["prompt_tokens_total", "prompt_seconds_total", "x"])
_LINES = st.lists(st.tuples(_NAMES, st.text() | st.floats().map(str)))


@given(st.binary() | (st.lists(_SLOT) | _JSON).map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_slots_or_a_bad_answer(body: bytes) -> None:
    """Never another exception; and no slots without one that is told."""
    told, reason = None, ""
    try:
        told, rejected = answers.slots(body)
    except BadAnswer as error:
        reason = str(error)

    assert reason == ("" if told else "the answer is not the slots of a llama-server")
    if told:
        assert told.busy + told.idle > 0
        assert (told.context_used or 0) >= 0
        assert rejected == 0 or told.context_used is None


@given(st.binary() | _LINES.map(lambda lines: "".join(f"llamacpp:{name} {word}\n" for name, word in lines).encode()))
def test_any_bytes_are_counters_or_a_bad_answer(body: bytes) -> None:
    """Never another exception, nor a number that cannot be true."""
    told, reason = None, ""
    try:
        told, _ = answers.counters(body)
    except BadAnswer as error:
        reason = str(error)

    assert reason == ("" if told else "the answer is not the metrics of a llama-server")
    if told:
        assert all(value is None or 0 <= value <= 2**53 for value in (told.prompt, told.prompt_seconds))
