"""Documents into samples: what is told, in base units, and what cannot be true left out."""

from __future__ import annotations

import plistlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llama_metrics import exposition
from llama_metrics.collectors.powermetrics.account import Account
from llama_metrics.collectors.powermetrics.metrics import LEVELS
from llama_metrics.collectors.powermetrics.plist import parse
from llama_metrics.collectors.powermetrics.render import render
from llama_metrics.collectors.powermetrics.sample import Sample
from llama_metrics.errors import BadAnswer
from tests.support.fake_powermetrics import FIXTURES, document


def read(name: str) -> Sample:
    """The sample of a fixture."""
    return parse((FIXTURES / f"{name}.plist").read_bytes())


def watts(sample: Sample) -> dict[str, float]:
    """Each rail, rounded to what is printed."""
    return {rail.name: round(rail.watts, 5) for rail in sample.rails}


def active(sample: Sample) -> dict[str, float | None]:
    """Each cluster, rounded to what is printed."""
    return {one.name: None if one.active is None else round(one.active, 5) for one in sample.clusters}


def edited(old: str, new: str) -> Sample:
    """A sample with something else in it."""
    text = document().decode()
    assert old in text
    return parse(text.replace(old, new).encode())


def test_units() -> None:
    """mW and mJ are watts and joules, a cluster's clock is in Hz and the GPU's in MHz, time is what it really took."""
    sample = read("m1_macos13")

    assert sample.seconds == 2.0125
    assert watts(sample) == {"cpu": 1.6, "gpu": 0.60025, "ane": 0.0}
    assert [rail.joules for rail in sample.rails] == [3.22, 1.208, 0.0]
    assert sample.combined is not None
    assert (round(sample.combined.watts, 5), sample.combined.joules) == (2.20025, 4.428)
    assert [one.hertz for one in sample.clusters] == [1.104e9, 1.988e9]
    assert (round(sample.gpu_active or 0, 6), sample.gpu_hertz) == (0.1, 720.5e6)
    assert (sample.thermal, sample.battery, sample.implausible) == ("nominal", None, 0)


def test_a_cluster_is_as_busy_as_its_cores_on_average() -> None:
    """Its own idle_ratio is the time in which all of them were idle, and stays at 0 on some chips."""
    assert active(read("m1_macos13")) == {"E-Cluster": 0.15, "P-Cluster": 0.4}
    assert active(read("m3_max_macos15_excerpt")) == {"E-Cluster": 0.1}


def test_a_core_that_is_switched_off_is_not_busy() -> None:
    """Nor is it idle: what it does not say is that it works. Rounding below 0 is 0."""
    sample = read("m4_max_macos26")

    assert active(sample) == {"E-Cluster": 0.25, "P0-Cluster": 0.35, "P1-Cluster": 0.0}
    assert sample.implausible == 0
    assert min(one.active or 0 for one in sample.clusters) == 0


def test_clusters_are_named_as_macos_does() -> None:
    """Six on two dies in their own order, and names that came with later chips."""
    assert list(active(read("m2_ultra_macos14"))) == [
        f"{name}-Cluster" for name in ("E0", "P0", "P1", "E1", "P2", "P3")
    ]
    assert list(active(read("m5_max_macos26"))) == ["P0-Cluster", "P1-Cluster", "S-Cluster"]
    assert list(active(read("m5_pro_macos26_3"))) == ["M0-Cluster", "P-Cluster"]


def test_the_gpu_of_the_processor_section_comes_first() -> None:
    """The section gpu tells of a slightly different time, and serves only where there is no other."""
    sample, alone = read("m2_ultra_macos14"), read("m4_pro_macos15_gpu_only")

    assert (watts(sample)["gpu"], sample.gpu_active) == (66.0, 0.9375)
    assert (watts(alone), alone.rails[0].joules) == ({"gpu": 0.5}, 2.502)
    assert alone.combined is None


def test_power_is_energy_over_time_where_only_one_is_told() -> None:
    """Either way."""
    without_power = edited("<key>cpu_power</key><real>1000</real>\n", "")
    without_energy = edited("<key>cpu_energy</key><integer>1000</integer>\n", "")

    assert watts(without_power)["cpu"] == 1.0
    assert without_energy.rails[0].joules == 1.0


def test_what_a_sample_does_not_tell_is_not_there() -> None:
    """One sampler alone gives its own values, and nothing is 0 for it."""
    sample = read("m4_pro_macos15_battery_only")

    assert (sample.battery, sample.seconds) == (0.2, 1.002)
    assert (sample.rails, sample.combined, sample.clusters, sample.thermal) == ((), None, (), None)
    assert (sample.gpu_active, sample.gpu_hertz) == (None, None)


def test_combined_needs_cpu_and_gpu_and_whatever_else_is_told() -> None:
    """A machine without a Neural Engine has it; a machine that tells no CPU does not."""
    without_ane = edited("<key>ane_energy</key><integer>0</integer>\n<key>ane_power</key><real>0</real>\n", "")
    broken_ane = edited("<key>ane_energy</key><integer>0</integer>\n<key>ane_power</key><real>0</real>\n",
                        "<key>ane_power</key><real>nan</real>\n")  # fmt: skip

    assert without_ane.combined is not None
    assert without_ane.combined.watts == 3.0
    assert broken_ane.combined is None


@pytest.mark.parametrize(
    ("said", "level"),
    [("Nominal", "nominal"), ("Moderate", "moderate"), ("Heavy", "heavy"), ("Trapping", "trapping"),
     ("Sleeping", "sleeping"), ("Light", "other"), ("Other", "other"), ("", "other")],
)  # fmt: skip
def test_thermal_pressure(said: str, level: str) -> None:
    """macOS' own five levels; every other word is one more, and never none."""
    assert edited("Nominal", said).thermal == level
    assert level in LEVELS


def test_what_is_no_number_is_dropped_and_counted() -> None:
    """A core that is none makes its cluster unknown, for the mean of the others would be a guess."""
    sample = read("not_a_number")

    assert watts(sample) == {"cpu": 2.0, "ane": 0.0}
    assert sample.combined is None
    assert active(sample) == {"E-Cluster": None, "P-Cluster": 0.5}
    assert (sample.gpu_active, sample.battery) == (None, None)
    # cpu_power, gpu_energy, gpu_power, a core, the P cluster's clock, the GPU's idle time, the battery.
    assert sample.implausible == 7


def test_what_cannot_be_true_is_dropped_and_counted() -> None:
    """An energy below 0 read as a huge one, clocks in other units, a share over 1, a name twice, no name."""
    sample = read("cannot_be_true")

    assert watts(sample) == {"gpu": 2.0, "ane": 0.0}
    assert active(sample) == {"E-Cluster": None, "P-Cluster": 0.5}
    assert [one.hertz for one in sample.clusters] == [None, None]
    assert (sample.gpu_active, sample.gpu_hertz, sample.combined) == (None, None, None)
    assert sample.implausible == 9


def test_no_power_beside_busy_cores_is_not_believed() -> None:
    """As on macOS 27: that rail is absent, and so is the sum that it belongs to."""
    sample = read("m1_macos27_cpu_at_zero")

    assert watts(sample) == {"gpu": 8.0, "ane": 0.0}
    assert (sample.combined, sample.implausible) == (None, 1)
    assert active(sample) == {"E-Cluster": 0.75, "P-Cluster": 0.5}


@pytest.mark.parametrize(("idle", "is_believed"), [(0.96, True), (0.94, False)])
def test_no_power_beside_idle_cores_is(idle: float, is_believed: bool) -> None:
    """Energy is told in whole mJ: up to 50 ms of one core's work may be none. It is the same for the GPU."""
    cpu = parse(document(joules=0, cores_idle=idle))
    gpu = edited(
        "</dict>\n</plist>", f"<key>gpu</key><dict><key>idle_ratio</key><real>{idle}</real></dict></dict></plist>"
    )
    silent = parse(
        document(joules=0, cores_idle=1)
        .decode()
        .replace(
            "</dict>\n</plist>", f"<key>gpu</key><dict><key>idle_ratio</key><real>{idle}</real></dict></dict></plist>"
        )
        .encode()
    )

    assert ("cpu" in watts(cpu), cpu.implausible) == (is_believed, not is_believed)
    assert ("gpu" in watts(silent), silent.implausible) == (is_believed, not is_believed)
    assert watts(gpu)["gpu"] == 2.0


@pytest.mark.parametrize("name", ["text_apple_silicon", "text_intel"])
def test_text_is_refused_with_one_sentence(name: str) -> None:
    """It says what came and what to do."""
    with pytest.raises(BadAnswer) as caught:
        parse((FIXTURES / f"{name}.txt").read_bytes())

    assert "prints text, not plists: 'Machine model: " in str(caught.value)
    assert str(caught.value).endswith("; put `-f plist` into collectors.powermetrics.command")


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        document()[:-20],
        document().replace(b"elapsed_ns", b"elapsed"),
        document().replace(b"1000000000", b"0"),
        document().replace(b"1000000000", b"-1"),
        document().replace(b"<integer>1000000000</integer>", b"<real>nan</real>"),
        # About all the time since the machine was started: of one such for each run, energy would be counted twice.
        document().replace(b"<true/>", b"<false/>"),
        document().replace(b"E-Cluster", b"one & more"),
        document().replace(b"<key>processor</key>", b"<key>gpu</key><string>none</string><key>processor</key>"),
        b"<plist><date>today</date></plist>",
        b"<plist><array/></plist>",
        b"<plist></plist>",
        b"<?xml version='1.0' encoding='klingon'?><plist/>",
        # Python reads integers of almost any length, and no float holds them.
        document().replace(b"<integer>1000</integer>", b"<integer>" + b"9" * 400 + b"</integer>"),
        document().replace(b"<integer>1000</integer>", b"<integer>" + b"9" * 5000 + b"</integer>"),
    ],
)
def test_what_is_no_sample_is_refused(wrong: bytes) -> None:
    """Whatever is wrong with it."""
    with pytest.raises(BadAnswer, match=r"^powermetrics print"):
        parse(wrong)


def shown(samples: Iterable[Sample]) -> str:
    """Their page."""
    account = Account(1.0)
    for sample in samples:
        account.add(sample, 1.75e9)
    return exposition.render(render(account.reading(0)), exposition.TEXT).decode()


@given(st.binary())
def test_any_bytes_are_a_sample_or_refused(text: bytes) -> None:
    """No document, whatever it is made of, is anything else."""
    for one in (text, b"<plist>" + text + b"</plist>", document().replace(b"Nominal", text)):
        try:
            shown([parse(one)])
        except BadAnswer:  # the other answer that is allowed
            continue


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "E", "Heavy"]) | st.dates()
NUMBERS = st.sampled_from([0, 0.5, 1, 1000, 1e9, -1, 1e300, 2**64, float("nan"), float("inf")]) | st.floats()


def section(*keys: str) -> st.SearchStrategy[dict[str, Any]]:
    """Some of these keys, with numbers."""
    return st.dictionaries(st.sampled_from(keys), NUMBERS)


CPU = section("idle_ratio", "down_ratio")
CLUSTER = st.fixed_dictionaries(
    {}, optional={"name": st.sampled_from(["", "E", "P"]), "freq_hz": NUMBERS, "cpus": st.lists(CPU, max_size=3)}
)
POWERS = section("cpu_power", "cpu_energy", "gpu_power", "gpu_energy", "ane_power", "ane_energy")
PROCESSOR = st.tuples(POWERS, st.lists(CLUSTER, max_size=3)).map(lambda both: {**both[0], "clusters": both[1]})
SAMPLE = st.fixed_dictionaries(
    {"elapsed_ns": NUMBERS},
    optional={
        "is_delta": st.booleans(),
        "processor": PROCESSOR,
        "gpu": section("freq_hz", "idle_ratio", "gpu_energy"),
        "thermal_pressure": st.text(st.characters(codec="ascii", categories=["L"])),
        "battery": section("percent_charge"),
        "more": VALUES.filter(lambda value: value is not None and type(value).__name__ != "date"),
    },
)


@given(SAMPLE)
def test_any_numbers_give_a_page_that_can_be_true(values: dict[str, Any]) -> None:
    """Shares are within 0 and 1, nothing is negative, and every line of it can be written."""
    try:
        text = plistlib.dumps(values)
    except OverflowError:
        return  # an integer that no plist holds
    try:
        page = shown([parse(text)])
    except BadAnswer:  # the other answer that is allowed
        return
    for line in page.splitlines():
        if line.startswith("#"):
            continue
        series, _, number = line.rpartition(" ")
        assert float(number) >= 0
        assert "_ratio" not in series or float(number) <= 1


def test_every_fixture_is_read() -> None:
    """None lies there that no test names."""
    named = Path(__file__).read_text() + (Path(__file__).parent / "test_account.py").read_text()

    assert [file for file in FIXTURES.iterdir() if file.suffix != ".md" and file.stem not in named] == []
