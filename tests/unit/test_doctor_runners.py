"""What `llama-metrics doctor` says of Ollama's runners."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from llama_metrics.collector import Target
from llama_metrics.collectors.log.collector import LOG
from llama_metrics.collectors.log.options import LogOptions
from llama_metrics.collectors.runner.collector import RUNNER
from llama_metrics.collectors.runner.metrics import STATES
from llama_metrics.collectors.runner.options import RunnerOptions
from llama_metrics.collectors.runner.reading import Counters, Reading, Runner, Slots
from llama_metrics.config import Config, LogKeys, WebKeys
from llama_metrics.doctor.check import Check
from llama_metrics.doctor.runners import describe, line, look
from tests.support.fake_ollama import FakeOllama, http
from tests.support.fake_processes import FakeServer
from tests.support.host import machine
from tests.support.waiting import until

LINE = "switch it on"
COUNTED = Counters(1, 1, 1, 1, 1)
READY = Runner("a:latest", "ready", Slots(1, 3, 50))
COUNTING = Runner("b:latest", "ready", Slots(0, 1, 0), COUNTED)
VARIABLE = "LLAMA_ARG_ENDPOINT_METRICS"
UNIT = f"`sudo systemctl edit {{0}}`, in [Service] the line Environment={VARIABLE}=1, `sudo systemctl restart {{0}}`"
BREW = (
    f"`/usr/libexec/PlistBuddy -c 'Add :EnvironmentVariables:{VARIABLE} string 1'"
    " /opt/homebrew/opt/ollama/homebrew.mxcl.ollama.plist`, `brew services restart ollama`"
)


def say(root: Path, *runners: Runner, wanted: bool = False) -> list[Check]:
    """The checks of a reading."""
    return list(describe(Reading(runners), machine(root), wanted=wanted, line=LINE))


def config(url: str = "http://127.0.0.1:9", *, metrics: bool = False, unit: str = "ollama") -> Config:
    """A configuration of the runner's collector and of the log's."""
    own = ((RUNNER, RunnerOptions(metrics=metrics)), (LOG, LogOptions(unit=unit)))
    return Config(WebKeys(), LogKeys(), Target(name="default", url=url), own)


def test_there_is_none(tmp_path: Path) -> None:
    """No model is in memory; or, in a container, the processes are not shared with it."""
    (none,) = say(tmp_path)
    (tmp_path / ".dockerenv").touch()
    (hidden,) = say(tmp_path)

    assert none == Check(
        "runners",
        "absent",
        "no runner of Ollama's is there: no model is in memory",
        "look again while `ollama ps` lists a model",
    )
    assert (hidden.state, "with-runners.yml" in hidden.fix) == ("absent", True)


def test_runners_in_another_network(tmp_path: Path) -> None:
    """What would let us ask them is told, not that there is no model."""
    (check,) = describe(Reading((), elsewhere=2), machine(tmp_path), wanted=False, line="")

    assert (check.state, "whose network is not ours" in check.sentence) == ("absent", True)
    assert "with-runners.yml" in check.fix


def test_slots_are_told(tmp_path: Path) -> None:
    """Of all that are ready together."""
    assert say(tmp_path, COUNTING, READY)[0] == Check(
        "runners", "ok", "the slots of a:latest, b:latest are told: 1 busy, 4 idle"
    )


@pytest.mark.parametrize(
    ("state", "told", "fix"),
    [
        ("loading", "absent: the runner of a:latest does not listen yet, as while a model is loaded", "look again"),
        ("silent", "trouble: the runner of a:latest is there, and did not answer within 5 s", "ollama stop"),
        ("no_slots", "absent: the runner of a:latest tells no slots", "0.30 .+ LLAMA_ARG_NO_ENDPOINT_SLOTS"),
        ("other", "trouble: the runner of a:latest answers as none of Ollama's does", "LLAMA_API_KEY .+ take it out"),
    ],
)
def test_slots_are_not_told(tmp_path: Path, state: str, told: str, fix: str) -> None:
    """Each state with its reason, and nothing is said of counters before that is mended."""
    (check,) = say(tmp_path, Runner("a:latest", state), wanted=True)

    assert (check.name, f"{check.state}: {check.sentence}") == ("runners", told)
    assert re.search(fix, check.fix)


def test_every_state_is_told(tmp_path: Path) -> None:
    """Runners of all states, each in a check of its own."""
    checks = say(tmp_path, *(Runner(f"{state}:1b", state, Slots(0, 1, 0)) for state in STATES))

    assert [sum(f"{state}:1b" in one.sentence for one in checks if one.name == "runners") for state in STATES] == [
        1
    ] * 5


@pytest.mark.parametrize(
    ("runner", "wanted", "check"),
    [
        (
            READY,
            False,
            Check(
                "counters",
                "absent",
                "the runner of a:latest tells no counters",
                f"{LINE}; then collectors.runner.metrics: true",
            ),
        ),
        (
            READY,
            True,
            Check(
                "counters",
                "trouble",
                "collectors.runner.metrics: true is set, and the runner of a:latest tells no counters",
                LINE,
            ),
        ),
        (
            COUNTING,
            False,
            Check(
                "counters",
                "absent",
                "the runner of b:latest tells its counters, and is not asked",
                "collectors.runner.metrics: true",
            ),
        ),
        (COUNTING, True, Check("counters", "ok", "the counters of b:latest are told")),
        (
            Runner("c:latest", "no_slots", None, COUNTED),
            True,
            Check("counters", "ok", "the counters of c:latest are told"),
        ),
    ],
)
def test_counters(tmp_path: Path, runner: Runner, wanted: bool, check: Check) -> None:
    """Two switches, Ollama's and ours: which of them is still off."""
    assert say(tmp_path, runner, wanted=wanted)[-1] == check


@pytest.mark.parametrize(
    ("system", "there", "fix"),
    [
        ("Linux", ["etc/systemd/system/ollama.service"], UNIT.format("ollama")),
        ("Linux", ["usr/lib/systemd/system/llm.service"], UNIT.format("llm")),
        ("Linux", [], f"start Ollama anew, with {VARIABLE}=1 in its environment"),
        (
            "Linux",
            [".dockerenv", "etc/systemd/system/ollama.service"],
            f"set {VARIABLE}=1 for Ollama's container, as config/with-runners.yml does, or for its unit on the host",
        ),
        (
            "Darwin",
            ["opt/homebrew/opt/ollama/homebrew.mxcl.ollama.plist"],
            BREW,
        ),
        (
            "Darwin",
            ["Applications/Ollama.app", "usr/local/opt/ollama/homebrew.mxcl.ollama.plist"],
            f"`launchctl setenv {VARIABLE} 1` in a terminal of the Mac's own screen, and start the app anew",
        ),
    ],
)
def test_the_line_is_that_of_this_system(tmp_path: Path, system: str, there: list[str], fix: str) -> None:
    """By how Ollama is started here: a unit of systemd's, the app, Homebrew's, a container."""
    for file in there:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()

    assert line(config(unit="llm" if "llm" in fix else "ollama"), machine(tmp_path, system)) == fix


def test_another_machine(tmp_path: Path) -> None:
    """Its runners listen where nobody else reaches them."""
    assert list(look(config("http://192.0.2.1:11434"), machine(tmp_path))) == [
        Check("runners", "absent", "Ollama is at http://192.0.2.1:11434, not on this machine", "run an exporter there")
    ]


@pytest.mark.parametrize("counts", [True, False])
def test_this_machine(tmp_path: Path, counts: bool) -> None:
    """A process with a runner's command line, and somebody who answers on its port; its counters are looked for too."""
    answers = {"/slots": http('[{"id":0,"n_ctx":64,"is_processing":false}]')}
    if counts:
        answers["/metrics"] = http("llamacpp:tokens_predicted_total 7\n")
    with FakeServer(tmp_path) as server, FakeOllama(answers) as runner, FakeOllama({"/api/tags": http("")}) as ollama:
        server.start_llama_server("--model", "mine:1b", "--port", str(urlsplit(runner.url).port))

        def told() -> list[Check]:
            said = list(look(config(ollama.url, metrics=True), machine(tmp_path)))
            return said if any(re.search(r"slots of .*\bmine:1b\b.* are told", one.sentence) for one in said) else []

        # A child is a copy of its parent until it becomes what it was started for. Others may have runners here too.
        (counters,) = (one for one in until(told, 10) if one.name == "counters")

    assert bool(re.search(r"\bmine:1b\b.* tells no counters", counters.sentence)) is not counts
