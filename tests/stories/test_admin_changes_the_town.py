"""An admin changes the town item by item, and it comes out as if `mendway apply` had been given the same."""

from typing import Any

import pytest

from tests.support.admin import change, make, read, remove, seen
from tests.support.callers import Caller
from tests.support.database import Database
from tests.support.reports import draft, send_report
from tests.support.town import WARD_1, WARD_2

NAME = {"en": "A thing", "es": "Una cosa"}

ITEMS = {
    "departments": {"name": NAME, "phone": "555-0100", "email": "thing@squareton.example"},
    "external-bodies": {"name": NAME, "url": "https://thing.example", "phone": None, "open311": None},
    "crews": {"name": "A thing", "department": "roads"},
    "groups": {"name": NAME},
    "categories": {
        "group": "streets",
        "name": NAME,
        "description": None,
        "public": True,
        "blur_m": 0,
        "areas": ["wards:1"],
        "stop": None,
        "questions": [],
    },
    "rules": {
        "priority": 7,
        "category": None,
        "group": "green",
        "layer": None,
        "area": "wards:1",
        "department": "parks",
        "body": None,
    },
    "staff": {
        "name": "A thing",
        "role": "dispatcher",
        "crew": None,
        "department": "roads",
        "departments": ["parks"],
        "areas": ["wards:1"],
    },
    "calendars": {
        "time_zone": "America/New_York",
        "hours": {"mon": ["08:00-12:00", "13:00-17:00"], "fri": ["08:00-12:00"]},
        "holidays": ["2026-12-25"],
    },
    "targets": {
        "category": None,
        "group": "streets",
        "priority": "high",
        "hours": 48,
        "days": None,
        "calendar": None,
        "warn_hours": 4,
        "escalate_hours": 8,
    },
    "notices": {
        "text": NAME,
        "severity": "emergency",
        "link": None,
        "from": "2026-12-01T08:00:00.000Z",
        "until": None,
    },
    "statuses": {"label": NAME, "public": False},
    "reasons": {"for": "on_hold", "name": NAME, "public": True},
    "templates": {"status": "resolved", "category": "pothole", "group": None, "text": NAME},
}
CODES = {"statuses": "on_hold"}  # whose code must be one of a list; all others may be called "thing"
CHANGES: dict[str, dict[str, Any]] = {
    "departments": {"phone": None},
    "external-bodies": {"phone": "555-0155"},
    "crews": {"department": "works"},
    "groups": {"name": {"en": "Other things", "es": "Otras cosas"}},
    "categories": {"blur_m": 100, "areas": []},
    "rules": {"area": None, "layer": "wards"},
    "staff": {"role": "admin", "department": None, "departments": [], "areas": []},
    "calendars": {"time_zone": None, "holidays": ["2026-12-25", "2027-01-01"]},
    "targets": {
        "group": None,
        "category": "pothole",
        "priority": None,
        "hours": None,
        "days": 2,
        "escalate_hours": None,
    },
    "notices": {"severity": "info", "until": "2026-12-02T08:00:00.000Z"},
    "statuses": {"public": True, "label": None},
    "reasons": {"public": False, "for": "dispute"},
    "templates": {"category": None, "group": "green"},
}


@pytest.mark.parametrize("section", ITEMS)
def test_an_item_is_made_changed_and_removed(admin: Caller, section: str):
    path, code = f"/v1/admin/{section}", CODES.get(section, "thing")
    before = admin.get(f"{path}?limit=100")["items"]

    made = make(admin, f"{section}/{code}", ITEMS[section])
    assert {key: value for key, value in made["item"].items() if key in ITEMS[section]} == ITEMS[section]
    assert [line["sign"] for line in made["differences"]] == ["+"]
    assert admin.get(f"{path}/{code}")["version"] == made["item"]["version"]

    changed = change(admin, f"{section}/{code}", **CHANGES[section])
    assert changed["item"]["version"] != made["item"]["version"]
    assert {line["sign"] for line in changed["differences"]} == {"~"}
    assert read(admin, f"{section}/{code}") == {**ITEMS[section], **CHANGES[section]}

    removed = remove(admin, f"{section}/{code}")
    assert [(line["sign"], line["place"].split(".")[-1]) for line in removed["differences"]] == [("-", code)]
    admin.get(f"{path}/{code}", expect=404)
    assert admin.get(f"{path}?limit=100")["items"] == before


@pytest.mark.parametrize("path", ["departments/roads", "crews/roads-north", "categories/streetlight", "rules/trees", "staff/ana",
                                  "notices/storm", "layers/wards", "groups/green", "external-bodies/county", "town"])  # fmt: skip
def test_what_was_read_can_be_sent_back_and_changes_nothing(admin: Caller, path: str, database: Database):
    before = database.counts()

    answer = change(admin, path)

    assert answer["differences"] == []
    assert database.counts() == before


def test_an_answer_says_whether_it_was_only_tried(admin: Caller, database: Database):
    before = database.counts()

    tried = change(admin, "departments/roads", query="?dry_run=true", phone="555-0111")

    assert tried["dry_run"] is True
    assert tried["differences"] == [
        {"sign": "~", "place": "departments.roads.phone", "text": '"555-0101" → "555-0111"'}
    ]
    assert admin.get("/v1/admin/departments/roads")["phone"] == "555-0101"
    assert make(admin, "departments/new?dry_run=true", {"name": NAME}, expect=200, key=None)["item"]["code"] == "new"
    assert remove(admin, "departments/works", expect=409, query="?dry_run=true")
    assert remove(admin, "notices/storm", query="?dry_run=true")["dry_run"] is True
    assert database.counts() == before


def test_a_rule_that_was_made_decides_at_once(admin: Caller, resident: Caller):
    assert send_report(resident, "pothole", WARD_2).receipt["department"]["code"] == "works"

    make(admin, "rules/all-roads", {"priority": 500, "category": "pothole", "department": "roads"})

    receipt = send_report(resident, "pothole", WARD_2).receipt
    assert (receipt["department"]["code"], receipt["why"]["rule"]) == ("roads", "all-roads")


def test_a_changed_question_reaches_phones_and_old_drafts_still_come_in(admin: Caller, resident: Caller):
    old = _form_version(resident, "pothole")

    change(admin, "categories/pothole/questions/depth_cm", label={"en": "How deep, in cm?", "es": "¿Cuántos cm?"})

    shown = next(item for item in resident.get("/v1/categories")["items"] if item["code"] == "pothole")
    assert shown["questions"][1]["label"] == "How deep, in cm?"
    assert shown["form_version"] != old
    resident.post("/v1/reports", json=draft("pothole", WARD_1, form_version=old), expect=201)


def _form_version(caller: Caller, category: str) -> str:
    return next(item["form_version"] for item in caller.get("/v1/categories")["items"] if item["code"] == category)


def test_a_question_is_added_as_the_last_and_removed_again(admin: Caller):
    path = "/v1/admin/categories/gas/questions/since"
    etag = seen(admin, "categories/gas")

    answer = admin.put(
        path, json={"code": "since", "type": "date", "label": {"en": "Since?", "es": "¿Desde?"}}, if_match=etag
    )

    assert answer["item"]["version"] == admin.get("/v1/admin/categories/gas")["version"]
    assert [one["code"] for one in admin.get("/v1/admin/categories/gas")["questions"]] == ["since"]
    assert admin.get(path)["type"] == "date"
    remove(admin, "categories/gas/questions/since")
    assert seen(admin, "categories/gas") == etag


def test_a_question_keeps_the_code_of_its_address(admin: Caller):
    body = read(admin, "categories/pothole/questions/size")

    admin.put(
        "/v1/admin/categories/pothole/questions/size",
        json={**body, "code": "width"},
        if_match=seen(admin, "categories/pothole"),
        expect=422,
    )

    assert admin.last.faults == [("/code", "not-offered")]


@pytest.mark.parametrize(("path", "section"), [("category-order", "categories"), ("group-order", "groups")])
def test_the_order_of_headings_and_categories_is_the_admins(admin: Caller, path: str, section: str):
    before = admin.get(f"/v1/admin/{path}")
    wanted = before["codes"][::-1]

    answer = admin.put(f"/v1/admin/{path}", json={"codes": wanted}, if_match=f'"{before["version"]}"')

    assert answer["differences"][0]["place"] == section
    assert [item["code"] for item in admin.get(f"/v1/admin/{section}?limit=100")["items"]] == wanted
    for codes in (wanted[1:], [*wanted, wanted[0]], [*wanted[1:], "moon"], "all", None):
        admin.put(f"/v1/admin/{path}", json={"codes": codes}, if_match=seen(admin, path), expect=422)
        assert admin.last.faults[0][0] == "/codes"


def test_phones_see_categories_in_the_new_order(admin: Caller, resident: Caller):
    order = admin.get("/v1/admin/category-order")
    wanted = ["other", *(code for code in order["codes"] if code != "other")]

    admin.put("/v1/admin/category-order", json={"codes": wanted}, if_match=f'"{order["version"]}"')

    assert [item["code"] for item in resident.get("/v1/categories")["items"]] == wanted


def test_the_town_gets_another_name_and_what_apps_are_told_changes(admin: Caller):
    app = admin.get("/v1/admin/town")["app"]

    answer = change(
        admin,
        "town",
        name={"en": "Newton", "es": "Villanueva"},
        app={**app, "privacy": {**app["privacy"], "version": "4"}},
    )

    assert [line["place"] for line in answer["differences"]] == [
        "town.name.en",
        "town.name.es",
        "town.app.privacy.version",
    ]
    town = admin.get("/v1/admin/town")
    assert (town["code"], town["name"]["en"], town["app"]["privacy"]["version"]) == ("testing", "Newton", "4")
    assert change(admin, "town", app=None, outside=None)["item"]["app"] is None


def test_lists_come_in_pages_and_in_their_order(admin: Caller):
    first = admin.get("/v1/admin/categories?limit=3")
    second = admin.get(f"/v1/admin/categories?limit=100&cursor={first['next']}")

    codes = [item["code"] for item in first["items"] + second["items"]]
    assert codes == admin.get("/v1/admin/category-order")["codes"]
    assert second["next"] is None
    admin.get(f"/v1/admin/departments?cursor={first['next']}", expect=400)


def test_a_page_goes_on_behind_an_item_that_was_removed(admin: Caller):
    first = admin.get("/v1/admin/notices?limit=1")
    remove(admin, f"notices/{first['items'][0]['code']}")

    rest = admin.get(f"/v1/admin/notices?cursor={first['next']}")

    assert [item["code"] for item in first["items"] + rest["items"]] == ["long-past", "storm"]


def test_only_admins_come_in(client: Caller, resident: Caller, crew: Caller, dispatcher: Caller):
    client.get("/v1/admin/departments", expect=401)
    for person in (resident, crew, dispatcher):
        person.get("/v1/admin/departments", expect=403)
        person.put("/v1/admin/departments/new", json={"name": NAME}, key="a", expect=403)
