"""A hundred copies of one request reach a real server at once, and the city has one report."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.answers import over
from tests.support.reports import draft


@pytest.fixture
def phone(resident, live_server):
    """The resident's phone, talking to the real server."""
    return resident.over(over(live_server.url))


def all_at_once(count, send):
    """Call `send` from `count` threads at the same moment."""
    gate = threading.Barrier(count)

    def one(n):
        gate.wait()
        return send(n)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def until_answered(phone, path, body, key):
    """Send as a phone does: the same again whenever the answer says so. Returns every answer."""
    answers = []
    while not answers or answers[-1].status == 409:
        if answers:
            assert answers[-1].problem == "still-working"
            time.sleep(float(answers[-1].headers["retry-after"]))
        answers.append(phone.ask("POST", path, *_sealed(phone, body, key)))
    return answers


def _sealed(phone, body, key):
    headers = {"Authorization": f"Bearer {phone.token}", "Idempotency-Key": key, "Content-Type": "application/json"}
    return headers, json.dumps(body).encode()


def test_a_hundred_retries_of_one_key_make_one_report(phone, database):
    body = draft()

    sent = all_at_once(100, lambda _: until_answered(phone, "/v1/reports", body, "one-key"))

    final = [answers[-1] for answers in sent]
    assert {answer.status for answer in final} == {201}
    assert len({answer.body for answer in final}) == 1
    assert all(answer.status in (201, 409) for answers in sent for answer in answers)
    for table in ("report", "report_event", "change", "announcement", "idempotency_key", "procrastinate_jobs"):
        assert database.value(f"SELECT count(*) FROM {table}") == 1, table


def test_a_hundred_retries_of_one_comment_make_one_comment(phone, a_report, database):
    path = f"{a_report().path}/comments"

    sent = all_at_once(100, lambda _: until_answered(phone, path, {"text": "Still there."}, "one-key"))

    final = [answers[-1] for answers in sent]
    assert {answer.status for answer in final} == {201}
    assert len({answer.body for answer in final}) == 1
    assert database.value("SELECT count(*) FROM comment") == 1


def test_one_report_under_fifty_keys_is_one_report(phone, database):
    body = draft()

    sent = all_at_once(50, lambda n: until_answered(phone, "/v1/reports", body, f"key-{n}"))

    assert sorted({answers[-1].status for answers in sent}) == [200, 201]
    assert sum(answers[-1].status == 201 for answers in sent) == 1
    assert database.value("SELECT count(*) FROM report") == 1


def test_fifty_reports_at_once_are_fifty_reports(phone, database):
    bodies = [draft() for _ in range(50)]

    sent = all_at_once(50, lambda n: until_answered(phone, "/v1/reports", bodies[n], f"key-{n}"))

    assert {len(answers) for answers in sent} == {1}
    assert {answers[0].status for answers in sent} == {201}
    assert len({answers[0].json["reference"] for answers in sent}) == 50
    assert database.value("SELECT count(*) FROM report") == 50
