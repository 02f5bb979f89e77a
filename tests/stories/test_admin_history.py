"""Who changed what of the town, and when: every way in writes it down, and no secret with it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.admin import change, make, remove, seen
from tests.support.bare import BareTown
from tests.support.callers import Caller
from tests.support.database import Database
from tests.support.lists import every_page
from tests.support.shapes import feature, geojson, square

NAME = {"en": "A thing", "es": "Una cosa"}
_LINES = "SELECT origin, section, code, before, after, person_id FROM catalogue_change ORDER BY id"


def history(admin: Caller, query: str = "") -> list[dict[str, Any]]:
    return admin.get(f"/v1/admin/history?limit=100{query}", expect=200)["items"]


def test_an_admin_is_named_with_what_was_and_what_is(admin: Caller):
    make(admin, "departments/new", {"name": NAME})
    change(admin, "departments/new", phone="555-0100")
    remove(admin, "departments/new")

    lines = history(admin, "&section=departments&code=new")

    assert [(line["origin"], line["by"]) for line in lines] == [("api", "adam")] * 3
    removed, changed, made = lines
    assert (made["before"], made["after"]) == (None, {"name": NAME, "phone": None, "email": None})
    assert (changed["before"]["phone"], changed["after"]["phone"]) == (None, "555-0100")
    assert removed["after"] is None
    assert made["at"].endswith("Z")


def test_what_changes_nothing_and_what_is_refused_leaves_no_line(admin: Caller):
    before = history(admin)

    change(admin, "departments/roads")
    change(admin, "departments/roads", query="?dry_run=true", phone=None)
    make(admin, "rules/x", {"department": "moon"}, expect=422)
    remove(admin, "departments/works", expect=409)

    assert history(admin) == before


def test_an_order_is_a_change_too(admin: Caller):
    order = admin.get("/v1/admin/group-order")
    admin.put("/v1/admin/group-order", json={"codes": order["codes"][::-1]}, if_match=f'"{order["version"]}"')

    line = history(admin, "&section=group-order")[0]

    assert (line["before"]["codes"], line["after"]["codes"]) == (order["codes"], order["codes"][::-1])


def test_apply_writes_a_line_for_each_item_and_none_the_second_time(bare: BareTown, town_folder: Path):
    bare.mendway("apply", town_folder / "town.toml")
    lines = bare.rows(_LINES)

    bare.mendway("apply", town_folder / "town.toml")

    assert bare.rows(_LINES) == lines
    assert {line["origin"] for line in lines} == {"apply"}
    assert {line["person_id"] for line in lines} == {None}
    assert {line["section"] for line in lines} == {
        "town", "layers", "departments", "external_bodies", "crews", "groups", "categories", "rules", "staff", "notices",
    }  # fmt: skip
    assert len([line for line in lines if line["section"] == "rules"]) == 9
    assert all(line["before"] is None for line in lines)


def test_apply_names_what_it_changed_and_removed(applied: BareTown, edit: Callable[..., Path]):
    before = len(applied.rows(_LINES))
    rule = '[rules.litter]\ncategory = "park-litter"\ndepartment = "parks"\n'

    applied.mendway("apply", edit('phone = "555-0101"', 'phone = "555-0111"', rule, ""))

    lines = applied.rows(_LINES)[before:]
    assert [(line["section"], line["code"], line["after"] is None) for line in lines] == [
        ("departments", "roads", False),
        ("rules", "litter", True),
    ]
    assert (lines[0]["before"]["phone"], lines[0]["after"]["phone"]) == ("555-0101", "555-0111")


def test_boundaries_are_told_of_without_their_shapes(applied: BareTown, town_folder: Path):
    before = len(applied.rows(_LINES))
    path = geojson(town_folder / "zones.geojson", feature(square(-70.0, 42.0, 0.05), code="z", name="Z"))

    applied.mendway("import-areas", "zones", path, "--edition", "1", "--outline")
    applied.mendway("import-areas", "zones", path, "--edition", "1")

    lines = applied.rows(_LINES)[before:]
    assert [(line["origin"], line["section"], line["code"]) for line in lines] == [
        ("import-areas", "layers", "zones"),
        ("import-areas", "town", "outline"),
    ]
    assert lines[0]["after"]["edition"] == "1"
    assert len(lines[1]["after"]["outline"]) == 64
    assert "coordinates" not in json.dumps(lines, default=str)


def test_secrets_are_never_written_down(admin: Caller, database: Database):
    key = admin.post("/v1/admin/keys", json={"label": "the old system", "scopes": ["import"]}, expect=201)
    token = admin.post("/v1/admin/staff/ana/tokens", json={"label": "tablet"}, expect=201)
    admin.post(f"/v1/admin/keys/{key['id']}/rotate", json={}, expect=200)
    admin.post(f"/v1/admin/keys/{key['id']}/revoke", expect=200)
    admin.post(f"/v1/admin/staff/ana/tokens/{token['id']}/revoke", expect=200)

    lines = [line for line in history(admin) if line["section"] in ("keys", "tokens")]

    assert [(line["section"], line["code"]) for line in lines] == [
        ("tokens", "ana"), ("keys", key["id"]), ("keys", key["id"]), ("tokens", "ana"), ("keys", key["id"]),
    ]  # fmt: skip
    assert lines[2]["before"]["rotated_at"] is None
    assert lines[2]["after"]["rotated_at"] is not None
    everything = json.dumps(database.rows("SELECT * FROM catalogue_change"), default=str)
    assert key["key"] not in everything
    assert token["token"] not in everything


def test_the_command_line_is_named_as_such(applied: BareTown):
    applied.mendway("create-token", "--importer", "old system")
    applied.mendway("create-token", "--staff", "ana")

    lines = applied.rows("SELECT origin, section, code, person_id FROM catalogue_change ORDER BY id DESC LIMIT 2")

    assert [(line["origin"], line["section"], line["person_id"]) for line in lines] == [
        ("command", "tokens", None),
        ("command", "keys", None),
    ]


def test_the_history_is_read_in_pages_that_stay_while_more_is_written(admin: Caller):
    for number in range(7):
        change(admin, "departments/roads", phone=f"555-010{number}")

    pages = every_page(
        admin,
        "/v1/admin/history?section=departments&code=roads",
        limit=3,
        between=lambda: change(admin, "departments/roads", phone=f"555-{len(seen(admin, 'departments/roads'))}"),
    )

    ids = [line["id"] for line in pages]
    assert ids == sorted(set(ids), reverse=True)
    phones = [line["after"]["phone"] for line in pages if line["origin"] == "api"]
    assert phones[:7] == [f"555-010{number}" for number in (6, 5, 4, 3, 2, 1, 0)] or phones[1:7]
    cursor = admin.get("/v1/admin/history?limit=1")["next"]
    admin.get(f"/v1/admin/history?limit=1&section=rules&cursor={cursor}", expect=400)
