"""The shipped docker-compose.yml, started with the simulated Ollama, and always taken down again."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import requests

ROOT = Path(__file__).parents[2]
# All but Grafana and the real ntfy, so that the test runs where their images cannot be pulled.
SERVICES = ("exporter", "simulated", "prometheus", "alertmanager", "ntfy")
COMPOSE = ("docker", "compose", "--project-name", "llama-metrics-e2e", "--env-file", "config/demo.env")
FILES = ("--file", "docker-compose.yml", "--file", "tests/e2e/docker-compose.yml")
Answer = TypeVar("Answer")


class Failed(Exception):
    """A docker command failed; the message is what it was and what it said."""


def run(*command: str) -> str:
    """Runs a command in the repository's root and gives what it prints. Raises Failed with what it says otherwise."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command)} exited with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


class Stack:
    """The services as containers, healthy. Raises Failed where Docker does not get them so far."""

    def __enter__(self) -> Self:
        try:
            self.compose("up", "--build", "--detach", "--wait", "--wait-timeout", "120", *SERVICES)
        except Failed as error:
            logs = self.compose("logs", "--no-color", "--tail", "20")
            self.compose("down", "--volumes")
            raise Failed(f"{error}\n{logs}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.compose("down", "--volumes")

    def compose(self, *arguments: str) -> str:
        """A `docker compose` command for this stack; gives what it prints."""
        return run(*COMPOSE, *FILES, *arguments)

    def inspect(self, service: str) -> dict[str, Any]:
        """What Docker knows about a service's container."""
        (container,) = json.loads(run("docker", "inspect", self.compose("ps", "--quiet", service).strip()))
        found: dict[str, Any] = container
        return found

    def get(self, service: str, port: int, path: str) -> Any:
        """The JSON that a service answers on the port that Docker publishes for it."""
        address = self.compose("port", service, str(port)).strip()
        return requests.get(f"http://{address}{path}", timeout=5).json()
