"""Real Prometheus and Alertmanager as child processes on loopback, for the demo and the integration tests."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
import yaml

from tools.binaries import Binaries


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Child:
    """A child process that is ready when its `ready` URL answers 200, and that is always ended.

    What it prints goes to `log`. Raises RuntimeError with the end of that log if it ends before it is ready or is
    not ready after 30 s.
    """

    def __init__(self, command: list[str], ready: str, log: Path) -> None:
        self._command, self._ready, self.log = command, ready, log
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self.log.open("ab") as output:
            # Its own session, so that a Ctrl-C in the terminal reaches us alone and we end our children in order.
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id; only while it runs."""
        assert self._process is not None  # noqa: S101
        return self._process.pid

    def restart(self) -> None:
        """Ends it and starts it again with the same command: what it keeps on disk is there, what it held is not."""
        self.stop()
        self.__enter__()

    def stop(self) -> int | None:
        """Ends it: SIGTERM, and SIGKILL after 5 s. Gives the exit status."""
        if self._process is None:
            return None
        self._process.terminate()
        try:
            return self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _wait_until_ready(self) -> None:
        assert self._process is not None  # noqa: S101
        end = time.monotonic() + 30
        while time.monotonic() < end and self._process.poll() is None:
            # A refused connection is what being not ready yet looks like; the loop's end is the bound.
            with suppress(requests.RequestException):
                if requests.get(self._ready, timeout=1).status_code == 200:
                    return
            # A child gives no sign when it listens; asking again is the only way to know.
            time.sleep(0.05)
        raise RuntimeError(f"{self._command[0]} is not ready; its log ends:\n{self.log.read_text()[-2000:]}")


class Prometheus(Child):
    """Prometheus with the given configuration (the mapping of prometheus.yml) and data below `folder`."""

    def __init__(
        self,
        binaries: Binaries,
        config: dict[str, Any],
        folder: Path,
        *,
        resend_delay: str = "15s",
        arguments: Sequence[str] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config, sort_keys=False))
        self.url = f"http://127.0.0.1:{free_port()}"
        command = [
            str(binaries.prometheus),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={self.url.removeprefix('http://')}",
            f"--rules.alert.resend-delay={resend_delay}",
            "--log.level=warn",
            *arguments,
        ]
        super().__init__(command, f"{self.url}/-/ready", folder / "prometheus.log")

    def query(self, expression: str) -> list[dict[str, Any]]:
        """An instant query: the result vector as the HTTP API gives it. Raises RuntimeError with Prometheus' words."""
        return list(self._api("query", query=expression)["result"])

    def wait_for(self, expression: str) -> None:
        """Returns once an expression has a result. Raises RuntimeError after 30 s."""
        end = time.monotonic() + 30
        while not self.query(expression):
            if time.monotonic() > end:
                raise RuntimeError(f"{expression} gave nothing within 30 s")
            # Prometheus tells nobody that a query has a result; asking again is the only way to know.
            time.sleep(0.1)

    def _api(self, path: str, **parameters: str) -> Any:
        answer = requests.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=10).json()
        if answer["status"] != "success":
            raise RuntimeError(f"{path} {parameters}: {answer['error']}")
        return answer["data"]


class Alertmanager(Child):
    """Alertmanager with a configuration file, its data below `folder`, without its gossip port."""

    def __init__(self, binaries: Binaries, config: Path, folder: Path, arguments: Sequence[str] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.url = f"http://127.0.0.1:{free_port()}"
        command = [
            str(binaries.alertmanager),
            f"--config.file={config}",
            f"--storage.path={folder}/data",
            f"--web.listen-address={self.url.removeprefix('http://')}",
            "--cluster.listen-address=",
            "--log.level=warn",
            *binaries.alertmanager_arguments,
            *arguments,
        ]
        super().__init__(command, f"{self.url}/-/ready", folder / "alertmanager.log")

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts it holds now, firing and suppressed."""
        answer: list[dict[str, Any]] = requests.get(f"{self.url}/api/v2/alerts", timeout=10).json()
        return answer
