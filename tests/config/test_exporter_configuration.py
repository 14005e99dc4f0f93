"""config/llama-metrics.yml: an example that changes nothing until somebody changes it."""

from __future__ import annotations

import msgspec

from llama_metrics.collectors import ALL
from llama_metrics.config import LogKeys, TargetKeys, WebKeys, load
from tests.config.shipped import CONFIG


def test_the_example_holds_the_defaults() -> None:
    """It is valid, and with it the exporter is configured as without it; compose mounts it as it is."""
    assert load(ALL, {}, CONFIG / "llama-metrics.yml") == load(ALL, {})


def test_the_example_names_every_key() -> None:
    """Each key of each section, in use or commented out, so that nobody has to look elsewhere for its name."""
    text = (CONFIG / "llama-metrics.yml").read_text()
    structs: list[type[msgspec.Struct]] = [WebKeys, LogKeys, TargetKeys, *(collector.options for collector in ALL)]
    keys = {field.encode_name for struct in structs for field in msgspec.structs.fields(struct)}

    assert {key for key in keys | {collector.name for collector in ALL} if f"{key}:" not in text} == set()
