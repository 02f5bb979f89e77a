"""Residents go through long lists page by page, while the city goes on."""

from urllib.parse import quote

import pytest

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
