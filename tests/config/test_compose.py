"""docker-compose.yml and the image: pinned, closed to other machines, without privileges. No Docker needed."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from llama_metrics.collectors import ALL
from llama_metrics.collectors.powermetrics.options import PowermetricsOptions
from llama_metrics.config import load
from tests.config.shipped import ROOT, config

COMPOSE = config("docker-compose.yml")
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "exporter/Dockerfile").read_text()
every_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())


@every_service
def test_a_service_has_no_privileges(service: dict[str, Any]) -> None:
    """No capability, no way to get one, and a root that it cannot write to, save Ollama, which caches there."""
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is (service is not SERVICES["ollama"])


@every_service
def test_a_port_is_bound_to_loopback(service: dict[str, Any]) -> None:
    """Nothing here asks for a password that is worth one, so nothing is offered to other machines."""
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in service.get("ports", []))


@every_service
def test_a_service_is_checked(service: dict[str, Any]) -> None:
    """Docker knows whether it works: by its own check, or by the image's."""
    assert "test" in service["healthcheck"] if "healthcheck" in service else service is SERVICES["exporter"]


@every_service
def test_a_service_waits_for_no_other(service: dict[str, Any]) -> None:
    """An image that cannot be had holds nothing else up; each of them tries again until the others are there.

    But Alertmanager has nothing to begin with before its configuration is written.
    """
    waits = {"alertmanager-config": {"condition": "service_completed_successfully"}}

    assert service.get("depends_on", {}) == (waits if service is SERVICES["alertmanager"] else {})


# Not linux-host.yml, whose `!reset` is Compose's own YAML; `make e2e` has Compose read it.
@pytest.mark.parametrize("file", ["config/host-log.yml", "config/nvidia.yml"])
def test_an_overlay_changes_services_that_exist(file: str) -> None:
    """And adds none: a name that is mistyped would start a service without an image."""
    assert set(config(file)["services"]) <= set(SERVICES)


def test_the_exporter_gets_the_library_of_the_cards_and_no_means_to_compute() -> None:
    """Of the NVIDIA driver it needs NVML alone; the image holds the binding to it."""
    [device] = config("config/nvidia.yml")["services"]["exporter"]["deploy"]["resources"]["reservations"]["devices"]

    assert (device["driver"], device["count"], device["capabilities"]) == ("nvidia", "all", ["gpu", "utility"])
    assert '"$wheel[nvidia]"' in DOCKERFILE


@every_service
def test_a_foreign_image_is_pinned(service: dict[str, Any]) -> None:
    """To a version, never to a tag that moves."""
    assert "build" in service or re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", service["image"])


@every_service
def test_a_mounted_file_is_there_and_read_only(service: dict[str, Any]) -> None:
    """Docker would make an empty folder of a missing file; everything else that is written is a named volume."""
    for volume in service.get("volumes", []):
        source, _, *mode = volume.split(":")
        if source.startswith("."):
            assert (ROOT / source).exists()
            assert mode == ["ro"]
        else:
            assert source in COMPOSE["volumes"]


def test_prometheus_keeps_45_days_and_its_alerts_over_a_restart() -> None:
    """What months and times to a notification count on; no `for` begins anew, and nothing is called over."""
    command = SERVICES["prometheus"]["command"]

    assert "--storage.tsdb.retention.time=45d" in command
    assert "--rules.alert.resend-delay=25s" in command
    assert "--rules.alert.for-grace-period=0s" in command
    assert "--dispatch.start-delay=30s" in SERVICES["alertmanager"]["command"]


def test_prometheus_finds_its_rules_where_they_are_mounted() -> None:
    """The paths in prometheus.yml are relative to it: the same here and in the repository."""
    volumes = dict(volume.removesuffix(":ro").split(":") for volume in SERVICES["prometheus"]["volumes"])
    folder = Path(volumes["./config/prometheus.yml"]).parent

    loaded = {os.path.normpath(folder / file) for file in config("config/prometheus.yml")["rule_files"]}

    assert {str(Path(file).parent) for file in loaded} == {volumes["./rules"]}


def test_grafana_finds_datasource_and_dashboards() -> None:
    """The provisioned files are mounted where Grafana looks, and the dashboards where the provider looks."""
    volumes = SERVICES["grafana"]["volumes"]
    (source,) = config("config/grafana/datasources/prometheus.yml")["datasources"]
    (provider,) = config("config/grafana/dashboards/llama-metrics.yml")["providers"]

    assert "./config/grafana/datasources:/etc/grafana/provisioning/datasources:ro" in volumes
    assert "./config/grafana/dashboards:/etc/grafana/provisioning/dashboards:ro" in volumes
    assert f"./dashboards/grafana:{provider['options']['path']}:ro" in volumes
    assert (source["uid"], source["url"], source["editable"]) == ("prometheus", "http://prometheus:9090", False)
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (ROOT / "dashboards/grafana" / Path(home).relative_to(provider["options"]["path"])).exists()
    assert source["jsonData"]["timeInterval"] == config("config/prometheus.yml")["global"]["scrape_interval"]


@pytest.mark.parametrize(("profile", "file"), [("demo", "demo.yml"), ("ollama", "with-log.yml")])
def test_a_profiles_environment_points_the_exporter_at_its_ollama(profile: str, file: str) -> None:
    """config/<profile>.env switches the profile on, names a service of it, and a configuration that reads its log."""
    lines = [line for line in (ROOT / f"config/{profile}.env").read_text().splitlines() if not line.startswith("#")]
    variables = dict(line.split("=", 1) for line in lines)

    (service,) = [name for name, service in SERVICES.items() if service.get("profiles") == [profile]]
    mounted = dict(volume.removesuffix(":ro").split(":") for volume in SERVICES["exporter"]["volumes"])
    assert variables == {
        "COMPOSE_PROFILES": profile,
        "OLLAMA_URL": f"http://{service}:11434",
        "EXPORTER_CONFIG": mounted[f"./config/{file}"],
    }


def test_the_demos_power_is_that_of_the_scenario_that_its_ollama_runs() -> None:
    """Of a command that the image has, and that prints what the collector reads."""
    collectors = load(ALL, {}, ROOT / "config/demo.yml").collectors
    (power,) = [options.command for _, options in collectors if isinstance(options, PowermetricsOptions)]
    (entry,) = re.findall(r'^ENTRYPOINT \["(.+)"\]$', DOCKERFILE, re.MULTILINE)

    assert power == (entry, *SERVICES["simulated"]["command"][:2], "--powermetrics")


def test_the_image_runs_as_nobody_in_particular() -> None:
    """By number, so that Kubernetes can see that it is not root."""
    (user,) = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)

    uid, gid = map(int, user.split(":"))
    assert uid > 0
    assert gid > 0


def test_the_build_is_sent_all_that_it_copies_and_nothing_else() -> None:
    """.dockerignore names what the Dockerfile copies from the repository, and only that."""
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }
    ignore = (ROOT / ".dockerignore").read_text().splitlines()

    assert "*" in ignore
    assert {line.removeprefix("!") for line in ignore if line.startswith("!")} == copied
