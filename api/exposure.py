"""Demo tokens stay on this machine: while there are any, nothing listens where others could use them.

They make anybody an admin who finds demo.json. A town that is reached from elsewhere revokes them first.
"""

import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from core.config import Config, is_loopback
from core.db import DatabaseAway, transaction

log = logging.getLogger(__name__)

DEMO_LABEL = "demo"
_COUNT = text(
    "SELECT count(*) FROM credential WHERE label = :label AND revoked_at IS NULL AND coalesce(expires_at > now(), true)"
)
_REVOKE = text("UPDATE credential SET revoked_at = now() WHERE label = :label AND revoked_at IS NULL RETURNING 1")

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Exposed(Exception):
    """Demo tokens exist, and others than this machine could use them; the text says how, and what to do."""


def ways_in(config: Config) -> list[str]:
    """The settings that let others than this machine in. Empty: none does."""
    found = [] if config.is_loopback else [f"HOST is {config.host}"]
    public_host = urlsplit(config.public_url).hostname or ""
    if not is_loopback(public_host) and public_host != config.host:
        found.append(f"PUBLIC_URL is {config.public_url}")
    return found


def _ways_through(addresses: Iterable[str]) -> list[str]:
    return [f"the server listens on {address}" for address in addresses if not is_loopback(address)]


def demo_token_count(session: Session) -> int:
    """How many demo tokens are good."""
    return session.execute(_COUNT, {"label": DEMO_LABEL}).scalar_one()


def revoke_demo_tokens(session: Session) -> int:
    """End them all now. Returns how many."""
    return len(session.execute(_REVOKE, {"label": DEMO_LABEL}).all())


def refuse_demo_tokens(ways: list[str]) -> None:
    """Raises Exposed when there are demo tokens and a way in for others; DatabaseAway when it cannot be told."""
    if ways and _are_there_any():
        raise Exposed(
            f"Demo tokens exist, which let anybody in who knows them, and {' and '.join(ways)}. "
            "Run `mendway revoke-demo-tokens` first, or keep HOST and PUBLIC_URL on this machine (127.0.0.1)."
        )


def refuse_unsigned_tokens(config: Config, ways: list[str]) -> None:
    """Raises Exposed when tokens of Firebase's emulator are taken, which anybody can write, and there is a way in for others."""
    if ways and config.firebase_auth_emulator_host:
        raise Exposed(
            "FIREBASE_AUTH_EMULATOR_HOST is set, so tokens that nobody has signed let anybody in as anybody, and "
            f"{' and '.join(ways)}. Take it out of the environment, or keep HOST and PUBLIC_URL on this machine (127.0.0.1)."
        )


def _are_there_any() -> bool:
    try:
        with transaction() as session:
            return demo_token_count(session) > 0
    except ProgrammingError:  # no tables yet, so no tokens
        return False


def stay_inside(config: Config) -> None:
    """For a server that is starting: wait until it is known whether there are demo tokens. Raises Exposed."""
    ways = ways_in(config) + _ways_through(_announced_addresses())
    refuse_unsigned_tokens(config, ways)
    while True:
        try:
            return refuse_demo_tokens(ways)
        except DatabaseAway:
            log.warning("waiting for the database", extra={"reason": "demo tokens would be reached from elsewhere"})
            time.sleep(1)


def _announced_addresses() -> list[str]:
    """Where granian was told to listen, when it was not started by `mendway serve`: it binds after it has loaded us."""
    words = sys.argv
    told = [words[place + 1] for place, word in enumerate(words[:-1]) if word == "--host"]
    told += [word.removeprefix("--host=") for word in words if word.startswith("--host=")]
    return told or [value for value in (os.environ.get("GRANIAN_HOST"),) if value]


class FirstLook:
    """Before the first answer: where does this process really listen? For servers that say so in no way we know."""

    def __init__(self, inner: Wsgi, config: Config):
        self.inner = inner
        self.config = config
        self.is_done = False

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not self.is_done:
            try:
                ways = _ways_through(listening_addresses())
                refuse_unsigned_tokens(self.config, ways)
                refuse_demo_tokens(ways)
            except (Exposed, DatabaseAway) as fault:
                log.error("not answering", extra={"reason": str(fault) if isinstance(fault, Exposed) else "database"})
                start_response("503 Service Unavailable", [("Content-Length", "0"), ("Retry-After", "10")])
                return []
            self.is_done = True
        return self.inner(environ, start_response)


def listening_addresses() -> list[str]:
    """Where this process listens on a network, as the kernel tells it."""
    found = []
    for handle in os.listdir("/proc/self/fd"):
        try:
            with socket.socket(fileno=os.dup(int(handle))) as one:
                listens = one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                if listens and one.family in (socket.AF_INET, socket.AF_INET6):
                    found.append(str(one.getsockname()[0]))
        except OSError:  # not a socket, or closed by now
            continue
    return found
