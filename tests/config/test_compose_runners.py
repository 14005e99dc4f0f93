"""config/with-runners.yml: the exporter in the network and among the processes of Ollama's container."""

from __future__ import annotations

from typing import Any

import yaml

from llama_metrics.collectors import ALL
from llama_metrics.collectors.log.options import LogOptions
from llama_metrics.collectors.runner.options import RunnerOptions
from llama_metrics.config import load
from tests.config.shipped import CONFIG, ROOT, config

SERVICES = config("docker-compose.yml")["services"]
RESET = "to be taken out"


class Overlay(yaml.SafeLoader):
    """Compose's own YAML: `!reset` takes a key of the file below out."""


Overlay.add_constructor("!reset", lambda *_: RESET)
CHANGES: dict[str, dict[str, Any]] = yaml.load((CONFIG / "with-runners.yml").read_text(), Overlay)["services"]  # noqa: S506  a SafeLoader


def test_it_changes_services_that_exist() -> None:
    """A name that is mistyped would start a service without an image."""
    assert set(CHANGES) == {"ollama", "exporter"} <= set(SERVICES)


def test_the_exporter_sees_what_listens_on_ollamas_loopback() -> None:
    """Network for the ports of the runners, processes to know them by; and the exporter of the two is the guest.

    The other way round, an exporter that is restarted would end Ollama.
    """
    exporter = CHANGES["exporter"]
    assert (exporter["network_mode"], exporter["pid"]) == ("service:ollama", "service:ollama")
    assert exporter["environment"]["OLLAMA_HOST"] == "http://127.0.0.1:11434"
    assert not {"network_mode", "pid"} & set(CHANGES["ollama"])


def test_a_container_without_a_network_of_its_own_has_neither_ports_nor_hosts() -> None:
    """Docker refuses it with either, so whatever docker-compose.yml gives the exporter is taken out."""
    of_networks = {"ports", "extra_hosts", "networks", "hostname", "dns", "links", "expose"}

    taken_out = {key for key, value in CHANGES["exporter"].items() if value == RESET}

    assert taken_out == of_networks & set(SERVICES["exporter"])


def test_the_exporter_is_found_where_it_was() -> None:
    """By Prometheus under its name, by people on its port: both are Ollama's now, and 11490 is on loopback only."""
    ollama = CHANGES["ollama"]
    (job,) = config("config/prometheus.yml")["scrape_configs"]
    (target,) = job["static_configs"][0]["targets"]

    assert [f"{alias}:11490" for alias in ollama["networks"]["default"]["aliases"]] == [target]
    assert ollama["ports"] == SERVICES["exporter"]["ports"]


def test_the_runners_count_and_the_exporter_asks_them() -> None:
    """One without the other tells nothing. The log is read as without this file."""
    exporter = CHANGES["exporter"]
    chosen = exporter["environment"]["LLAMA_METRICS_CONFIG_FILE"]
    (file,) = (volume.split(":")[0] for volume in exporter["volumes"] if volume.endswith(f":{chosen}:ro"))
    options = {collector.name: own for collector, own in load(ALL, {}, ROOT / file).collectors}
    without = {collector.name: own for collector, own in load(ALL, {}, CONFIG / "with-log.yml").collectors}

    assert CHANGES["ollama"]["environment"] == {"LLAMA_ARG_ENDPOINT_METRICS": "1"}
    assert isinstance(options["runner"], RunnerOptions)
    assert options["runner"].metrics
    assert isinstance(options["log"], LogOptions)
    assert options == without | {"runner": options["runner"]}


def test_the_key_that_breaks_ollama_is_set_nowhere() -> None:
    """With LLAMA_API_KEY in its environment, Ollama's own requests to its runners are refused."""
    files = [ROOT / "docker-compose.yml", *(file for file in CONFIG.rglob("*") if file.is_file())]

    assert [file.name for file in files if "LLAMA_API_KEY" in file.read_text()] == []
