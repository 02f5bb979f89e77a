"""What would be refused in a town.toml is refused here too: with a code, a pointer and a sentence, and nothing half done."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.admin import change, make, read, remove, seen
from tests.support.callers import Caller
from tests.support.contract import Contract
from tests.support.database import Database
from tests.support.reports import send_report
from tests.support.town import STAFF_TOKENS, WARD_2

NAME = {"en": "A thing", "es": "Una cosa"}


@pytest.fixture
def nothing_half_done(database: Database) -> Iterator[None]:
    """Whatever the test had refused, no row came of it."""
    before = database.counts()
    yield
    assert database.counts() == before


refused = pytest.mark.usefixtures("nothing_half_done")


@pytest.mark.parametrize(
    ("path", "body", "faults"),
    [
        pytest.param("rules/x", {"department": "moon"}, [("/department", "unknown-department")], id="no such department"),
        pytest.param("rules/x", {"body": "moon"}, [("/body", "unknown-body")], id="no such body"),
        pytest.param("rules/x", {}, [("", "one-target")], id="no target"),
        pytest.param(
            "rules/x",
            {"category": "pothole", "group": "green", "department": "roads"},
            [("", "not-both")],
            id="category and group",
        ),
        pytest.param("rules/x", {"department": "roads", "area": "wards:9"}, [("/area", "unknown-area")], id="no such area"),
        pytest.param("rules/x", {"department": "roads", "layer": "moon"}, [("/layer", "unknown-layer")], id="no such layer"),
        pytest.param(
            "rules/x", {"department": "roads", "priority": 1.5}, [("/priority", "wrong-type")], id="half a priority"
        ),
        pytest.param(
            "rules/x", {"department": "roads", "priority": 10**7}, [("/priority", "too-large")], id="high priority"
        ),
        pytest.param("departments/x", {}, [("/name", "required")], id="nothing at all"),
        pytest.param("departments/x", {"name": {"en": "X"}}, [("/name", "missing-language")], id="a missing translation"),
        pytest.param(
            "departments/x", {"name": {**NAME, "fr": "X"}}, [("/name/fr", "other-language")], id="an unknown language"
        ),
        pytest.param("departments/x", {"name": "X"}, [("/name", "wrong-type")], id="a bare text"),
        pytest.param("departments/x", {"name": {"en": "", "es": "x"}}, [("/name/en", "too-short")], id="an empty text"),
        pytest.param(
            "departments/x", {"name": {"en": "x" * 201, "es": "x"}}, [("/name/en", "too-long")], id="a long text"
        ),
        pytest.param(
            "departments/x", {"name": {"en": "a\nb", "es": "x"}}, [("/name/en", "not-one-line")], id="two lines"
        ),
        pytest.param(
            "departments/x", {"name": NAME, "fone": "1", "code": "x"}, [("/fone", "unknown-field"), ("/code", "unknown-field")],
            id="unknown members",
        ),
        pytest.param(
            "departments/x", {"name": NAME, "email": "nobody"}, [("/email", "not-an-email")], id="no e-mail address"
        ),
        pytest.param("departments/Über uns", {"name": NAME}, [("", "not-a-code")], id="a code with capitals"),
        pytest.param("external-bodies/x", {"name": NAME, "url": "http://["}, [("/url", "not-a-link")], id="no link"),
        pytest.param("crews/x", {"name": "X", "department": "moon"}, [("/department", "unknown-department")], id="crew"),
        pytest.param("groups/x", {"name": NAME, "position": 1}, [("/position", "unknown-field")], id="group"),
        pytest.param("categories/x", {"name": NAME, "blur_m": -1}, [("/blur_m", "too-small")], id="blur"),
        pytest.param("categories/x", {"name": NAME, "group": "moon"}, [("/group", "unknown-group")], id="category's group"),
        pytest.param("categories/x", {"name": NAME, "areas": ["wards"]}, [("/areas", "not-an-area")], id="whole layer"),
        pytest.param("categories/x", {"name": NAME, "areas": [1]}, [("/areas/0", "wrong-type")], id="area as a number"),
        pytest.param("categories/x", {"name": NAME, "questions": 5}, [("/questions", "wrong-type")], id="questions"),
        pytest.param("categories/x", {"name": NAME, "questions": [5]}, [("/questions/0", "wrong-type")], id="question"),
        pytest.param("staff/x", {"name": "X", "role": "boss"}, [("/role", "not-offered")], id="no such role"),
        pytest.param("staff/x", {"name": "X", "role": "crew"}, [("/crew", "required")], id="a crew without a crew"),
        pytest.param(
            "staff/x", {"name": "X", "role": "admin", "crew": "parks-one"}, [("/crew", "not-for-this-role")], id="a crew"
        ),
        pytest.param("notices/x", {"text": NAME, "from": "tomorrow"}, [("/from", "not-a-time")], id="not a time"),
        pytest.param(
            "notices/x", {"text": NAME, "from": "0001-01-01T00:00:00+23:00"}, [("/from", "not-a-time")], id="the first day"
        ),
        pytest.param(
            "notices/x",
            {"text": NAME, "from": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
            [("/until", "not-after")],
            id="over before it begins",
        ),
        pytest.param("layers/x", {"name": NAME}, [("", "required")], id="a layer without areas"),
    ],
)  # fmt: skip
@refused
def test_a_new_item_with_a_mistake_is_refused(admin: Caller, path: str, body: dict[str, Any], faults: list[Any]):
    problem = make(admin, path, body, expect=422)

    assert admin.last.faults == faults
    assert all(error["message"] for error in problem["errors"])


QUESTION = {"code": "a", "type": "yes_no", "label": NAME}


@pytest.mark.parametrize(
    ("questions", "faults"),
    [
        pytest.param(
            [{**QUESTION, "when": {"question": "b", "is": ["yes"]}}, {**QUESTION, "code": "b", "when": {"question": "a", "is": ["yes"]}}],
            [("/questions/0/when/question", "not-an-earlier-question")],
            id="two that wait for each other",
        ),
        pytest.param(
            [{**QUESTION, "when": {"question": "a", "is": ["yes"]}}],
            [("/questions/0/when/question", "not-an-earlier-question")],
            id="one that waits for itself",
        ),
        pytest.param(
            [QUESTION, {**QUESTION, "code": "b", "when": {"question": "a", "is": ["maybe"]}}],
            [("/questions/1/when/is", "unknown-choice")],
            id="an answer that cannot be given",
        ),
        pytest.param([QUESTION, QUESTION], [("/questions/1/code", "duplicate")], id="the same code twice"),
        pytest.param(
            [{**QUESTION, "type": "choice"}], [("/questions/0/choices", "required")], id="a choice without choices"
        ),
        pytest.param(
            [{**QUESTION, "type": "date", "max": 3}], [("/questions/0/max", "not-for-this-type")], id="a greatest date"
        ),
        pytest.param(
            [{**QUESTION, "label": {"en": "A"}}], [("/questions/0/label", "missing-language")], id="a missing translation"
        ),
        pytest.param(
            [{**QUESTION, "type": "choice", "choices": [{"code": "x", "label": NAME, "stop": {"text": NAME}}]}],
            [("/questions/0/choices/0/stop/number", "required")],
            id="a stop without a number",
        ),
    ],
)  # fmt: skip
@refused
def test_a_form_that_cannot_be_filled_in_is_refused(admin: Caller, questions: list[Any], faults: list[Any]):
    make(admin, "categories/x", {"name": NAME, "questions": questions}, expect=422)

    assert admin.last.faults == faults


@refused
def test_a_mistake_in_a_question_of_its_own_is_pointed_to_in_the_question(admin: Caller):
    change(admin, "categories/pothole/questions/depth_cm", 422, when={"question": "size", "is": ["huge"]}, min=500)

    assert admin.last.faults == [("/when/is", "unknown-choice"), ("/max", "max-below-min")]


@refused
def test_a_question_that_others_wait_for_is_not_taken_away_from_them(admin: Caller):
    problem = change(
        admin,
        "categories/pothole/questions/size",
        422,
        choices=read(admin, "categories/pothole/questions/size")["choices"][:1],
    )

    assert admin.last.faults == [("#/categories/pothole/questions/1/when/is", "unknown-choice")]
    assert "'size' has no answer 'large'; it has small" in problem["errors"][0]["message"]
    remove(admin, "categories/pothole/questions/size", expect=422)
    assert admin.last.faults == [("#/categories/pothole/questions/0/when/question", "not-an-earlier-question")]


@refused
def test_mistakes_are_told_in_the_language_of_the_admin(admin: Caller):
    answer = make(admin, "rules/x", {"department": "moon", "colour": "red"}, language="es", expect=422)
    assert answer["errors"][0]["message"] == "no es un campo que conozcamos"

    answer = make(admin, "rules/x", {"department": "moon", "area": "wards:9"}, language="es", expect=422)
    assert [error["message"] for error in answer["errors"]] == [
        "la capa 'wards' no tiene la zona '9'; tiene 1, 2, 3, 4",
        "no existe el departamento 'moon'",
    ]
    assert answer["errors"][1]["params"] == {"what": "department", "value": "moon"}
    answer = make(admin, "departments/x", {"name": {"en": "X"}}, language="es", expect=422)
    assert answer["errors"][0]["message"] == "falta el texto en español"


@refused
def test_the_town_stays_a_town(admin: Caller):
    change(admin, "town", 422, time_zone="Mars/Olympus")
    assert admin.last.faults == [("/time_zone", "unknown-time-zone")]
    change(admin, "town", 422, outside="moon")
    assert admin.last.faults == [("/outside", "unknown-body")]
    change(admin, "town", 422, languages=["en", "xx-nonsense"])
    assert ("/languages", "unknown-language") in admin.last.faults
    app = read(admin, "town")["app"]
    change(admin, "town", 422, app={**app, "ios": {**app["ios"], "minimum": "1.x"}, "colour": "red"})
    assert admin.last.faults == [("/app/ios/minimum", "not-a-version"), ("/app/colour", "unknown-field")]
    admin.put("/v1/admin/town", json={**read(admin, "town"), "code": "other"}, if_match=seen(admin, "town"), expect=422)
    assert admin.last.faults == [("/code", "unknown-field")]


@refused
def test_a_new_language_needs_every_text_of_the_town(admin: Caller):
    problem = change(admin, "town", 422, languages=["en", "es", "fr"])

    assert ("/name", "missing-language") in admin.last.faults
    assert ("#/departments/roads/name", "missing-language") in admin.last.faults
    assert len(problem["errors"]) > 40


@pytest.mark.parametrize(
    ("path", "needed_by"),
    [
        ("departments/works", ["rules.streets-east.department"]),
        ("departments/roads", ["crews.roads-north.department", "crews.roads-south.department",
                               "rules.streets-west.department", "rules.trees.department", "staff.rod.department"]),
        ("groups/green", ["categories.fallen-tree.group", "categories.park-litter.group"]),
        ("layers/districts", ["rules.streets-west.area", "rules.streets-east.area"]),
        ("layers/parks", ["categories.park-litter.areas", "rules.trees-in-parks.layer"]),
        ("crews/parks-one", ["staff.pia.crew"]),
        ("external-bodies/county", ["town.outside"]),
        ("external-bodies/harbour-board", ["rules.in-the-bay.body"]),
        ("categories/needles", ["rules.needles.category"]),
    ],
)  # fmt: skip
@refused
def test_what_others_name_is_not_removed_and_they_are_named(admin: Caller, path: str, needed_by: list[str]):
    problem = remove(admin, path, expect=409)

    assert admin.last.problem == "still-needed"
    assert sorted(problem["needed_by"]) == sorted(needed_by)
    assert all(error["pointer"].startswith("#/") for error in problem["errors"])


def test_a_department_with_open_reports_is_not_removed(admin: Caller, resident: Caller, database: Database):
    send_report(resident, "pothole", WARD_2)
    change(admin, "rules/streets-east", department="roads")

    problem = remove(admin, "departments/works", expect=409)

    assert admin.last.faults == [("#/departments/works", "has-open-reports")]
    assert problem["errors"][0]["message"] == (
        "cannot be removed while it has 1 open report; hand it over or close it first."
    )
    database.execute("UPDATE report SET status = 'resolved'")
    remove(admin, "departments/works")


def test_the_last_admin_cannot_leave_the_town_without_one(admin: Caller):
    remove(admin, "staff/adam", expect=409)
    assert admin.last.problem == "last-admin"
    change(admin, "staff/adam", 409, role="dispatcher")
    make(admin, "staff/eva", {"name": "Eva", "role": "admin"})

    remove(admin, "staff/adam")

    admin.get("/v1/admin/staff", expect=401)
    assert admin.last.problem == "token-revoked"


def test_staff_who_are_removed_are_shut_out(admin: Caller, crew: Caller):
    crew.get("/v1/work", expect=200)

    remove(admin, "staff/ana")

    crew.get("/v1/work", expect=401)
    assert crew.token == STAFF_TOKENS["ana"]


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b'"x"', b"7", b"{", b'{"name": NaN}', b"\xff"])
@refused
def test_a_body_that_is_no_item_is_refused(admin: Caller, data: bytes):
    admin.put(
        "/v1/admin/departments/x", data=data, key="x", expect=422 if data in (b"[]", b"null", b'"x"', b"7") else 400
    )


@refused
def test_dry_runs_are_refused_for_the_same_reasons(admin: Caller):
    make(admin, "rules/x?dry_run=true", {"department": "moon"}, key=None, expect=422)
    assert admin.last.faults == [("/department", "unknown-department")]
    admin.put("/v1/admin/rules/x?dry_run=perhaps", json={"department": "roads"}, key="x", expect=422)
    assert admin.last.faults == [("?dry_run", "wrong-type")]


@refused
@pytest.mark.parametrize("code", ["a%00b", "%ff", "..", "x" * 3000, "%27%3B--", "%F0%9F%90%9B", "%7B%7D"])
def test_an_address_with_an_odd_code_is_not_found_or_refused(admin: Caller, code: str, contract: Contract):
    for path, item in contract.document["paths"].items():
        if not path.startswith("/v1/admin/") or "{" not in path or "key_id" in path:
            continue
        address = re.sub(r"\{\w+\}", code, path)
        for method in item.keys() & {"get", "put", "post", "delete"}:
            headers = {
                "Authorization": f"Bearer {admin.token}",
                "Content-Type": "application/json",
                "Idempotency-Key": code[:9],
            }
            answer = admin.ask(method.upper(), address, headers, b"{}" if method in ("put", "post") else None)
            assert answer.status in (400, 404, 422, 428), f"{method} {path}: {answer}"
