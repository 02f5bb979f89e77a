"""A phone loads every form, to be filled in without a network, and names the one that it used."""

import pytest

from tests.support.forms import form_of, form_replacer
from tests.support.reports import draft
from tests.support.town import MILL_PARK, WARD_2


@pytest.fixture
def replace_form(database):
    return form_replacer(database)


# --- loading the forms ---


def test_every_form_comes_whole_for_offline_use(client):
    pothole = form_of(client, "pothole")

    assert pothole["name"] == "Pothole"
    assert pothole["group"] == {"code": "streets", "name": "Streets"}
    assert pothole["form_version"]
    assert [question["code"] for question in pothole["questions"]] == ["size", "depth_cm"]
    size, depth = pothole["questions"]
    assert (size["type"], size["required"], size["private"]) == ("choice", True, False)
    assert [choice["code"] for choice in size["choices"]] == ["small", "large", "collapse"]
    assert size["choices"][2]["stop"] == {"number": "911", "text": "Call 911 now."}
    assert depth["when"] == {"question": "size", "is": ["large"]}
    assert (depth["min"], depth["max"]) == (1, 200)


def test_the_forms_come_in_the_language_that_the_phone_asks_for(client):
    answer = client.send("GET", "/v1/categories", language="es-MX,es;q=0.9,en;q=0.5")

    pothole = next(form for form in answer.json["items"] if form["code"] == "pothole")
    assert pothole["name"] == "Bache"
    assert pothole["questions"][0]["label"] == "¿De qué tamaño es?"
    assert answer.headers["content-language"] == "es"
    assert "accept-language" in answer.headers["vary"].lower()


def test_a_language_that_the_town_does_not_speak_gets_the_towns_first(client):
    assert form_of(client, "pothole", language="fr")["name"] == "Pothole"


def test_the_list_is_in_the_towns_order(client):
    codes = [form["code"] for form in client.get("/v1/categories")["items"]]

    assert codes[:3] == ["pothole", "streetlight", "fallen-tree"]
    assert len(codes) == 8


def test_a_phone_that_has_the_forms_is_told_so(client):
    etag = client.send("GET", "/v1/categories").headers["etag"]

    again = client.send("GET", "/v1/categories", headers={"If-None-Match": etag}, expect=304)

    assert again.body == b""
    assert again.headers["etag"] == etag


def test_each_language_has_an_etag_of_its_own(client):
    english = client.send("GET", "/v1/categories", language="en").headers["etag"]

    client.send("GET", "/v1/categories", language="es", headers={"If-None-Match": english}, expect=200)


def test_a_changed_form_has_a_new_version_and_a_new_etag(client, replace_form):
    before = client.send("GET", "/v1/categories")
    replace_form("pothole", questions=[])

    after = client.send("GET", "/v1/categories", headers={"If-None-Match": before.headers["etag"]}, expect=200)

    assert after.json["form_version"] != before.json["form_version"]
    versions = [{form["code"]: form["form_version"] for form in answer.json["items"]} for answer in (before, after)]
    assert {code for code in versions[0] if versions[0][code] != versions[1][code]} == {"pothole"}


def test_at_a_place_only_what_is_offered_there_is_listed(client):
    def codes(place):
        items = client.get(f"/v1/categories?lon={place.lon}&lat={place.lat}")["items"]
        return {form["code"] for form in items}

    assert "park-litter" in codes(MILL_PARK)
    assert codes(MILL_PARK) - codes(WARD_2) == {"park-litter"}


def test_half_a_place_is_refused(client):
    client.get("/v1/categories?lon=-69.98", expect=422)

    assert client.last.faults == [("?lat", "required")]


def test_a_category_that_was_given_up_is_no_longer_listed(client, database):
    database.execute("UPDATE category SET active = false WHERE code = 'other'")

    assert "other" not in {form["code"] for form in client.get("/v1/categories")["items"]}


# --- versions ---


def test_a_report_may_name_the_form_that_it_was_filled_in_with(resident):
    version = form_of(resident, "pothole")["form_version"]

    receipt = resident.post("/v1/reports", json=draft(form_version=version), expect=201)

    assert resident.get(f"/v1/reports/{receipt['id']}")["form_version"] == version


def test_a_report_that_names_no_form_is_held_against_the_current_one(resident):
    receipt = resident.post("/v1/reports", json=draft(), expect=201)

    version = form_of(resident, "pothole")["form_version"]
    assert resident.get(f"/v1/reports/{receipt['id']}")["form_version"] == version


@pytest.mark.parametrize("days_ago", [0, 1, 29])
def test_a_form_of_the_last_30_days_is_still_good(resident, replace_form, days_ago):
    filled_in_with = form_of(resident, "pothole")["form_version"]
    replace_form("pothole", days_ago, questions=[{"code": "colour", "type": "text", "required": True, "label": {}}])

    # The old form asked for the size, and nothing about a colour.
    receipt = resident.post("/v1/reports", json=draft(form_version=filled_in_with), expect=201)

    assert resident.get(f"/v1/reports/{receipt['id']}")["answers"] == {"size": "small"}


def test_a_form_that_was_replaced_31_days_ago_is_too_old(resident, replace_form, database):
    filled_in_with = form_of(resident, "pothole")["form_version"]
    replace_form("pothole", 31)
    before = database.counts()

    resident.post("/v1/reports", json=draft(form_version=filled_in_with), expect=422)

    assert resident.last.problem == "form-expired"
    assert database.counts() == before


def test_a_form_that_never_was_is_refused(resident, database):
    before = database.counts()

    resident.post("/v1/reports", json=draft(form_version="0123456789abcdef"), expect=422)

    assert resident.last.problem == "form-expired"
    assert resident.last.faults[0][0] == "/form_version"
    assert database.counts() == before


def test_a_form_of_another_category_is_refused(resident):
    version = form_of(resident, "streetlight")["form_version"]

    resident.post("/v1/reports", json=draft("pothole", form_version=version), expect=422)

    assert resident.last.problem == "form-expired"


def test_answers_are_held_against_the_form_that_is_named(resident, replace_form):
    replace_form("pothole", 1, questions=[{"code": "colour", "type": "text", "required": True, "label": {}}])

    resident.post("/v1/reports", json=draft(), expect=422)

    assert set(resident.last.faults) == {("/answers/size", "unknown-question"), ("/answers/colour", "required")}


def test_a_category_that_is_no_longer_offered_takes_no_new_report(resident, database):
    database.execute("UPDATE category SET active = false WHERE code = 'other'")

    resident.post("/v1/reports", json=draft("other"), expect=422)

    assert resident.last.faults == [("/category", "unknown-category")]


def test_a_draft_of_a_category_given_up_last_week_still_arrives(resident, database):
    version = form_of(resident, "other")["form_version"]
    database.execute("UPDATE category SET active = false WHERE code = 'other'")
    database.execute("UPDATE category_form SET retired_at = now() - interval '7 days' WHERE version = %s", version)

    resident.post("/v1/reports", json=draft("other", form_version=version), expect=201)
