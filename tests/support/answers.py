"""What came back, and the two ways to ask: inside this process, or over a socket."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from flask import Flask


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, whichever way it came. Header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body, parsed; None when there is none or it is not JSON."""
        return json.loads(self.body) if self.body and "json" in self.content_type else None

    @property
    def problem(self) -> str:
        """The slug of the problem."""
        return self.json["type"].removeprefix("/problems/")

    @property
    def faults(self) -> list[tuple[str, str]]:
        """What is wrong with which field: (pointer, code)."""
        return [(error["pointer"], error["code"]) for error in self.json.get("errors", [])]

    def __str__(self) -> str:
        return f"{self.status} {self.content_type} {self.body[:2000]!r}"


Ask = Callable[[str, str, dict[str, str], bytes | None], Answer]


def inside(app: Flask) -> Ask:
    """Ask the application in this process."""

    def ask(method: str, path: str, headers: dict[str, str], body: bytes | None) -> Answer:
        client = app.test_client(use_cookies=False)
        came = client.open(path, method=method, headers=headers, data=body)
        found = {name.lower(): value for name, value in came.headers.items()}
        return Answer(came.status_code, found, came.get_data())

    return ask


def over(base_url: str, timeout_s: float = 30) -> Ask:
    """Ask a running server, each time on a connection of its own kind of pool; safe from many threads."""
    client = httpx.Client(base_url=base_url, timeout=timeout_s, limits=httpx.Limits(max_connections=200))

    def ask(method: str, path: str, headers: dict[str, str], body: bytes | None) -> Answer:
        came = client.request(method, path, headers=headers, content=body)
        return Answer(came.status_code, {k.lower(): v for k, v in came.headers.items()}, came.content)

    return ask
