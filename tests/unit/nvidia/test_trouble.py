"""Trouble with the driver or a card is a state that ends by itself, and never costs more than it has to."""

from __future__ import annotations

import pytest

from llama_metrics.collectors.nvidia.nvml import Nvml
from llama_metrics.errors import BadAnswer, NotPermitted, SourceError, TimedOut, Unreachable, Unsupported
from tests.support import fake_gpu
from tests.support.fake_gpu import Error, Gpu
from tests.support.fake_nvml import FakeNvml, nvidia_ml_py


class Clock:
    """Seconds that a test moves."""

    seconds = 1000.0

    def __call__(self) -> float:
        """As time.monotonic."""
        return self.seconds


def uuids(nvml: Nvml) -> list[str]:
    """Of the cards that answer; the time is ample."""
    return [card.uuid for card in nvml.cards(float("inf"))]


def two() -> FakeNvml:
    """Two cards, a and b."""
    return FakeNvml(Gpu(uuid=b"a"), Gpu(uuid=b"b"))


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (fake_gpu.VERSION_MISMATCH, BadAnswer, "driver was updated while it was running; restart the machine"),
        (fake_gpu.DRIVER_NOT_LOADED, Unreachable, "NVML says: Driver Not Loaded; load NVIDIA's driver"),
        (fake_gpu.NO_PERMISSION, NotPermitted, "Insufficient Permissions; let this user read and write /dev/nvidia*"),
        (fake_gpu.TIMEOUT, TimedOut, "NVML says: Timeout"),
        (12, Unsupported, "NVML Shared Library Not Found; install NVIDIA's driver"),
        (fake_gpu.UNKNOWN, BadAnswer, "Unknown Error; `nvidia-smi` may tell more, and a container"),
    ],
)
@pytest.mark.parametrize("where", ["init", "count"])
def test_nvml_that_cannot_be_asked(where: str, code: int, kind: type[SourceError], words: str) -> None:
    """Each kind of trouble has its sentence, and is over as soon as NVML answers again."""
    library = two()
    nvml = Nvml(nvidia_ml_py(library), Clock())
    setattr(library, where, code)

    for _ in range(2):
        with pytest.raises(kind) as caught:
            nvml.cards(float("inf"))
        assert words in str(caught.value)
    assert not library.is_running

    setattr(library, where, fake_gpu.SUCCESS)
    assert uuids(nvml) == ["a", "b"]


@pytest.mark.parametrize("code", [fake_gpu.GPU_IS_LOST, fake_gpu.RESET_REQUIRED, fake_gpu.UNKNOWN, 8, 28])
def test_a_card_fallen_off_the_bus(code: int) -> None:
    """It is not shown, whatever NVML calls it; the other one is."""
    library = two()
    nvml = Nvml(nvidia_ml_py(library), Clock())
    assert uuids(nvml) == ["a", "b"]

    library.gpus[0].state = code

    assert uuids(nvml) == ["b"]
    assert library.is_running


def test_a_card_that_is_lost_in_between() -> None:
    """Its handle and its UUID may still be had: a card that is lost at any question is not shown."""
    library = two()
    library.gpus[0].energy = Error(fake_gpu.GPU_IS_LOST)

    assert uuids(Nvml(nvidia_ml_py(library), Clock())) == ["b"]


def test_a_card_that_tells_nothing_is_not_shown() -> None:
    """NVML may remember who it was after it has gone."""
    library = two()
    nothing = Error(fake_gpu.UNKNOWN)
    library.gpus[0] = Gpu(b"a", b"", nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing)

    assert uuids(Nvml(nvidia_ml_py(library), Clock())) == ["b"]


def test_while_a_card_is_missing_nvml_is_started_anew_once_a_minute() -> None:
    """NVML sees the cards of its start: only so does one that was reset come back, and only so often is it tried."""
    library, clock = two(), Clock()
    nvml = Nvml(nvidia_ml_py(library), clock)
    assert uuids(nvml) == ["a", "b"]
    lost = library.gpus.pop(0)
    lost.state = fake_gpu.GPU_IS_LOST

    for _ in range(150):
        clock.seconds += 1
        assert uuids(nvml) == ["b"]
    assert library.called["nvmlInitWithFlags"] == 3

    lost.state = fake_gpu.SUCCESS
    library.gpus.insert(0, lost)
    assert uuids(nvml) == ["b"]
    clock.seconds += 60
    assert [uuids(nvml) for _ in range(2)] == [["b"], ["a", "b"]]
    clock.seconds += 600
    assert [uuids(nvml) for _ in range(2)] == [["a", "b"]] * 2
    assert library.called["nvmlInitWithFlags"] == 4


@pytest.mark.parametrize("code", [fake_gpu.UNINITIALIZED, fake_gpu.DRIVER_NOT_LOADED, fake_gpu.VERSION_MISMATCH])
def test_a_driver_that_goes_in_the_middle_of_a_read(code: int) -> None:
    """That is not a card's trouble: nothing is shown, and the next read starts anew."""
    library = two()
    nvml = Nvml(nvidia_ml_py(library), Clock())
    library.gpus[1].power = Error(code)

    with pytest.raises(SourceError):
        nvml.cards(float("inf"))

    library.gpus[1].power = 30_000
    assert uuids(nvml) == ["a", "b"]
    assert library.called["nvmlInitWithFlags"] == 2


def test_more_cards_than_there_is_time_for() -> None:
    """A part would look as if the others were lost."""
    library, clock = two(), Clock()
    nvml = Nvml(nvidia_ml_py(library), clock)

    def slow(name: str) -> None:
        clock.seconds += 3 if name == "nvmlDeviceGetUUID" else 0

    library.before = slow

    with pytest.raises(TimedOut, match="answered for 1 cards within the time"):
        nvml.cards(clock.seconds + 2)


def test_closing_ends_nvml_once() -> None:
    """Also when it was never read, or closed before."""
    library = two()
    nvml = Nvml(nvidia_ml_py(library), Clock())
    nvml.close()
    assert library.called["nvmlShutdown"] == 0

    nvml.cards(float("inf"))
    nvml.close()
    nvml.close()

    assert (library.called["nvmlShutdown"], library.is_running) == (1, False)
