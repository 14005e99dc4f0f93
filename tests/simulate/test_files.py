"""Scenario files: the shipped ones are valid, and a bad one is refused with all its mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from llama_metrics.schema import Problems
from llama_metrics.simulate import files

MODELS = """
version: 0.33.0-rc2
models:
  - {name: "a:1", size: 10, modified_at: 2026-10-01T00:00:00Z}
  - {name: "b:1", size: 10, modified_at: 2026-10-02T00:00:00Z}
"""
LOAD_A = '{model: "a:1", memory: 8, gpu: 1, keep_alive: 5}'


def mistakes(file: Path, text: str) -> list[str]:
    """The lines with which the file is refused."""
    file.write_text(text)
    with pytest.raises(Problems) as caught:
        files.load(file)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("name", files.shipped())
def test_a_shipped_scenario_is_valid(name: str) -> None:
    """Every scenario of the package decodes, and can happen as written."""
    assert files.load(files.find(name)).models


def test_the_scenarios_that_others_rely_on_are_shipped() -> None:
    """`make demo` and the dashboards' tests name these two."""
    assert {"demo", "steady"} <= set(files.shipped())


def test_a_name_without_its_tag_is_completed(tmp_path: Path) -> None:
    """Names are written as in a configuration, and shown as Ollama shows them."""
    file = tmp_path / "own.yml"
    file.write_text("version: x\nmodels: [{name: team/a, size: 1, modified_at: 2026-10-01T00:00:00Z}]\n")

    assert [model.name for model in files.load(files.find(str(file))).models] == ["team/a:latest"]


def test_an_unknown_scenario_is_one_sentence_with_the_known_ones() -> None:
    """The message says what could have been written."""
    with pytest.raises(Problems) as caught:
        files.find("nosuch")

    assert str(caught.value) == "nosuch: is no scenario; name demo or steady, or a .yml file of your own"


def test_every_wrong_key_and_value_is_named_with_its_path(tmp_path: Path) -> None:
    """One reading finds them all, however deep."""
    text = """
version: 1.0
colour: red
models:
  - {name: "a b", size: -1, modified_at: 2026-10-01, capabilities: [1]}
  - 7
steps:
  - {at: 1, lod: x}
  - {load: [{model: "a:1", memory: 1, gpu: 2, keep_alive: ever}]}
  - {at: -1, server: sideways}
repeat_every: 0
"""

    found = mistakes(tmp_path / "bad.yml", text)

    assert [line.partition(":")[0] for line in found] == [
        "colour",
        "version",
        "models[0].name",
        "models[0].size",
        "models[0].modified_at",
        "models[0].capabilities[0]",
        "models[1]",
        "steps[0].lod",
        "steps[1].at",
        "steps[1].load[0].gpu",
        "steps[1].load[0].keep_alive",
        "steps[2].at",
        "steps[2].server",
        "repeat_every",
    ]


@pytest.mark.parametrize(
    ("steps", "mistake"),
    [
        ('[{at: 1, unload: "a:1"}]', "steps[0].unload: cannot happen at 1: a:1 is not in memory"),
        ('[{at: 1, delete: "c:1"}]', "steps[0].delete: cannot happen at 1: c:1 is not among the models"),
        ('[{at: 1, pull: "a:1"}]', "steps[0].pull: cannot happen at 1: a:1 is installed already"),
        ("[{at: 1, server: up}]", "steps[0].server: cannot happen at 1: the server is up already"),
        (
            f"[{{at: 1, server: down}}, {{at: 2, load: [{LOAD_A}]}}]",
            "steps[1].load: cannot happen at 2: the server is down",
        ),
        (
            f'[{{at: 1, delete: "a:1"}}, {{at: 2, load: [{LOAD_A}]}}]',
            "steps[1].load: cannot happen at 2: a:1 is not installed",
        ),
        (f"[{{at: 1, load: [{LOAD_A}, {LOAD_A}]}}]", "steps[0].load: cannot happen at 1: a:1 is in memory already"),
        (
            f'[{{at: 1, load: [{LOAD_A}]}}, {{at: 6, unload: "a:1"}}]',
            "steps[1].unload: cannot happen at 6: a:1 is not in memory",
        ),
        ('[{at: 2, delete: "b:1"}, {at: 1, delete: "a:1"}]', "steps[1].at: 1 is earlier than the step before it, at 2"),
        (
            "[{at: 1}]",
            "steps[0]: must hold one of load, unload, delete, pull, server, thermal, battery, requests; it holds 0",
        ),
        (
            '[{at: 1, server: down, delete: "a:1"}]',
            "steps[0]: must hold one of load, unload, delete, pull, server, thermal, battery, requests; it holds 2",
        ),
    ],
)
def test_a_step_that_cannot_happen_is_refused(tmp_path: Path, steps: str, mistake: str) -> None:
    """A scenario that would not do what it says is a mistake; a model that expired before counts as gone."""
    assert mistakes(tmp_path / "bad.yml", f"{MODELS}steps: {steps}\n") == [mistake]


@pytest.mark.parametrize(
    ("asked", "mistake"),
    [
        ('{model: "a:1", rate: 0}', "rate: expected float > 0.0"),
        ('{model: "a:1", rate: 1, route: /api/tags}', "route: is '/api/tags'; it can be /api/generate, /api/chat"),
        ('{model: "a:1", rate: 1, ending: badly}', "ending: is 'badly'; it can be done, truncated"),
        ('{model: "a:1", rate: 1, route: /api/embed}', "route: a:1 makes no embeddings, as its capabilities say"),
        ('{model: "e:1", rate: 1}', "route: e:1 makes embeddings only, as its capabilities say"),
        (
            '{model: "e:1", rate: 1, route: /api/embed, ending: shifted}',
            "ending: embeddings end as done, rejected, failed",
        ),
    ],
)
def test_requests_that_no_ollama_would_answer_so_are_refused(tmp_path: Path, asked: str, mistake: str) -> None:
    """With the path of the key."""
    embedding = '  - {name: "e:1", size: 1, modified_at: 2026-10-02T00:00:00Z, capabilities: [embedding]}\n'
    (found,) = mistakes(tmp_path / "bad.yml", f"{MODELS}{embedding}steps: [{{at: 1, requests: [{asked}]}}]\n")

    assert found.startswith(f"steps[0].requests[0].{mistake}")


def test_requests_name_a_model_and_may_be_none(tmp_path: Path) -> None:
    """An empty list is a step: it ends what came before. Nobody has to be up for others to ask."""
    unknown = 'steps: [{at: 1, requests: [{model: "c:1", rate: 1}]}]\n'
    file = tmp_path / "own.yml"
    file.write_text(f"{MODELS}steps: [{{at: 1, server: down}}, {{at: 2, requests: []}}]\n")

    assert mistakes(tmp_path / "bad.yml", MODELS + unknown) == [
        "steps[0].requests: cannot happen at 1: c:1 is not among the models"
    ]
    assert files.load(file).steps[1].deeds == ["requests"]


def test_contradictions_outside_the_steps_are_refused_too(tmp_path: Path) -> None:
    """Two models of one name, and a repetition that cuts the last step off."""
    text = f"{MODELS}  - {{name: 'a:1', size: 1, modified_at: 2026-10-01T00:00:00Z}}\n"
    text += "steps: [{at: 5, server: down}]\nrepeat_every: 5\n"

    assert mistakes(tmp_path / "bad.yml", text) == [
        "models[2].name: a:1 is there twice",
        "repeat_every: 5 is not after the last step, at 5",
    ]
