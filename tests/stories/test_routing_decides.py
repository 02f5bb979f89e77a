"""Where a report goes is decided by its place and its category, the same way every time, and explained."""

import pytest

from tests.support.reports import draft
from tests.support.town import (
    EAST,
    MIDDLE_LAT,
    MIDDLE_LON,
    MILL_PARK,
    NORTH,
    ROUTE_9,
    SHARED_CORNER,
    WARD_1,
    WARD_2,
    WARD_3,
    WARD_4,
    WEST,
    Place,
)


def explain(caller, place, category, **how):
    return caller.get(f"/v1/routing?lon={place.lon!r}&lat={place.lat!r}&category={category}", **how)


# --- one place after the other ---


@pytest.mark.parametrize(
    ("category", "place", "department", "rule"),
    [
        pytest.param("pothole", WARD_1, "roads", "streets-west", id="a side street in the west"),
        pytest.param("pothole", WARD_2, "works", "streets-east", id="a side street in the east"),
        pytest.param("streetlight", ROUTE_9, "roads", "streets-west", id="a lamp on the highway is still the city's"),
        pytest.param("fallen-tree", MILL_PARK, "parks", "trees-in-parks", id="a tree in a park"),
        pytest.param("fallen-tree", WARD_1, "roads", "trees", id="a tree elsewhere"),
        pytest.param("park-litter", MILL_PARK, "parks", "litter", id="litter in a park"),
        pytest.param("needles", WARD_4, "health", "needles", id="the whole town has one rule"),
        pytest.param("other", WARD_3, None, None, id="no rule covers it"),
    ],
)
def test_place_and_category_decide(client, resident, category, place, department, rule):
    asked = explain(client, place, category)
    receipt = resident.post("/v1/reports", json=draft(category, at=place), expect=201)

    assert (asked["department"] or {}).get("code") == department
    assert asked["why"]["rule"] == rule
    for told in ("department", "why", "areas"):
        assert asked[told] == receipt[told]


def test_a_place_that_somebody_else_looks_after_is_named_and_refused(client, resident, database):
    asked = explain(client, ROUTE_9, "pothole")
    before = database.counts()

    resident.post("/v1/reports", json=draft("pothole", at=ROUTE_9), expect=422)

    body = {
        "code": "state-highways",
        "name": "State Highways",
        "url": "https://highways.example",
        "phone": "555-0199",
    }
    assert (asked["department"], asked["external_body"]) == (None, body)
    assert asked["why"]["rule"] == "potholes-on-route-9"
    assert resident.last.problem == "not-ours"
    assert resident.last.json["external_body"] == body
    assert "State Highways" in resident.last.json["detail"]
    assert "555-0199" in resident.last.json["detail"]
    assert database.counts() == before


def test_who_looks_after_it_is_said_in_the_callers_language(resident):
    resident.post("/v1/reports", json=draft("pothole", at=ROUTE_9), language="es", expect=422)

    assert resident.last.json["external_body"]["name"] == "Carreteras del Estado"
    assert "Carreteras del Estado" in resident.last.json["detail"]
    assert "Villacuadrada" in resident.last.json["detail"]


def test_asking_creates_nothing(client, database):
    before = database.counts()

    explain(client, WARD_1, "pothole")
    explain(client, ROUTE_9, "pothole")

    assert database.counts() == before


def test_asking_explains_in_the_callers_language(client):
    asked = explain(client, WARD_1, "pothole", language="es")

    assert asked["department"]["name"] == "Vías"
    assert asked["why"]["text"] == "Está en West District, y eso decide quién se ocupa."


@pytest.mark.parametrize(
    ("question", "fault"),
    [
        ("lon=-69.985&lat=42.025", ("?category", "required")),
        ("lat=42.025&category=pothole", ("?lon", "required")),
        ("lon=-69.985&lat=42.025&category=dragons", ("?category", "unknown-category")),
        ("lon=west&lat=42.025&category=pothole", ("?lon", "not-a-number")),
        ("lon=nan&lat=42.025&category=pothole", ("?lon", "not-a-number")),
        ("lon=-190&lat=42.025&category=pothole", ("?lon", "too-small")),
        ("lon=42.025&lat=-69.985&category=pothole", ("/location/lon", "swapped")),
    ],
)
def test_a_question_that_makes_no_sense_is_pointed_at(client, question, fault):
    client.get(f"/v1/routing?{question}", expect=422)

    assert client.last.faults == [fault] or client.last.faults == [(fault[0].replace("/location/", "?"), fault[1])]


# --- no tie is left to chance ---


@pytest.mark.parametrize(
    ("place", "district", "ward"),
    [
        pytest.param(SHARED_CORNER, "east", "1", id="the corner of all four wards"),
        pytest.param(Place(MIDDLE_LON, 42.03), "east", "1", id="the edge between the northern wards"),
        pytest.param(Place(MIDDLE_LON, 42.01), "east", "3", id="the edge between the southern wards"),
        pytest.param(Place(WEST, MIDDLE_LAT), "west", "1", id="where an inner edge meets the town's"),
        pytest.param(Place(EAST, NORTH), "east", "2", id="the town's own corner"),
        pytest.param(Place(-69.995, 42.03), "west", "1", id="the corner of a park"),
    ],
)
def test_on_a_shared_edge_the_area_with_the_lowest_code_counts(client, resident, place, district, ward):
    found = {
        (areas["districts"]["code"], areas["wards"]["code"])
        for _ in range(3)
        for areas in (
            resident.post("/v1/reports", json=draft("needles", at=place))["areas"],
            explain(client, place, "needles")["areas"],
        )
    }

    assert found == {(district, ward)}


def test_an_edge_is_decided_the_same_however_the_areas_were_read_in(client, database):
    place = Place(MIDDLE_LON, 42.03)
    first = explain(client, place, "pothole")
    # The same areas written the other way round in the table.
    database.execute("UPDATE area SET geom = ST_Multi(ST_Reverse(geom)) WHERE code = 'east'")
    database.execute("UPDATE area SET name = name WHERE code = 'west'")

    assert explain(client, place, "pothole") == first


@pytest.fixture
def add_rule(database):
    """add_rule("code", department="parks", category=…, group=…, layer=…, area=…, priority=…)."""

    def add(code, department, category=None, group=None, layer=None, area=None, priority=0):
        database.execute(
            "INSERT INTO rule (jurisdiction_id, code, priority, category_id, group_id, layer_id, area_code, department_id)"
            " SELECT j.id, %s, %s, (SELECT id FROM category WHERE code = %s), (SELECT id FROM category_group WHERE code = %s),"
            " (SELECT id FROM layer WHERE code = %s), %s, (SELECT id FROM department WHERE code = %s) FROM jurisdiction j",
            code,
            priority,
            category,
            group,
            layer,
            area,
            department,
        )

    return add


@pytest.mark.parametrize(
    ("stronger", "weaker"),
    [
        pytest.param({"priority": 1}, {"category": "pothole", "layer": "wards", "area": "1"}, id="priority first"),
        pytest.param({"category": "pothole"}, {"group": "streets", "layer": "wards"}, id="a category before its group"),
        pytest.param({"group": "streets"}, {"layer": "wards", "area": "1"}, id="a group before everything"),
        pytest.param({"layer": "wards"}, {}, id="an area before the whole town"),
        pytest.param({"layer": "wards", "area": "1"}, {"layer": "wards"}, id="one area before any of its layer"),
        pytest.param({"layer": "wards"}, {"layer": "districts"}, id="a smaller area before a larger one"),
        pytest.param({"code": "a-rule"}, {"code": "b-rule"}, id="then the lower code"),
        pytest.param({"code": "B-rule"}, {"code": "a-rule"}, id="capitals come first, in any locale"),
    ],
)
def test_the_most_specific_rule_wins(client, database, add_rule, stronger, weaker):
    database.execute("DELETE FROM rule")
    for order in (1, -1):
        database.execute("DELETE FROM rule")
        both = [
            {"code": "z-stronger", "department": "parks"} | stronger,
            {"code": "a-weaker", "department": "health"} | weaker,
        ]
        for rule in both[::order]:
            add_rule(**rule)

        assert explain(client, WARD_1, "pothole")["department"]["code"] == "parks"


def test_a_rule_for_an_area_that_is_not_here_does_not_count(client, database, add_rule):
    database.execute("DELETE FROM rule")
    add_rule("elsewhere", "parks", layer="wards", area="4", priority=9)
    add_rule("everywhere", "health")

    assert explain(client, WARD_1, "pothole")["department"]["code"] == "health"


# --- what decided stays with the report ---


def test_what_decided_stays_when_the_rules_change(client, database, a_report):
    report = a_report()
    before = report.now
    database.execute("UPDATE rule SET code = 'new-' || code, priority = priority + 1")

    assert report.now["why"] == before["why"]
    assert explain(client, WARD_1, "pothole")["why"]["rule"] == "new-streets-west"


def test_the_areas_hit_stay_when_the_map_is_drawn_anew(client, database, a_report):
    report = a_report()
    before = report.now["areas"]
    database.execute(
        "WITH fresh AS (INSERT INTO layer_edition (jurisdiction_id, layer_id, edition, content_hash)"
        " SELECT jurisdiction_id, id, '2027', 'x' FROM layer WHERE code = 'wards' RETURNING id, layer_id, jurisdiction_id)"
        " INSERT INTO area (jurisdiction_id, layer_id, edition_id, code, name, size_m2, geom)"
        " SELECT f.jurisdiction_id, f.layer_id, f.id, 'W', 'The Ward', 1, j.outline FROM fresh f, jurisdiction j"
    )
    database.execute(
        "UPDATE area SET is_current = false WHERE edition_id IN (SELECT id FROM layer_edition WHERE edition = '2026')"
    )

    assert report.now["areas"] == before
    assert [item["id"] for item in client.get("/v1/reports?area=wards:1")["items"]] == [report.id]
    hit = explain(client, WARD_1, "pothole")["areas"]["wards"]
    assert (hit["code"], hit["edition"]) == ("W", "2027")
