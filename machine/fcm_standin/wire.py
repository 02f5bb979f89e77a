"""HTTP/1.1 on a socket, as little of it as the stand-in needs and as fast as it must be.

Not `http.server`: that one spends more time on reading headers than firebase-admin spends on sending them, and it cannot cut a
connection in the middle on purpose.
"""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

LONGEST_LINE_BYTES = 64 * 1024
LONGEST_BODY_BYTES = 1024 * 1024


class Readable(Protocol):
    """The reading side of a socket, buffered or not."""

    def readline(self, limit: int, /) -> bytes: ...

    def read(self, size: int, /) -> bytes | None: ...


class Malformed(Exception):
    """What came in is not HTTP that we can read."""


@dataclass(slots=True)
class Request:
    """One request. `target` is the path with its query, or host:port for CONNECT."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The last value of each name; names without a value are kept."""
        return {
            name: values[-1] for name, values in parse_qs(urlsplit(self.target).query, keep_blank_values=True).items()
        }


@dataclass(slots=True)
class Reply:
    """One answer. `stream`, when given, is written piece by piece after the body and then the connection is closed."""

    status: int
    body: bytes = b""
    content_type: str = "application/json; charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: Iterator[bytes] | None = None


CUT = None  # a handler returns this to have the connection cut without an answer
Handler = Callable[[Request], Reply | None]
Talk = Callable[[socket.socket], None]


def as_json(status: int, document: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """`document` as an answer, indented like Google's."""
    return Reply(status, json.dumps(document, indent=2).encode() + b"\n", headers=headers or {})


def read_request(stream: Readable) -> Request | None:
    """The next request, or None when the other side has closed. Raises Malformed."""
    line = stream.readline(LONGEST_LINE_BYTES)
    if not line:
        return None
    words = line.decode("latin-1").split()
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise Malformed("The first line is not that of an HTTP/1.1 request.")
    headers = _read_headers(stream)
    if "transfer-encoding" in headers:
        raise Malformed("A body must come with its Content-Length.")
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > LONGEST_BODY_BYTES:
        raise Malformed("Content-Length is not a number, or the body is over 1 MiB.")
    body = stream.read(int(length)) if length != "0" else b""
    if body is None or len(body) != int(length):
        return None
    return Request(words[0], words[1], headers, body)


def _read_headers(stream: Readable) -> dict[str, str]:
    headers = {}
    while (line := stream.readline(LONGEST_LINE_BYTES)) not in (b"\r\n", b"\n"):
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise Malformed("A header line has no colon.")
        headers[name.lower()] = value.strip()
    return headers


_date = (0, "")


def _now_for_header() -> str:
    """The Date header; google-auth compares it with its own clock. Made once a second."""
    global _date
    second = int(time.time())
    if _date[0] != second:
        _date = (second, formatdate(second, usegmt=True))
    return _date[1]


def write_reply(connection: socket.socket, reply: Reply) -> None:
    """Send head and body in one piece, then the stream if there is one."""
    lines = [
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}",
        f"Date: {_now_for_header()}",
        f"Content-Type: {reply.content_type}",
        *(f"{name}: {value}" for name, value in reply.headers.items()),
        "Connection: close" if reply.stream else f"Content-Length: {len(reply.body)}",
        "\r\n",
    ]
    connection.sendall("\r\n".join(lines).encode("latin-1") + reply.body)
    for piece in reply.stream or ():
        connection.sendall(piece)


def serve(connection: socket.socket, handle: Handler) -> None:
    """Answer requests on one connection until either side ends it."""
    with connection.makefile("rb") as stream:
        while True:
            _acknowledge_at_once(connection)
            try:
                request = read_request(stream)
            except Malformed as fault:
                return write_reply(connection, as_json(400, {"error": str(fault)}))
            if request is None:
                return None
            reply = handle(request)
            if reply is None:
                return cut(connection)
            write_reply(connection, reply)
            if reply.stream or request.headers.get("connection", "").lower() == "close":
                return None


def _acknowledge_at_once(connection: socket.socket) -> None:
    """Through a proxy urllib3 holds the body back until the head is acknowledged, and Linux waits 40 ms with that.

    Linux forgets this setting after a while, so it is made anew before each request.
    """
    if hasattr(socket, "TCP_QUICKACK"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def cut(connection: socket.socket) -> None:
    """Close so that the other side sees a reset, as when a network breaks, and not a polite end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Listener:
    """A port on loopback; from `start` on, each connection gets a thread that runs `talk`, and is closed afterwards."""

    def __init__(self, port: int):
        """Take the port; 0 takes a free one. Raises OSError when it is taken."""
        self._socket = socket.create_server(("127.0.0.1", port), backlog=1024)
        self._open: set[socket.socket] = set()
        self._is_stopped = False
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def start(self, talk: Talk) -> None:
        threading.Thread(target=self._accept, args=(talk,), daemon=True, name=f"accept-{self.port}").start()

    def _accept(self, talk: Talk) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._keep, args=(connection, talk), daemon=True).start()

    def _keep(self, connection: socket.socket, talk: Talk) -> None:
        with self._lock:
            if self._is_stopped:
                return connection.close()
            self._open.add(connection)
        try:
            talk(connection)
        except OSError:
            pass  # the other side went away, or stop() closed the connection under us: both are normal
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def stop(self) -> None:
        """Close the port and every connection that is open."""
        with self._lock:
            self._is_stopped = True
            still_open = list(self._open)
        for opened in (self._socket, *still_open):
            try:
                opened.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it ended by itself in this very moment
        self._socket.close()
