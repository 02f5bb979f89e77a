"""HTTP as a phone speaks it: one kept connection, and patience when the answer does not come.

http.client in threads, not an asynchronous client: the replay shares two cores with the server, and a request costs it 0.1 ms of
CPU where httpx takes 0.4 (0.8 with asyncio; measured 2026-11).
"""

import http.client
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson

from replay.faults import CannotStart, NoAnswer

TIMEOUT_S = 30.0
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 5.0
PASSING = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class Answer:
    """What came back. `seconds`: from the first byte sent to the last byte read, of this attempt alone."""

    status: int
    body: bytes
    retry_after: str | None
    etag: str | None
    seconds: float

    def json(self) -> Any:
        """The body as JSON, an empty object when it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}

    @property
    def problem(self) -> str:
        """The problem's type without its path, with the fields and codes that are wrong; the bare status without one."""
        document = self.json()
        if not isinstance(document, dict) or "type" not in document:
            return f"HTTP {self.status}"
        slug = str(document["type"]).rsplit("/", 1)[-1]
        faults = sorted({f"{e.get('pointer')} {e.get('code')}" for e in document.get("errors") or ()})
        return f"{slug} ({', '.join(faults)})" if faults else slug

    @property
    def is_passing(self) -> bool:
        """Whether the same request may be answered otherwise later."""
        if self.status < 400:
            return False
        if self.status in PASSING:
            return True
        document = self.json()
        return isinstance(document, dict) and document.get("retry") in ("same", "later")


class Connection:
    """One connection to the server, opened when needed and again when it broke. For one thread."""

    def __init__(self, base_url: str, timeout_s: float = TIMEOUT_S):
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CannotStart(f"{base_url!r} is not the address of a server, such as http://127.0.0.1:8311")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=timeout_s)
        self._prefix = parts.path.rstrip("/")

    def ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        """One attempt. Raises OSError or http.client.HTTPException when no whole answer came."""
        started = time.perf_counter()
        try:
            self._connection.request(method, self._prefix + path, body, headers)
            response = self._connection.getresponse()
            raw = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        seconds = time.perf_counter() - started
        return Answer(response.status, raw, response.headers["Retry-After"], response.headers["ETag"], seconds)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


@dataclass
class Patience:
    """How long a request is repeated, and a count of what made us repeat. Shared by all threads.

    When one request has found no answer for `limit_s`, or somebody sets `stop`, all give up.
    """

    limit_s: float
    stop: threading.Event = field(default_factory=threading.Event)
    retries: Counter[str] = field(default_factory=Counter)
    last_word: str | None = None  # of the request that found no answer
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(
        self, line: Connection, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """The server's answer, however often the same request has to be sent.

        Raises NoAnswer when patience is over.
        """
        raw = orjson.dumps(body) if body is not None else None
        sent = {**(headers or {}), **({"Content-Type": "application/json"} if raw is not None else {})}
        give_up_at: float | None = None
        for attempt in range(1_000_000):
            if self.stop.is_set():
                raise NoAnswer("")
            try:
                answer = line.ask(method, path, raw, sent)
            except (OSError, http.client.HTTPException) as fault:
                reason, wait_s = f"no answer: {type(fault).__name__}", _backoff_s(attempt)
            else:
                if not answer.is_passing:
                    return answer
                reason, wait_s = f"{answer.status} {answer.problem}", _asked_wait_s(answer, attempt)
            with self._lock:
                self.retries[reason] += 1
            give_up_at = give_up_at or time.monotonic() + self.limit_s
            if time.monotonic() + wait_s > give_up_at:
                self.stop.set()
                hint = "; with --importer-key nothing is counted" if _is_counted(reason) else ""
                raise NoAnswer(f"{method} {path}: {reason}, for {self.limit_s:g} s{hint}")
            self.stop.wait(wait_s)
        raise NoAnswer(f"{method} {path}: repeated without end")

    def gave_up(self, last_word: str) -> None:
        """Keep the first of the reasons; those who stop because others gave up have none."""
        with self._lock:
            self.last_word = self.last_word or last_word or None


def _is_counted(reason: str) -> bool:
    """Whether the server holds back who sends much: a replay sends more in a minute than a town's phones in a day."""
    return reason.startswith("429 ")


def _backoff_s(attempt: int) -> float:
    """Longer with each attempt, up to a limit, with jitter so that the crowd does not come back as one."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(attempt, 10)) * random.uniform(0.5, 1.0)


def _asked_wait_s(answer: Answer, attempt: int) -> float:
    """What Retry-After asks for, at least; a date or nonsense counts as nothing."""
    try:
        asked_s = float(answer.retry_after or 0)
    except ValueError:
        asked_s = 0.0
    return max(asked_s * random.uniform(1.0, 1.2), _backoff_s(attempt))
