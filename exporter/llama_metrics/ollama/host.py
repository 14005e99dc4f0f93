"""OLLAMA_HOST, read as Ollama itself reads it (envconfig.Host and ConnectableHost of Ollama 0.33)."""

from __future__ import annotations

import ipaddress
import re

_DEFAULT_PORTS = {"http": "80", "https": "443"}
_PORT = re.compile(r"[+-]?[0-9]+")
# What a server listens on is not always what a client can connect to.
_CONNECTABLE = {"": "localhost", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  nothing is bound here


def base_url(text: str) -> str:
    """The address a client connects to, without a trailing slash: `10.0.0.5` -> `http://10.0.0.5:11434`.

    A scheme changes the default port as it does in Ollama: `http://10.0.0.5` is port 80. A port that is none is
    replaced by the default one, as Ollama does. Raises ValueError for what no client can connect to.
    """
    cleaned = text.strip().strip("\"'").strip()
    scheme, found, rest = cleaned.partition("://")
    default_port = _DEFAULT_PORTS.get(scheme, "11434")
    if not found:
        scheme, rest, default_port = "http", cleaned, "11434"
        if cleaned == "ollama.com":
            scheme, rest = "https", "ollama.com:443"
    if scheme not in _DEFAULT_PORTS:
        raise ValueError(f"{text!r} has the scheme {scheme!r}; Ollama is asked by http or https")
    if "@" in rest:
        raise ValueError("the address holds a user name or password; put them into a header of the target instead")
    authority, _, path = rest.partition("/")
    host, port = _split_host_port(authority) or (_bare_host(authority), default_port)
    if not _PORT.fullmatch(port) or not 0 <= int(port) <= 65535:
        port = default_port
    host = _CONNECTABLE.get(host, host)
    if not re.fullmatch(r"[\w.:%~-]+", host):
        raise ValueError(f"{text!r} names no host that could be asked")
    joined = f"[{host}]" if ":" in host else host
    return f"{scheme}://{joined}:{int(port)}/{path}".rstrip("/")


def _split_host_port(authority: str) -> tuple[str, str] | None:
    """Go's net.SplitHostPort; None where that returns an error."""
    host, colon, port = authority.rpartition(":")
    if not colon:
        return None
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        return None
    return None if re.search(r"[\[\]]", host + port) else (host, port)


def _bare_host(authority: str) -> str:
    """A host without a port: an IP address in its usual spelling, a name as it stands, else 127.0.0.1."""
    try:
        return str(ipaddress.ip_address(authority.strip("[]")))
    except ValueError:
        return authority or "127.0.0.1"
