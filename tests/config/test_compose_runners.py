"""config/with-runners.yml: Ollama and the exporter in the network and among the processes of a third container."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from llama_metrics.collectors import ALL
from llama_metrics.collectors.log.options import LogOptions
from llama_metrics.collectors.runner.options import RunnerOptions
from llama_metrics.config import load
from tests.config.shipped import CONFIG, ROOT, config

SERVICES = config("docker-compose.yml")["services"]
RESET = "to be taken out"
GUESTS = ("exporter", "ollama")


class Overlay(yaml.SafeLoader):
    """Compose's own YAML: `!reset` takes a key of the file below out."""


Overlay.add_constructor("!reset", lambda *_: RESET)
CHANGES: dict[str, dict[str, Any]] = yaml.load((CONFIG / "with-runners.yml").read_text(), Overlay)["services"]  # noqa: S506  a SafeLoader


def test_it_changes_services_that_exist_and_adds_one() -> None:
    """A name that is mistyped would start a service without an image."""
    assert set(CHANGES) - set(SERVICES) == {"together"}


@pytest.mark.parametrize("guest", GUESTS)
def test_who_shares_sees_what_listens_on_the_others_loopback(guest: str) -> None:
    """Network for the ports of the runners, processes to know them by; neither ends with the other."""
    service = CHANGES[guest]

    assert (service["network_mode"], service["pid"]) == ("service:together", "service:together")


@pytest.mark.parametrize("guest", GUESTS)
def test_a_container_without_a_network_of_its_own_has_neither_ports_nor_hosts(guest: str) -> None:
    """Docker refuses it with either, so whatever docker-compose.yml gives it is taken out."""
    of_networks = {"ports", "extra_hosts", "networks", "hostname", "dns", "links", "expose"}

    taken_out = {key for key, value in CHANGES[guest].items() if value == RESET}

    assert taken_out == of_networks & set(SERVICES[guest])


def test_both_are_found_where_they_were() -> None:
    """Under their names, as Prometheus asks for one, and on their ports, which are on loopback only."""
    together = CHANGES["together"]
    job = config("config/prometheus.yml")["scrape_configs"][0]
    (target,) = job["static_configs"][0]["targets"]

    assert sorted(together["networks"]["default"]["aliases"]) == sorted(GUESTS)
    assert target == "exporter:11490"
    assert sorted(together["ports"]) == sorted(port for guest in GUESTS for port in SERVICES[guest]["ports"])
    assert CHANGES["exporter"]["environment"]["OLLAMA_HOST"] == "http://127.0.0.1:11434"


def test_the_third_may_do_nothing() -> None:
    """It is closed like the others, is there only beside Ollama, and sees to the children that others leave behind."""
    together, closed = CHANGES["together"], SERVICES["exporter"]

    for key in ("image", "restart", "read_only", "cap_drop", "security_opt", "logging"):
        assert together[key] == closed[key], key
    assert (together["profiles"], together["init"]) == (SERVICES["ollama"]["profiles"], True)


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
