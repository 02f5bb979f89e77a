"""Rate limits: a flood is held back, a person who reports a lot is not, and a retry never."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from core.config import Config, read_config
from core.limits import RateLimit
from tests.support.answers import over
from tests.support.callers import Caller, Resident
from tests.support.database import Database
from tests.support.live import LiveServer
from tests.support.reports import draft

WINDOW_S = 86_400  # so long that no test sees a new stretch begin, but for the minute around midnight


@pytest.fixture(autouse=True)
def not_at_midnight() -> None:
    """Stretches are of the clock: one that begins in mid-test would count anew."""
    now = datetime.now(UTC)
    if (now.hour, now.minute) == (23, 59) and now.second > 50:
        pytest.skip("a stretch of a day is about to begin")


@pytest.fixture
def limits(app: Flask, config: Config) -> Iterator[Callable[..., None]]:
    """limits(reports=(per phone, per address)): the town's limits in this test."""

    def set_limits(**given: tuple[int, int]) -> None:
        own = {name: RateLimit(*pair, WINDOW_S) for name, pair in given.items()}
        app.config["MENDWAY"] = replace(config, rate_limits={**(config.rate_limits or {}), **own})

    yield set_limits
    app.config["MENDWAY"] = config


def report(**more: Any) -> dict[str, Any]:
    return draft(**more)


def test_a_phone_is_told_what_is_left_and_then_to_wait(resident: Resident, limits, database: Database):
    limits(reports=(2, 100))
    first = resident.send("POST", "/v1/reports", json=report(), key="first")
    resident.post("/v1/reports", json=report())
    before = database.counts()

    refused = resident.send("POST", "/v1/reports", json=report(), key=str(uuid.uuid4()), expect=429)

    assert first.headers["ratelimit-policy"] == '"device";q=2;w=86400, "address";q=100;w=86400'
    assert re.fullmatch(r'"device";r=1;t=\d+, "address";r=99;t=\d+', first.headers["ratelimit"])
    assert refused.problem == "rate-limited"
    assert refused.json["retry"] == "later"
    assert 0 < int(refused.headers["retry-after"]) <= WINDOW_S
    assert refused.json["retry_after_s"] == int(refused.headers["retry-after"])
    assert re.match(r'"device";r=0;', refused.headers["ratelimit"])
    assert database.counts() == before


def test_a_retry_is_answered_even_when_nothing_is_left(resident: Resident, limits):
    limits(reports=(1, 100))
    body, key = report(), str(uuid.uuid4())
    first = resident.send("POST", "/v1/reports", json=body, key=key)
    resident.send("POST", "/v1/reports", json=report(), key=str(uuid.uuid4()), expect=429)

    again = resident.send("POST", "/v1/reports", json=body, key=key, expect=201)

    assert again.body == first.body


def test_a_refused_report_goes_through_later_under_the_same_key(resident: Resident, limits):
    limits(reports=(1, 100))
    resident.post("/v1/reports", json=report())
    body, key = report(), str(uuid.uuid4())
    resident.send("POST", "/v1/reports", json=body, key=key, expect=429)
    limits(reports=(50, 100))

    assert resident.send("POST", "/v1/reports", json=body, key=key, expect=201).json["id"] == body["id"]


def test_many_phones_behind_one_address_are_counted_together(a_resident: Callable[..., Resident], limits):
    limits(reports=(50, 3))
    for _ in range(3):
        a_resident().post("/v1/reports", json=report())

    refused = a_resident().send("POST", "/v1/reports", json=report(), key="x", expect=429)

    assert re.search(r'"address";r=0;', refused.headers["ratelimit"])


def test_what_a_proxy_that_nobody_trusts_says_of_addresses_is_not_believed(a_resident, limits):
    limits(reports=(50, 1))
    a_resident().post("/v1/reports", json=report(), headers={"X-Forwarded-For": "203.0.113.1"})

    a_resident().post("/v1/reports", json=report(), headers={"X-Forwarded-For": "203.0.113.2"}, expect=429)


def test_comments_are_limited_and_a_stored_one_answers_its_retry(resident: Resident, a_report, limits):
    limits(comments=(1, 100))
    path = f"/v1/reports/{a_report().id}/comments"
    first = resident.send("POST", path, json={"text": "It grows."}, key="one")
    refused = resident.send("POST", path, json={"text": "And grows."}, key="two", expect=429)

    again = resident.send("POST", path, json={"text": "It grows."}, key="one", expect=201)

    assert first.headers["ratelimit"].startswith('"device";r=0;')
    assert refused.problem == "rate-limited"
    assert again.body == first.body


def test_registrations_are_counted_by_address_and_repeating_one_is_free(a_resident, limits):
    limits(registrations=(0, 2))
    first = a_resident()
    assert first.last is not None
    assert first.last.headers["ratelimit"].startswith('"address";r=1;')
    a_resident()

    first.put(f"/v1/devices/{first.device_id}", json={"secret": first.token}, expect=200)
    first.put(f"/v1/devices/{uuid.uuid4()}", json={"secret": "s" * 43}, expect=429)


def test_staff_and_importers_are_not_held_back(
    crew: Caller, dispatcher: Caller, resident: Resident, a_report, importer_key: str, database: Database, limits
):
    limits(reports=(1, 1), comments=(1, 1))
    path = f"/v1/reports/{a_report().id}/comments"

    for _ in range(3):
        crew.post("/v1/reports", json=report())
        dispatcher.post(path, json={"text": "Seen."})
        resident.post("/v1/reports", json=report(), headers={"Importer-Key": importer_key})
        resident.post(path, json={"text": "Old."}, headers={"Importer-Key": importer_key})

    assert database.value("SELECT count(*) FROM report") == 1 + 2 * 3
    assert database.value("SELECT count(*) FROM comment") == 2 * 3


def test_a_key_that_nobody_knows_excuses_nobody(resident: Resident, limits):
    limits(reports=(1, 100))
    resident.post("/v1/reports", json=report())

    resident.post("/v1/reports", json=report(), headers={"Importer-Key": "mwi_made-up"}, expect=429)


def test_no_address_is_kept(resident: Resident, database: Database, log_lines: list[str]):
    resident.post("/v1/reports", json=report(), headers={"X-Forwarded-For": "198.51.100.77"})

    kept = [bytes(row["subject"]) for row in database.rows("SELECT subject FROM rate_count")]

    assert len(kept) >= 3
    assert not [subject for subject in kept if b"127.0.0.1" in subject or b"198.51" in subject]
    assert not [line for line in log_lines if "127.0.0.1" in line or "198.51" in line]


def test_yesterdays_counts_are_thrown_away(resident: Resident, database: Database, run_jobs, limits):
    from actions.limits import forget_hits
    from core.db import transaction

    database.execute("INSERT INTO rate_count VALUES ('old', extract(epoch FROM now())::int - 200000, 1, 5)")
    resident.post("/v1/reports", json=report())

    with transaction() as session:
        forget_hits(session)

    assert database.value("SELECT count(*) FROM rate_count WHERE subject = 'old'") == 0
    assert database.value("SELECT count(*) FROM rate_count") > 0


def test_all_processes_count_together(live_server: LiveServer, resident: Resident, database: Database):
    there = resident.over(over(live_server.url))
    for _ in range(60):
        there.post("/v1/reports", json=report())

    refused = there.send("POST", "/v1/reports", json=report(), key="x", expect=429)

    assert refused.problem == "rate-limited"
    assert database.value("SELECT count(*) FROM report") == 60


@pytest.fixture
def guarded_server(environment: dict[str, str], database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    """A server behind one proxy, where an address may send ten reports."""
    settings = {"TRUSTED_PROXIES": "1", "RATE_LIMITS": f"reports=50/10/{WINDOW_S}"}
    running = LiveServer({**environment, **settings}, tmp_path).start()
    yield running
    running.kill()


@pytest.mark.slow
def test_behind_a_trusted_proxy_each_address_has_its_own_quota(guarded_server: LiveServer, a_resident):
    def send(resident: Resident, address: str) -> int:
        headers = {
            "Authorization": f"Bearer {resident.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid.uuid4()),
            "X-Forwarded-For": address,
        }
        return over(guarded_server.url)("POST", "/v1/reports", headers, json.dumps(draft()).encode()).status

    phone = a_resident()

    assert [send(phone, "10.9.9.9, 203.0.113.1") for _ in range(11)] == [201] * 10 + [429]
    assert send(phone, "203.0.113.2") == 201
    # The client may write in front of what the proxy adds; only what the proxy saw counts.
    assert send(phone, "203.0.113.2, 203.0.113.1") == 429
    assert [send(phone, f"2001:db8:1:2::{number}") for number in range(1, 12)] == [201] * 10 + [429]
    assert send(phone, "2001:db8:1:3::1") == 201


@pytest.mark.slow
def test_a_flood_at_one_moment_gets_no_further_than_one_report_a_connection(guarded_server: LiveServer, a_resident):
    phones = [a_resident().over(over(guarded_server.url)) for _ in range(60)]
    with ThreadPoolExecutor(30) as pool:
        statuses = list(pool.map(lambda phone: _status(phone), phones))

    connections = guarded_server.workers * guarded_server.threads
    assert set(statuses) == {201, 429}
    assert 10 <= statuses.count(201) <= 10 + connections


def _status(phone: Resident) -> int:
    try:
        return phone.send("POST", "/v1/reports", json=draft(), key=str(uuid.uuid4()), expect=201).status
    except AssertionError:
        assert phone.last is not None
        return phone.last.status


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("reports=5/50/60", RateLimit(5, 50, 60)),
        ("comments=1/1/1 reports=7/8/9", RateLimit(7, 8, 9)),
        ("", RateLimit(60, 600, 3600)),
    ],
)
def test_the_town_sets_its_limits(environment: dict[str, str], value: str, wanted: RateLimit):
    assert read_config({**environment, "RATE_LIMITS": value}).rate_limits["reports"] == wanted


@pytest.mark.parametrize(
    "value", ["reports", "reports=1/2", "reports=1/2/0", "reports=1/2/90000", "photos=1/2/3", "off on"]
)
def test_a_limit_that_cannot_be_read_stops_the_start(environment: dict[str, str], value: str):
    from core.config import BadConfiguration

    with pytest.raises(BadConfiguration, match="RATE_LIMITS: "):
        read_config({**environment, "RATE_LIMITS": value})


def test_nought_is_no_limit(resident: Resident, limits):
    limits(reports=(0, 0), comments=(0, 5))

    receipt = resident.send("POST", "/v1/reports", json=report(), key="a")
    comment = resident.send("POST", f"/v1/reports/{receipt.json['id']}/comments", json={"text": "So."}, key="b")

    assert "ratelimit-policy" not in receipt.headers
    assert comment.headers["ratelimit-policy"] == '"address";q=5;w=86400'


def test_limits_can_be_off(environment: dict[str, str]):
    assert read_config({**environment, "RATE_LIMITS": "off"}).rate_limits is None
