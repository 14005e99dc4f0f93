"""Names for what the log calls by its blob: asked of the API, kept by digest, never guessed."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest

from llama_metrics.ollama.client import Client
from llama_metrics.ollama.directory import Directory
from llama_metrics.ollama.names import UNKNOWN
from tests.support.fake_ollama import FIXTURES, FakeOllama, hang, http, recorded

A, B = (f"sha256-{digit * 64}" for digit in "ab")
# The blob of tiny-a in the recorded answer of /api/show.
TINY_A = "sha256-bcd41bfe64d491b00657a91b805cd73e3a5b3ec8ef242470dc969920d6b02ead"


def installed(*names: str, remote: str = "") -> str:
    """An answer of /api/tags; each model has a digest of its own."""
    models = [{"name": name, "digest": f"{number:064x}", "remote_host": remote} for number, name in enumerate(names)]
    return json.dumps({"models": models})


def shown(*blobs: str) -> str:
    """An answer of /api/show for a model made of these blobs."""
    lines = "".join(f"FROM /root/.ollama/models/blobs/{blob}\n" for blob in blobs)
    return json.dumps({"modelfile": f"# FROM it:latest\n\n{lines}TEMPLATE x\n"})


@pytest.fixture
def ollama() -> Iterator[FakeOllama]:
    """An Ollama with one model, `a`."""
    answers = {
        "/api/version": http('{"version":"0.33.0"}'),
        "/api/tags": http(installed("a:latest")),
        "/api/show": http(shown(A)),
        "/api/ps": http('{"models":[]}'),
    }
    with FakeOllama(answers) as server:
        yield server


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return time.monotonic() + self.ahead


def names(directory: Directory, *models: str, installs: int = 0) -> list[str | None]:
    """What the directory calls them, with ten seconds to find out."""
    deadline = time.monotonic() + 10
    directory.refresh(installs, deadline)
    directory.look_up(models, deadline)
    return [directory.name(model, deadline) for model in models]


def make(ollama: FakeOllama, clock: Clock | None = None) -> Directory:
    """A directory that asks this Ollama."""
    return Directory(Client(ollama.url, {}), clock or time.monotonic)


def test_a_blob_is_the_model_that_is_made_of_it(ollama: FakeOllama) -> None:
    """POST /api/show says so; one that no model has is unknown, and so is a name that is not installed."""
    assert names(make(ollama), A, B, "a:latest", "gone:latest", UNKNOWN) == [
        "a:latest", UNKNOWN, "a:latest", UNKNOWN, UNKNOWN,
    ]  # fmt: skip
    assert json.loads(ollama.bodies[-1]) == {"model": "a:latest"}


def test_the_recorded_answer_names_its_blob(ollama: FakeOllama) -> None:
    """A real /api/show."""
    ollama.answers["/api/show"] = recorded(FIXTURES / "0.33.0-rc2" / "api_show.http")

    assert names(make(ollama), TINY_A) == ["a:latest"]


def test_answers_are_kept(ollama: FakeOllama) -> None:
    """The list for a minute, what a model is made of for as long as its digest stays; no blob, no question."""
    clock = Clock()
    directory = make(ollama, clock)
    names(directory, "a:latest")
    assert ollama.asked["/api/show"] == 0
    for _ in range(3):
        names(directory, A, B)
    assert (ollama.asked["/api/tags"], ollama.asked["/api/show"]) == (1, 1)
    clock.ahead = 61
    names(directory, A)

    assert (ollama.asked["/api/tags"], ollama.asked["/api/show"]) == (2, 1)


def test_a_pull_makes_the_list_old(ollama: FakeOllama) -> None:
    """A model that was just pulled is in the list when it is first loaded."""
    directory = make(ollama)
    assert names(directory, "b:latest") == [UNKNOWN]
    ollama.answers["/api/tags"] = http(installed("a:latest", "b:latest"))

    assert names(directory, "b:latest", installs=1) == ["b:latest"]
    assert directory.installed == ("a:latest", "b:latest")


def test_two_names_of_one_blob_are_told_apart_by_what_is_loaded(ollama: FakeOllama) -> None:
    """They share a runner, which /api/ps lists by the name that loaded it; else it is unknown."""
    ollama.answers["/api/tags"] = http(installed("a:latest", "copy:latest"))
    assert names(make(ollama), A) == [UNKNOWN]
    ollama.answers["/api/ps"] = http('{"models":[{"name":"copy:latest"}]}')

    assert names(make(ollama), A) == ["copy:latest"]


def test_what_is_known_serves_while_nobody_answers(ollama: FakeOllama) -> None:
    """A model keeps its name, and one that the log names is taken at its word."""
    clock = Clock()
    directory = make(ollama, clock)
    assert names(directory, A) == ["a:latest"]
    clock.ahead, ollama.answers = 61, {}

    assert names(directory, A) == ["a:latest"]
    assert directory.installed == ("a:latest",)


def test_without_the_api_the_logs_names_are_taken(ollama: FakeOllama) -> None:
    """But only so many: a log could be forged to hold any number of them."""
    ollama.answers = {}
    directory = make(ollama)

    assert names(directory, "b:latest", A) == ["b:latest", UNKNOWN]
    many = names(directory, *(f"m{number}:latest" for number in range(2000)))
    assert many.count(UNKNOWN) == 1001


def test_an_api_that_hangs_costs_the_time_that_there_is(ollama: FakeOllama) -> None:
    """Nothing is raised; what is not found out is unknown."""
    ollama.answers["/api/show"] = hang
    directory = make(ollama)
    directory.refresh(0, time.monotonic() + 10)
    before = time.monotonic()
    directory.look_up([A], before + 0.2)

    assert directory.name(A, before + 0.2) == UNKNOWN
    assert time.monotonic() - before < 5


def test_models_that_run_elsewhere_are_not_installed(ollama: FakeOllama) -> None:
    """A cloud model has no blob here and no load in this log."""
    ollama.answers["/api/tags"] = http(installed("far:cloud", remote="https://elsewhere"))
    directory = make(ollama)

    assert names(directory, A) == [UNKNOWN]
    assert directory.installed == ()
    assert ollama.asked["/api/show"] == 0


def test_a_search_that_ran_out_of_time_goes_on_next_time(ollama: FakeOllama) -> None:
    """Until every model was looked at, a blob has no name: two models can be made of it."""
    ollama.answers["/api/tags"] = http(installed("a:latest", "b:latest"))
    directory, once = make(ollama), [http(shown(A)), hang]

    def answer(connection: socket.socket) -> None:
        once.pop(0)(connection)

    ollama.answers["/api/show"] = answer
    directory.refresh(0, time.monotonic() + 10)
    directory.look_up([A], deadline := time.monotonic() + 0.3)
    assert directory.name(A, deadline) is None
    once.append(http(shown(B)))

    assert names(directory, A, B) == ["a:latest", "b:latest"]
