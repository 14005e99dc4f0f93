"""None, or not to be seen: 0 is said only where it is certain."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from llama_metrics.collectors.process.reading import SERVER, Reading
from llama_metrics.collectors.process.source import ProcessSource
from llama_metrics.errors import NotPermitted
from tests.support.fake_ollama import Behaviour, FakeOllama, hang, http
from tests.support.host import context
from tests.unit.process.watched import Watched

A, B = ("runner", "a:latest"), ("runner", "b:latest")


def test_no_ollama_is_0(tmp_path: Path) -> None:
    """On a machine whose processes we see, and where nobody answers; its counter is there from the start."""
    with FakeOllama({}) as gone:
        pass
    watched = Watched("none", tmp_path, gone.url)

    assert watched.read() == Reading(0, 0, (), {SERVER: 0.0}, None)
    assert watched.asked == []


@pytest.mark.parametrize("behaviour", [http('{"version":"0.33.0"}'), http("oh", "500 Oh"), hang])
def test_an_ollama_that_answers_is_somewhere(tmp_path: Path, behaviour: Behaviour) -> None:
    """In a VM, or in a container of others: 0 would be an invention."""
    with FakeOllama({"/api/version": behaviour}) as ollama:
        assert Watched("none", tmp_path, ollama.url).read(0.4) == Reading(None, None, (), {}, None)


def test_in_a_container_0_is_said_once_a_server_was_seen(tmp_path: Path) -> None:
    """Else it may run where we do not see it, and only not answer."""
    (tmp_path / ".dockerenv").touch()
    with FakeOllama({}) as gone:
        pass
    watched = Watched("linux_0.24", tmp_path, gone.url)
    server = watched.table.rows.pop(1)
    del watched.table.rows[40]
    # The first process of a container is always to be seen: there, it is something else.
    watched.table.rows[1] = replace(server, command=("/pause",))
    assert watched.read().servers is None
    watched.table.rows[2] = replace(server, pid=2)
    assert watched.read().servers == 1
    del watched.table.rows[2]

    assert watched.read().servers == 0


@pytest.mark.parametrize("name", ["macos_other_user", "hidden"])
def test_hidden_processes(tmp_path: Path, name: str) -> None:
    """It is said what to grant."""
    with pytest.raises(NotPermitted, match=r"does not show us all of them; run the exporter as the user of Ollama"):
        Watched(name, tmp_path, "http://127.0.0.1:9").read()


def test_runners_of_a_hidden_server(tmp_path: Path, ollama: FakeOllama) -> None:
    """They are told; how many servers there are is not known."""
    watched = Watched("linux_0.33", tmp_path, ollama.url)
    watched.table.change(800, command=None)
    watched.source = ProcessSource(watched.table, lambda _: 1, context(tmp_path, ollama.url))
    reading = watched.read()

    assert (reading.servers, reading.runners, [one.label for one in reading.groups]) == (None, 3, [A, B])
