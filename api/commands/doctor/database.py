"""Checks of the database server and of our tables in it."""

import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from api.commands.doctor.findings import Finding, as_size, warning, well, wrong
from api.commands.revisions import revision_of, standing_of
from api.commands.serving import THREADS
from core.config import Config
from core.migrate import newest_revision
from core.queue import oldest_due_s, silent_s
from machine.programs import OLDEST_POSTGRES, client_program

OF_A_THREAD, OF_THE_WORKER, FOR_OPERATORS = 2, 24, 5  # connections
CLOCK_S, CLOCK_FAR_S = 2.0, 30.0
SILENT_S = 60.0
LATE_S = 120.0  # as /readyz has it

_SERVER = text("SELECT current_setting('server_version_num')::int, current_setting('server_version')")
_POSTGIS = text("SELECT extversion FROM pg_extension WHERE extname = 'postgis'")
_CONNECTIONS = text(
    """
    SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS server,
           (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS role,
           (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS database,
           (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname <> current_database()) AS others
    """
)
_NOW = text("SELECT clock_timestamp()")
_SIZE = text("SELECT pg_database_size(current_database())")
_ENCODING = text("SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()")


def server(config: Config, session: Session) -> Iterator[Finding]:
    number, version = session.execute(_SERVER).one()
    major = number // 10_000
    if major < OLDEST_POSTGRES:
        yield wrong(f"PostgreSQL is {version}.", f"Mendway needs {OLDEST_POSTGRES} or later.")
        return
    yield well(f"PostgreSQL is {version}.")
    if session.execute(_ENCODING).scalar() != "UTF8":
        yield wrong("The database is not in UTF-8.", "Make it anew with ENCODING 'UTF8', and restore a backup into it.")
    if client_program("pg_dump", OLDEST_POSTGRES) and client_program("pg_dump", major) is None:
        yield wrong(
            f"pg_dump on this machine is older than the server ({major}), so there can be no backup.",
            f"On Debian: apt-get install postgresql-client-{major}",
        )


def postgis(config: Config, session: Session) -> Iterator[Finding]:
    version = session.execute(_POSTGIS).scalar()
    if version is None:
        yield wrong(
            "The database has no PostGIS.", "As PostgreSQL's superuser, in this database: CREATE EXTENSION postgis"
        )
    elif int(version.split(".")[0]) < 3:
        yield wrong(f"PostGIS is {version}.", "Mendway needs 3 or later.")
    else:
        yield well(f"PostGIS is {version}.")


def tables(config: Config, session: Session) -> Iterator[Finding]:
    revision = revision_of(session)
    match standing_of(revision):
        case "none":
            yield wrong("The database has no tables yet.", "Run `mendway migrate`.")
        case "older":
            yield wrong(
                f"The tables are at revision {revision}, this program needs {newest_revision()}.",
                "Run `mendway migrate`.",
            )
        case "newer":
            yield warning(
                f"The tables are at revision {revision}, made by a later program than this one ({newest_revision()}).",
                "Bring this machine to the later program, unless an upgrade is being taken back.",
            )
        case "same":
            yield well(f"The tables are at revision {revision}.")


def connections(config: Config, session: Session) -> Iterator[Finding]:
    """Does the server let in all that API and worker may open at once?"""
    found = session.execute(_CONNECTIONS).one()
    threads = int(os.environ.get("GRANIAN_BLOCKING_THREADS") or THREADS)
    needed = config.web_workers * threads * OF_A_THREAD + OF_THE_WORKER + FOR_OPERATORS
    there = min([found.server - found.others, *(limit for limit in (found.role, found.database) if limit >= 0)])
    text = f"API and worker open up to {needed} connections; the server has {there} for them."
    if there < needed:
        yield wrong(text, "Raise max_connections (or the role's CONNECTION LIMIT), or lower WEB_WORKERS.")
    else:
        yield well(text)


def clock(config: Config, session: Session) -> Iterator[Finding]:
    """Times of reports come from the database, times in cursors and tokens from here."""
    before = time.time()
    told: datetime = session.execute(_NOW).scalar_one()
    apart_s = abs(told.timestamp() - (before + time.time()) / 2)
    if apart_s > CLOCK_FAR_S:
        yield wrong(
            f"The database's clock and this machine's are {apart_s:.0f} s apart.", "Set both by NTP (timedatectl)."
        )
    elif apart_s > CLOCK_S:
        yield warning(
            f"The database's clock and this machine's are {apart_s:.1f} s apart.", "Set both by NTP (timedatectl)."
        )
    else:
        yield well(f"The clocks agree: {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC.")


def size(config: Config, session: Session) -> Iterator[Finding]:
    used = session.execute(_SIZE).scalar_one()
    place = next(folder for folder in (config.data.resolve(), *config.data.resolve().parents) if folder.exists())
    if shutil.disk_usage(place).free < used:
        yield warning(
            f"The database has {as_size(used)}, more than is free on this machine.",
            "Backups need about a fifth of that beside the photos: have them on a larger disk.",
        )
    else:
        yield well(f"The database has {as_size(used)}.")


def worker(config: Config, session: Session) -> Iterator[Finding]:
    silent = silent_s(session)
    if silent is None:
        yield wrong("No worker runs: nobody is told anything.", "systemctl start mendway-worker (or: mendway worker)")
    elif silent > SILENT_S:
        yield wrong(f"No worker has given a sign of life for {silent:.0f} s.", "systemctl status mendway-worker")
    else:
        yield well("A worker is at work.")
    late = oldest_due_s(session)
    if late > LATE_S:
        why = "" if config.firebase_credentials else " Without FIREBASE_CREDENTIALS pushes wait in it."
        yield warning(f"The queue is {late:.0f} s late.{why}", "See the worker's log; a second worker shares the work.")


BEFORE_TABLES = (server, postgis, tables, connections, clock)
WITH_TABLES = (size, worker)
