"""A real server loses its database and finds it again, reads strictly, stops in good order, and logs JSON."""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from machine.testing import throw_away_folder
from tests.support.answers import over
from tests.support.callers import Caller
from tests.support.live import LiveServer
from tests.support.plug import Plug
from tests.support.reports import draft


@pytest.fixture
def plug(database, environment):
    if "host=" not in environment["DATABASE_URL"]:
        pytest.skip("A plug can only be pulled between a server and a database on a unix socket.")
    with throw_away_folder() as folder:
        os.chmod(folder, 0o755)
        yield Plug(environment["DATABASE_URL"], folder, database)


@pytest.fixture
def own_server(plug, environment, tmp_path):
    """A real server of this test's own, over a plug that can be pulled."""
    running = LiveServer(environment | {"DATABASE_URL": plug.url}, tmp_path, workers=1)
    yield running.start()
    running.kill()


def test_without_its_database_it_says_so_and_recovers_by_itself(own_server, plug, resident, contract, database):
    phone = resident.over(over(own_server.url))
    stranger = Caller(over(own_server.url), contract)
    body = draft()
    stranger.get("/readyz", expect=200)

    plug.pull(database)

    assert stranger.get("/healthz", expect=200) == {"status": "ok"}
    assert stranger.get("/readyz", expect=503)["database"] == "away"
    for _ in range(3):  # with connections that were good, and with new ones
        refused = phone.send("POST", "/v1/reports", json=body, key="k-1", expect=503)
        assert (refused.problem, refused.json["retry"]) == ("away", "later")
        assert int(refused.headers["retry-after"]) > 0
        stranger.get("/v1/reports", expect=503)
        stranger.get("/v1/categories", expect=503)

    plug.put_in()

    stranger.get("/readyz", expect=200)
    for _ in range(4):
        phone.send("POST", "/v1/reports", json=body, key="k-1", expect=201)
    assert database.value("SELECT count(*) FROM report") == 1


def in_chunks(live_server, resident, body):
    """Send a report the way some phones do: in chunks, without saying how long it will be."""
    headers = {"Authorization": f"Bearer {resident.token}", "Content-Type": "application/json", "Idempotency-Key": "k"}
    chunks = (body[place : place + 10_000] for place in range(0, len(body), 10_000))
    return httpx.post(f"{live_server.url}/v1/reports", content=chunks, headers=headers)


def test_a_body_in_chunks_is_read_whole(live_server, resident):
    body = draft(description="x" * 4000)

    assert in_chunks(live_server, resident, json.dumps(body, indent=9).encode() + b" " * 50_000).status_code == 201
    assert resident.get(f"/v1/reports/{body['id']}")["description"] == "x" * 4000


def test_a_body_in_chunks_that_grows_over_the_limit_is_refused(live_server, resident, config, database):
    before = database.counts()

    answer = in_chunks(live_server, resident, b" " * (config.max_body_bytes + 1))

    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")
    assert database.counts() == before


@pytest.mark.parametrize("content", [b"not json", b'{"lat": NaN}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_not_json_is_unreadable_over_a_socket_too(live_server, resident, content):
    phone = resident.over(over(live_server.url))

    phone.send("POST", "/v1/reports", data=content, key="k", expect=400)

    assert phone.last.problem == "unreadable"


def test_asked_to_stop_it_finishes_what_it_accepted(own_server, resident, database):
    phone = resident.over(over(own_server.url))
    body = draft()
    holder = database.connect()
    # A copy of the same request is at work: this one waits for it, and is accepted meanwhile.
    holder.cursor().execute(
        "INSERT INTO idempotency_key (owner_id, key, jurisdiction_id, fingerprint, status, body)"
        " SELECT %s, 'k-1', id, '', 0, '' FROM jurisdiction",
        [resident.device_id],
    )

    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(phone.send, "POST", "/v1/reports", json=body, key="k-1")
        time.sleep(0.4)
        assert not slow.done()
        own_server.ask_to_stop()
        time.sleep(0.4)
        holder.rollback()
        answer = slow.result(10)

    holder.close()
    assert answer.status == 201
    assert own_server.process.wait(10) == 0
    assert str(database.value("SELECT id FROM report")) == body["id"] == answer.json["id"]


def test_a_real_server_logs_one_json_object_a_line(own_server, resident):
    phone = resident.over(over(own_server.url))
    phone.post("/v1/reports", json=draft(description="canary-described"), headers={"X-Request-Id": "request-one-1"})
    phone.get("/v1/reports?near=-69.985,42.025", headers={"X-Request-Id": "request-two-2"})
    own_server.stop()

    lines = [line for line in own_server.words().splitlines() if '"request_id"' in line]

    told = {json.loads(line)["request_id"]: json.loads(line) for line in lines}
    assert told["request-one-1"]["route"] == "/v1/reports"
    assert (told["request-one-1"]["method"], told["request-one-1"]["status"]) == ("POST", 201)
    assert told["request-two-2"]["ms"] >= 0
    assert "canary-described" not in own_server.words()
    assert "69.985" not in own_server.words()
    assert resident.token not in own_server.words()
