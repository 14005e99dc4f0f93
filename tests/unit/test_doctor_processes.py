"""What `llama-metrics doctor` says of Ollama's processes and of the disk of its models."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from llama_metrics.collector import Target
from llama_metrics.collectors.host.collector import HOST, HostOptions
from llama_metrics.collectors.process.reading import SERVER, Group, Reading
from llama_metrics.config import Config, LogKeys, WebKeys
from llama_metrics.doctor.check import Check
from llama_metrics.doctor.processes import describe, look
from tests.support.fake_processes import FakeServer
from tests.support.host import machine

ALL = Reading(1, 1, (Group(("runner", "a:latest"), 5, 5, 5, 5.0), Group(SERVER, 5, 5, 5, 5.0)), {}, 3)


def say(reading: Reading, root: Path) -> list[Check]:
    """The checks of a reading."""
    return list(describe(reading, machine(root)))


def config(url: str, **options: str | None) -> Config:
    """A configuration of the host collector."""
    host = HostOptions(models_path=options.get("models_path"))
    return Config(WebKeys(), LogKeys(), Target(name="default", url=url), ((HOST, host),))


def test_all_is_seen(tmp_path: Path) -> None:
    """How many, and which models."""
    two = Group(("runner", "b:latest"), 5, 5, 5, 5.0)

    assert say(ALL, tmp_path) == [Check("processes", "ok", "Ollama's processes: 1 server, 1 runner with a:latest")]
    assert say(replace(ALL, runners=3, groups=(*ALL.groups, two)), tmp_path) == [
        Check("processes", "ok", "Ollama's processes: 1 server, 3 runners with a:latest, b:latest")
    ]
    assert say(Reading(1, 0, ALL.groups[1:], {}, 0), tmp_path)[0].sentence == "Ollama's processes: 1 server, 0 runners"


def test_what_is_not_permitted_is_named(tmp_path: Path) -> None:
    """And what would mend it; the rest is there."""
    hidden = replace(ALL, groups=(replace(ALL.groups[0], open_fds=None), ALL.groups[1]), connections=None)

    assert say(hidden, tmp_path)[1] == Check(
        "processes",
        "absent",
        "not permitted to see, or not to be seen from here: open files, connections of Ollama's processes",
        "run the exporter as the user of Ollama, or as root, if you want them",
    )
    assert say(replace(ALL, servers=None), tmp_path)[0].sentence.startswith("Ollama's processes: its server is hidden")


def test_none(tmp_path: Path) -> None:
    """There is none, or it is elsewhere: in a container it is said how to share."""
    assert say(Reading(0, 0, (), {SERVER: 0.0}, None), tmp_path) == [
        Check("processes", "absent", "no process of Ollama runs on this machine")
    ]
    elsewhere = Reading(None, None, (), {}, None)
    assert say(elsewhere, tmp_path)[0].fix == "let the exporter run where Ollama runs"
    (tmp_path / ".dockerenv").touch()

    assert "pid: service:ollama" in say(elsewhere, tmp_path)[0].fix


def test_another_machine(tmp_path: Path) -> None:
    """Its processes and its disk are not here."""
    said = list(look(config("http://192.0.2.1:11434"), machine(tmp_path)))

    assert said == [
        Check(
            "processes",
            "absent",
            "Ollama is at http://192.0.2.1:11434, not on this machine",
            "run an exporter there",
        )
    ]


def test_this_machine(tmp_path: Path) -> None:
    """A real server is found, and the disk; a folder that is not there is said with what to do."""
    with FakeServer(tmp_path):
        found = list(look(config("http://127.0.0.1:9", models_path=str(tmp_path)), machine(tmp_path)))
        lost = list(look(config("http://127.0.0.1:9", models_path=str(tmp_path / "none")), machine(tmp_path)))

    # Others may run on this machine too.
    assert re.match(r"Ollama's processes: [1-9]\d* servers?, \d+ runner", found[0].sentence)
    assert re.fullmatch(r"the disk of Ollama's models has room for \d+ of \d+ GiB", found[-1].sentence)
    assert (lost[-1].state, lost[-1].fix[:36]) == ("absent", "name it in collectors.host.models_pa")
