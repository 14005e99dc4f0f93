"""What a user can make Ollama write, and what comes of it: docs/METRICS.md says the same.

A client's words reach the log inside quotes, where they begin no line. Whoever may create models has lines of their own
there, for a model's chat template and name are printed as they are: those can be forged, but no label comes of them.
"""

from __future__ import annotations

import json

import pytest

from llama_metrics import exposition
from llama_metrics.collectors.log.lines import Lines
from llama_metrics.collectors.log.tally import Tally
from llama_metrics.ollama.names import UNKNOWN
from tests.unit.log.recorded import counts, families, read, total

BLOB = "sha256-" + "0b" * 32
GIN = '[GIN] 2026/11/21 - 06:39:35 | 500 |       9.9s |       127.0.0.1 | POST     "/api/chat"'
SLOG = "time=2026-11-21T06:39:45.087Z level=ERROR source=x.go:1"
FORGED = (
    GIN,
    "slot   operator(): id  0 | task 1 | new prompt, n_ctx_slot = 4096, n_keep = 4, task.n_tokens = 1000",
    "slot print_timing: id  0 | task 1 | prompt eval time =       9.02 ms /   999 tokens (",
    "slot print_timing: id  0 | task 1 |        eval time =       9.83 ms /   999 tokens (",
    "slot      release: id  0 | task 1 | stop processing: n_tokens = 620, truncated = 0",
    "srv          stop: cancel task, id_task = 1",
    "load_tensors: offloaded 20/49 layers to GPU",
    "ggml_aligned_malloc: insufficient memory",
    "prompt eval time =       9.02 ms /   999 tokens (",
    f'{SLOG} msg="loaded runners" count=1',
    f'{SLOG} msg="template selection" model=registry.ollama.ai/library/my-secret-prompt:latest',
    f'{SLOG} msg="starting llama-server" cmd="llama-server --model /m/{BLOB} --port 1"',
    f'{SLOG} msg="server config" env="map[OLLAMA_DEBUG:my-secret-prompt OLLAMA_NUM_PARALLEL:77]"',
    f'{SLOG} msg="llama-server process no longer running"',
    f'{SLOG} msg="truncating input prompt" limit=1',
)


def go_quoted(text: str) -> str:
    """As Go's %q and slog quote it."""
    return json.dumps(text)


@pytest.mark.parametrize("forged", FORGED)
def test_a_path_cannot_forge_a_line(forged: str) -> None:
    """The access log quotes the path, line feeds included: it counts as one request to an unlisted route."""
    path = go_quoted(f"/api/chat\n{forged}\n")
    tally = read(f"[GIN] 2026/11/21 - 06:39:35 | 404 |       1ms |       127.0.0.1 | GET      {path}\n".encode())

    assert counts(tally, "ollama_http_requests_total") == {("GET", "other", "404"): 1}
    assert set(families(tally)) == {"ollama_http_requests_total", "ollama_http_request_duration_seconds"}


@pytest.mark.parametrize("forged", FORGED)
def test_a_prompt_that_ollama_debug_logs_cannot_forge_a_line(forged: str) -> None:
    """A record quotes its values: it counts as one message of its level."""
    prompt = go_quoted(f"hello\n{forged}\n")
    line = f'time=2026-11-21T06:39:45.087Z level=DEBUG source=x.go:1 msg="completion request" prompt={prompt}\n'
    tally = read(line.encode())

    assert set(families(tally)) == {"ollama_log_messages_total"}
    assert counts(tally, "ollama_log_messages_total") == {("debug",): 1}


@pytest.mark.parametrize("attribute", ['count=9"', "x count=9", '" count=9', '\\" count=9'])
def test_a_value_cannot_become_an_attribute(attribute: str) -> None:
    """What looks like an attribute inside a quoted value is part of the value."""
    line = f'{SLOG} msg="loaded runners" why={go_quoted(attribute)} count=1\n'

    assert total(read(line.encode()), "ollama_model_loads_total") == 1


def test_a_chat_template_can_forge_counts() -> None:
    """The template of a model is printed as it is, over several lines: whoever creates models can count."""
    dump = "srv          init: init: chat template, example_format: '<|im_start|>system\n" + GIN + "\n'\n"

    assert counts(read(dump.encode()), "ollama_http_requests_total") == {("POST", "/api/chat", "500"): 1}


def test_no_forged_word_becomes_a_label() -> None:
    """Whatever is forged, the page holds no word of it: a model that is not installed is `unknown`."""
    lines, tally = Lines(), Tally()
    tally.feed(lines.parse("".join(f"{line}\n" for line in FORGED).encode()))
    tally.rename(dict.fromkeys(tally.models(), UNKNOWN))
    page = exposition.render(tally.families([UNKNOWN]), exposition.TEXT).decode()

    assert "secret" not in page
    assert BLOB not in page
