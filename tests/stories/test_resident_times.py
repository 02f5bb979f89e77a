"""A phone's clock is evidence, never a gate; only an importer may send the past."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.reports import draft


def ago(age: timedelta) -> str:
    """A moment so long ago, as a phone writes it."""
    return (datetime.now(UTC) - age).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- the phone's clock is evidence, never a gate ---


@pytest.mark.parametrize(
    ("sent", "flag"),
    [
        pytest.param(timedelta(minutes=1), None, id="a minute ago"),
        pytest.param(timedelta(minutes=-4), None, id="four minutes ahead"),
        pytest.param(timedelta(minutes=-6), "ahead", id="six minutes ahead"),
        pytest.param(timedelta(days=29), None, id="29 days ago"),
        pytest.param(timedelta(days=31), "old", id="31 days ago"),
        pytest.param("1970-01-01T00:00:00Z", "old", id="a clock that was never set"),
        pytest.param("2099-12-31T23:59:60+14:00", "ahead", id="far ahead, with a leap second"),
        pytest.param("0001-01-01T00:00:00Z", "old", id="the first moment that can be written"),
        pytest.param("9999-12-31T23:59:59Z", "ahead", id="the last moment that can be written"),
    ],
)
def test_a_phones_clock_is_kept_as_sent_and_flagged(a_report, database, sent, flag):
    sent = ago(sent) if isinstance(sent, timedelta) else sent

    report = a_report(captured_at=sent)

    assert report.receipt["clock_flag"] == flag
    assert report.now["clock_flag"] == flag
    assert database.value("SELECT captured_at_sent FROM report WHERE id = %s", report.id) == sent
    assert report.now["captured_at"].endswith("Z")


def test_a_phones_time_keeps_its_own_spelling_and_zone(a_report, database):
    report = a_report(captured_at="2026-03-01t12:30:00.123456789-04:00")

    assert database.value("SELECT captured_at_sent FROM report") == "2026-03-01t12:30:00.123456789-04:00"
    assert report.now["captured_at"] == "2026-03-01T16:30:00.123Z"


def test_received_at_is_the_servers_clock(a_report):
    before = datetime.now(UTC) - timedelta(seconds=1)

    report = a_report(captured_at="2001-01-01T00:00:00Z")

    assert before <= datetime.fromisoformat(report.receipt["received_at"]) <= datetime.now(UTC) + timedelta(seconds=1)


@pytest.mark.parametrize("sent", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_moment_that_utc_cannot_write_is_no_time(resident, database, sent):
    before = database.counts()

    resident.post("/v1/reports", json=draft(captured_at=sent), expect=422)

    assert resident.last.faults == [("/captured_at", "not-a-time")]
    assert database.counts() == before


# --- the past, by an importer ---


def test_an_importer_may_send_reports_of_the_past(resident, importer_key):
    body = draft(received_at="2015-03-01T12:00:00-05:00", captured_at="2015-03-01T11:59:00-05:00")

    receipt = resident.post("/v1/reports", json=body, headers={"Importer-Key": importer_key}, expect=201)

    assert receipt["received_at"] == "2015-03-01T17:00:00.000Z"
    assert receipt["clock_flag"] is None  # held against the time of receipt, not against today
    assert resident.get(f"/v1/reports/{body['id']}")["source"] == "import"
    assert resident.get(f"/v1/reports/{body['id']}/timeline")["items"][0]["at"] == "2015-03-01T17:00:00.000Z"


@pytest.mark.parametrize("whose", ["nobody", "a resident", "a crew", "garbage"])
def test_others_may_not(resident, crew, database, whose):
    key = {"nobody": None, "a resident": resident.token, "a crew": crew.token, "garbage": "x"}[whose]
    before = database.counts()

    resident.send(
        "POST",
        "/v1/reports",
        key="k",
        json=draft(received_at="2015-03-01T12:00:00Z"),
        headers={"Importer-Key": key} if key else {},
        expect=403 if key else 422,
    )

    assert resident.last.problem == ("key-unknown" if key else "invalid")
    assert database.counts() == before


def test_an_importer_cannot_send_from_the_future(resident, importer_key):
    resident.post(
        "/v1/reports",
        json=draft(received_at=ago(timedelta(minutes=-1))),
        headers={"Importer-Key": importer_key},
        expect=422,
    )

    assert resident.last.faults == [("/received_at", "in-the-future")]
