"""Closing and opening the town reach every process within seconds, and what a phone sends meanwhile is not lost."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.town import FRESH_S
from tests.support.answers import over
from tests.support.live import LiveServer
from tests.support.reports import draft

pytestmark = pytest.mark.slow

CLOSED = """UPDATE jurisdiction SET maintenance = '{"text": {}, "since": "2026-11-25T00:00:00Z", "until": null}'"""


@pytest.fixture
def server(environment, database, resident, tmp_path):
    """Of this test's own, which has never seen the town open; the resident has registered before."""
    database.execute(CLOSED)
    running = LiveServer(environment, tmp_path).start()
    yield running
    running.kill()


def test_every_process_hears_of_a_change_within_seconds(server, database, resident):
    phone = resident.over(over(server.url))
    body = draft(description="x" * 4000)
    assert everybody_asks(phone) == {503}
    for _ in range(5):
        closed = phone.send("POST", "/v1/reports", json=body, key="k", expect=503)
        assert (closed.problem, closed.headers["retry-after"]) == ("maintenance", "300")

    database.execute("UPDATE jurisdiction SET maintenance = NULL")
    until_all_say(phone, 200)
    phone.send("POST", "/v1/reports", json=body, key="k", expect=201)

    assert database.value("SELECT count(*) FROM report") == 1


def everybody_asks(phone):
    """Enough at once that each process gets some; their answers' statuses."""
    ask = [lambda: phone.ask("GET", "/v1/categories", {}, None).status] * 24
    with ThreadPoolExecutor(len(ask)) as threads:
        return {future.result() for future in [threads.submit(one) for one in ask]}


def until_all_say(phone, status):
    began = time.monotonic()
    while everybody_asks(phone) != {status}:
        assert time.monotonic() - began < FRESH_S + 5
        time.sleep(0.5)
