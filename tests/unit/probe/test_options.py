"""The probe's configuration: what is refused, and what `check` says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from llama_metrics import cli
from llama_metrics.collectors.probe.collector import PROBE
from llama_metrics.collectors.probe.options import ProbeOptions
from llama_metrics.config import load
from llama_metrics.schema import Problems


def configured(folder: Path, text: str) -> ProbeOptions | None:
    """The options of a file with this under `collectors.probe`; None where the probe is off."""
    file = folder / "config.yml"
    file.write_text(f"collectors:\n  probe: {{{text}}}\n")
    found = [own for _, own in load([PROBE], {}, file).collectors]
    assert all(isinstance(own, ProbeOptions) for own in found)
    return found[0] if found else None  # type: ignore[return-value]


def test_it_is_off_until_somebody_switches_it_on(tmp_path: Path) -> None:
    """Naming a model is not enough."""
    assert configured(tmp_path, "models: [{name: llama3.2}]") is None
    assert PROBE.options().enabled is False


def test_names_are_completed(tmp_path: Path) -> None:
    """As Ollama does; nothing is loaded unless that is said."""
    options = configured(tmp_path, "enabled: true, models: [{name: llama3.2}, {name: a/b:1, load: true}]")

    assert options is not None
    assert [(model.name, model.load) for model in options.models] == [("llama3.2:latest", False), ("a/b:1", True)]
    assert (options.interval, options.timeout) == (60.0, 60.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "interval: 9s",
            "collectors.probe.interval: '9s' is too often, for each probe takes a turn from a user; write 10s or more",
        ),
        (
            "interval: 30",
            "collectors.probe.interval: 30 is not a duration; write it with a unit, like 500ms, 15s or 1m30s",
        ),
        (
            "models: [{name: b}, {name: a}, {name: 'A:latest'}, {name: b}, {name: c}]",
            "collectors.probe: models names a:latest, b:latest twice",
        ),
        ("models: [{load: true}]", "collectors.probe.models[0].name: is missing"),
        ("models: [llama3.2]", "collectors.probe.models[0]: expected keys and values, got text"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_path(tmp_path: Path, text: str, message: str) -> None:
    """An interval that users would notice, and a model that is named twice, are mistakes like any other."""
    with pytest.raises(Problems) as caught:
        configured(tmp_path, f"enabled: true, {text}")

    assert str(caught.value) == message


def test_ten_seconds_are_an_interval(tmp_path: Path) -> None:
    """The shortest one."""
    options = configured(tmp_path, "enabled: true, interval: 10s")

    assert options is not None
    assert options.interval == 10.0


ENDS = (
    "of what is pinned; each request moves the model's end, so it stays in memory for as long as the interval is"
    " shorter than its keep_alive"
)
NOTES = {
    "": ["about 1440 requests a day for each model that is pinned in memory; no other is named"],
    ", interval: 5m, models: [{name: a}, {name: b, load: true}]": [
        f"about 288 requests a day for each of a:latest, b:latest and {ENDS}",
        "b:latest will be loaded where it is not in memory, and may evict others",
    ],
    ", models: [{name: a}]": [f"about 1440 requests a day for each of a:latest and {ENDS}"],
}


@pytest.mark.parametrize("text", NOTES)
def test_the_notes_say_what_the_requests_do(tmp_path: Path, text: str) -> None:
    """How many they are, whose end they move, and whom they load."""
    options = configured(tmp_path, f"enabled: true{text}")

    assert options is not None
    assert list(options.notes()) == NOTES[text]


@pytest.mark.parametrize("enabled", ["true", "false"])
def test_check_says_it_where_the_probe_is_on(tmp_path: Path, capsys: pytest.CaptureFixture[str], enabled: str) -> None:
    """And is silent about what does not happen."""
    file = tmp_path / "config.yml"
    file.write_text(f"collectors: {{probe: {{enabled: {enabled}}}}}\n")
    status = cli.main(["check", str(file)])
    notes = [line for line in capsys.readouterr().out.splitlines() if line.startswith("probe: ")]

    assert status == 0
    assert notes == ([f"probe: {NOTES[''][0]}"] if enabled == "true" else [])
