"""An HTTP server on loopback that plays back answers: what it was asked, and what it says."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Request:
    """What was asked."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any


@dataclass
class Answers:
    """An HTTP server on loopback: ``routes`` says what it answers, ``asked`` what it was asked."""

    port: int
    routes: dict[str, Callable[[Request], tuple[int, dict[str, str], bytes]]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    def url(self, path: str = "") -> str:
        """An address on it, without the scheme."""
        return f"127.0.0.1:{self.port}{path}"


def answer(data: Any, status: int = 200, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """An answer in JSON; in text where it is one."""
    text = data if isinstance(data, str) else json.dumps(data)
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, text.encode()
