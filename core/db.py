"""The database: one engine for units of work, one for single statements. The only file that commits."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from core.config import Config

LOCK_WAIT_MS = 2_000  # a second copy of a request waits this long for the first
STATEMENT_MS = 30_000

_sessions: sessionmaker[Session] | None = None
_units: Engine | None = None
_singles: Engine | None = None
_prepared: dict[str, str] = {}


class DatabaseAway(Exception):
    """The database cannot be reached; the caller may try again soon."""


class LockTimeout(Exception):
    """Another transaction held what this one needs for longer than LOCK_WAIT_MS."""


def prepare(name: str, statement: str) -> None:
    """Have `PREPARE name AS statement` run once on each connection that `single_statement` hands out."""
    _prepared[name] = statement


def _open(url: str, size: int, **kinds: Any) -> Engine:
    options = f"-c timezone=UTC -c lock_timeout={LOCK_WAIT_MS} -c statement_timeout={STATEMENT_MS} -c jit=off"
    return create_engine(
        url,
        pool_size=size,
        max_overflow=size,
        pool_timeout=10,
        connect_args={"options": options, "connect_timeout": 5, "application_name": "mendway"},
        **kinds,
    )


def connect(config: Config, pool_size: int = 4) -> None:
    """Open the engines of this process. Call once, before the first `transaction()`."""
    global _sessions, _units, _singles
    disconnect()
    _units = _open(config.sqlalchemy_url, pool_size, pool_pre_ping=True)
    # Setting the isolation level per checkout costs a tenth of a hot request, so it is set on the engine.
    _singles = _open(config.sqlalchemy_url, pool_size, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)
    event.listen(_singles, "connect", _prepare_all)
    _sessions = sessionmaker(_units, expire_on_commit=False)


def disconnect() -> None:
    """Close every connection of this process."""
    global _sessions, _units, _singles
    for engine in (_units, _singles):
        if engine is not None:
            engine.dispose()
    _sessions = _units = _singles = None


def _prepare_all(connection: Any, _record: object) -> None:
    connection.autocommit = True
    with connection.cursor() as cursor:
        for name, statement in _prepared.items():
            cursor.execute(f"PREPARE {name} AS {statement}")


@contextmanager
def transaction() -> Iterator[Session]:
    """A unit of work: committed when the block ends, undone when it raises. The only commit there is.

    Raises DatabaseAway when the connection is lost, LockTimeout after waiting LOCK_WAIT_MS for a lock.
    """
    if _sessions is None:
        raise RuntimeError("core.db.connect(config) has not been called.")
    with named_faults(), _sessions() as session:
        yield session
        session.commit()


@contextmanager
def single_statement() -> Iterator[Any]:
    """A psycopg2 cursor on an autocommit connection: each statement is its own transaction, one round trip.

    Raises DatabaseAway and LockTimeout like `transaction`.
    """
    if _singles is None:
        raise RuntimeError("core.db.connect(config) has not been called.")
    with named_faults():
        connection: Any = _singles.raw_connection()
        try:
            with connection.cursor() as cursor:
                yield cursor
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as fault:
            if _is_lost(fault):
                # The others of the pool went with it, most likely: one request is told, not one for each of them.
                connection.invalidate()
                _singles.dispose()
            raise
        finally:
            connection.close()


@contextmanager
def named_faults() -> Iterator[None]:
    """Turn the driver's faults that callers act on into ours."""
    try:
        yield
    except DBAPIError as fault:
        if (named := _named(fault.orig)) is not None:
            raise named from fault
        raise
    except psycopg2.Error as fault:
        if (named := _named(fault)) is not None:
            raise named from fault
        raise


def _named(fault: BaseException | None) -> Exception | None:
    if isinstance(fault, psycopg2.errors.LockNotAvailable | psycopg2.errors.DeadlockDetected):
        return LockTimeout(str(fault))
    if isinstance(fault, psycopg2.OperationalError | psycopg2.InterfaceError) and _is_lost(fault):
        return DatabaseAway(str(fault))
    return None


def _is_lost(fault: psycopg2.Error) -> bool:
    """No SQLSTATE means the connection broke; classes 08 and 57P0x mean that the server went or is coming up."""
    code = fault.pgcode
    return code is None or code.startswith(("08", "57P0")) or code == "53300"
