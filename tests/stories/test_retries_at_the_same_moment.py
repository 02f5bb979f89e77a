"""Copies of a request that meet: the second waits for the first, and nothing is stored twice."""

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from tests.support.reports import draft


def at_once(resident, *keys_and_bodies):
    """Send them all at the same moment; the answers, whatever their status."""

    def send(key_and_body):
        key, body = key_and_body
        headers = {"Authorization": f"Bearer {resident.token}", "Content-Type": "application/json"}
        return resident.ask("POST", "/v1/reports", headers | {"Idempotency-Key": key}, json.dumps(body).encode())

    with ThreadPoolExecutor(6) as threads:
        return list(threads.map(send, keys_and_bodies))


def test_copies_at_the_same_moment_all_get_the_one_answer(resident, database):
    body = draft()

    answers = at_once(resident, *[("k-1", body)] * 24)

    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert database.value("SELECT count(*) FROM report") == 1
    assert database.value("SELECT count(*) FROM announcement") == 1


def test_a_copy_that_looks_while_the_first_is_being_committed_gets_its_answer(resident, database):
    body = draft()
    first = resident.send("POST", "/v1/reports", json=body, key="k-1", expect=201)
    # As if the first had not committed yet: its key is not there, and nobody can look for its report.
    database.execute("UPDATE idempotency_key SET key = 'not yet'")
    holder = database.connect()
    holder.cursor().execute("LOCK TABLE report IN ACCESS EXCLUSIVE MODE")

    with ThreadPoolExecutor(1) as thread:
        copy = thread.submit(resident.send, "POST", "/v1/reports", json=body, key="k-1", expect=201)
        time.sleep(0.3)
        assert not copy.done()
        holder.cursor().execute("UPDATE idempotency_key SET key = 'k-1'")
        holder.commit()
        assert copy.result(5).body == first.body

    holder.close()


def test_one_report_under_two_keys_at_the_same_moment_is_stored_once(resident, database):
    for _ in range(10):
        body = draft()
        answers = at_once(resident, (str(uuid.uuid4()), body), (str(uuid.uuid4()), body))
        assert sorted(answer.status for answer in answers) == [200, 201]

    assert database.value("SELECT count(*) FROM report") == 10


def test_two_reports_under_one_key_at_the_same_moment_store_one(resident, database):
    for _ in range(10):
        key = str(uuid.uuid4())
        answers = at_once(resident, (key, draft()), (key, draft()))
        assert sorted(answer.status for answer in answers) == [201, 422]
        refused = next(answer for answer in answers if answer.status == 422)
        assert refused.problem == "idempotency-key-reused"

    assert database.value("SELECT count(*) FROM report") == 10
    assert database.value("SELECT count(*) FROM procrastinate_jobs") == 10


def test_a_second_copy_waits_for_the_first_and_then_gets_its_answer(resident, database):
    body = draft()
    first = resident.send("POST", "/v1/reports", json=body, key="k-1", expect=201)
    # The first copy is still at work: its rows are there, but not committed.
    held = database.rows("SELECT * FROM idempotency_key")[0]
    database.execute("DELETE FROM idempotency_key")
    holder = database.connect()
    columns = ", ".join(held)
    holder.cursor().execute(
        f"INSERT INTO idempotency_key ({columns}) VALUES ({', '.join(['%s'] * len(held))})", list(held.values())
    )

    with ThreadPoolExecutor(1) as thread:
        comment = thread.submit(
            resident.send, "POST", f"/v1/reports/{body['id']}/comments", json={"text": "x"}, key="k-1", expect=422
        )
        time.sleep(0.3)
        assert not comment.done()
        holder.commit()
        assert comment.result(5).problem == "idempotency-key-reused"

    holder.close()
    assert resident.send("POST", "/v1/reports", json=body, key="k-1", expect=201).body == first.body


def test_a_copy_that_waits_over_two_seconds_is_told_to_come_back(resident, a_report, database):
    report = a_report()
    body = draft()
    holder = database.connect()
    owner = resident.device_id
    for key in ("k-report", "k-comment"):
        holder.cursor().execute(
            "INSERT INTO idempotency_key (owner_id, key, jurisdiction_id, fingerprint, status, body)"
            " SELECT %s, %s, id, '', 0, '' FROM jurisdiction",
            [owner, key],
        )
    before = database.counts()

    began = time.monotonic()
    with ThreadPoolExecutor(2) as threads:
        waiting = [
            threads.submit(resident.send, "POST", "/v1/reports", json=body, key="k-report", expect=409),
            threads.submit(
                resident.send, "POST", f"{report.path}/comments", json={"text": "x"}, key="k-comment", expect=409
            ),
        ]
        answers = [copy.result(10) for copy in waiting]
    waited_s = time.monotonic() - began

    assert 1.9 < waited_s < 4
    for answer in answers:
        assert answer.problem == "still-working"
        assert answer.headers["retry-after"] == "1"
        assert answer.json["retry"] == "same"
    assert database.counts() == before
    holder.rollback()  # the first copy died
    holder.close()
    resident.send("POST", "/v1/reports", json=body, key="k-report", expect=201)
    resident.send("POST", f"{report.path}/comments", json={"text": "x"}, key="k-comment", expect=201)


def test_a_copy_that_finds_its_report_half_written_waits_for_it(resident, database):
    body = draft()
    resident.post("/v1/reports", json=body, expect=201)
    holder = database.connect()
    # Another request holds the same id, not committed.
    holder.cursor().execute("CREATE TEMP TABLE copy AS SELECT * FROM report")
    database.execute("DELETE FROM announcement")
    database.execute("DELETE FROM change")
    database.execute("DELETE FROM idempotency_key")
    database.execute("ALTER TABLE report_event DISABLE TRIGGER report_event_append_only")
    database.execute("DELETE FROM report_event")
    database.execute("ALTER TABLE report_event ENABLE TRIGGER report_event_append_only")
    database.execute("DELETE FROM report")
    holder.cursor().execute("INSERT INTO report SELECT * FROM copy")

    with ThreadPoolExecutor(1) as thread:
        copy = thread.submit(resident.send, "POST", "/v1/reports", json=body, key="k-2", expect=200)
        time.sleep(0.3)
        assert not copy.done()
        holder.commit()
        assert copy.result(5).json["id"] == body["id"]

    holder.close()
    assert database.value("SELECT count(*) FROM report") == 1
