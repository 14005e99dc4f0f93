"""The timetables: each fault is one that the simulator can tell, and lasts until its alert has fired."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from llama_metrics.simulate import files
from llama_metrics.simulate.state import State, state_at
from tools.timed_faults import CPU, DOWN, FLAPPING, HOSTS, HUNG, QUEUE, QUICK, SHIPPED, Timetable, scenario
from tools.timed_promises import MUTED, promises
from tools.timed_stack import rules

TABLES = pytest.mark.parametrize("times", [SHIPPED, QUICK], ids=["shipped", "quick"])


def state(host: str, times: Timetable, at: float, folder: Path) -> State:
    """What a host's simulated Ollama is like at a moment; its file is one that the simulator takes."""
    file = folder / f"{host}.yml"
    file.write_text(yaml.safe_dump(scenario(host, times)))
    return state_at(files.load(file), at)


@TABLES
@pytest.mark.parametrize("host", HOSTS)
def test_nothing_is_wrong_before_a_fault_and_after_its_cure(host: str, times: Timetable, tmp_path: Path) -> None:
    """The model is in memory, on the GPU and free; or Ollama is up, which a restart leaves with nothing in memory."""
    before = state(host, times, times.fault_of(host) - 0.5, tmp_path)
    after = state(host, times, times.cure_of(host), tmp_path)

    assert before.up
    assert [(one.vram == one.memory, one.busy) for one in before.loaded] == [(True, False)]
    assert after.up
    assert [(one.vram == one.memory, one.busy) for one in after.loaded] == [(True, False)] * (
        host not in (DOWN, FLAPPING)
    )


@TABLES
def test_each_host_has_its_own_fault(times: Timetable, tmp_path: Path) -> None:
    """An outage twice, refusals, a request without end, a model in main memory."""
    now = {host: state(host, times, times.fault_of(host), tmp_path) for host in HOSTS}
    refused = [step for step in scenario(QUEUE, times)["steps"] if step.get("requests")]

    assert {host: one.up for host, one in now.items()} == dict.fromkeys(HOSTS, True) | {DOWN: False, FLAPPING: False}
    assert [one.busy for one in now[HUNG].loaded] == [True]
    assert [one.vram for one in now[CPU].loaded] == [0]
    assert [(step["at"], step["requests"][0]["ending"]) for step in refused] == [(times.fault, "rejected")]


@TABLES
def test_the_host_that_flaps_is_down_five_times(times: Timetable, tmp_path: Path) -> None:
    """OllamaFlapping takes more than three, so one may be missed; but each lasts for more than one scrape."""
    turns = [times.flaps + (number + 0.5) * times.flap for number in range(8)]
    moments = [times.fault + 0.1, *turns, times.up_again]

    assert [state(FLAPPING, times, at, tmp_path).up for at in moments] == [False, *[True, False] * 4, True]
    assert times.flap > times.scrape


@TABLES
def test_a_fault_lasts_until_its_alert_has_fired(times: Timetable) -> None:
    """Or its cure would take the alert back. A refusal that is over still counts for a quarter of an hour."""
    fires = {
        one.key[1]: one.since + one.within - times.allowance
        for one in promises(times, rules(times))
        if one.status == "firing" and one.key != MUTED
    }
    ends = {DOWN: times.up_again, FLAPPING: times.flaps, HUNG: times.hung_cure, CPU: times.cpu_cure}

    assert {host: fires[host] for host, end in ends.items() if fires[host] + times.scrape > end} == {}
