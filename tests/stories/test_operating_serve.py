"""`mendway serve` and `mendway worker`: one clear sentence when they cannot start, a clean end when they are told to stop."""

import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.answers import over
from tests.support.callers import Resident
from tests.support.keeping import locked, waiting_for_locks
from tests.support.plug import Plug
from tests.support.reports import draft
from tests.support.serving import start  # noqa: F401 - a fixture
from tests.support.worker import eventually

pytestmark = pytest.mark.slow


def test_it_serves_with_the_settings_of_the_environment(applied, start, contract):  # noqa: F811
    serving = start(applied.environment, "serve", WEB_WORKERS="3", HOST="localhost").wait_until_up()

    phone = Resident(over(serving.url), contract).register()
    phone.post("/v1/reports", json=draft(), expect=201)

    assert "Started worker-3" in serving.said()
    assert Path(f"/proc/{serving.process.pid}/cmdline").read_bytes().count(b"granian") == 1  # no process in between


def test_told_to_stop_it_finishes_what_it_accepted(applied, start, contract):  # noqa: F811
    serving = start(applied.environment, "serve").wait_until_up()
    phone = Resident(over(serving.url), contract).register()
    body = draft()

    with locked(applied, "report"), ThreadPoolExecutor(1) as thread:
        slow = thread.submit(phone.send, "POST", "/v1/reports", json=body, key="k-1")
        eventually(lambda: waiting_for_locks(applied), 10, "the report's arrival")
        began = time.monotonic()
        serving.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert not slow.done()
        applied.rows(
            "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
            " WHERE c.relname = 'report' AND l.mode = 'AccessExclusiveLock' AND l.granted"
        )
        answer = slow.result(10)

    assert answer.status == 201
    assert serving.process.wait(20) == 0
    assert time.monotonic() - began < 15
    assert str(applied.value("SELECT id FROM report")) == body["id"]
    assert serving.answers() == 0


def test_it_waits_for_its_database_and_says_so(applied, start, database, tmp_path):  # noqa: F811
    folder = tmp_path / "socket"
    folder.mkdir()
    plug = Plug(applied.environment["DATABASE_URL"], folder, database)
    (folder / plug.name).unlink()
    serving = start(applied.environment, "serve", DATABASE_URL=plug.url)
    eventually(lambda: "Waiting up to 60 s for the database" in serving.said(), 20, "the word")
    assert serving.answers() == 0

    plug.put_in()

    serving.wait_until_up()


def test_it_does_not_wait_for_ever(applied, start):  # noqa: F811
    serving = start(
        applied.environment, "serve", "--wait", "1", DATABASE_URL="postgresql://mendway:canary@127.0.0.1:9/x"
    )

    said = serving.end()

    assert serving.process.returncode == 1
    assert "The database cannot be reached" in said
    assert "Traceback" not in said
    assert "canary" not in said


def test_a_bad_configuration_is_told_whole(start):  # noqa: F811
    serving = start({"PATH": os.environ["PATH"]}, "serve", HOST="example.org")

    said = serving.end()

    assert serving.process.returncode == 1
    for name in ("DATABASE_URL", "MENDWAY_SECRET", "S3_ENDPOINT", "HOST"):
        assert f"- {name} " in said
    assert "Traceback" not in said


@pytest.mark.parametrize("verb", ["serve", "worker"])
def test_a_database_that_is_not_migrated_is_refused(unmigrated, start, verb):  # noqa: F811
    running = start(unmigrated.environment, verb)

    said = running.end()

    assert (running.process.returncode, said.count("\n")) == (1, 1)
    assert "Run `mendway migrate` first." in said


@pytest.mark.parametrize("verb", ["serve", "worker"])
def test_a_database_of_an_older_program_is_refused(applied, start, verb):  # noqa: F811
    applied.rows("UPDATE alembic_version SET version_num = '0001'")

    said = start(applied.environment, verb).end()

    assert "at revision 0001, this program needs" in said
    assert "Run `mendway migrate` first." in said


def test_a_database_of_a_later_program_serves_to_take_an_upgrade_back(applied, start):  # noqa: F811
    applied.rows("UPDATE alembic_version SET version_num = '9999'")

    serving = start(applied.environment, "serve").wait_until_up()

    assert "made by a later program" in serving.said()
    assert serving.answers("/v1/categories") == 200


def test_without_a_town_it_serves_and_says_to_come_later(bare, start):  # noqa: F811
    serving = start(bare.environment, "serve").wait_until_up()

    assert serving.answers("/v1/categories") == 503
    assert serving.answers("/readyz") == 200


def test_a_port_that_is_taken_is_told(applied, start):  # noqa: F811
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        said = start(applied.environment, "serve", PORT=str(port)).end()

    assert said == f"HOST 127.0.0.1, PORT {port}: Address already in use.\n"


def test_the_worker_works_and_stops(applied, start):  # noqa: F811
    working = start(applied.environment, "worker")
    eventually(lambda: '"working"' in working.said(), 30, "the start")
    eventually(lambda: applied.value("SELECT count(*) FROM procrastinate_workers"), 30, "its sign of life")

    working.process.send_signal(signal.SIGTERM)

    assert working.process.wait(20) == 0
    assert '"stopping"' in working.said()


def test_the_worker_is_started_before_its_database_is_there(applied, start):  # noqa: F811
    working = start(applied.environment, "worker", DATABASE_URL="postgresql://mendway@127.0.0.1:9/x")

    eventually(lambda: "jobs" in working.said() or "away" in working.said(), 30, "a word")

    assert not working.has_ended
