"""Residents go through long lists page by page, while the city goes on."""

import time
from urllib.parse import quote

import pytest

from api.town import forget_town
from tests.support.lists import every_page, ids
from tests.support.reports import draft
from tests.support.town import WARD_1, WARD_2, WARD_3, WARD_4


@pytest.fixture
def some_reports(a_report):
    """Four potholes, one in each ward, oldest first."""
    return [a_report(at=place) for place in (WARD_1, WARD_2, WARD_3, WARD_4)]


# --- pages ---


@pytest.mark.parametrize(
    "path", ["/v1/reports", "/v1/reports?near=-69.98,42.02&radius_m=5000", "/v1/reports?mine=true"]
)
def test_pages_show_everything_once(resident, a_report, path):
    sent = {a_report(location={"lon": -69.98 + n * 0.0001, "lat": 42.021}).id for n in range(7)}

    found = [item["id"] for item in every_page(resident, path)]

    assert len(found) == 7
    assert set(found) == sent


def test_pages_stay_in_place_while_new_reports_arrive(client, a_report):
    sent = [a_report().id for _ in range(7)]

    found = [item["id"] for item in every_page(client, "/v1/reports", between=a_report)]

    assert found == list(reversed(sent))


def test_pages_by_distance_stay_in_place_while_new_reports_arrive(client, a_report):
    sent = [a_report(location={"lon": -69.98, "lat": 42.021 + n * 0.0002}).id for n in range(7)]

    def one_more_nearby():
        a_report(location={"lon": -69.98, "lat": 42.0209})

    found = [item["id"] for item in every_page(client, "/v1/reports?near=-69.98,42.0205", between=one_more_nearby)]

    assert [report for report in found if report in sent] == sent
    assert len(found) == len(set(found))


def test_reports_of_the_same_moment_and_place_are_each_shown_once(client, resident, importer_key):
    sent = set()
    for _ in range(7):
        body = draft(received_at="2026-01-01T00:00:00Z")
        sent.add(resident.post("/v1/reports", json=body, headers={"Importer-Key": importer_key})["id"])

    for path in ("/v1/reports", "/v1/reports?near=-69.985,42.025"):
        found = [item["id"] for item in every_page(client, path)]
        assert len(found) == 7
        assert set(found) == sent


def test_the_last_page_says_so(client, some_reports):
    page = client.get("/v1/reports?limit=4")

    assert len(page["items"]) == 4
    assert page["next"] is None


def test_a_limit_may_change_from_page_to_page(client, some_reports):
    first = client.get("/v1/reports?limit=1")

    rest = client.get(f"/v1/reports?limit=100&cursor={first['next']}")

    assert ids(first) + ids(rest) == [report.id for report in reversed(some_reports)]


# --- cursors from elsewhere ---


def test_a_cursor_is_only_good_for_the_same_question(client, resident, some_reports):
    cursor = client.get("/v1/reports?limit=1&area=districts:east")["next"]

    for other in ("", "&area=districts:west", "&area=districts:east&status=received", "&near=-69.98,42.02"):
        client.get(f"/v1/reports?limit=1{other}&cursor={cursor}", expect=400)
        assert client.last.problem == "bad-cursor"
    resident.get(f"/v1/reports?limit=1&mine=true&cursor={cursor}", expect=400)
    client.get(f"{some_reports[0].path}/timeline?cursor={cursor}", expect=400)


def test_a_cursor_of_the_crews_list_is_none_of_the_public_one(crew, some_reports):
    cursor = crew.get("/v1/work?limit=1")["next"]

    crew.get(f"/v1/reports?limit=1&cursor={cursor}", expect=400)

    assert crew.last.problem == "bad-cursor"


def test_a_cursor_that_was_tampered_with_is_refused(client, some_reports):
    cursor = client.get("/v1/reports?limit=1")["next"]

    for place in range(0, len(cursor), 7):
        other = "A" if cursor[place] != "A" else "B"
        client.get(f"/v1/reports?limit=1&cursor={cursor[:place]}{other}{cursor[place + 1 :]}", expect=400)
        assert client.last.problem == "bad-cursor"


@pytest.mark.parametrize("cursor", ["", "x", "0", "%F0%9F%92%A9", "AAAA" * 20, "null", "=", "A" * 2000, "../..", "é"])
def test_a_cursor_that_we_never_wrote_is_refused(client, cursor):
    client.get(f"/v1/reports?cursor={quote(cursor, safe='%')}", expect=400)

    assert client.last.problem == "bad-cursor"


# --- cursors that are too old ---


@pytest.mark.parametrize("path", ["/v1/reports", "/v1/reports?mine=true", "/v1/work"])
def test_a_cursor_from_before_a_restore_has_expired(resident, dispatcher, some_reports, database, path):
    who = dispatcher if path == "/v1/work" else resident
    joined = path + ("&" if "?" in path else "?")
    cursor = who.get(f"{joined}limit=1")["next"]

    database.execute("UPDATE jurisdiction SET epoch = gen_random_uuid()")
    forget_town()  # as the process does by itself after some seconds

    refused = who.send("GET", f"{joined}limit=1&cursor={cursor}", expect=410)
    assert refused.problem == "cursor-expired"
    assert refused.json["retry"] == "never"
    assert len(who.get(path)["items"]) == 4


def test_a_cursor_is_good_for_thirty_days(client, some_reports, monkeypatch):
    cursor = client.get("/v1/reports?limit=1")["next"]
    now = time.time()

    monkeypatch.setattr("domain.queries.time.time", lambda: now + 29 * 86_400)
    client.get(f"/v1/reports?limit=1&cursor={cursor}")
    monkeypatch.setattr("domain.queries.time.time", lambda: now + 31 * 86_400)
    client.get(f"/v1/reports?limit=1&cursor={cursor}", expect=410)


# --- asking again ---


def test_a_phone_that_asks_again_for_its_own_reports_is_told_that_nothing_changed(resident, a_report, dispatcher):
    report = a_report()
    first = resident.send("GET", "/v1/reports?mine=true")
    tag = first.headers["etag"]

    again = resident.send("GET", "/v1/reports?mine=true", headers={"If-None-Match": tag}, expect=304)
    dispatcher.post(f"/v1/triage/{report.id}/move", json={"to": "in_progress"}, if_match=1)
    changed = resident.send("GET", "/v1/reports?mine=true", headers={"If-None-Match": tag}, expect=200)

    assert again.body == b""
    assert again.headers["etag"] == tag
    assert "Authorization" in first.headers["vary"]
    assert first.headers["cache-control"].startswith("private")
    assert changed.json["items"][0]["status"]["code"] == "in_progress"
    assert changed.headers["etag"] != tag


def test_nothing_changed_on_a_page_that_has_a_next_one_either(resident, a_report, monkeypatch):
    a_report()
    a_report()
    first = resident.send("GET", "/v1/reports?mine=true&limit=1")
    now = time.time()

    assert first.json["next"] is not None
    monkeypatch.setattr("domain.queries.time.time", lambda: now - now % 86_400 + 86_399)  # late in the evening
    tag = first.headers["etag"]
    resident.send("GET", "/v1/reports?mine=true&limit=1", headers={"If-None-Match": tag}, expect=304)


def test_what_one_phone_has_is_not_what_another_is_told(resident, other_resident, a_report):
    a_report()
    tag = resident.send("GET", "/v1/reports?mine=true").headers["etag"]

    other_resident.send("GET", "/v1/reports?mine=true", headers={"If-None-Match": tag}, expect=200)


def test_another_language_is_another_answer(resident, a_report):
    a_report()
    tag = resident.send("GET", "/v1/reports?mine=true", language="en").headers["etag"]

    resident.send("GET", "/v1/reports?mine=true", language="es", headers={"If-None-Match": tag}, expect=200)
