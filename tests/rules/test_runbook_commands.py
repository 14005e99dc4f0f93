"""What the runbook says to paste: words that mean the same on every platform, and silences that Alertmanager takes."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config.shipped import CONFIG
from tests.rules.pack import Rule
from tests.rules.runbook import ENTRIES, PREFACE, TEXT, WRITTEN, blocks, labels, part, platforms, taught, used, watchers
from tools.binaries import Binaries
from tools.stack import Alertmanager

PLATFORMS, WATCHERS = platforms(), watchers()
PREFACE_TEXT = TEXT.partition("\n## OllamaDown\n")[0]
# What one platform only has, and flags that macOS' own tools do not know. The words stand for these.
FOREIGN = re.compile(
    r"\b(docker|kubectl|journalctl|systemctl|launchctl|brew|timeout|watch|pgrep -fa)\b"
    r"|--sort|--max-depth|grep -P|sed -i"
)
CURL = r"curl -sS -m 60 -w \n%{http_code} %{time_total}s\n http://127.0.0.1:11434"
LOGS = "/home/me/.ollama/logs"
PROXY = "/api/v1/namespaces/ollama/pods/ollama-0:11434/proxy"
# A placeholder, and a value as a notification would have it, with the characters that a shell or amtool might mind.
VALUES = {
    "HOST": "10.0.0.7:11490",
    "JOB": "ollama",
    "MODEL": "hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M",
    "GPU": "GPU-6b0f2d9e-0000-4e3b-9a2c-000000000001",
    "NAME": "ps",
    "PERIOD": "week",
}
PLACES = {"instance": "HOST", "job": "JOB", "model": "MODEL", "gpu": "GPU", "collector": "NAME", "period": "PERIOD"}


def run(script: str, folder: Path) -> str:
    """What a script prints, in a shell that finds nothing but stand-ins which print how they were called."""
    for name in ("curl", "journalctl", "systemctl", "sudo", "tail", "pgrep", "ls", "osascript", "open", "log", "sleep"):
        _stand_in(folder / name)
    for name in ("docker", "kubectl", "launchctl", "brew", "df"):
        _stand_in(folder / name)
    environment = {"PATH": str(folder), "HOME": "/home/me"}
    command = ["/bin/sh", "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=10, check=True)
    assert done.stderr == ""
    return done.stdout


def _stand_in(file: Path) -> None:
    file.write_text("#!/bin/sh\nprintf '%s' \"${0##*/}\"; printf ' %s' \"$@\"; echo\n")
    file.chmod(0o755)


@pytest.mark.parametrize("name", [PREFACE, *ENTRIES])
def test_what_is_to_be_pasted_is_shell(name: str) -> None:
    """`sh -n` reads each block."""
    for block in blocks(PREFACE_TEXT if name == PREFACE else ENTRIES[name], "sh"):
        done = subprocess.run(["/bin/sh", "-n"], input=block, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{done.stderr}\n{block}"


def test_a_comment_does_no_harm_where_it_is_none() -> None:
    """zsh takes a pasted # for a command until it was told otherwise: no quote or bracket may stay open in it."""
    comments = [line for block in blocks(TEXT, "sh") for line in block.splitlines() if line.startswith("#")]
    assert comments
    for comment in comments:
        assert re.fullmatch(r"#[\w ,.:/?-]+", comment), comment


def test_every_platform_teaches_the_same_words() -> None:
    """Those of the table, on Linux, macOS, Docker and Kubernetes; and each makes zsh take comments first."""
    listed = used("\n".join(re.findall(r"^\| (`.+?) \|", PREFACE_TEXT, re.MULTILINE)))
    assert list(PLATFORMS) == ["Linux service", "macOS", "Docker", "Kubernetes"]
    for title, block in PLATFORMS.items():
        assert taught(block) == listed, title
        assert block.startswith('[ -z "$ZSH_VERSION" ] || setopt interactive_comments\n'), title


def test_prometheus_and_alertmanager_have_the_same_words_everywhere() -> None:
    """On a machine of their own, in compose and in Kubernetes."""
    assert len(WATCHERS) == 3
    for block in WATCHERS:
        words = {"prometheus_api", "prometheus_sh", "prometheus_log", "alertmanager_api", "alertmanager_log"}
        assert taught(block) == words
        assert "\namtool() {" in block


@pytest.mark.parametrize("alert", WRITTEN, ids=str)
def test_an_entry_is_to_be_pasted_on_every_platform(alert: Rule) -> None:
    """It uses words that were taught, and nothing that one platform only has."""
    text = ENTRIES[alert.name]
    commands = "".join(blocks(text, "sh"))
    first = part(alert.name, "First")
    words = used(commands + first)
    ours, others = taught(PLATFORMS["Docker"]), taught(WATCHERS[0])
    assert words <= ours | others
    assert ("](#before-you-paste)" in first) == bool(words & ours)
    assert ("](#prometheus-and-alertmanager)" in first) == bool(words & others)
    assert not FOREIGN.search(commands), FOREIGN.search(commands)


@pytest.mark.parametrize(
    ("platform", "call", "says"),
    [
        ("Linux service", "ollama_api /api/ps", f"{CURL}/api/ps"),
        ("macOS", "ollama_api /api/x -d '{\"a\": 1}'", f'{CURL}/api/x -d {{"a": 1}}'),
        ("Kubernetes", "ollama_api /api/ps", f"kubectl get --raw {PROXY}/api/ps"),
        ("Kubernetes", "ollama_api /api/x -d '{}'", f"kubectl create --raw {PROXY}/api/x -f -"),
        ("Linux service", "ollama_log", "journalctl -u ollama --no-pager --since=-30m"),
        ("Linux service", "kernel_log 24h", "journalctl -k --no-pager --since=-24h"),
        ("macOS", "ollama_log 2h", f"tail -n 9999 {LOGS}/server-1.log {LOGS}/server.log"),
        ("Docker", "ollama_log 2h", "docker logs --since=2h llama-metrics-ollama-1"),
        ("Docker", "exporter_doctor", "docker exec llama-metrics-exporter-1 llama-metrics doctor"),
        ("Linux service", 'ollama_sh df -h "$MODELS"', "df -h /usr/share/ollama/.ollama/models"),
        ("macOS", 'ollama_sh df -h "$MODELS"', "df -h /home/me/.ollama/models"),
        ("Docker", 'ollama_sh df -h "$MODELS"', "docker exec llama-metrics-ollama-1 df -h /root/.ollama/models"),
        (
            "Kubernetes",
            'ollama_sh df -h "$MODELS"',
            "kubectl -n ollama exec ollama-0 -c ollama -- df -h /root/.ollama/models",
        ),
        ("Kubernetes", "ollama_restart", "kubectl -n ollama delete pod ollama-0"),
    ],
)  # fmt: skip
def test_a_word_does_what_it_says(platform: str, call: str, says: str, tmp_path: Path) -> None:
    """The command line behind it, on a machine whose programs only say how they were called."""
    assert run(f"{PLATFORMS[platform]}\n{call}", tmp_path) == says + "\n"


@pytest.fixture(scope="module")
def alertmanager(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    """A real one, to be told of silences."""
    with Alertmanager(binaries, CONFIG / "alertmanager.yml", tmp_path_factory.mktemp("alertmanager")) as real:
        yield real


@pytest.mark.parametrize("alert", WRITTEN, ids=str)
def test_a_silence_is_for_this_alert_and_ends(alert: Rule, binaries: Binaries, alertmanager: Alertmanager) -> None:
    """It names the alert and each label that tells one place from another; amtool takes it, with end and reason."""
    (line,) = blocks(part(alert.name, "Silence"), "sh")
    asked = [f"{label}={PLACES[label]}" for label in PLACES if label in labels(alert)]
    if "instance=HOST" in asked and "job=JOB" in asked:
        asked.remove("job=JOB")
    words = shlex.split(line)
    assert words[:4] == ["amtool", "silence", "add", f"alertname={alert.name}"]
    assert words[4 : 4 + len(asked)] == asked
    assert [word.partition("=")[0] for word in words[4 + len(asked) :]] == ["--duration", "--comment"]

    filled = [re.sub("=([A-Z]+)$", lambda found: f"={VALUES[found.group(1)]}", word) for word in words[1:]]
    command = [str(binaries.amtool), f"--alertmanager.url={alertmanager.url}", *filled]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
