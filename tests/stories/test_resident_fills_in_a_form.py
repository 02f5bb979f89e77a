"""A resident fills in a form, perhaps without a network and days before it is sent."""

import json
import uuid

import pytest

from tests.support.reports import draft
from tests.support.town import MILL_PARK, WARD_1, WARD_2


def form_of(caller, code, **how):
    return next(form for form in caller.get("/v1/categories", **how)["items"] if form["code"] == code)


@pytest.fixture
def replace_form(database):
    """The city changes a category's form: replace_form("pothole", days_ago=3, questions=[…]) → the new version."""

    def replace(category, days_ago=0, **changes):
        database.execute(
            "UPDATE category_form SET retired_at = now() - make_interval(days => %s), valid_from = now() - interval '1 year'"
            " WHERE retired_at IS NULL AND category_id = (SELECT id FROM category WHERE code = %s)",
            days_ago,
            category,
        )
        version = uuid.uuid4().hex[:16]
        database.execute(
            "INSERT INTO category_form (jurisdiction_id, category_id, version, form, valid_from)"
            " SELECT f.jurisdiction_id, f.category_id, %s, f.form || %s::jsonb, now() - make_interval(days => %s)"
            " FROM category_form f JOIN category c ON c.id = f.category_id WHERE c.code = %s ORDER BY f.id DESC LIMIT 1",
            version,
            json.dumps(changes),
            days_ago,
            category,
        )
        return version

    return replace


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


# --- answers ---


@pytest.mark.parametrize(
    ("category", "answers", "fault"),
    [
        ("pothole", {}, ("/answers/size", "required")),
        ("pothole", {"size": None}, ("/answers/size", "required")),
        ("pothole", {"size": "huge"}, ("/answers/size", "unknown-choice")),
        ("pothole", {"size": ["small"]}, ("/answers/size", "unknown-choice")),
        ("pothole", {"size": {"small": 1}}, ("/answers/size", "unknown-choice")),
        ("pothole", {"size": "small", "mood": "bad"}, ("/answers/mood", "unknown-question")),
        ("pothole", {"size": "large"}, ("/answers/depth_cm", "required")),
        ("pothole", {"size": "large", "depth_cm": "deep"}, ("/answers/depth_cm", "wrong-type")),
        ("pothole", {"size": "large", "depth_cm": True}, ("/answers/depth_cm", "wrong-type")),
        ("pothole", {"size": "large", "depth_cm": 0}, ("/answers/depth_cm", "too-small")),
        ("pothole", {"size": "large", "depth_cm": 201}, ("/answers/depth_cm", "too-large")),
        ("streetlight", {"is_out": "yes"}, ("/answers/is_out", "wrong-type")),
        ("streetlight", {"is_out": 1}, ("/answers/is_out", "wrong-type")),
        ("streetlight", {"is_out": True, "since": "yesterday"}, ("/answers/since", "not-a-time")),
        ("streetlight", {"is_out": True, "since": 20260101}, ("/answers/since", "not-a-time")),
        ("streetlight", {"is_out": True, "since": "2026-02-30"}, ("/answers/since", "not-a-time")),
        ("streetlight", {"is_out": True, "signs": "leans"}, ("/answers/signs", "wrong-type")),
        ("streetlight", {"is_out": True, "signs": ["leans", "sings"]}, ("/answers/signs", "unknown-choice")),
        ("streetlight", {"is_out": True, "signs": [["leans"]]}, ("/answers/signs", "unknown-choice")),
        ("streetlight", {"is_out": True, "signs": ["leans"] * 51}, ("/answers/signs", "too-long")),
        ("streetlight", {"is_out": True, "pole": "x" * 21}, ("/answers/pole", "too-long")),
        ("streetlight", {"is_out": True, "pole": 12}, ("/answers/pole", "wrong-type")),
        ("streetlight", {"is_out": True, "pole": "a\u0000b"}, ("/answers/pole", "control-character")),
        ("other", {"anything": 1}, ("/answers/anything", "unknown-question")),
        ("other", {"a/b~c": 1}, ("/answers/a~1b~0c", "unknown-question")),
    ],
)
def test_a_wrong_answer_is_pointed_at(resident, database, category, answers, fault):
    before = database.counts()

    resident.post("/v1/reports", json=draft(category, answers=answers), expect=422)

    assert resident.last.problem == "invalid"
    assert resident.last.faults == [fault]
    assert database.counts() == before


def test_every_wrong_answer_is_named_at_once(resident):
    resident.post("/v1/reports", json=draft(answers={"size": "huge", "mood": "bad"}), expect=422)

    assert set(resident.last.faults) == {("/answers/size", "unknown-choice"), ("/answers/mood", "unknown-question")}


def test_a_question_that_is_not_asked_need_not_be_answered(resident):
    resident.post("/v1/reports", json=draft(answers={"size": "small"}), expect=201)
    resident.post("/v1/reports", json=draft(answers={"size": "large", "depth_cm": 30.5}), expect=201)


def test_answers_are_kept_as_given(resident):
    answers = {"is_out": False, "since": "2026-03-01", "signs": ["flickers", "leans"], "pole": "Ω-17"}

    receipt = resident.post("/v1/reports", json=draft("streetlight", answers=answers), expect=201)

    assert resident.get(f"/v1/reports/{receipt['id']}")["answers"] == answers


@pytest.mark.parametrize("answers", [None, {}])
def test_a_form_without_questions_needs_no_answers(resident, answers):
    body = draft("other") | {"answers": answers}

    resident.post("/v1/reports", json=body, expect=201)


# --- stops: call instead ---


@pytest.mark.parametrize(
    ("category", "answers", "number", "words"),
    [
        pytest.param("gas", {}, "800-555-0100", "Leave the house and call.", id="a category that is a stop"),
        pytest.param("pothole", {"size": "collapse"}, "911", "Call 911 now.", id="an answer that is a stop"),
        pytest.param(
            "streetlight",
            {"is_out": True, "signs": ["leans", "wires"]},
            "911",
            "Stay away and call 911.",
            id="one of several answers is a stop",
        ),
    ],
)
def test_what_is_urgent_is_a_call_and_no_report(resident, database, category, answers, number, words):
    before = database.counts()

    resident.post("/v1/reports", json=draft(category, answers=answers), expect=422)

    problem = resident.last.json
    assert resident.last.problem == "stop-instead"
    assert (problem["number"], problem["text"], problem["detail"]) == (number, words, words)
    assert database.counts() == before


def test_a_stop_speaks_the_callers_language(resident):
    resident.post("/v1/reports", json=draft("gas"), language="es", expect=422)

    assert resident.last.json["text"] == "Salga de la casa y llame."


def test_the_forms_say_beforehand_what_is_a_stop(client):
    assert form_of(client, "gas")["stop"] == {"number": "800-555-0100", "text": "Leave the house and call."}
    assert form_of(client, "pothole")["stop"] is None


def test_a_category_for_parks_only_is_refused_elsewhere(resident, database):
    resident.post("/v1/reports", json=draft("park-litter", at=MILL_PARK), expect=201)
    before = database.counts()

    resident.post("/v1/reports", json=draft("park-litter", at=WARD_1), expect=422)

    assert resident.last.faults == [("/category", "not-offered-here")]
    assert database.counts() == before
