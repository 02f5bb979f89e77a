"""serve, worker: the two programs of a deployment, with settings from the environment only."""

import argparse
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from api.commands.answers import Mistake
from api.commands.revisions import revision_of, standing_of
from api.exposure import Exposed, refuse_demo_tokens, refuse_unsigned_tokens, ways_in
from core.config import Config, read_config
from core.db import DatabaseAway, connect, disconnect, transaction
from core.migrate import newest_revision
from identity.claims import read_mapping

ROOT = Path(__file__).parents[2]
WAIT_S = 60
THREADS = "2"  # of each process; more wait for each other (docs/bench-intake.md)
BACKLOG = 2048  # connections that wait to be taken
GRACE_S = 15  # to finish what was accepted, after SIGTERM
LOAD_S = 10  # SIGHUP: each process has so long to load the new code before the one that it follows is told to end


def add_verbs(verbs: Any) -> None:
    """Add these verbs to the command line."""
    verb = verbs.add_parser(
        "serve",
        help="run the API until SIGTERM",
        description="Run the API with the settings of the environment, in WEB_WORKERS processes, until SIGTERM or Ctrl-C; what was "
        "accepted is finished. Waits for the database. Refuses when the database is not migrated, and while demo tokens exist "
        "and HOST or PUBLIC_URL let others than this machine in.",
    )
    verb.add_argument(
        "--wait", type=_seconds, default=WAIT_S, metavar="SECONDS", help="for the database (default: %(default)s)"
    )
    verb.set_defaults(run=run_serve)
    verb = verbs.add_parser(
        "worker",
        help="run the worker until SIGTERM: notifications, the change log's numbers, upkeep",
        description="Run the worker with the settings of the environment until SIGTERM or Ctrl-C; what it took is finished. It waits "
        "for the database whenever that is away. One is enough; several share the work.",
    )
    verb.set_defaults(run=run_worker)


def _seconds(word: str) -> int:
    seconds = int(word)
    if not 0 <= seconds <= 3600:
        raise argparse.ArgumentTypeError("must be from 0 to 3600")
    return seconds


def run_serve(options: argparse.Namespace) -> NoReturn:
    config = read_config()
    if config.oidc_claims is not None:
        read_mapping(config.oidc_claims)
    connect(config, pool_size=1)
    try:
        _wait_for_database(options.wait)
        _refuse_unmigrated()
        refuse_unsigned_tokens(config, ways_in(config))
        refuse_demo_tokens(ways_in(config))
    except Exposed as fault:
        raise Mistake(str(fault)) from None
    finally:
        disconnect()
    _refuse_taken_port(config)
    _become(
        "granian", *_granian(config), GRANIAN_BLOCKING_THREADS=os.environ.get("GRANIAN_BLOCKING_THREADS") or THREADS
    )


def run_worker(_: argparse.Namespace) -> NoReturn:
    connect(read_config(), pool_size=1)
    try:
        _refuse_unmigrated()
    except DatabaseAway:
        pass  # the worker waits for it, and says so
    finally:
        disconnect()
    _become("jobs.app")


def _wait_for_database(patience_s: float) -> None:
    """Raises DatabaseAway when it is still away after so long."""
    until = time.monotonic() + patience_s
    has_told = False
    while True:
        try:
            with transaction() as session:
                session.connection()
            return
        except DatabaseAway as fault:
            if time.monotonic() >= until:
                raise
            if not has_told:
                print(f"Waiting up to {patience_s:.0f} s for the database: {fault}", file=sys.stderr, flush=True)
                has_told = True
            time.sleep(0.5)


def _refuse_unmigrated() -> None:
    """Raises Mistake. A database that is ahead is used: an upgrade was taken back."""
    with transaction() as session:
        revision = revision_of(session)
    match standing_of(revision):
        case "none":
            raise Mistake("The database has no tables yet. Run `mendway migrate` first.")
        case "older":
            raise Mistake(
                f"The database is at revision {revision}, this program needs {newest_revision()}. "
                "Run `mendway migrate` first."
            )
        case "newer":
            print(
                f"The database is at revision {revision}, made by a later program than this one ({newest_revision()}). "
                "That serves to take an upgrade back, for a while.",
                file=sys.stderr,
            )


def _refuse_taken_port(config: Config) -> None:
    """Raises Mistake. granian lets two servers share a port, and each would get half of the requests."""
    host = _address(config)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, config.port))
        except OSError as fault:
            raise Mistake(f"HOST {config.host}, PORT {config.port}: {fault.strerror}.") from None


def _address(config: Config) -> str:
    return "127.0.0.1" if config.host == "localhost" else config.host


def _granian(config: Config) -> list[str]:
    """granian's command line. Its own environment variables (GRANIAN_LOG_LEVEL …) apply to what is not named here."""
    options = {
        "--interface": "wsgi",
        "--host": _address(config),
        "--port": str(config.port),
        "--workers": str(config.web_workers),
        "--backlog": str(BACKLOG),
        "--respawn-interval": str(LOAD_S),
        "--workers-kill-timeout": str(GRACE_S),
    }
    words = [word for pair in options.items() for word in pair]
    return [*words, "--respawn-failed-workers", "--no-ws", "api.wsgi:app"]


def _become(module: str, *words: str, **settings: str) -> NoReturn:
    """Turn this process into that program: who supervises it sees one process, and its signals arrive there."""
    path = os.pathsep.join(word for word in (str(ROOT), os.environ.get("PYTHONPATH", "")) if word)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, "-m", module, *words], {**os.environ, "PYTHONPATH": path, **settings})  # noqa: S606
