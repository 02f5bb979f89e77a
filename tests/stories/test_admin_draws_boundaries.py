"""An admin brings new boundaries over HTTP: what `mendway import-areas` says, this says too."""

import json
import uuid
from typing import Any

import pytest

from tests.support.admin import change, read, remove, seen
from tests.support.callers import Caller
from tests.support.database import Database
from tests.support.reports import send_report
from tests.support.shapes import feature, square
from tests.support.town import WARD_1, WARD_2

GEOJSON = "application/geo+json"


def collection(*features: dict[str, Any]) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": list(features)}).encode()


ZONES = collection(
    feature(square(-70.0, 42.0, 0.02), code="a", name="Zone A"),
    feature(square(-69.98, 42.0, 0.02), code="b", name="Zone B"),
)


def put_areas(admin: Caller, layer: str, data: bytes, query: str = "", **how: Any) -> Any:
    """As a new layer unless `if_match` says otherwise."""
    how = {"key": None if "if_match" in how else str(uuid.uuid4()), "content_type": GEOJSON, **how}
    return admin.put(f"/v1/admin/layers/{layer}/areas{query}", data=data, **how)


def test_a_new_layer_begins_with_its_areas(admin: Caller, resident: Caller):
    answer = put_areas(admin, "zones", ZONES, "?edition=2026&stamp=true", expect=201)

    assert (answer["area_count"], answer["code_field"], answer["name_field"]) == (2, "code", "name")
    assert answer["item"]["stamp"] is True
    assert answer["differences"] == [{"sign": "+", "place": "layers.zones", "text": "edition 2026"}]
    assert answer["fit"]["gap_m2"] > 0
    change(admin, "layers/zones", name={"en": "Zones", "es": "Zonas"})
    layer = admin.get("/v1/admin/layers/zones")
    assert (layer["name"]["es"], layer["stamp"], layer["edition"]) == ("Zonas", True, "2026")
    receipt = send_report(resident, "pothole", (WARD_1)).receipt
    assert "zones" not in receipt["areas"]  # ward 1 lies north of both


def test_the_areas_of_a_layer_can_be_read_and_sent_back(admin: Caller, database: Database):
    admin.get("/v1/admin/layers/wards/areas")
    assert admin.last.content_type == GEOJSON
    drawn, etag = admin.last.body, admin.last.headers["etag"]
    before = database.counts()

    answer = put_areas(admin, "wards", drawn, "?edition=2026", if_match=etag, expect=200)

    assert answer["differences"] == []
    assert json.loads(drawn)["features"][0]["properties"]["name"] == "Ward 1"
    assert database.counts() == before
    assert etag == seen(admin, "layers/wards")


def test_other_areas_are_another_edition_and_the_old_one_is_kept(admin: Caller, database: Database):
    drawing = json.loads(
        admin.ask("GET", "/v1/admin/layers/wards/areas", {"Authorization": f"Bearer {admin.token}"}, None).body
    )
    drawing["features"][0]["properties"]["name"] = "Old Town"
    data, etag = json.dumps(drawing).encode(), seen(admin, "layers/wards")

    put_areas(admin, "wards", data, "?edition=2026", if_match=etag, expect=422)
    assert admin.last.faults == [("?edition", "taken-edition")]
    tried = put_areas(admin, "wards", data, "?edition=2027&dry_run=true", if_match=etag, expect=200)
    done = put_areas(admin, "wards", data, "?edition=2027", if_match=etag, expect=200)
    again = put_areas(admin, "wards", data, "?edition=2027", if_match=etag, expect=200)

    assert tried["differences"] == done["differences"]
    assert {"sign": "~", "place": "area 1", "text": "Ward 1 → Old Town"} in done["differences"]
    assert again["differences"] == []  # a retry whose answer was lost
    assert tried["item"]["edition"] == done["item"]["edition"] == "2027"
    assert (
        database.value("SELECT count(*) FROM layer_edition e JOIN layer l ON l.id = layer_id WHERE l.code = 'wards'")
        == 2
    )
    put_areas(admin, "wards", ZONES, "?edition=2028", if_match=etag, expect=412)


def test_areas_that_a_rule_needs_are_not_lost(admin: Caller, database: Database):
    before = database.counts()
    east = collection(feature(square(-69.98, 42.0, 0.02), code="east", name="East"))

    put_areas(admin, "districts", east, "?edition=x", if_match=seen(admin, "layers/districts"), expect=422)

    assert admin.last.faults == [("#/rules/streets-west", "loses-its-area")]
    assert admin.last.json["errors"][0]["message"] == ("is about districts:west, which is not among these areas.")
    assert database.counts() == before


@pytest.mark.parametrize(
    ("data", "status", "fault"),
    [
        pytest.param(b"", 400, None, id="nothing"),
        pytest.param(b"PK\x03\x04", 400, None, id="a zip"),
        pytest.param(b"{", 422, "unusable-file", id="half a file"),
        pytest.param(b'{"type": "Topology"}', 422, "unusable-file", id="another format"),
        pytest.param(collection(), 422, "unusable-file", id="no features"),
        pytest.param(collection(feature(None, code="1")), 422, "unusable-file", id="no shape"),
        pytest.param(collection(feature(square(10, 10, 0.1), code="1")), 422, "unusable-file", id="elsewhere"),
        pytest.param(collection(feature(square(42.0, -70.0, 0.02), code="1")), 422, "unusable-file", id="swapped"),
        pytest.param(
            collection(feature(square(900_000, 40_000, 9_000), code="1")), 422, "unusable-file", id="not degrees"
        ),
        pytest.param(
            collection(feature(square(-70, 42.0, 0.02), code="1"), feature(square(-70, 42.02, 0.02), code="1")),
            422,
            "unusable-file",
            id="the same code twice",
        ),
    ],
)
def test_a_drawing_that_cannot_be_used_changes_nothing(
    admin: Caller, database: Database, data: bytes, status: int, fault: str | None
):
    before = database.counts()

    problem = put_areas(admin, "zones", data, "?code_field=code", expect=status)

    assert [code for _, code in admin.last.faults] == ([fault] if fault else [])
    if fault:
        assert "zones.geojson" in problem["errors"][0]["message"]
        assert "/tmp" not in json.dumps(problem)
    assert database.counts() == before


def test_a_drawing_may_be_larger_than_a_report(admin: Caller):
    padding = {"about": "x" * 400_000}
    drawing = {**json.loads(ZONES), **padding}

    put_areas(admin, "zones", json.dumps(drawing).encode(), expect=201)
    put_areas(admin, "zoning", json.dumps(drawing).encode(), content_type="text/plain", expect=415)
    admin.put("/v1/admin/departments/x", json={"name": padding}, key="x", expect=413)


def test_a_layer_is_removed_when_nothing_names_it(admin: Caller):
    put_areas(admin, "zones", ZONES, expect=201)

    remove(admin, "layers/zones")

    admin.get("/v1/admin/layers/zones/areas", expect=404)
    assert "zones" not in [item["code"] for item in admin.get("/v1/admin/layers")["items"]]


# --- the outline ---


def test_the_outline_can_be_read_and_sent_back(admin: Caller, database: Database):
    admin.get("/v1/admin/town/outline")
    drawn, etag = admin.last.body, admin.last.headers["etag"]
    before = database.counts()

    answer = admin.put("/v1/admin/town/outline", data=drawn, content_type=GEOJSON, if_match=etag, expect=200)

    assert answer["differences"] == []
    assert answer["item"]["version"] == etag.strip('"')
    assert database.counts() == before


def test_an_outline_that_leaves_reports_outside_is_refused_unless_it_is_meant(admin: Caller, resident: Caller):
    report = send_report(resident, "pothole", WARD_2)
    admin.get("/v1/admin/town/outline")
    etag = admin.last.headers["etag"]
    west = collection(feature(square(-70.0, 42.0, 0.02)), feature(square(-70.0, 42.02, 0.02)))
    how = {"data": west, "content_type": GEOJSON, "if_match": etag}

    problem = admin.put("/v1/admin/town/outline", **how, expect=422)
    assert admin.last.faults == [("", "leaves-reports-outside")]
    assert problem["errors"][0]["params"] == {"count": 1}
    assert "allow_outside" in problem["errors"][0]["message"]
    admin.put("/v1/admin/town/outline?allow_outside=true&dry_run=true", **how, expect=200)
    assert resident.get(f"/v1/routing?lon={WARD_2.lon}&lat={WARD_2.lat}&category=pothole", expect=200)

    answer = admin.put("/v1/admin/town/outline?allow_outside=true", **how, expect=200)

    assert answer["differences"][0]["place"] == "town.outline"
    resident.get(f"/v1/routing?lon={WARD_2.lon}&lat={WARD_2.lat}&category=pothole", expect=422)
    assert report.now["status"]["code"] == "received"
    admin.put("/v1/admin/town/outline", data=ZONES, content_type=GEOJSON, if_match=etag, expect=412)


def test_the_town_has_no_outline_among_its_own_members(admin: Caller):
    admin.put(
        "/v1/admin/town", json={**read(admin, "town"), "outline": "x.geojson"}, if_match=seen(admin, "town"), expect=422
    )

    assert admin.last.faults == [("/outline", "unknown-field")]
