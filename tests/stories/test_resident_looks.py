"""Residents look: one report, lists with filters and what has happened."""

import math
import uuid
from urllib.parse import quote

import pytest

from tests.support.lists import every_page, ids
from tests.support.town import MIDDLE_LAT, MIDDLE_LON, WARD_1, WARD_2, WARD_3, WARD_4


@pytest.fixture
def some_reports(a_report):
    """Four potholes, one in each ward, oldest first."""
    return [a_report(at=place) for place in (WARD_1, WARD_2, WARD_3, WARD_4)]


# --- one report ---


def test_anyone_may_look_at_a_public_report(client, a_report):
    report = a_report(description="Deep.")

    shown = client.get(report.path)

    assert (shown["id"], shown["reference"], shown["description"]) == (report.id, report.reference, "Deep.")
    assert shown["status"] == {"code": "received", "label": "Received", "phase": "open"}
    assert shown["location"] == WARD_1.json
    assert shown["mine"] is False


def test_a_look_speaks_the_callers_language(client, a_report):
    shown = client.get(a_report().path, language="es")

    assert shown["category"]["name"] == "Bache"
    assert shown["status"]["label"] == "Recibido"


def test_a_report_that_is_not_there_is_not_found(client):
    client.get(f"/v1/reports/{uuid.uuid4()}", expect=404)

    assert client.last.problem == "not-found"


@pytest.mark.parametrize("wrong", ["1", "x", "00000000-0000-0000-0000-00000000000g", "%00", "null"])
def test_an_address_that_is_no_uuid_is_not_found(client, wrong):
    client.get(f"/v1/reports/{wrong}", expect=404)


# --- lists and filters ---


def test_the_newest_report_comes_first(client, some_reports):
    assert ids(client.get("/v1/reports")) == [report.id for report in reversed(some_reports)]


def test_an_empty_town_has_an_empty_list(client):
    assert client.get("/v1/reports") == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("question", "wards"),
    [
        pytest.param("area=wards:2", [2], id="one ward"),
        pytest.param("area=districts:west", [1, 3], id="one district"),
        pytest.param("area=wards:9", [], id="a ward that is not there"),
        pytest.param("area=parks:mill-park", [], id="a layer that is not stamped"),
        pytest.param(f"bbox=-70,42,{MIDDLE_LON},{MIDDLE_LAT}", [3], id="a box"),
        pytest.param("bbox=-69.985,42.025,-69.985,42.025", [1], id="a box that is a point"),
        pytest.param("bbox=10,10,11,11", [], id="a box elsewhere"),
        pytest.param("bbox=179,42.02,-69.98,43", [1], id="a box across the date line"),
        pytest.param("near=-69.985,42.025&radius_m=100", [1], id="near"),
        pytest.param("department=works", [2, 4], id="a department"),
        pytest.param("category=pothole&area=districts:east", [2, 4], id="two filters"),
        pytest.param("category=streetlight", [], id="another category"),
        pytest.param("status=received", [1, 2, 3, 4], id="a status"),
        pytest.param("status=closed", [], id="another status"),
        pytest.param("phase=open", [1, 2, 3, 4], id="a phase"),
        pytest.param("phase=closed", [], id="another phase"),
    ],
)
def test_filters_leave_what_fits(client, some_reports, question, wards):
    found = ids(client.get(f"/v1/reports?{question}"))

    assert found == [some_reports[ward - 1].id for ward in sorted(wards, reverse=True)]


@pytest.mark.parametrize(("edge", "is_in"), [(-69.985, True), (-69.9850001, False), (-69.9849999, True)])
def test_a_box_ends_where_it_says_to_the_centimetre(client, a_report, edge, is_in):
    a_report(location={"lon": -69.985, "lat": 42.025})

    assert bool(ids(client.get(f"/v1/reports?bbox=-70,42,{edge},43"))) is is_in


def test_filters_follow_a_report_through_its_life(client, crew, a_report):
    report = a_report()
    crew.post(f"/v1/work/{report.id}/start", json={}, if_match=1)

    assert ids(client.get("/v1/reports?status=in_progress&phase=in_progress")) == [report.id]
    assert ids(client.get("/v1/reports?phase=open")) == []


def test_near_gives_the_nearest_first_with_metres_on_the_ground(client, a_report):
    # 0.001 degrees of latitude are 111.1 m here, of longitude 82.8 m.
    close = a_report(location={"lon": -69.985, "lat": 42.026})
    closer = a_report(location={"lon": -69.986, "lat": 42.025})
    here = a_report(location={"lon": -69.985, "lat": 42.025})
    a_report(location={"lon": -69.985, "lat": 42.035})

    items = client.get("/v1/reports?near=-69.985,42.025&radius_m=120")["items"]

    assert [item["id"] for item in items] == [here.id, closer.id, close.id]
    for item, metres in zip(items, (0, 82.8, 111.1), strict=True):
        assert math.isclose(item["distance_m"], metres, abs_tol=0.3)


def test_near_reaches_500_m_unless_told_otherwise(client, a_report):
    inside = a_report(location={"lon": -69.985, "lat": 42.025 + 0.0044})  # 489 m
    a_report(location={"lon": -69.985, "lat": 42.025 + 0.0046})  # 511 m

    assert ids(client.get("/v1/reports?near=-69.985,42.025")) == [inside.id]


def test_mine_are_my_own_in_full(resident, other_resident, a_report):
    own = a_report("neighbour", address="12 Mill Lane")
    a_report(reporter=other_resident)

    items = resident.get("/v1/reports?mine=true")["items"]

    assert [item["id"] for item in items] == [own.id]
    assert (items[0]["mine"], items[0]["address"], items[0]["visibility"]) == (True, "12 Mill Lane", "private")


def test_mine_needs_somebody(client):
    client.get("/v1/reports?mine=true", expect=401)

    assert client.last.problem == "token-missing"


@pytest.mark.parametrize(
    "heard", [str, str.lower, lambda r: r.replace("-", ""), lambda r: f"  {r[:2]} {r[2:5]} {r[5:]} "]
)
def test_a_reference_is_found_however_it_was_heard(client, a_report, heard):
    report = a_report()
    a_report()

    assert ids(client.get(f"/v1/reports?reference={quote(heard(report.reference))}")) == [report.id]


def test_a_reference_that_nobody_has_finds_nothing(client, a_report):
    a_report()

    for heard in ("222-2222", "x", "", "-", "%C3%9C"):
        assert ids(client.get(f"/v1/reports?reference={heard}")) == []


@pytest.mark.parametrize(
    ("question", "fault"),
    [
        ("bbox=1,2,3", ("?bbox", "bad-bbox")),
        ("bbox=a,b,c,d", ("?bbox", "bad-bbox")),
        ("bbox=1,50,2,40", ("?bbox", "bad-bbox")),
        ("bbox=nan,nan,nan,nan", ("?bbox", "bad-bbox")),
        ("bbox=-inf,-inf,inf,inf", ("?bbox", "bad-bbox")),
        ("bbox=1,2,3,91", ("?bbox", "bad-bbox")),
        ("near=1", ("?near", "not-a-number")),
        ("near=north,south", ("?near", "not-a-number")),
        ("near=nan,1", ("?near", "not-a-number")),
        ("near=181,0", ("?near", "not-a-number")),
        ("near=0,0&radius_m=0", ("?radius_m", "too-small")),
        ("near=0,0&radius_m=50001", ("?radius_m", "too-large")),
        ("near=0,0&radius_m=nan", ("?radius_m", "not-a-number")),
        ("near=0,0&radius_m=wide", ("?radius_m", "not-a-number")),
        ("limit=0", ("?limit", "too-small")),
        ("limit=101", ("?limit", "too-large")),
        ("limit=many", ("?limit", "wrong-type")),
        ("limit=1e1", ("?limit", "wrong-type")),
        ("limit=99999999999999999999999", ("?limit", "too-large")),
        ("status=lost", ("?status", "not-offered")),
        ("phase=half", ("?phase", "not-offered")),
        ("mine=maybe", ("?mine", "wrong-type")),
        ("colour=red", ("?colour", "unknown-field")),
        ("category=a%00b", ("?category", "control-character")),
        ("area=wards%3A1%0A", ("?area", "control-character")),
        ("reference=" + "A" * 21, ("?reference", "too-long")),
    ],
)
def test_a_filter_that_makes_no_sense_is_pointed_at(resident, question, fault):
    resident.get(f"/v1/reports?{question}", expect=422)

    assert resident.last.faults == [fault]


# --- what happened ---


def test_a_timeline_tells_what_happened_in_order(client, resident, crew, a_report):
    report = a_report()
    resident.post(f"{report.path}/comments", json={"text": "Still there."})
    crew.post(f"/v1/work/{report.id}/start", json={}, if_match=1)
    crew.post(f"/v1/work/{report.id}/resolve", json={"note": "Filled."}, if_match=2)

    items = client.get(f"{report.path}/timeline")["items"]

    assert [line["seq"] for line in items] == sorted({line["seq"] for line in items})
    assert items[0]["seq"] == 1
    assert (items[0]["kind"], items[0]["from_status"], items[0]["to_status"]["code"]) == ("received", None, "received")
    assert (items[1]["kind"], items[1]["comment"], items[1]["by"]) == ("comment", "Still there.", "resident")
    assert (items[-1]["to_status"]["code"], items[-1]["note"], items[-1]["by"]) == ("resolved", "Filled.", "crew")


def test_a_timeline_speaks_the_callers_language(client, a_report):
    line = client.get(f"{a_report().path}/timeline", language="es")["items"][0]

    assert line["to_status"]["label"] == "Recibido"


def test_a_timeline_comes_in_pages(client, resident, a_report):
    report = a_report()
    for n in range(4):
        resident.post(f"{report.path}/comments", json={"text": f"n{n}"})

    lines = every_page(client, f"{report.path}/timeline")

    assert [line["seq"] for line in lines] == [1, 2, 3, 4, 5]
    assert [line["comment"] for line in lines] == [None, "n0", "n1", "n2", "n3"]


def test_a_timelines_cursor_is_for_that_report(client, resident, a_report):
    one, two = a_report(), a_report()
    resident.post(f"{one.path}/comments", json={"text": "x"})
    cursor = client.get(f"{one.path}/timeline?limit=1")["next"]

    client.get(f"{two.path}/timeline?cursor={cursor}", expect=400)

    assert client.last.problem == "bad-cursor"


@pytest.mark.parametrize("accept", ["", "x;q=abc", "*", "en;q=0", ",,,;;;", "es" * 5000, "\x01"])
def test_an_odd_accept_language_is_no_reason_to_fail(client, accept):
    client.get("/v1/categories", language=accept)
