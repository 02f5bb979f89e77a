"""A real worker lets reports into the queue, and is killed while it does."""

import pytest

from tests.support.clocks import a_target
from tests.support.worker import WorkerProcess, eventually

pytestmark = pytest.mark.slow

KILLS = 4


def test_every_report_is_admitted_once_however_often_the_worker_is_killed(
    admin, a_report, environment, database, tmp_path
):
    a_target(admin, hours=48)
    for _ in range(40):
        a_report()
    # What was there is copied, so that the worker has something to be killed in.
    database.execute(
        "INSERT INTO report SELECT (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid(), 'reference',"
        " report_reference(nextval('report_reference_seq'))))).* FROM report r, generate_series(1, 200)"
    )
    database.execute(
        "INSERT INTO change (jurisdiction_id, report_id, kind) SELECT jurisdiction_id, id, 'received' FROM report r"
        " WHERE NOT EXISTS (SELECT 1 FROM change c WHERE c.report_id = r.id)"
    )
    total = database.value("SELECT count(*) FROM report")
    worker = WorkerProcess(environment, tmp_path / "worker.log")

    for number in range(KILLS):
        worker.start()
        before = _admitted(database)
        eventually(
            lambda before=before: _admitted(database) > before or _admitted(database) == total, 30, f"kill {number}"
        )
        worker.kill()
    worker.start()
    eventually(lambda: _admitted(database) == total, 60, "the last admission")
    assert worker.stop() == 0

    assert database.value("SELECT count(*) FROM queue_item") == total
    assert database.value("SELECT count(*) FROM report WHERE expected_at IS NULL") == 0
    assert (
        database.value(
            "SELECT max(n) FROM (SELECT count(*) AS n FROM change WHERE kind = 'expected' GROUP BY report_id) t"
        )
        == 1
    )


def _admitted(database):
    return database.value("SELECT count(*) FROM service_clock")


def test_a_worker_tells_what_is_overdue(admin, a_report, environment, database, tmp_path):
    a_target(admin, hours=1, warn_hours=0)
    report = a_report()
    database.execute(
        "UPDATE report SET received_at = now() - interval '59 minutes 58 seconds' WHERE id = %s", report.id
    )
    worker = WorkerProcess(environment, tmp_path / "worker.log").start()

    eventually(lambda: database.rows("SELECT 1 FROM report_event WHERE kind = 'overdue'"), 40, "the line")
    assert worker.stop() == 0
