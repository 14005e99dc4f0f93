"""The simulated powermetrics: documents of the recorded form, and power that follows the requests."""

from __future__ import annotations

import plistlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from llama_metrics.ollama.names import ModelName
from llama_metrics.simulate import files
from llama_metrics.simulate.power import Meter, document
from llama_metrics.simulate.scenario import KeepAlive, Load, Model, Requests, Scenario, Step
from llama_metrics.simulate.traffic import Traffic
from tests.conftest import RECORDINGS

Json = dict[str, Any]
BEGAN = datetime(2026, 11, 21, 7, 16, 53, 250_000, tzinfo=UTC)
STEADY = files.load(files.find("steady"))
A = ModelName("a:1")
MODEL = Model(name=A, size=10**9, modified_at=datetime(2026, 10, 1, tzinfo=UTC))
# An answer of about a second each four seconds.
ASKED = Requests(model=A, rate=0.25, prompt_tokens=1, generated_tokens=100, seconds_per_token=0.01)
NEWEST, WITH_BATTERY = "m4max_mac16_5_25C56_disk_cpu_gpu_thermal_TASKS_CUT", "m4pro_mac16_8_24F74_battery"

# As in the newest recording, and in the order of the document; of a list, what each of its items is.
STATE = {"freq": int, "used_ns": int, "used_ratio": float}
CORE = {"freq_hz": float, "idle_ns": int, "idle_ratio": float, "down_ns": int, "down_ratio": float}
CLUSTER = {
    "name": str, "hw_resid_counters": bool, **CORE, "dvfm_states": [STATE], "online_ratio": float,
    "cpus": [{"cpu": int, **CORE, "dvfm_states": [STATE]}],
}  # fmt: skip
RAIL = {f"{rail}_{what}": kind for rail in ("cpu", "gpu", "ane") for what, kind in (("energy", int), ("power", float))}
USED = {"used_ns": int, "used_ratio": float}
SHAPE: Json = {
    "is_delta": bool, "elapsed_ns": int, "hw_model": str, "kern_osversion": str, "kern_bootargs": str,
    "kern_boottime": int, "timestamp": datetime, "battery": {"percent_charge": int},
    "processor": {"clusters": [CLUSTER], **RAIL, "combined_power": float},
    "thermal_pressure": str,
    "gpu": {
        "freq_hz": float, "idle_ns": int, "idle_ratio": float, "dvfm_states": [STATE],
        "sw_requested_state": [{"sw_req_state": str, **USED}], "sw_state": [{"sw_state": str, **USED}],
        "gpu_energy": int,
    },
}  # fmt: skip


def scenario(*steps: Step, gpu: float = 1) -> Scenario:
    """A model in memory, requests for it, and what else happens."""
    load = Load(model=A, memory=10**9, gpu=gpu, context_length=2048, keep_alive=KeepAlive.parse("forever"))
    return Scenario("0.33.0", (MODEL,), (Step(at=0, load=(load,)), Step(at=0, requests=(ASKED,)), *steps))


def documents(of: Scenario, *moments: float) -> list[Json]:
    """What is printed at those moments, as a reader of property lists has it."""
    meter = Meter(of, BEGAN)
    return [plistlib.loads(document(meter.until(moment), meter.booted)) for moment in moments]


def busy(of: Scenario, seconds: int = 40) -> list[float]:
    """The share of each second in which the GPU worked, all but what it does by itself."""
    return [1 - one["gpu"]["idle_ratio"] - 0.02 for one in documents(of, *range(1, seconds + 1))]


def shape(value: Any) -> Any:
    """Keys and types, all the way down; of a list's items, all that any of them has."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        together: Json = {}
        for item in value:
            together |= shape(item)
        return [together]
    return type(value)


def shapes() -> dict[str, Json]:
    """The shape written here, and where the recordings are at hand, that of a Mac with macOS 26 and another's battery.

    Of what they have besides, nothing was asked for.
    """
    known = {"written here": SHAPE}
    if RECORDINGS:
        folder = Path(RECORDINGS) / "powermetrics"
        real = shape(plistlib.loads((folder / f"{NEWEST}.plist").read_bytes()))
        real |= shape(plistlib.loads((folder / f"{WITH_BATTERY}.plist").read_bytes()))
        known["recorded"] = {key: real[key] for key in SHAPE}
    return known


@pytest.mark.parametrize("expected", shapes().values(), ids=shapes())
def test_a_document_has_the_keys_and_types_of_a_real_one(expected: Json) -> None:
    """Every key of a Mac with a battery, of the type that it has there, sections in the order in which they come."""
    (one,) = documents(scenario(Step(at=0, battery=0.8)), 1.0)

    assert shape(one) == expected
    assert list(one) == list(expected)
    assert one["battery"] == {"percent_charge": 80}
    assert [len(cluster["cpus"]) for cluster in one["processor"]["clusters"]] == [4, 4]
    # The last one never has it.
    assert ["online_ratio" in cluster for cluster in one["processor"]["clusters"]] == [True, False]


@given(moments=st.lists(st.floats(0.05, 5), min_size=1, max_size=6))
def test_a_document_agrees_with_itself(moments: list[float]) -> None:
    """Energy is power times time, combined is the sum of the rails, and shares of time add up to all of it."""
    ends = [sum(moments[: number + 1]) for number in range(len(moments))]
    for one, span in zip(documents(STEADY, *ends), moments, strict=True):
        processor, gpu = one["processor"], one["gpu"]
        assert one["elapsed_ns"] == pytest.approx(span * 1e9, abs=2)
        for rail in ("cpu", "gpu", "ane"):
            assert processor[f"{rail}_power"] * span == pytest.approx(processor[f"{rail}_energy"], rel=1e-4)
        rails = [processor[f"{rail}_power"] for rail in ("cpu", "gpu", "ane")]
        assert processor["combined_power"] == pytest.approx(sum(rails), rel=1e-4)
        assert gpu["gpu_energy"] == processor["gpu_energy"]
        cores = [part for cluster in processor["clusters"] for part in (cluster, *cluster["cpus"])]
        for part in (gpu, *cores):
            in_use = sum(state["used_ratio"] for state in part["dvfm_states"])
            assert in_use + part["idle_ratio"] + part.get("down_ratio", 0) == pytest.approx(1, abs=1e-4)
            assert 0 <= part["idle_ratio"] <= 1


def test_the_gpu_is_busy_while_answers_are_made_and_at_no_other_time() -> None:
    """As long as the log says that they took, and as much power as goes with it."""
    seconds = 400
    events = [event for event in Traffic(scenario()).until(seconds) if "timing" in event.sections]
    took = sum(float(str(event.values["total_ms"])) for event in events) / 1000

    assert len(events) == pytest.approx(seconds / 4, abs=1)
    assert sum(busy(scenario(), seconds)) == pytest.approx(took, rel=0.01)
    assert sum(share < 0.001 for share in busy(scenario(), seconds)) > seconds / 3
    watts = [one["processor"]["gpu_power"] / 1000 for one in documents(scenario(), *range(1, 41))]
    assert min(watts) < 0.1
    assert max(watts) > 15


def test_a_mac_at_rest_draws_a_few_hundred_milliwatts() -> None:
    """Nothing is asked, so nothing works; and the AI accelerator never does for Ollama."""
    short, long = (one["processor"] for one in documents(Scenario("0.33.0", (MODEL,)), 1.0, 6.0))

    assert 200 < short["combined_power"] < 900
    assert short["ane_power"] == 0
    assert long["combined_power"] == pytest.approx(short["combined_power"], rel=0.01)


def test_a_model_on_the_cpu_leaves_the_gpu_alone() -> None:
    """Its answers make the fast cores busy instead, and those that are half on the GPU both."""
    assert max(busy(scenario(gpu=0))) == pytest.approx(0, abs=0.001)
    fast = [one["processor"]["clusters"][1]["cpus"][0] for one in documents(scenario(gpu=0), *range(1, 41))]
    assert max(1 - cpu["idle_ratio"] - cpu["down_ratio"] for cpu in fast) > 0.9
    assert sum(busy(scenario(gpu=0.5))) == pytest.approx(sum(busy(scenario())) / 2, rel=0.02)


def test_what_works_side_by_side_is_busy_at_most_all_of_the_time() -> None:
    """Two models that never rest are not two GPUs."""
    never_resting = Requests(model=A, rate=1, prompt_tokens=1, generated_tokens=1000, seconds_per_token=0.01)
    b = ModelName("b:1")
    loads = tuple(Load(model=name, memory=10, gpu=1, keep_alive=KeepAlive.parse("forever")) for name in (A, b))
    models = (MODEL, msgspec.structs.replace(MODEL, name=b))
    asked = (never_resting, msgspec.structs.replace(never_resting, model=b))
    of = Scenario("0.33.0", models, (Step(at=0, load=loads), Step(at=0, requests=asked)))

    both, one = (documents(what, 20.0, 30.0)[1] for what in (of, scenario(Step(at=0, requests=(never_resting,)))))
    assert both["gpu"]["idle_ratio"] == 0
    assert both["processor"]["gpu_power"] == one["processor"]["gpu_power"]


def test_a_dead_server_leaves_the_gpu_at_rest() -> None:
    """What it was at goes with it."""
    long = msgspec.structs.replace(ASKED, generated_tokens=3000)
    steps = (Step(at=5, requests=(long,)), Step(at=20, server="down"))

    before, after = documents(scenario(*steps), 19.0, 25.0, 30.0)[::2]

    assert before["gpu"]["idle_ratio"] < 0.5
    assert after["gpu"]["idle_ratio"] == 0.98


def test_thermal_pressure_and_charge_are_those_of_the_steps() -> None:
    """From their moment on, in powermetrics' words; without a step nominal, and no battery at all."""
    steps = (Step(at=2, thermal="heavy"), Step(at=3, battery=0.55), Step(at=4, thermal="nominal"))
    seen = documents(scenario(*steps), 1.0, 2.5, 3.5, 4.5)

    assert [one["thermal_pressure"] for one in seen] == ["Nominal", "Heavy", "Heavy", "Nominal"]
    assert [one.get("battery") for one in seen] == [None, None, {"percent_charge": 55}, {"percent_charge": 55}]


def test_times_are_the_macs() -> None:
    """The end of the sample in UTC and whole seconds, and a start of the Mac before the scenario's."""
    first, second = documents(scenario(), 1.0, 2.0)

    assert first["timestamp"] == datetime(2026, 11, 21, 7, 16, 54)  # noqa: DTZ001 - a property list knows no zones
    assert second["timestamp"] - first["timestamp"] == timedelta(seconds=1)
    assert first["kern_boottime"] == second["kern_boottime"] < BEGAN.timestamp() - 86400
