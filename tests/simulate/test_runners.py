"""`llama-metrics simulate --runners`: processes as Ollama has them, found and asked as real ones, and always ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest
import requests

from llama_metrics.ollama.processes import Role, role_of
from llama_metrics.simulate.loads import blob
from tests.simulate.recorded import asked, recorded
from tests.support.waiting import until

SCENARIO = """
version: {version}
models:
  - {{name: a, size: 1_000_000_000, modified_at: 2026-10-01T00:00:00Z, format: gguf}}
  - {{name: b, size: 1_000_000_000, modified_at: 2026-10-01T00:00:00Z, format: gguf}}
  - {{name: mlx, size: 1_000_000_000, modified_at: 2026-10-01T00:00:00Z, format: safetensors}}
steps:
  - at: 0
    load:
      # It takes three seconds to load.
      - {{model: a, memory: 9_000_000_000, gpu: 0, context_length: 4096, keep_alive: forever}}
      - {{model: b, memory: 1_000_000_000, gpu: 0, context_length: 2048, keep_alive: forever{busy}}}
      - {{model: mlx, memory: 1_000_000_000, gpu: 0, keep_alive: forever}}
{steps}
"""


class Simulated:
    """The simulator as a process, and the processes that it started."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url = process, url

    def server(self) -> psutil.Process | None:
        """What looks like `ollama serve`."""
        found = psutil.Process(self.process.pid).children()
        return found[0] if found else None

    def runners(self) -> dict[str, psutil.Process]:
        """Those of the exporter's mind, by the names of their models."""
        server, names = self.server(), {blob(f"{name}:latest"): name for name in ("a", "b", "mlx")}
        with_roles = [(_role(child), child) for child in server.children()] if server else []
        return {names[role.model or ""]: child for role, child in with_roles if role and role.kind == "runner"}

    def runner(self, name: str) -> psutil.Process:
        """That of a model, as soon as it is there."""
        return until(lambda: self.runners().get(name))

    def port(self, name: str) -> str:
        """Where the runner of a model listens, by its command line."""
        role = until(lambda: _role(self.runner(name)))
        return f"http://127.0.0.1:{role.port}"

    def generate(self, **options: int) -> None:
        """A client's request to a."""
        body = {"model": "a", "prompt": "1", "stream": False, "options": options}
        assert requests.post(f"{self.url}/api/generate", json=body, timeout=10).status_code == 200


@contextmanager
def simulated(
    folder: Path, steps: str = "", version: str = "0.33.0", busy: str = "", **environment: str
) -> Iterator[Simulated]:
    """A run, killed at the end if need be, which ends its runners too."""
    scenario = folder / "own.yml"
    scenario.write_text(SCENARIO.format(steps=steps, version=version, busy=busy))
    command = [sys.executable, "-m", "llama_metrics", "simulate", str(scenario), "--listen", "127.0.0.1:0", "--runners"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    assert process.stdout
    try:
        yield Simulated(process, process.stdout.readline().rstrip().rpartition(" ")[2])
    finally:
        process.kill()
        process.communicate()


def test_the_exporter_would_take_them_for_ollamas(tmp_path: Path) -> None:
    """A server, and below it a runner for each gguf model, by their command lines; what MLX runs is another program."""
    with simulated(tmp_path) as run:
        until(lambda: len(run.runners()) == 2)
        server = run.server()
        assert server
        role = role_of(server.cmdline())
        command = run.runner("a").cmdline()

    assert role
    assert role.kind == "server"
    assert command[command.index("--model") + 1] == f"/root/.ollama/models/blobs/{blob('a:latest')}"
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("-c") + 1] == "4096"
    assert command[-2:] == ["-np", "1"]


@pytest.fixture(scope="module")
def asked_for_metrics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Where a runner listens, by what its operator has LLAMA_ARG_ENDPOINT_METRICS say."""
    with ExitStack() as stack:
        runs = {
            told: stack.enter_context(
                simulated(tmp_path_factory.mktemp("runners"), LLAMA_ARG_ENDPOINT_METRICS=told),
            )
            for told in ("", "0", "1")
        }
        yield {told: run.port("a") for told, run in runs.items()}


@pytest.mark.parametrize(
    ("path", "name", "told"),
    [
        ("/health", "runner_health.idle.default", ""),
        ("/nowhere", "runner_root.idle.default", ""),
        ("/metrics", "runner_metrics.idle.default", ""),
        ("/metrics", "runner_metrics.idle.default", "0"),
        ("/metrics", "runner_metrics.idle.metrics_on", "1"),
        ("/props", "runner_props.idle.default", ""),
        ("/props", "runner_props.idle.metrics_on", "1"),
    ],
)
def test_a_runner_answers_as_recorded(asked_for_metrics: dict[str, str], path: str, name: str, told: str) -> None:
    """Status, headers and, where it does not count, the body; /metrics only where the operator asked for it."""
    simulation, real = asked(asked_for_metrics[told], "GET", path), recorded(f"runner/{name}")

    # The start time that the recorded one tells is none.
    assert (simulation.status, simulation.names) == (
        real.status,
        [name for name in real.names if name != "Process-Start-Time-Unix"],
    )
    if path == "/props":
        known, said = json.loads(real.body), json.loads(simulation.body)
        assert set(said) <= set(known)
        assert [said[key] for key in PROPS] == [known[key] for key in PROPS]
    elif real.status != "200 OK" or path == "/health":
        assert simulation.body == real.body


def test_a_runner_that_is_asked_to_close_says_that_it_does(asked_for_metrics: dict[str, str]) -> None:
    """As llama-server does. Who is not told sends the next request into a connection that just closes."""
    answer = requests.get(f"{asked_for_metrics['']}/slots", headers={"Connection": "close"}, timeout=10)

    assert (answer.headers.get("Connection"), answer.headers.get("Keep-Alive")) == ("close", None)


PROPS = ("endpoint_metrics", "endpoint_slots", "total_slots", "build_info")


def test_a_runner_counts_what_its_model_does(tmp_path: Path) -> None:
    """A client's request, and nobody else's; what a scenario keeps busy is busy, and moves."""
    with simulated(tmp_path, busy=", busy: true", LLAMA_ARG_ENDPOINT_METRICS="1") as run:
        idle, busy = run.port("a"), run.port("b")
        run.generate(num_predict=3, num_ctx=4096)
        metrics = until(lambda: [page for page in [_get(idle, "/metrics")] if "tokens_predicted_total 3\n" in page])[0]
        (slot,) = json.loads(_get(idle, "/slots"))
        used = _used(busy)
        until(lambda: _used(busy) > used)

    assert "llamacpp:prompt_tokens_total 2\n" in metrics
    assert (slot["is_processing"], slot["n_prompt_tokens"]) == (False, 4)


def test_a_runner_that_loads_says_so(tmp_path: Path) -> None:
    """Another context has it started anew, on another port; until it is ready it answers 503."""
    with simulated(tmp_path) as run, ThreadPoolExecutor() as pool:
        old = run.runner("a")
        answer = pool.submit(run.generate, num_predict=1, num_ctx=1024)
        new = until(lambda: next((one for one in [run.runners().get("a")] if one and one.pid != old.pid), None))
        loading = asked(run.port("a"), "GET", "/slots")
        answer.result()
        (slot,) = json.loads(_get(run.port("a"), "/slots"))
        command = new.cmdline()

    assert (loading.status, json.loads(loading.body)["error"]["message"]) == (
        "503 Service Unavailable",
        "Loading model",
    )
    assert slot["n_ctx"] == 1024
    assert command[command.index("-c") + 1] == "1024"


def test_a_model_that_goes_takes_its_runner_along(tmp_path: Path) -> None:
    """And nobody else's; a server that dies takes all, and a new one begins with none."""
    steps = "  - {at: 2, unload: a}\n  - {at: 3, server: down}\n  - {at: 4, server: up}\n"
    with simulated(tmp_path, steps) as run:
        a, b, server = run.runner("a"), run.runner("b"), run.server()
        assert server
        gone, alive = psutil.wait_procs([a], timeout=10)
        assert (gone, alive, b.is_running()) == ([a], [], True)
        assert psutil.wait_procs([b, server], timeout=10)[1] == []
        again = until(lambda: run.server())

        assert again.pid != server.pid
        assert run.runners() == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_however_it_ends(tmp_path: Path, number: signal.Signals) -> None:
    """Not even where it had no time to end anybody."""
    with simulated(tmp_path) as run:
        until(lambda: len(run.runners()) == 2)
        ours = psutil.Process(run.process.pid).children(recursive=True)
        run.process.send_signal(number)
        run.process.wait(10)
        # Of the dead nobody waits for them: they notice it themselves.
        _, alive = psutil.wait_procs(ours, timeout=10 if number == signal.SIGKILL else 0.5)

    assert (len(ours), alive) == (3, [])
    assert run.process.returncode == (-9 if number == signal.SIGKILL else 0)


def test_without_their_server_runners_end(tmp_path: Path) -> None:
    """As nobody can tell them anything; the API goes on, as the simulator is another process."""
    with simulated(tmp_path) as run:
        until(lambda: len(run.runners()) == 2)
        server = run.server()
        assert server
        runners = server.children()
        server.kill()

        assert psutil.wait_procs(runners, timeout=10)[1] == []
        run.generate(num_ctx=4096)


def test_a_runner_that_is_killed_or_stands_still_holds_up_nobody(tmp_path: Path) -> None:
    """The API lists the model as before, as a real one does; a dead one leaves no zombie."""
    with simulated(tmp_path) as run:
        killed, stopped = run.runner("b"), run.runner("a")
        killed.kill()
        stopped.suspend()
        assert psutil.wait_procs([killed], timeout=10)[1] == []
        # More than the pipe to a runner that does not read can hold.
        for _ in range(450):
            run.generate(num_predict=1, num_ctx=4096)
        run.generate(num_predict=1, num_ctx=2048)
        until(lambda: run.runner("a").pid != stopped.pid)
        listed = json.loads(_get(run.url, "/api/ps"))["models"]
        run.process.terminate()
        status = run.process.wait(10)
        _, alive = psutil.wait_procs([stopped], timeout=10)

    assert {model["name"] for model in listed} == {"a:latest", "b:latest", "mlx:latest"}
    assert (status, alive) == (0, [])


def test_runners_before_0_30_know_their_health_alone(tmp_path: Path) -> None:
    """`ollama runner`, recorded from 0.24."""
    with simulated(tmp_path, version="0.24.0") as run:
        command, url = run.runner("a").cmdline(), run.port("a")
        health, slots = asked(url, "GET", "/health"), asked(url, "GET", "/slots")

    assert command[:3] == ["ollama", "runner", "--model"]
    assert json.loads(health.body) == {"status": 0, "progress": 1}
    assert slots.status == "404 Not Found"


def _role(process: psutil.Process) -> Role | None:
    """What the exporter would take it for; None for one that has just gone."""
    try:
        return role_of(process.cmdline())
    except psutil.Error:
        return None


def _get(url: str, path: str) -> str:
    return requests.get(url + path, timeout=10).text


def _used(url: str) -> int:
    return int(json.loads(_get(url, "/slots"))[0]["n_prompt_tokens"])
