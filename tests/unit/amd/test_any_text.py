"""Whatever the files of the amdgpu driver say, there is a reading."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from llama_metrics.collectors.amd.collector import AMD
from llama_metrics.collectors.amd.parse import parse
from llama_metrics.collectors.amd.sysfs import Files
from tests.unit.amd.trees import copy, device, read

texts = st.none() | st.text(max_size=30) | st.integers(-(10**25), 10**25).map(str)


@given(st.builds(Files, st.just("0000:03:00.0"), texts, texts, texts, texts, texts, texts))
def test_whatever_the_files_say_there_is_a_page(files: Files) -> None:
    """Any text gives families, which are strict themselves, and every value lies where a card's can."""
    for family in AMD.render(parse([files])):
        for _, value in family.samples:
            assert value >= 0  # type: ignore[operator]


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_in_the_files(identity: bytes, said: bytes) -> None:
    """Whatever stands in them, there is a reading; a card has an address or is none."""
    with TemporaryDirectory() as folder:
        root = copy("two_cards", Path(folder))
        for name in ("product_name", "gpu_busy_percent", "mem_info_vram_used", "power/runtime_status"):
            (device(root) / name).write_bytes(said)
        (device(root) / "hwmon/hwmon4/temp1_label").write_bytes(said)
        assert [gpu.address for gpu in read(root).gpus] == ["0000:03:00.0", "0000:0a:00.0"]
        (device(root) / "uevent").write_bytes(identity)
        assert [gpu.address for gpu in read(root).gpus] == ["0000:0a:00.0"]
