"""From `docker compose up` to a notification, in containers."""

from __future__ import annotations

import time

import pytest
import yaml

from tests.e2e.compose import ROOT, SERVICES, Stack, run
from tests.support.waiting import until

# Seconds between two looks; what is waited for takes seconds to minutes.
PAUSE = 0.5
# What OllamaDown waits for, and the 45 s on top that are promised: scrape 15, evaluation 15, group_wait 10.
PROMISED_SECONDS = 120 + 45
SAYS_WHO_IT_IS = """
import json, os
status = dict(line.split(':', 1) for line in open('/proc/self/status'))
try:
    open('/opt/written', 'w')
    writable = True
except OSError:
    writable = False
print(json.dumps([os.getuid(), writable, int(status['CapEff'], 16), int(status['NoNewPrivs'])]))
"""


@pytest.mark.usefixtures("docker")
@pytest.mark.parametrize("environment", ["", "demo", "ollama"])
def test_compose_accepts_every_profile(environment: str) -> None:
    """The file is valid as shipped and with each profile, and the exporter asks the Ollama that belongs to it."""
    file = f"config/{environment}.env" if environment else "/dev/null"

    config = yaml.safe_load(run("docker", "compose", "--env-file", file, "config"))

    asked = {"": "host.docker.internal", "demo": "simulated", "ollama": "ollama"}[environment]
    assert config["services"]["exporter"]["environment"]["OLLAMA_HOST"] == f"http://{asked}:11434"
    assert (asked in config["services"]) == bool(environment)


@pytest.mark.usefixtures("docker")
def test_on_linux_the_exporter_can_use_the_hosts_network() -> None:
    """config/linux-host.yml leaves no published port, and sends Prometheus to the host."""
    files = ("--file", "docker-compose.yml", "--file", "config/linux-host.yml")

    services = yaml.safe_load(run("docker", "compose", "--env-file", "/dev/null", *files, "config"))["services"]

    assert services["exporter"]["network_mode"] == "host"
    assert "ports" not in services["exporter"]
    assert services["exporter"]["environment"]["OLLAMA_HOST"] == "http://127.0.0.1:11434"
    assert services["prometheus"]["extra_hosts"] == ["exporter=host-gateway"]


@pytest.mark.usefixtures("docker")
def test_the_exporter_can_see_the_runners_of_ollamas_container() -> None:
    """config/with-runners.yml puts both into a third container, which has their ports and answers to their names."""
    files = ("--file", "docker-compose.yml", "--file", "config/with-runners.yml")

    services = yaml.safe_load(run("docker", "compose", "--env-file", "config/ollama.env", *files, "config"))["services"]

    for guest in (services["exporter"], services["ollama"]):
        assert (guest["network_mode"], guest["pid"]) == ("service:together", "service:together")
        assert not {"ports", "extra_hosts", "networks"} & set(guest)
    ports = {(port["host_ip"], port["published"]) for port in services["together"]["ports"]}
    assert ports == {("127.0.0.1", "11434"), ("127.0.0.1", "11490")}
    assert set(services["together"]["networks"]["default"]["aliases"]) == {"exporter", "ollama"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_is_healthy_and_closed(stack: Stack, service: str) -> None:
    """Docker's own check says so; no root, no capability, nothing writable but its volumes."""
    container = stack.inspect(service)

    assert container["State"]["Health"]["Status"] == "healthy"
    assert container["RestartCount"] == 0
    assert container["Config"]["User"].split(":")[0] not in ("", "0", "root")
    assert container["HostConfig"]["ReadonlyRootfs"]
    assert container["HostConfig"]["CapDrop"] == ["ALL"]


def test_the_exporter_sees_itself_without_rights(stack: Stack) -> None:
    """From inside: not root, a root file system that refuses, no capability, no way to one; and no pip."""
    seen = stack.compose("exec", "-T", "exporter", "python", "-c", SAYS_WHO_IT_IS)
    has_pip = stack.compose(
        "exec", "-T", "exporter", "python", "-c", "import importlib.util as u; print(u.find_spec('pip'))"
    )

    assert seen.strip() == "[65532, false, 0, 1]"
    assert has_pip.strip() == "None"


def test_prometheus_scrapes_the_exporter_under_its_hosts_name(stack: Stack) -> None:
    """Every target is up, and what it says is about the simulated Ollama."""

    def up() -> list[tuple[str, str]]:
        result = stack.get("prometheus", 9090, "/api/v1/query?query=ollama_up==1")["data"]["result"]
        return [(series["metric"]["instance"], series["metric"]["job"]) for series in result]

    assert until(up, 45, PAUSE) == [("ollama-host", "ollama")]

    def troubles() -> list[tuple[str, str]]:
        targets = stack.get("prometheus", 9090, "/api/v1/targets")["data"]["activeTargets"]
        return [(target["health"], target["lastError"]) for target in targets]

    # The exporter, Prometheus itself, and Alertmanager.
    assert until(lambda: troubles() == [("up", "")] * 3, 45, PAUSE)


def test_the_simulated_machine_has_power_and_tokens(stack: Stack) -> None:
    """The exporter runs a powermetrics of its own in its container, and reads the log that the volume brings it."""

    def power() -> set[str]:
        query = "/api/v1/query?query=powermetrics_power_watts>0 and on () sum(ollama_generated_tokens_total)>0"
        return {series["metric"]["rail"] for series in stack.get("prometheus", 9090, query)["data"]["result"]}

    assert until(lambda: {"cpu", "gpu"} <= power(), 90, PAUSE)


def test_the_image_can_ask_nvml(stack: Stack) -> None:
    """The binding to the driver's library is in it; the library comes with the cards."""
    stack.compose("exec", "-T", "exporter", "python", "-c", "import pynvml")


def test_prometheus_evaluates_every_rule(stack: Stack) -> None:
    """All groups of rules/ are loaded, and none of their rules fails."""
    shipped = [
        group["name"]
        for file in (ROOT / "rules").glob("*.yml")
        if not file.name.startswith("overrides")
        for group in yaml.safe_load(file.read_text())["groups"]
    ]

    def unevaluated() -> list[tuple[str, str]]:
        groups = stack.get("prometheus", 9090, "/api/v1/rules")["data"]["groups"]
        assert sorted(group["name"] for group in groups) == sorted(shipped)
        return [
            (rule["name"], rule["health"]) for group in groups for rule in group["rules"] if rule["health"] == "err"
        ]

    assert unevaluated() == []


def test_an_ollama_that_goes_down_is_notified_in_time(stack: Stack) -> None:
    """Down, alert, notification: through the real programs, with the shipped waiting times."""
    stack.compose("stop", "--timeout", "1", "simulated")
    stopped = time.monotonic()

    def arrived() -> list[dict[str, object]]:
        return [one for one in stack.get("ntfy", 2586, "/") if one["groupLabels"]["alertname"] == "OllamaDown"]

    messages = until(arrived, PROMISED_SECONDS + 30, PAUSE)

    took = time.monotonic() - stopped
    assert [message["path"] for message in messages] == ["/ollama?template=llama-metrics"]
    assert took < PROMISED_SECONDS
    found = stack.get("alertmanager", 9093, "/api/v2/alerts")
    alerts = [one for one in found if one["labels"]["alertname"] == "OllamaDown"]
    assert [(one["labels"]["instance"], one["status"]["state"]) for one in alerts] == [("ollama-host", "active")]
