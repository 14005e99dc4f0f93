"""OLLAMA_HOST and model names, as Ollama reads and spells them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llama_metrics.ollama.host import base_url
from llama_metrics.ollama.names import complete

# What Ollama itself makes of them, then what a client must connect to.
HOSTS = {
    "": "http://127.0.0.1:11434",
    "1.2.3.4": "http://1.2.3.4:11434",
    ":1234": "http://localhost:1234",
    "1.2.3.4:1234": "http://1.2.3.4:1234",
    "example.com": "http://example.com:11434",
    "example.com:1234": "http://example.com:1234",
    ":0": "http://localhost:0",
    ":66000": "http://localhost:11434",
    ":-1": "http://localhost:11434",
    "example.com:http": "http://example.com:11434",
    "example.com:": "http://example.com:11434",
    "[::1]": "http://[::1]:11434",
    "::1": "http://[::1]:11434",
    "0:0:0:0:0:0:0:1": "http://[::1]:11434",
    "[::1]:1337": "http://[::1]:1337",
    "[::]": "http://[::1]:11434",
    "[::]:8080": "http://[::1]:8080",
    "0.0.0.0": "http://127.0.0.1:11434",
    "0.0.0.0:8080": "http://127.0.0.1:8080",
    "http://0.0.0.0:11434": "http://127.0.0.1:11434",
    " 1.2.3.4 ": "http://1.2.3.4:11434",
    '"1.2.3.4"': "http://1.2.3.4:11434",
    ' " 1.2.3.4 " ': "http://1.2.3.4:11434",
    "'1.2.3.4'": "http://1.2.3.4:11434",
    "http://1.2.3.4": "http://1.2.3.4:80",
    "http://1.2.3.4:4321": "http://1.2.3.4:4321",
    "https://1.2.3.4": "https://1.2.3.4:443",
    "https://1.2.3.4:66000": "https://1.2.3.4:443",
    "https://example.com/ollama": "https://example.com:443/ollama",
    "https://example.com/ollama/": "https://example.com:443/ollama",
    "example.com/ollama": "http://example.com:11434/ollama",
    "http://1.2.3.4:4321/": "http://1.2.3.4:4321",
    "http://": "http://127.0.0.1:80",
    "ollama.com": "https://ollama.com:443",
}


@pytest.mark.parametrize(("text", "expected"), HOSTS.items())
def test_ollama_host_is_read_as_ollama_reads_it(text: str, expected: str) -> None:
    """Default ports by scheme, quotes and spaces, IPv6, bad ports, paths; listening addresses become connectable."""
    assert expected == base_url(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ftp://1.2.3.4", "the scheme 'ftp'"),
        ("unix:///run/ollama.sock", "the scheme 'unix'"),
        ("http://user:secret@example.com", "user name or password"),
        ("http://exa mple.com", "no host"),
        ("http://[::1:11434", "no host"),
    ],
)
def test_what_no_client_can_connect_to_is_refused(text: str, words: str) -> None:
    """The refusal says why, and never repeats a password."""
    with pytest.raises(ValueError, match=words) as caught:
        base_url(text)

    assert "secret" not in str(caught.value)


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    """No text makes another exception than ValueError, nor an address with a trailing slash."""
    try:
        url = base_url(text)
    except ValueError:
        return
    assert url.startswith(("http://", "https://"))
    assert not url.endswith("/")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("llama3.2", "llama3.2:latest"),
        ("llama3.2:3b", "llama3.2:3b"),
        ("library/llama3.2", "llama3.2:latest"),
        ("registry.ollama.ai/library/llama3.2:latest", "llama3.2:latest"),
        ("team/tiny-c:q4", "team/tiny-c:q4"),
        ("hf.co/org/repo:Q4_K_M", "hf.co/org/repo:Q4_K_M"),
        ("registry.local:5000/team/model", "registry.local:5000/team/model:latest"),
    ],
)
def test_a_model_name_is_completed_as_ollama_does(name: str, shown: str) -> None:
    """The tag is added and the default registry and namespace are left away, as `ollama ps` shows names."""
    assert shown == complete(name)


@pytest.mark.parametrize("name", ["", " ", "a b", "a/b/c/d", "/model", "model:", "model:a:b", "-x", "x" * 81, "a/../b"])
def test_what_is_no_model_name_is_refused(name: str) -> None:
    """An empty part, a space, too many parts: each is refused, but an empty tag, which is the default one."""
    if name == "model:":
        assert complete(name) == "model:latest"
        return
    with pytest.raises(ValueError, match="not a model name"):
        complete(name)
