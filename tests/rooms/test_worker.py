"""The worker as a process: how soon people hear, and what is left of its work when it or the database is killed."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from core import db
from core.config import read_config
from core.migrate import migrate
from machine import testing
from machine.fcm_standin import StandIn
from tests.support.server import sqlalchemy_url
from tests.support.telling import CROWD, change, crowd
from tests.support.town import lay_out_town
from tests.support.worker import WorkerProcess, eventually

IMPATIENT = ("--silent-s", "2", "--rescue-s", "0.5", "--stuck-s", "6")


@pytest.fixture
def a_worker(environment, standin: StandIn, tmp_path: Path) -> Iterator[Callable[..., WorkerProcess]]:
    """Starts workers that look after lost work sooner than a city's would."""
    started: list[WorkerProcess] = []

    def start(*options: str, **settings: str) -> WorkerProcess:
        log = tmp_path / f"worker-{len(started)}.log"
        whole = {**environment, **standin.environment(), **settings}
        started.append(WorkerProcess(whole, log, *(options or IMPATIENT)).start())
        return started[-1]

    yield start
    for one in started:
        one.kill()


def is_working(worker: WorkerProcess) -> bool:
    return "working" in worker.events()


def unfinished(database) -> int:
    return database.value("SELECT count(*) FROM notification WHERE state IN ('waiting', 'sending')")


@pytest.mark.slow
def test_a_resident_hears_soon(a_worker, a_report, resident, phones):
    worker = a_worker()
    report = a_report()
    eventually(lambda: is_working(worker), 15, "the worker's start")

    began = time.monotonic()
    change(report.id, "resolved")
    eventually(lambda: phones.titles(resident.push_token), 10, "the push")
    took_s = time.monotonic() - began

    assert took_s < 3  # half a second on an idle machine; this one may run other tests meanwhile
    assert worker.stop() == 0
    assert "stopping" in worker.events()


@pytest.mark.slow
def test_changes_have_their_number_soon(a_worker, a_report, database):
    a_worker()

    a_report()

    eventually(lambda: database.value("SELECT count(*) FROM change WHERE number IS NULL") == 0, 15, "numbering")


@pytest.mark.slow
def test_a_worker_that_is_asked_to_stop_finishes_what_it_sends(a_worker, a_report, resident, phones, database):
    worker = a_worker()
    report = a_report()
    phones.behave(resident.push_token, "slow", delay_s=1.5)
    change(report.id, "resolved")
    eventually(lambda: phones.arrivals(resident.push_token), 15, "the send")

    code = worker.stop()

    assert code == 0
    assert database.value("SELECT state FROM notification") == "sent"
    assert database.value("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'") == 0
    assert database.value("SELECT count(*) FROM procrastinate_workers") == 0


@pytest.mark.slow
def test_a_worker_without_a_provider_plans_and_says_why_it_does_not_send(a_worker, a_report, phones, database):
    report = a_report()
    worker = a_worker(FIREBASE_CREDENTIALS="")
    change(report.id, "resolved")

    eventually(lambda: database.value("SELECT count(*) FROM notification") == 1, 15, "planning")
    time.sleep(0.5)
    code = worker.stop()

    assert code == 0
    assert database.value("SELECT state FROM notification") == "waiting"
    assert [line["reason"] for line in worker.lines() if line["event"] == "notifications wait"] == ["no-push-provider"]
    assert phones.arrivals() == []


@pytest.mark.slow
def test_a_worker_with_a_wrong_configuration_says_so_and_ends(a_worker):
    worker = a_worker(MENDWAY_SECRET="short", DATABASE_URL="")

    assert worker.process.wait(15) == 2
    assert "MENDWAY_SECRET" in worker.log.read_text()
    assert "DATABASE_URL" in worker.log.read_text()


@pytest.mark.slow
def test_a_worker_with_credentials_that_are_none_says_so_and_ends(a_worker, tmp_path):
    (tmp_path / "credentials.json").write_text("{}")

    worker = a_worker(FIREBASE_CREDENTIALS=str(tmp_path / "credentials.json"))

    assert worker.process.wait(15) == 2
    assert "FIREBASE_CREDENTIALS" in worker.log.read_text()


@pytest.mark.slow
def test_workers_killed_in_the_middle_of_sending_lose_nothing(a_worker, a_report, phones, database):
    """Every phone shows every notification exactly once, however often the worker is killed."""
    people = 600
    report = a_report()
    crowd(database, report.id, people)
    phones.behave("*", "slow", delay_s=0.05)
    change(report.id, "in_progress")
    change(report.id, "resolved")

    kills = 0
    while kills < 3:
        worker = a_worker()
        already = len(phones.arrivals())
        eventually(lambda: len(phones.arrivals()) > already + 60, 60, "sending")  # noqa: B023
        worker.kill()
        kills += 1
    in_flight = database.value("SELECT count(*) FROM notification WHERE state = 'sending'")
    a_worker()
    everything = 2 * (people + 1)
    eventually(lambda: database.value("SELECT count(*) FROM notification") == everything, 60, "planning")
    eventually(lambda: unfinished(database) == 0, 120, "the end")

    shown = phones.shown()
    assert in_flight > 0
    assert len(shown) == everything
    assert len({(card["target"], card["data"]["notification_id"]) for card in shown}) == everything
    assert database.value("SELECT count(*) FROM notification WHERE state <> 'sent'") == 0
    assert database.value("SELECT count(*) FROM announcement WHERE expanded_at IS NULL") == 0
    eventually(lambda: database.value("SELECT count(*) FROM procrastinate_jobs WHERE queue_name <> 'upkeep'") == 0, 30)


@pytest.mark.slow
def test_a_worker_outlives_its_connections(a_worker, a_report, resident, phones, database):
    worker = a_worker()
    report = a_report()
    change(report.id, "acknowledged")
    eventually(lambda: len(phones.arrivals(resident.push_token)) == 1, 15, "the first push")

    database.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name LIKE 'mendway%%' AND pid <> pg_backend_pid()"
        " AND application_name <> 'mendway-tests'"
    )
    change(report.id, "resolved")

    eventually(lambda: len(phones.titles(resident.push_token)) == 2, 30, "the second push")
    assert worker.process.poll() is None


@pytest.fixture
def own_cluster(environment, config):
    """A PostgreSQL of this test's own that can be killed, with the tests' town in it; `core.db` is connected to it."""
    with testing.throw_away_folder() as folder:
        cluster = testing.start_postgres(folder, durable=True)
        url = cluster.url("mendway")
        migrate(sqlalchemy_url(url))
        lay_out_town(sqlalchemy_url(url))
        settings = {**environment, "DATABASE_URL": url}
        db.connect(read_config(settings))
        yield cluster, settings
        db.connect(config)
        cluster.stop()


@pytest.mark.slow
def test_a_database_that_is_killed_and_comes_back_costs_no_push(own_cluster, a_worker, phones):
    cluster, settings = own_cluster
    url = settings["DATABASE_URL"]
    people, report_id = 400, "0192b5d4-0000-7000-8000-000000000001"
    _report_by_hand(url, report_id, people)
    phones.behave("*", "slow", delay_s=0.05)
    worker = a_worker(DATABASE_URL=url)
    eventually(lambda: is_working(worker), 15, "the worker's start")
    change(report_id, "resolved")
    eventually(lambda: len(phones.arrivals()) > 50, 60, "sending")

    cluster.kill()
    time.sleep(2)
    cluster.start()

    eventually(lambda: _value(url, "SELECT count(*) FROM notification WHERE state = 'sent'") == people, 90, "the end")
    assert worker.process.poll() is None
    assert len(phones.shown()) == people


def _value(url: str, question: str):
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute(question)
        (value,) = cursor.fetchone()
    connection.close()
    return value


def _report_by_hand(url: str, report_id: str, people: int) -> None:
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO report (id, jurisdiction_id, reference, person_id, category_id, form_version, status, visibility,
                                location, public_location, description, answers, routed_by, areas, area_keys, source, content_hash)
            SELECT %s, c.jurisdiction_id, 'AAA-BBBB', p.id, c.id, 'x', 'received', 'public', spot, spot, 'x', '{}', '{}', '{}', '{}',
                   'test', ''
            FROM category c, person p, ST_SetSRID(ST_MakePoint(-69.98, 42.02), 4326) AS spot
            WHERE c.code = 'pothole' AND p.code = 'adam';
            INSERT INTO report_event (report_id, seq, jurisdiction_id, kind, actor_role)
            SELECT id, 1, jurisdiction_id, 'received', 'admin' FROM report
            """,
            [report_id],
        )
        cursor.execute(CROWD, [people, report_id])
    connection.close()
