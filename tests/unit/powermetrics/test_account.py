"""Samples added up."""

from __future__ import annotations

from llama_metrics.collectors.powermetrics.account import Account
from llama_metrics.collectors.powermetrics.plist import parse
from llama_metrics.collectors.powermetrics.render import render
from llama_metrics.metrics import Family
from tests.support.fake_powermetrics import FIXTURES, document

NOW = 1.75e9


def names(account: Account) -> set[str]:
    """The families that have samples."""
    return {family.metric.name.removeprefix("powermetrics_") for family in render(account.reading(0)) if family.samples}


def test_energy_is_added_up_sample_by_sample() -> None:
    """Whatever lies between two scrapes; the gauges are those of the latest."""
    account = Account(1.0)
    for joules in (1, 2, 4):
        account.add(parse(document(joules)), NOW)
    reading = account.reading(restarts=3)

    assert dict(reading.joules) == {"cpu": 7.0, "gpu": 14.0, "ane": 0.0}
    assert (reading.combined_joules, reading.samples, reading.restarts) == (21.0, 3, 3)
    assert reading.sample is not None
    assert [rail.watts for rail in reading.sample.rails] == [4.0, 8.0, 0.0]


def test_a_rail_that_is_not_told_keeps_its_energy() -> None:
    """Its power is absent, its counter stands still, and that of all together as well: what it took is not known."""
    account = Account(1.0)
    account.add(parse(document(2)), NOW)
    account.add(parse((FIXTURES / "m1_macos27_cpu_at_zero.plist").read_bytes()), NOW)
    reading = account.reading(0)

    assert dict(reading.joules) == {"cpu": 2.0, "gpu": 4 + 8.04, "ane": 0.0}
    assert (reading.combined_joules, reading.implausible) == (6.0, 1)
    (power,) = [family for family in render(reading) if family.metric.name == "powermetrics_power_watts"]
    assert [labels for labels, _ in power.samples] == [("gpu",), ("ane",)]


def test_a_rail_that_was_never_told_has_no_counter() -> None:
    """0 J would be a reading."""
    account = Account(1.0)
    account.add(parse((FIXTURES / "m4_pro_macos15_gpu_only.plist").read_bytes()), NOW)
    reading = account.reading(0)

    assert (reading.joules, reading.combined_joules) == ((("gpu", 2.502),), None)


def test_a_sample_over_a_sleep_counts_its_energy_and_shows_no_means() -> None:
    """They would say that the machine, which has just come back, is nearly idle. What it tells of its end is shown."""
    account = Account(1.0)
    account.add(parse(document(2)), NOW)
    account.add(parse((FIXTURES / "after_sleep.plist").read_bytes()), NOW + 3605)

    assert dict(account.reading(0).joules) == {"cpu": 23.63, "gpu": 11.21, "ane": 0.0}
    assert account.reading(0).combined_joules == 6 + 28.84
    assert names(account) == {
        *("thermal_pressure", "battery_ratio", "sample_timestamp_seconds", "sample_interval_seconds"),
        *("energy_joules_total", "combined_energy_joules_total", "samples_total", "parse_errors_total"),
        *("implausible_readings_total", "restarts_total"),
    }
    account.add(parse(document(1)), NOW + 3606)
    assert "power_watts" in names(account)


def test_a_sample_may_take_twice_as_long_as_was_asked() -> None:
    """A busy machine is late now and then."""
    for seconds, has_means in ((2.0, True), (2.1, False)):
        account = Account(1.0)
        account.add(parse(document(1, seconds)), NOW)

        assert ("cpu_cluster_active_ratio" in names(account)) == has_means


def test_before_the_first_sample() -> None:
    """What counts ourselves is at 0; nothing is said of the machine."""
    families = {family.metric.name: family for family in render(Account(1.0).reading(0))}

    assert names(Account(1.0)) == {
        "samples_total",
        "parse_errors_total",
        "implausible_readings_total",
        "restarts_total",
    }
    assert families["powermetrics_samples_total"].samples == (((), 0),)


def test_thermal_pressure_has_all_six_levels() -> None:
    """One of them is 1, and an unknown word is `other`."""
    account = Account(1.0)
    account.add(parse((FIXTURES / "m5_pro_macos26_3.plist").read_bytes()), NOW)
    (family,) = [one for one in render(account.reading(0)) if one.metric.name == "powermetrics_thermal_pressure"]

    assert isinstance(family, Family)
    assert {labels[0]: value for labels, value in family.samples} == {
        **dict.fromkeys(("nominal", "moderate", "heavy", "trapping", "sleeping"), 0),
        "other": 1,
    }
