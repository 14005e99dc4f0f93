"""Asks a running Alertmanager to read its configuration again."""

from __future__ import annotations

import http.client
import socket
from urllib.parse import urlsplit

from llama_metrics.schema import Problem, Problems

_SECONDS = 10


def reload(url: str) -> bool:
    """True where it has, False where no Alertmanager runs there. Raises Problems where it will not, with its words."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=_SECONDS)
    try:
        connection.request("POST", f"{parts.path.rstrip('/')}/-/reload")
        answer = connection.getresponse()
        said = answer.read(2000).decode(errors="replace").strip()
    except (ConnectionRefusedError, socket.gaierror):
        return False
    except (OSError, http.client.HTTPException) as error:
        raise Problems([Problem(url, f"asked to read its configuration again, gave no answer: {error}")]) from None
    finally:
        connection.close()
    if answer.status != 200:
        raise Problems([Problem(url, f"does not take the new configuration and keeps the old one: {said}")])
    return True
