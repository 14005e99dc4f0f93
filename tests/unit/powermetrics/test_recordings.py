"""What Macs really printed, where those recordings lie; see the line about them at the head of the test run."""

from __future__ import annotations

import plistlib
import re
from pathlib import Path

import pytest

from llama_metrics.collectors.powermetrics.account import Account
from llama_metrics.collectors.powermetrics.frames import Frames
from llama_metrics.collectors.powermetrics.plist import parse
from llama_metrics.collectors.powermetrics.render import render
from llama_metrics.collectors.powermetrics.sample import Sample
from llama_metrics.errors import BadAnswer
from tests.conftest import RECORDINGS

FOLDER = Path(RECORDINGS) / "powermetrics" if RECORDINGS else None
PLISTS = sorted(FOLDER.glob("*.plist")) if FOLDER else []
TEXTS = sorted(FOLDER.glob("*.txt")) if FOLDER else []
# By the beginning of the name: documents, clusters of each, cores of each cluster.
CHIPS = {
    "m1_mbp17_1": (1, {"E-Cluster": 4, "P-Cluster": 4}),
    "m2ultra": (1, {f"{name}-Cluster": 4 for name in ("E0", "P0", "P1", "E1", "P2", "P3")}),
    "m3max": (1, {"E-Cluster": 4}),
    "m4max": (1, {"E-Cluster": 4, "P0-Cluster": 6, "P1-Cluster": 6}),
    "m4pro_mac16_8_24F74_battery_stream3": (3, {}),
    "m4pro_mac16_8_24F74_gpu_power_stream5": (5, {}),
    "m4pro": (1, {}),
}


def documents(file: Path) -> list[bytes]:
    """The documents of a recording, as the stream cuts them."""
    frames = Frames()
    return frames.feed(file.read_bytes()) + frames.rest()


def recorded(beginning: str) -> list[Sample]:
    """The samples of the recording whose name begins so."""
    return [parse(one) for file in PLISTS if file.name.startswith(beginning) for one in documents(file)]


def test_every_plist_gives_its_clusters() -> None:
    """As many documents, clusters and cores as its chip has, named as macOS does; nothing of it is implausible."""
    for file in PLISTS:
        count, clusters = next(of for beginning, of in CHIPS.items() if file.name.startswith(beginning))
        found = documents(file)
        assert len(found) == count, file
        for one in found:
            sample, raw = parse(one), plistlib.loads(one).get("processor", {}).get("clusters", [])
            assert [cluster.name for cluster in sample.clusters] == list(clusters), file
            assert {cluster["name"]: len(cluster["cpus"]) for cluster in raw} == clusters, file
            assert all(0 <= (cluster.active or 0) < 0.5 for cluster in sample.clusters), file
            assert sample.implausible == 0, file


def test_power_times_time_is_the_energy_that_is_told() -> None:
    """To 1 %, for each rail; and the sum is what macOS calls combined."""
    for file in PLISTS:
        for one in documents(file):
            sample, told = parse(one), plistlib.loads(one).get("processor", {})
            for rail in sample.rails:
                if f"{rail.name}_energy" in told:
                    assert rail.joules * 1000 == told[f"{rail.name}_energy"]
                    assert rail.watts * sample.seconds == pytest.approx(rail.joules, rel=0.01), file
            if "combined_power" in told:
                assert [rail.name for rail in sample.rails] == ["cpu", "gpu", "ane"]
                assert sample.combined is not None
                assert sample.combined.watts * 1000 == pytest.approx(told["combined_power"], rel=1e-5), file
            else:
                assert sample.combined is None


def test_the_gpu_of_an_ultra_at_work() -> None:
    """95 % and 70.9 W by the section processor; its clock in MHz is 1.36 GHz."""
    for sample in recorded("m2ultra"):
        assert (round(sample.gpu_active or 0, 2), round(sample.rails[1].watts, 1)) == (0.95, 70.9)
        assert sample.gpu_hertz == 1_360_850_000


def test_a_cluster_whose_idle_ratio_stays_at_0() -> None:
    """The excerpt of an M3 Max is 9 % busy."""
    for sample in recorded("m3max"):
        assert round(sample.clusters[0].active or 0, 3) == 0.087


def test_thermal_pressure_and_battery() -> None:
    """Where they are told."""
    for file in PLISTS:
        for one in documents(file):
            sample = parse(one)
            assert sample.battery == (0.2 if "battery" in file.name else None)
            assert sample.thermal == ("nominal" if b"thermal_pressure" in one else None)


def test_streams_add_up() -> None:
    """Every document counts: five of the GPU's, three of the battery's."""
    for beginning, count, joules in (
        ("m4pro_mac16_8_24F74_gpu_power_stream5", 5, 1.186),
        ("m4pro_mac16_8_24F74_battery_stream3", 3, 0),
    ):
        account, samples = Account(5.0), recorded(beginning)
        for sample in samples:
            account.add(sample, 1.75e9)
        if samples:
            assert account.reading(0).samples == count
            assert sum(energy for _, energy in account.reading(0).joules) == pytest.approx(joules)


def test_every_plist_gives_a_page() -> None:
    """Its families can be rendered, and hold no value that is negative."""
    for file in PLISTS:
        account = Account(1.0)
        for one in documents(file):
            account.add(parse(one), 1.75e9)
        assert all(value >= 0 for family in render(account.reading(0)) for _, value in family.samples), file


def test_text_is_refused() -> None:
    """Older systems and Intel, with one sentence that says what to do."""
    for file in TEXTS:
        (piece,) = documents(file)
        for text in (piece, file.read_bytes()):
            with pytest.raises(BadAnswer) as caught:
                parse(text)
            assert re.fullmatch(
                r"powermetrics prints text, not plists: 'Machine model: [\w,]+';"
                r" put `-f plist` into collectors\.powermetrics\.command",
                str(caught.value),
            ), file


def test_the_recordings_are_all_there() -> None:
    """Where there are any."""
    assert (len(PLISTS), len(TEXTS)) == ((9, 4) if FOLDER else (0, 0))
