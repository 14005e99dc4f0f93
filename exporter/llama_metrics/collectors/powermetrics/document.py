"""A document of powermetrics as typed values: bytes -> structs, with the shape checked.

Every key is optional: the samplers that were asked for decide the sections, and macOS' version decides the keys. Keys
that nobody here needs are ignored, whatever they hold. What is wrong in shape is a BadAnswer; what cannot be true is
for plist.py to judge. Energy is in millijoules over the sample, power in milliwatts.
"""

from __future__ import annotations

import plistlib
import re

import msgspec

from llama_metrics.collectors.powermetrics.frames import is_beginning
from llama_metrics.errors import BadAnswer

_TOLD = 60
# How long each core spent at each of its clocks: nine tenths of a sample, and read by nobody. Without it a sample costs
# a fifth of the time and of the memory. Only a list without lists in it is left out, so what is left is whole.
_STATES = re.compile(rb"<key>dvfm_states</key>\s*+<array>(?:[^<]++|<(?!/?array))*+</array>")


class Cpu(msgspec.Struct, frozen=True):
    """One core. `down_ratio` is missing on chips that do not tell it, and is no part of `idle_ratio`."""

    idle_ratio: float | None = None
    down_ratio: float = 0.0


class ClusterSection(msgspec.Struct, frozen=True):
    """One cluster; `freq_hz` is in Hz. Its own idle_ratio is no mean of its cores', and stays at 0 on some chips."""

    name: str = ""
    freq_hz: float | None = None
    cpus: list[Cpu] = []


class Processor(msgspec.Struct, frozen=True):
    """What the sampler cpu_power tells, the power of the GPU included."""

    clusters: list[ClusterSection] = []
    cpu_energy: float | None = None
    cpu_power: float | None = None
    gpu_energy: float | None = None
    gpu_power: float | None = None
    ane_energy: float | None = None
    ane_power: float | None = None


class Gpu(msgspec.Struct, frozen=True):
    """What the sampler gpu_power tells; `freq_hz` is in MHz, whatever its name says."""

    freq_hz: float | None = None
    idle_ratio: float | None = None
    gpu_energy: float | None = None


class Battery(msgspec.Struct, frozen=True):
    """What the sampler battery tells."""

    percent_charge: float | None = None


class Document(msgspec.Struct, frozen=True):
    """One sample. With `is_delta` false it is about all the time since the machine was started."""

    elapsed_ns: float
    is_delta: bool = True
    processor: Processor = Processor()
    gpu: Gpu = Gpu()
    thermal_pressure: str | None = None
    battery: Battery = Battery()


def load(text: bytes) -> Document:
    """Raises BadAnswer for anything but a sample."""
    text = _STATES.sub(b"", text.strip(b"\0 \t\r\n"))
    if not is_beginning(text):
        said = text[:_TOLD].decode("utf-8", errors="replace").splitlines()
        raise BadAnswer(
            f"powermetrics prints text, not plists: {said[0] if said else ''!r}; put `-f plist` into"
            " collectors.powermetrics.command"
        )
    try:
        document = msgspec.convert(plistlib.loads(text, fmt=plistlib.FMT_XML), Document)
    except msgspec.ValidationError as error:
        raise BadAnswer(f"powermetrics printed a plist that is no sample: {error}") from None
    except Exception as error:  # noqa: BLE001  plistlib lets out whatever its insides run into, AttributeError included
        raise BadAnswer(f"powermetrics printed a plist that cannot be read: {error}") from None
    if not 0 < document.elapsed_ns < float("inf") or not document.is_delta:
        raise BadAnswer(f"powermetrics printed a plist about no sample's time: elapsed_ns {document.elapsed_ns:g}")
    return document
