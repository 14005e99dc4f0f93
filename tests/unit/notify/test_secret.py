"""Secret files: what a person writes, what is made of it, and that no message repeats it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llama_metrics.notify.part import Place
from llama_metrics.notify.secret import parse
from llama_metrics.schema import Problems

URL = (Place("url", False, "", ""),)
EMAIL = tuple(
    Place(key, key in ("username", "password", "require_tls"), "", "")
    for key in ("server", "from", "to", "username", "password", "require_tls")
)
TELEGRAM = (Place("bot_token", False, "", ""), Place("chat_id", False, "", ""))
PAGERDUTY = (Place("routing_key", False, "", ""), Place("url", True, "", ""))
KEY = "0123456789abcdef0123456789abcdef"
MAIL = "server: smtp.example.org:587\nfrom: a@example.org\nto: b@example.org\n"


@pytest.mark.parametrize(
    "text", ["https://e.org/x", "https://e.org/x\n", "\ufeff# mine\n\n  https://e.org/x\r\n", "url: https://e.org/x"]
)
def test_a_value_that_stands_alone_needs_no_key(text: str) -> None:
    """However an editor ends a line or begins a file, and with a comment before it."""
    assert parse("slack", text.encode(), URL) == {"url": "https://e.org/x"}


def test_a_key_may_stand_alone_where_only_one_is_needed() -> None:
    """The other is optional."""
    both = f"routing_key: {KEY}\nurl: https://events.eu.pagerduty.com/v2/enqueue"

    assert parse("pagerduty", KEY.encode(), PAGERDUTY) == {"routing_key": KEY}
    assert set(parse("pagerduty", both.encode(), PAGERDUTY)) == {"routing_key", "url"}


@pytest.mark.parametrize("password", ["a b", "#1", "'\"", "k: v", "{{ .X }}", "pä€", "x  # y"])
def test_a_password_is_taken_as_it_stands(password: str) -> None:
    """It is no YAML, and nothing in it means anything."""
    assert parse("email", f"{MAIL}password:   {password}  \n".encode(), EMAIL)["password"] == password


# What is wrong, and what is said about it.
WRONG: list[tuple[tuple[Place, ...], str, list[str]]] = [
    (URL, "", ["f: url is missing"]),
    (URL, "# later\n", ["f: url is missing"]),
    (URL, "hooks.example.org/x", ["f: url is not a URL that begins with https://"]),
    (URL, "https://", ["f: url is not a URL that begins with https://"]),
    (URL, "https://e.org/x y", ["f: url is not a URL that begins with https://"]),
    (URL, "https://e.org/x\nurl: https://e.org/y", ["f, line 1: is not `key: value`"]),
    (TELEGRAM, "123:abc", ["f, line 1: is not `key: value`", "f: bot_token is missing", "f: chat_id is missing"]),
    (TELEGRAM, "bot_token: 123:abc\nchat_id: @me", ["f: chat_id is not a number, below 0 for a group"]),
    (TELEGRAM, "bot_token: abc\nchat_id: 1", ["f: bot_token is not a bot's token: digits, a colon, letters"]),
    (TELEGRAM, "bot_token: 1:a\nchat_id: 1\nchat_id: 2", ["f, line 3: chat_id stands here for the second time"]),
    (TELEGRAM, "bot_token: 1:a\nchat_id:", ["f, line 2: chat_id has no value", "f: chat_id is missing"]),
    (TELEGRAM, "bot_token: 1:a\nchat_id: 1\nhunter: 2", ["f, line 3: unknown key; there are bot_token, chat_id"]),
    (PAGERDUTY, "short", ["f: routing_key is not 32 letters and digits"]),
    (EMAIL, MAIL.replace(":587", ""), ["f: server is not a host and a port, like smtp.example.org:587"]),
    (EMAIL, MAIL.replace("b@", "{{ x }}@"), ["f: to is not an address, or several with commas between them"]),
    (EMAIL, MAIL + "require_tls: no", ["f: require_tls is not true or false"]),
]


@pytest.mark.parametrize(("places", "text", "said"), WRONG, ids=lambda value: repr(value)[:60])
def test_what_is_wrong_is_said_at_once_and_not_when_there_is_something_to_send(
    places: tuple[Place, ...], text: str, said: list[str]
) -> None:
    """All of it, with the line, and never a word of what stands there."""
    with pytest.raises(Problems) as caught:
        parse("f", text.encode(), places)

    assert [f"{problem.path}: {problem.message}" for problem in caught.value.problems] == said


def test_a_file_that_is_no_text_is_refused() -> None:
    """As an editor may save it on Windows."""
    with pytest.raises(Problems, match="is not UTF-8 text"):
        parse("f", "https://e.org".encode("utf-16"), URL)


@given(st.binary(max_size=200), st.sampled_from([URL, EMAIL, TELEGRAM, PAGERDUTY]))
def test_any_bytes_give_values_or_problems(content: bytes, places: tuple[Place, ...]) -> None:
    """Never another exception; and what is given has all that is needed."""
    try:
        values = parse("f", content, places)
    except Problems:
        return
    assert {place.key for place in places if not place.is_optional} <= set(values)


@given(st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=8, max_size=30), st.booleans())
def test_no_message_repeats_a_value(secret: str, has_key: bool) -> None:
    """They go into logs."""
    line = f"bot_token: {secret}" if has_key else secret
    with pytest.raises(Problems) as caught:
        parse("f", f"{line}\n".encode(), TELEGRAM)

    assert secret not in str(caught.value)
