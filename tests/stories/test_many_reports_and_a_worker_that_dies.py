"""Thousands of reports at once: a worker that is killed loses none and does none twice."""

import uuid

import pytest

from jobs import bulk as bulk_jobs
from jobs.tasks import Work
from tests.support.bulk import Bulk, copies_of
from tests.support.moves import desk_moves
from tests.support.worker import WorkerProcess, eventually

KILLS = 4
REPORTS = 600


@pytest.fixture
def worker(environment, tmp_path):
    running = WorkerProcess(environment, tmp_path / "worker.log", "--silent-s", "1", "--rescue-s", "0.3")
    yield running
    running.kill()


def done_count(database):
    return database.value("SELECT count(*) FROM bulk_result WHERE outcome = 'done'")


@pytest.mark.slow
def test_a_worker_that_is_killed_again_and_again_does_each_report_once(dispatcher, a_report, database, worker):
    ids = copies_of(database, a_report(), REPORTS)
    started = Bulk(dispatcher, worker.start).start("assign", ids, department="works")

    for kill in range(1, KILLS + 1):
        worker.start()
        eventually(lambda kill=kill: done_count(database) >= kill * REPORTS // (KILLS + 2), 60, "progress")
        worker.kill()
    worker.start()
    path = f"/v1/bulk-actions/{started['id']}"
    done = eventually(lambda: (a := dispatcher.get(path))["state"] == "done" and a, 90, "the end")

    assert done["counts"] == {"waiting": 0, "done": REPORTS, "unchanged": 0, "refused": 0}
    lines = "SELECT count(*) FROM report_event WHERE kind = 'rerouted' GROUP BY report_id"
    assert [row["count"] for row in database.rows(lines)] == [1] * REPORTS
    told = "SELECT count(*) FROM announcement WHERE event = 'rerouted'"
    assert database.value(told) == REPORTS
    assert database.value("SELECT count(*) FROM report WHERE version <> last_seq") == 0


@pytest.mark.slow
def test_a_thousand_reports_are_tried_done_and_undone(dispatcher, a_report, database, app):
    ids = copies_of(database, a_report(), 1_000)
    desk = Bulk(dispatcher, lambda: None)
    work = Work(public_url="https://311.squareton.example")

    def finished(started):
        while (action := dispatcher.get(f"/v1/bulk-actions/{started['id']}"))["state"] not in ("done", "previewed"):
            bulk_jobs.work_on_bulk(work, started["id"])
        return action

    tried = finished(desk.start("close", ids, reason="not_ours", preview=True))
    assert tried["counts"]["done"] == 1_000
    done = finished(dispatcher.post(f"/v1/bulk-actions/{tried['id']}/run", expect=202))
    assert done["counts"]["done"] == 1_000
    undone = finished(dispatcher.post(f"/v1/bulk-actions/{done['id']}/undo", json={}, expect=202))

    assert undone["counts"]["done"] == 1_000
    assert database.value("SELECT count(*) FROM report WHERE status = 'reopened'") == 1_000
    assert database.value("SELECT count(*) FROM report WHERE last_seq <> 3 AND reference LIKE 'COPY-%%'") == 0


def test_a_job_that_runs_twice_does_no_harm(dispatcher, a_report, run_jobs, database):
    report = a_report()
    desk = Bulk(dispatcher, run_jobs)
    done = desk.done("priority", [report], priority="high")

    bulk_jobs.work_on_bulk(Work(public_url="x"), done["id"])
    bulk_jobs.work_on_bulk(Work(public_url="x"), str(uuid.uuid4()))

    assert database.value("SELECT last_seq FROM report") == 2


def test_two_workers_do_not_do_the_same(dispatcher, a_report, database, app):
    started = Bulk(dispatcher, lambda: None).start("priority", [a_report()], priority="high")
    other = database.connect()
    with other.cursor() as cursor:
        cursor.execute("SELECT 1 FROM bulk_action FOR UPDATE")

        bulk_jobs.work_on_bulk(Work(public_url="x"), started["id"])  # the other worker has it

    other.rollback()
    other.close()
    assert dispatcher.get(f"/v1/bulk-actions/{started['id']}")["counts"]["waiting"] == 1


def test_a_report_that_somebody_holds_waits_and_the_others_do_not(dispatcher, a_report, database, app):
    held, free = a_report(), a_report()
    started = Bulk(dispatcher, lambda: None).start("priority", [held, free], priority="high")
    other = database.connect()
    with other.cursor() as cursor:
        cursor.execute("SELECT 1 FROM report WHERE id = %s FOR UPDATE", (held.id,))
        bulk_jobs.work_on_bulk(Work(public_url="x"), started["id"])
    halfway = dispatcher.get(f"/v1/bulk-actions/{started['id']}")
    other.rollback()
    other.close()
    bulk_jobs.work_on_bulk(Work(public_url="x"), started["id"])

    assert (halfway["state"], halfway["counts"]["waiting"], halfway["counts"]["done"]) == ("running", 1, 1)
    assert dispatcher.get(f"/v1/bulk-actions/{started['id']}")["counts"]["done"] == 2


def test_a_report_for_which_the_program_fails_is_told_and_the_others_are_done(
    dispatcher, a_report, database, run_jobs, log_lines
):
    broken, fine = a_report(), a_report()
    desk_moves(dispatcher, broken, "acknowledged")
    database.execute(
        "CREATE FUNCTION pg_temp_break() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF NEW.id = '{broken.id}' THEN RAISE EXCEPTION 'broken'; END IF; RETURN NEW; END $$;"
        "CREATE TRIGGER breaks BEFORE UPDATE ON report FOR EACH ROW EXECUTE FUNCTION pg_temp_break()"
    )
    try:
        desk = Bulk(dispatcher, run_jobs)
        done = desk.done("priority", [broken, fine], priority="high")
    finally:
        database.execute("DROP TRIGGER breaks ON report; DROP FUNCTION pg_temp_break()")

    assert desk.outcomes(done) == ["refused", "done"]
    assert desk.results(done)[0]["problem"]["type"] == "/problems/unexpected"
    assert any("bulk action failed for a report" in line for line in log_lines)
