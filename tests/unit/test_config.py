"""The configuration: where values come from, and that every mistake is found, each with its path."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llama_metrics.collectors import ALL
from llama_metrics.config import Config, Setting, load
from llama_metrics.duration import Duration
from llama_metrics.schema import Problem, Problems, decode

NO_NAME = "{!r} is not a model name; write it as `ollama list` shows it, like llama3.2:3b"


def loaded(tmp_path: Path, text: str, environ: dict[str, str] | None = None, flags: tuple[Setting, ...] = ()) -> Config:
    """The configuration of a file with this text."""
    file = tmp_path / "config.yml"
    file.write_text(text)
    return load(ALL, environ or {}, file, flags)


def problems(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    """What is wrong with it, as it is printed."""
    with pytest.raises(Problems) as caught:
        loaded(tmp_path, text, environ)
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


def test_nothing_at_all_is_a_configuration() -> None:
    """Without file, environment and flags: Ollama on this machine, our port on loopback, all but the probe."""
    config = load(ALL, {})

    assert config.web.listen_address.pair == ("127.0.0.1", 11490)
    assert config.target.url == "http://127.0.0.1:11434"
    assert [(collector.name, options.timeout) for collector, options in config.collectors] == [
        ("version", 2.0),
        ("ps", 2.0),
        ("tags", 5.0),
        *(("log", 2.0), ("process", 1.0), ("runner", 1.0), ("host", 1.0), ("macos", 2.0)),
        *(("powermetrics", 2.0), ("nvidia", 2.0), ("amd", 2.0)),
    ]


def test_defaults_file_environment_and_flags_in_this_order(tmp_path: Path) -> None:
    """Each source overrides the one before it."""
    text = "web: {listen_address: 127.0.0.1:1, max_requests: 7}"
    environ = {"LLAMA_METRICS_LISTEN_ADDRESS": "127.0.0.1:2"}
    flag = Setting(("web", "listen_address"), "127.0.0.1:3", "--web.listen-address")

    assert loaded(tmp_path, text).web.listen_address.pair[1] == 1
    assert loaded(tmp_path, text, environ).web.listen_address.pair[1] == 2
    assert loaded(tmp_path, text, environ, (flag,)).web.listen_address.pair[1] == 3
    assert loaded(tmp_path, text, environ, (flag,)).web.max_requests == 7


def test_ollama_host_is_the_target_where_the_file_names_none(tmp_path: Path) -> None:
    """The file's address wins; a target without one is where OLLAMA_HOST points."""
    environ = {"OLLAMA_HOST": "10.0.0.5"}

    assert loaded(tmp_path, "", environ).target.url == "http://10.0.0.5:11434"
    assert loaded(tmp_path, "targets: [{expected_models: [a]}]", environ).target.url == "http://10.0.0.5:11434"
    assert loaded(tmp_path, "targets: [{url: 10.0.0.6}]", environ).target.url == "http://10.0.0.6:11434"


def test_expected_models_are_completed(tmp_path: Path) -> None:
    """They get the names under which /api/tags shows them."""
    config = loaded(tmp_path, "targets: [{expected_models: [llama3.2, library/qwen3:14b]}]")

    assert config.target.expected_models == ("llama3.2:latest", "qwen3:14b")


def test_a_collector_can_be_switched_off_and_on(tmp_path: Path) -> None:
    """By its key in the file, and by its flag over that."""
    flag = Setting(("collectors", "tags", "enabled"), True, "--collector.tags")
    text = "collectors: {tags: {enabled: false, max_age: 2m}}"

    switched_off = {one.name for one, _ in loaded(tmp_path, text).collectors}
    switched_on = {one.name for one, _ in loaded(tmp_path, text, flags=(flag,)).collectors}

    assert switched_off == {one.name for one in ALL} - {"probe", "tags"}
    assert switched_on == {one.name for one in ALL} - {"probe"}


def test_sections_without_a_value_are_left_away(tmp_path: Path) -> None:
    """A section whose every line is commented out is no mistake."""
    assert loaded(tmp_path, "web:\ncollectors:\n  tags:\n") == load(ALL, {})


def test_every_mistake_is_reported_with_its_path(tmp_path: Path) -> None:
    """Several in one file are found in one run."""
    text = """
    web: {listen_adress: "127.0.0.1:1", max_requests: 0}
    log: {level: loud}
    targets:
      - {name: default, url: "ftp://x", expected_models: [ok, "a b", 3], headers: {X: 1}}
    collectors:
      tag: {}
      tags: {max_age: 60, timeout: 0s}
      ps: [1]
    colectors: {}
    """

    assert problems(tmp_path, text) == [
        "colectors: unknown key; did you mean collectors?",
        "web.listen_adress: unknown key; did you mean listen_address?",
        "web.max_requests: expected int >= 1",
        "log.level: is 'loud'; it can be debug, info, warning, error",
        "targets[0].url: 'ftp://x' has the scheme 'ftp'; Ollama is asked by http or https",
        "targets[0].headers: expected str, got int",
        "targets[0].expected_models[1]: " + NO_NAME.format("a b"),
        "targets[0].expected_models[2]: 3 is not text; write a model's name, like llama3.2:3b",
        "collectors.tag: unknown key; did you mean tags?",
        "collectors.ps: expected keys and values, got a list",
        "collectors.tags.timeout: '0s' is no time at all; write a duration above 0",
        "collectors.tags.max_age: 60 is not a duration; write it with a unit, like 500ms, 15s or 1m30s",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("targets: []", "targets: must hold exactly one target, named default"),
        ("targets: [{name: other}]", "targets: must hold exactly one target, named default"),
        ("targets: [{}, {}]", "targets: must hold exactly one target, named default"),
        ("targets: {}", "targets: expected a list, got keys and values"),
        ("targets: [1]", "targets[0]: expected keys and values, got 1"),
        ("targets: [{expected_models: [a, a:latest]}]", "targets[0].expected_models: names a:latest twice"),
        ('targets: [{headers: {X: "a\\nb"}}]', "targets[0].headers.X: is not a valid HTTP header"),
        ("web: {listen_address: localhost}", "'localhost' is not an address"),
        ("web: {listen_address: '::1:80'}", "'::1:80' is not an address"),
        ("web: {listen_address: 'x:99999'}", "'x:99999' is not an address"),
        ("web: 1", "web: expected keys and values, got 1"),
        ("- 1", "holds a list, not a mapping of keys"),
        ("web: {\n", "is not valid YAML"),
        ("log: {level: 2026-13-45}", "is not valid YAML: month must be in 1..12"),
        ("web: {}\nweb: {}", "stands here for the second time"),
        ("web: !!python/object/apply:os.system [id]", "is not valid YAML"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_path(tmp_path: Path, text: str, message: str) -> None:
    """Wrong kinds, wrong values, impossible combinations, broken YAML, a key written twice."""
    found = problems(tmp_path, text)

    assert len(found) == 1
    assert message in found[0]


def test_an_unreadable_file_says_why(tmp_path: Path) -> None:
    """A missing file and a folder are one sentence each."""
    with pytest.raises(Problems, match=r"nowhere\.yml: cannot be read: no such file"):
        load(ALL, {}, tmp_path / "nowhere.yml")
    with pytest.raises(Problems, match="cannot be read: is a directory"):
        load(ALL, {}, tmp_path)


def test_a_value_from_outside_the_file_is_blamed_on_where_it_came_from(tmp_path: Path) -> None:
    """The variable's or flag's name stands where a path would send people to the file."""
    assert problems(tmp_path, "", {"LLAMA_METRICS_LISTEN_ADDRESS": "x"})[0].startswith("LLAMA_METRICS_LISTEN_ADDRESS: ")
    assert problems(tmp_path, "", {"OLLAMA_HOST": "ftp://x"})[0].startswith("OLLAMA_HOST: ")
    assert problems(tmp_path, "web: 1", {"LLAMA_METRICS_LISTEN_ADDRESS": "127.0.0.1:1"}) == [
        "web: expected keys and values, got 1"
    ]


@given(st.text())
def test_any_text_is_a_configuration_or_a_list_of_problems(text: str) -> None:
    """No file makes a traceback."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yml"
        file.write_text(text, encoding="utf-8", errors="replace")
        try:
            load(ALL, {}, file)
        except Problems as found:
            assert found.problems  # noqa: PT017


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("15s", 15), ("1m30s", 90), ("1.5h", 5400), ("1d", 86400)]
)
def test_a_duration_is_written_with_units(text: str, seconds: float) -> None:
    """As Prometheus writes them."""
    assert Duration.parse(text) == seconds


@pytest.mark.parametrize("value", ["", "15", 15, "s", "-1s", "1s ", "1 s", "1w", None, True, "0s", "0ms"])
def test_what_is_no_duration_is_refused(value: object) -> None:
    """A bare number could be seconds or milliseconds, so it is neither."""
    with pytest.raises(ValueError, match="duration"):
        Duration.parse(value)


class Inner(msgspec.Struct, frozen=True):
    """A section that may be left away."""

    name: str = "x"


class Outer(msgspec.Struct, frozen=True):
    """A key that holds a section or nothing."""

    inner: Inner | None = None


@pytest.mark.parametrize(("value", "expected"), [({}, None), ({"inner": None}, None), ({"inner": {"name": "y"}}, "y")])
def test_a_section_may_be_nothing(value: object, expected: str | None) -> None:
    """Left away, null, or a section: each is what it says."""
    found = decode(Outer, value, [])

    assert found is not None
    assert (found.inner and found.inner.name) == expected


def test_a_mistake_in_a_section_that_may_be_nothing_has_its_path() -> None:
    """The path leads into it."""
    problems: list[Problem] = []
    decode(Outer, {"inner": {"nam": 1}}, problems)

    assert problems == [Problem("inner.nam", "unknown key; did you mean name?")]
