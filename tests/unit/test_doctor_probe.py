"""What `llama-metrics doctor` says of the probe."""

from __future__ import annotations

from pathlib import Path

import pytest

from llama_metrics.collector import Target
from llama_metrics.collectors.probe.collector import PROBE
from llama_metrics.collectors.probe.memory import Running, key
from llama_metrics.collectors.probe.options import ProbedModel, ProbeOptions
from llama_metrics.config import Config, LogKeys, WebKeys
from llama_metrics.doctor.check import Check
from llama_metrics.doctor.probe import describe, look
from llama_metrics.ollama.names import ModelName
from tests.support.fake_ollama import FakeOllama, http
from tests.support.host import machine

FOR_EVER = '"expires_at":"2318-02-03T04:05:06Z"'
SOON = '"expires_at":"2026-02-03T04:05:06Z"'
ON = "under collectors in the configuration: probe: {enabled: true, models: [{name: %s}]}"
PINNED, PLAIN = Running("a:latest", 4096, pinned=True), Running("b:latest", 4096, pinned=False)


def options(*models: tuple[str, bool]) -> ProbeOptions:
    """On, with these models, and whether each may be loaded."""
    named = tuple(ProbedModel(ModelName.parse(name), load) for name, load in models)
    return ProbeOptions(enabled=True, models=named)


def say(own: ProbeOptions | None, *running: Running) -> list[Check]:
    """The checks, with these models in memory."""
    return list(describe(own, {key(one.name): one for one in running}))


def test_it_is_off() -> None:
    """What it would ask by itself, and the line that switches it on with a model that is there."""
    off = "it is off: whether inference works is not tried"

    assert say(None) == [Check("probe", "absent", off, ON % "llama3.2")]
    assert say(None, PLAIN) == [Check("probe", "absent", off, ON % "b:latest")]
    assert say(None, PLAIN, PINNED) == [
        Check(
            "probe", "absent", "it is off; a:latest is pinned, and would be asked without being named", ON % "b:latest"
        )
    ]


def test_pinned_and_named_models_are_asked() -> None:
    """However the name is written, and one that may be loaded also where it is not in memory."""
    for own in (options(("b", False)), options(("B:LATEST", False))):
        assert say(own, PINNED, PLAIN) == [Check("probe", "ok", "every 60 s one token is asked of a:latest, b:latest")]
    assert say(options(("c", True)), PINNED) == [
        Check("probe", "ok", "every 60 s one token is asked of a:latest, c:latest")
    ]


def test_nobody_to_ask() -> None:
    """It is on, and that helps nobody: whom to name."""
    fix = "name one in collectors.probe.models, with load: true to have it loaded"
    nobody = Check("probe", "absent", "it is on, and has nobody to ask: no model in memory is pinned or named", fix)

    assert say(options()) == [nobody]


@pytest.mark.parametrize(
    ("own", "running", "told", "fix"),
    [
        (
            options(("a", True)),
            Running("a:latest", None, pinned=False),
            "it leaves a:latest alone: Ollama does not say with which context it runs",
            "update Ollama to 0.10 or later",
        ),
        (
            options(("c", False)),
            PINNED,
            "it leaves c:latest alone while it is not in memory",
            "load: true beside its name, if it may be loaded for a probe",
        ),
        (
            options(),
            PLAIN,
            "it leaves b:latest alone, which is neither pinned nor named",
            "name it in collectors.probe.models, if its end may move with each probe",
        ),
    ],
)
def test_what_is_left_alone(own: ProbeOptions, running: Running, told: str, fix: str) -> None:
    """Each reason with what would change it."""
    assert say(own, running)[1:] == [Check("probe", "absent", told, fix)]


def config(url: str, own: ProbeOptions | None) -> Config:
    """A configuration with the probe, or without."""
    return Config(WebKeys(), LogKeys(), Target(name="default", url=url), ((PROBE, own),) if own else ())


def test_only_what_is_in_memory_is_asked_for(tmp_path: Path) -> None:
    """One GET, and no model has anything to do."""
    models = f'{{"name":"a:latest","context_length":64,{FOR_EVER}}},{{"name":"b:latest","context_length":64,{SOON}}}'
    with FakeOllama({"/api/ps": http(f'{{"models":[{models}]}}')}) as ollama:
        said = list(look(config(ollama.url, options()), machine(tmp_path)))

    assert [(check.state, check.sentence.partition(":")[0]) for check in said] == [
        ("ok", "every 60 s one token is asked of a"),
        ("absent", "it leaves b"),
    ]
    assert ollama.asked == {"/api/ps": 1}


def test_nobody_answers(tmp_path: Path) -> None:
    """That is trouble for a probe that is on; for one that is off, it is said elsewhere."""
    with FakeOllama() as ollama:
        pass
    (on,) = look(config(ollama.url, options()), machine(tmp_path))
    (off,) = look(config(ollama.url, None), machine(tmp_path))

    assert on == Check(
        "probe",
        "trouble",
        f"what is in memory: GET {ollama.url}/api/ps: connection refused",
        "is Ollama running there?",
    )
    assert (off.state, off.fix) == ("absent", ON % "llama3.2")
