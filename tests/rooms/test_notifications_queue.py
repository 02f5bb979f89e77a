"""The queue: jobs live and die with the transaction that wrote them, and none is lost."""

import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from procrastinate.jobs import Job

from actions.retain import drop_old_keys
from core import queue
from core.db import transaction
from domain.reports import Report
from jobs.app import Patiently
from jobs.tasks import Work, rescue, sweep
from notifications.announce import announce

WORK = Work("https://311.squareton.example")


@pytest.fixture
def jobs(app, database):
    """What stands in the queue, in the order in which it would be handed out."""
    return lambda: database.rows(
        "SELECT task_name, args, status::text, priority, attempts, scheduled_at FROM procrastinate_jobs ORDER BY priority DESC, id"
    )


def put(*each, priority=0, at=None):
    with transaction() as session:
        queue.defer_each(session, "paint", "walls", [{"ids": list(ids)} for ids in each], priority, at)


def take(most):
    with transaction() as session:
        return queue.take_along(session, "paint", "walls", "ids", most)


def test_a_job_is_there_when_its_transaction_commits(jobs):
    put("a", at=datetime(2030, 1, 1, tzinfo=UTC), priority=3)

    (job,) = jobs()
    assert (job["task_name"], job["args"], job["status"], job["priority"]) == ("paint", {"ids": ["a"]}, "todo", 3)
    assert job["scheduled_at"] == datetime(2030, 1, 1, tzinfo=UTC)


def test_a_job_is_not_there_when_its_transaction_is_undone(jobs):
    with suppress(KeyboardInterrupt), transaction() as session:
        queue.defer(session, "paint", "walls", {"ids": ["a"]})
        raise KeyboardInterrupt

    assert jobs() == []


def test_jobs_taken_along_leave_the_queue_with_the_transaction(jobs):
    put("a", "b")

    with suppress(KeyboardInterrupt), transaction() as session:
        assert queue.take_along(session, "paint", "walls", "ids", 10) == ["a", "b"]
        raise KeyboardInterrupt
    assert len(jobs()) == 2

    assert take(10) == ["a", "b"]
    assert jobs() == []


def test_no_more_is_taken_along_than_there_is_room_for(jobs):
    put("ab", "cd", "e")

    assert take(0) == []
    assert take(3) == ["a", "b"]
    assert take(3) == ["c", "d", "e"]


def test_what_is_not_due_or_belongs_to_a_crowd_is_left(jobs):
    put("a", at=datetime.now(UTC) + timedelta(hours=1))
    put("b", priority=queue.CROWD)
    put("c")

    assert take(10) == ["c"]
    assert [job["args"]["ids"] for job in jobs()] == [["a"], ["b"]]


def test_what_another_transaction_has_in_hand_is_left(jobs):
    put("a", "b")

    with transaction() as one:
        assert queue.take_along(one, "paint", "walls", "ids", 1) == ["a"]
        assert take(10) == ["b"]


@pytest.mark.parametrize(
    ("status", "worker_silent_s", "began_ago_s", "comes_back"),
    [
        pytest.param("doing", None, 1, True, id="its worker has signed off"),
        pytest.param("doing", 60, 1, True, id="its worker has fallen silent"),
        pytest.param("doing", 1, 1, False, id="its worker is alive"),
        pytest.param("doing", 1, 3600, True, id="it should have ended long ago"),
        pytest.param("failed", None, 1, False, id="it failed just now"),
        pytest.param("failed", None, 3600, True, id="it failed, as with a worker that did not know it"),
    ],
)
def test_jobs_of_lost_workers_come_back(status, worker_silent_s, began_ago_s, comes_back, jobs, database):
    put("a")
    if worker_silent_s is not None:
        database.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => %s))",
            worker_silent_s,
        )
    database.execute(
        "UPDATE procrastinate_jobs SET status = %s, worker_id = (SELECT max(id) FROM procrastinate_workers)", status
    )
    database.execute("UPDATE procrastinate_events SET at = now() - make_interval(secs => %s)", began_ago_s)

    rescue(WORK)

    assert jobs()[0]["status"] == ("todo" if comes_back else status)


def test_a_job_that_raises_waits_and_comes_back(run_jobs, jobs, log_lines):
    with transaction() as session:
        queue.defer(session, "expand_announcement", "announcements", {"announcement_id": "no uuid"})

    run_jobs()

    (job,) = jobs()
    assert (job["status"], job["attempts"]) == ("todo", 1)
    assert job["scheduled_at"] > datetime.now(UTC)
    assert any('"job failed"' in line and '"expand_announcement"' in line for line in log_lines)


def test_a_job_that_keeps_raising_waits_longer_each_time_and_never_over_a_quarter_of_an_hour():
    def wait_s(attempts: int) -> float:
        job = Job(id=1, queue="q", lock=None, queueing_lock=None, task_name="t", attempts=attempts)
        decision = Patiently().get_retry_decision(exception=ValueError(), job=job)
        return (decision.retry_at - datetime.now(UTC)).total_seconds()

    assert 0.9 < wait_s(0) < 1.6
    assert 7 < wait_s(3) < 13
    assert 590 < wait_s(1_000) < 901


def test_idempotency_keys_are_forgotten_after_thirty_days(resident, a_report, database):
    for _ in range(3):
        a_report()
    database.execute(
        "UPDATE idempotency_key SET created_at = now() - interval '31 days' WHERE ctid IN (SELECT ctid FROM idempotency_key LIMIT 2)"
    )

    with transaction() as session:
        assert drop_old_keys(session, most=1) == 1
    sweep(WORK, timestamp=0)

    assert database.value("SELECT count(*) FROM idempotency_key") == 1


def test_ended_jobs_are_forgotten_after_a_day_and_failed_ones_are_not(jobs, database):
    put("a", "b", "c")
    database.execute("UPDATE procrastinate_jobs SET status = 'cancelled' WHERE args ->> 'ids' <> '[\"c\"]'")
    database.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE args ->> 'ids' = '[\"c\"]'")
    database.execute(
        "UPDATE procrastinate_events SET at = now() - interval '2 days'"
        " WHERE job_id IN (SELECT id FROM procrastinate_jobs WHERE args ->> 'ids' <> '[\"b\"]')"
    )

    sweep(WORK, timestamp=0)

    assert sorted(job["args"]["ids"][0] for job in jobs()) == ["b", "c"]


def test_a_change_whose_transaction_is_undone_tells_nobody(a_report, run_jobs, database):
    report = a_report()
    run_jobs()

    with suppress(KeyboardInterrupt), transaction() as session:
        announce(session, session.get_one(Report, uuid.UUID(report.id)), 2, "resolved", None)
        raise KeyboardInterrupt

    assert database.value("SELECT count(*) FROM announcement WHERE event = 'resolved'") == 0
    assert database.value("SELECT count(*) FROM procrastinate_jobs") == 0
