"""Command lines of every generation of Ollama, and of what is not Ollama."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llama_metrics.ollama.processes import Role, role_of

BLOB = "sha256-" + "0123456789abcdef" * 4
PATH = f"/usr/share/ollama/.ollama/models/blobs/{BLOB}"


@pytest.mark.parametrize(
    "command",
    [
        "ollama serve",
        "ollama start",
        "/bin/ollama serve",
        "/Applications/Ollama.app/Contents/Resources/ollama serve",
        r"C:\Users\me\AppData\Local\Programs\Ollama\ollama.exe serve",
    ],
)
def test_a_server(command: str) -> None:
    """By hand, by a service, in a container, by the app; whatever the folder."""
    assert role_of(command.split(" ")) == Role("server")


@pytest.mark.parametrize(
    "command",
    [
        "/run/ollama123/runners/cuda_v11/ollama_llama_server --model {} --ctx-size 2048 --port 40523",
        "/usr/lib/ollama/runners/cuda_v12/ollama_llama_server runner --model {} --port 40523",
        "/usr/local/bin/ollama runner --model {} --ctx-size 8192 --batch-size 512 --port 40523",
        "/usr/local/bin/ollama runner --ollama-engine --model {} --port 40523",
        "/usr/local/bin/ollama runner --ollama-engine --port=40523 --model={}",
        "/usr/local/lib/ollama/llama-server --model {} --port 40523 --host 127.0.0.1 --offline -c 4096 -np 1",
        r"C:\Ollama\lib\ollama\llama-server.exe --model C:\models\{} --port 40523",
    ],
)
@pytest.mark.parametrize("model", [PATH, BLOB])
def test_a_runner_of_a_blob(command: str, model: str) -> None:
    """Each generation names its blob and its port; the folder of the blob is left out."""
    assert role_of(command.format(model).split(" ")) == Role("runner", BLOB, 40523)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("qwen3.5:35b", "qwen3.5:35b"),
        ("llama3.2", "llama3.2:latest"),
        ("hf.co/org/repo:Q4_K_M", "hf.co/org/repo:Q4_K_M"),
        ("/home/me/secret.gguf", "unknown"),
        (PATH[:-1], "unknown"),
        ("\udcff", "unknown"),
    ],
)
def test_a_runner_of_a_name(model: str, name: str) -> None:
    """MLX runners have a name; what can be neither a name nor a blob, like a path, is unknown."""
    assert role_of(["ollama", "runner", "--mlx-engine", "--model", model, "--port", "1"]) == Role("runner", name, 1)


@pytest.mark.parametrize("port", [[], ["--port"], ["--port", "x"], ["--port", "-1"], ["--port=٣"], ["--port", "9" * 9]])
def test_a_runner_without_a_port(port: list[str]) -> None:
    """It has a role all the same."""
    assert role_of(["llama-server", "--model", PATH, *port]) == Role("runner", BLOB, None)


@pytest.mark.parametrize(
    "command",
    [
        *("", "ollama", "ollama run llama3.2", "ollama ps", "ollama run serve", "ollama show --model x", "ollama -v"),
        "/usr/local/lib/ollama/llama-server --port 40523 --verbose",
        "/usr/local/lib/ollama/llama-server --list-devices",
        "/usr/local/bin/ollama runner --ollama-engine --port 40523",
        "ollama runner --model",
        "ollama runner --model= --port 1",
        "ollama_llama_server --port 1",
        *("/opt/ollama/bin/python serve", "ollama-exporter serve", "open-webui serve", "/usr/bin/vim ollama serve"),
        *("/usr/local/lib/ollama/ggml-server --model x", "my-llama-server --model x", "vllm serve --model x"),
        "Ollama serve",
    ],
)
def test_no_role(command: str) -> None:
    """Clients, the search for GPUs, and programs of others."""
    assert role_of(command.split(" ") if command else []) is None


WORDS = st.sampled_from(["ollama", "runner", "serve", "--model", "--port", "--model=", "llama-server"])
# What psutil makes of bytes that are not UTF-8 are lone surrogates, which a page cannot hold.
ANY = st.text(st.characters(codec=None))


@given(st.lists(WORDS | ANY))
def test_any_command_line_can_be_judged(command: list[str]) -> None:
    """Nothing is raised, and a model is a blob or a name: it can be written, and is no path."""
    role = role_of(command)

    if role and role.kind == "runner":
        assert role.model
        assert role.model.encode()
        assert not role.model.startswith(("/", "."))


@given(ANY)
def test_any_model_can_be_written(model: str) -> None:
    """Whatever stands behind --model."""
    role = role_of(["ollama", "runner", f"--model={model}"])

    assert role is None or (role.model or "").encode()
