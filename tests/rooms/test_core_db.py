"""The database door: a unit of work is whole or not at all, and faults that callers act on have our names."""

import os
import threading
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from core import db
from core.db import DatabaseAway, LockTimeout, single_statement, transaction
from tests.support.database import Database

RENAME = text("UPDATE department SET email = :email WHERE code = 'roads'")
EMAIL = "SELECT email FROM department WHERE code = 'roads'"


@pytest.fixture(scope="module")
def own_database(worker_database):
    """Tests here lose connections. In a database of their own they are nobody else's."""
    made = Database(worker_database.server, f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_door")
    yield made
    made.close()


@pytest.fixture(autouse=True)
def database(own_database, worker_app, config):
    own_database.rewind()
    db.connect(replace(config, database_url=own_database.url))
    yield own_database
    db.connect(config)


def test_a_unit_of_work_is_committed_when_it_ends(database):
    with transaction() as session:
        session.execute(RENAME, {"email": "new"})

    assert database.value(EMAIL) == "new"


def test_a_unit_of_work_that_raises_is_undone(database):
    before = database.value(EMAIL)

    def fail_halfway():
        with transaction() as session:
            session.execute(RENAME, {"email": "new"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()

    assert database.value(EMAIL) == before


def test_a_single_statement_is_its_own_transaction(database):
    def fail_afterwards():
        with single_statement() as cursor:
            cursor.execute("UPDATE department SET email = 'kept' WHERE code = 'roads'")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_afterwards()

    assert database.value(EMAIL) == "kept"


def test_a_connection_comes_back_clean(database):
    # More often than the pool has connections: one that was left in a failed transaction would show.
    for _ in range(20):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(
                text("INSERT INTO department (jurisdiction_id, code, name) SELECT id, 'roads', '{}' FROM jurisdiction")
            )
    for _ in range(20):
        with transaction() as session:
            assert session.execute(text("SELECT 1")).scalar() == 1


def wait_in_a_unit_of_work():
    with transaction() as session:
        session.execute(text("SET lock_timeout = '50ms'"))
        session.execute(RENAME, {"email": "new"})


def wait_in_a_single_statement():
    with single_statement() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
        cursor.execute("UPDATE department SET email = 'new' WHERE code = 'roads'")


@pytest.mark.parametrize("wait", [wait_in_a_unit_of_work, wait_in_a_single_statement])
def test_a_lock_that_takes_too_long_has_a_name(database, wait):
    holder = database.connect()
    holder.cursor().execute("UPDATE department SET email = 'held' WHERE code = 'roads'")

    with pytest.raises(LockTimeout):
        wait()

    holder.rollback()
    holder.close()


def test_a_deadlock_is_a_lock_that_takes_too_long(database):
    gate = threading.Barrier(2)
    ended = []

    def both(first, second):
        try:
            with transaction() as session:
                session.execute(text("UPDATE department SET email = 'x' WHERE code = :code"), {"code": first})
                gate.wait(5)
                session.execute(text("UPDATE department SET email = 'x' WHERE code = :code"), {"code": second})
            ended.append("done")
        except LockTimeout:
            ended.append("told")

    threads = [threading.Thread(target=both, args=pair) for pair in (("roads", "works"), ("works", "roads"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert sorted(ended) in (["done", "told"], ["told", "told"])


def lose_connections(database):
    database.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'mendway'"
    )


def test_a_connection_lost_in_the_middle_has_a_name_and_the_next_one_is_good(database):
    def lose_it_halfway():
        with transaction() as session:
            session.execute(text("SELECT 1"))
            lose_connections(database)
            session.execute(text("SELECT 1"))

    with pytest.raises(DatabaseAway):
        lose_it_halfway()

    with transaction() as session:
        assert session.execute(text("SELECT 1")).scalar() == 1


def test_connections_lost_while_nobody_looked_are_noticed_before_a_unit_of_work(database):
    with transaction() as session:
        session.execute(text("SELECT 1"))
    lose_connections(database)

    with transaction() as session:
        assert session.execute(text("SELECT 1")).scalar() == 1


def test_after_lost_connections_one_single_statement_is_told_and_the_next_is_good(database):
    with single_statement() as one, single_statement() as two, single_statement() as three:
        for cursor in (one, two, three):
            cursor.execute("SELECT 1")
    lose_connections(database)

    with pytest.raises(DatabaseAway), single_statement() as cursor:
        cursor.execute("SELECT 1")
    for _ in range(3):
        with single_statement() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)


def test_every_connection_speaks_utc_and_waits_as_long_as_it_says():
    with transaction() as session:
        assert session.execute(text("SHOW timezone")).scalar() == "UTC"
        assert session.execute(text("SHOW lock_timeout")).scalar() == "2s"
        assert session.execute(text("SHOW statement_timeout")).scalar() == "30s"


def test_before_it_is_connected_it_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(db, "_sessions", None)
    monkeypatch.setattr(db, "_singles", None)

    with pytest.raises(RuntimeError, match="connect"), transaction():
        pass
    with pytest.raises(RuntimeError, match="connect"), single_statement():
        pass
