"""Any bytes into a parser are a reading or a BadAnswer, never another exception."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llama_metrics.errors import BadAnswer
from llama_metrics.ollama.answers import InstalledModels, LoadedModels, Version, decode
from llama_metrics.ollama.plausible import Plausible
from tests.support import exporter
from tests.support.fake_ollama import FakeOllama, http

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=4,
)
KEYS = ("name", "size", "size_vram", "expires_at", "modified_at", "context_length", "digest", "details", "remote_host")
MODELS = st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES), max_size=4)


@given(st.binary())
@example(b'{"models":' * 5000)
@example(b'{"version":"\\ud800"}')
@example(b'{"version":"\\\\ud800"}')
@example(b'{"version":1e9999}')
@example(b'{"version":' + b"9" * 10_000 + b"}")
@pytest.mark.parametrize("kind", [Version, LoadedModels, InstalledModels])
def test_any_bytes_are_an_answer_or_a_bad_one(kind: type[Any], body: bytes) -> None:
    """Whatever stands on Ollama's port, decoding ends in a value or in BadAnswer."""
    with suppress(BadAnswer):  # the other of the two answers that are allowed
        decode(body, kind)


@given(st.text(st.characters(exclude_categories=())))
def test_decoded_text_is_always_valid_unicode(text: str) -> None:
    """One lone surrogate in a label would cost the whole page; pairs and escaped backslashes stay what they are."""
    version = decode(json.dumps({"version": text}).encode(), Version).version

    version.encode("utf-8")
    if text.isascii() or text.isprintable():
        assert version == text


@given(MODELS)
def test_any_models_are_a_page_or_a_failed_collector(models: list[dict[str, Any]]) -> None:
    """Models of any content give a page that can be encoded: values judged one by one, or the collector failed."""
    body = json.dumps({"models": models})
    answers = {"/api/version": http('{"version":"0.33.0"}'), "/api/ps": http(body), "/api/tags": http(body)}
    with FakeOllama(answers) as ollama:
        text = exporter.page(ollama.url)

    assert set(exporter.samples(text, "llama_metrics_collector_success")) == {
        f'{{collector="{one.name}"}}' for one in exporter.API
    }
    for name in ("ollama_loaded_model_size_bytes", "ollama_model_size_bytes", "ollama_loaded_model_vram_bytes"):
        assert all(number >= 0 for number in exporter.samples(text, name).values())


@pytest.mark.parametrize(
    ("text", "seconds", "rejected"),
    [
        (None, None, 0),
        ("0001-01-01T00:00:00Z", None, 0),
        ("1970-01-01T00:00:00Z", 0.0, 0),
        ("2026-11-21T01:46:07.111329147-05:00", 1795243567.111329, 0),
        ("2026-11-21T06:46:07Z", 1795243567.0, 0),
        ("1969-12-31T23:59:59Z", None, 1),
        ("2319-03-03T07:04:21.500927086Z", None, 1),
        ("9999-12-31T23:59:59-14:00", None, 1),
        ("yesterday", None, 1),
        ("", None, 1),
    ],
)
def test_a_date_is_judged(text: str | None, seconds: float | None, rejected: int) -> None:
    """Local offsets, nanoseconds and Go's zero date are read; what cannot be true is counted."""
    plausible = Plausible(exporter.NOW)

    assert (plausible.date(text), plausible.rejected) == (seconds, rejected)
