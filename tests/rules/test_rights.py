"""One table says who may do what; every route keeps to it, and what is not somebody's does not exist for them."""

import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.rights import HOLDERS, PEOPLE, ROLES, Right, holders
from tests.support.live import ROOT
from tests.support.town import WARD_1, WARD_2, WARD_4

OF_A_REPORT = re.compile(r"<uuid:report_id>")


def test_every_right_has_holders_and_every_role_a_right():
    assert set(HOLDERS) == set(Right)
    assert {role for names in HOLDERS.values() for role in names} == set(ROLES)
    assert all(names for names in HOLDERS.values())


def test_the_table_of_the_page_is_the_one_in_the_code():
    page = (ROOT / "docs" / "rights.md").read_text()
    columns = re.search(r"^\| right \| what \| (.*) \|$", page, re.MULTILINE)[1].split(" | ")
    rows = re.findall(r"^\| `(\w+)` \| [^|]* \| (.*) \|$", page, re.MULTILINE)

    assert columns == list(ROLES)
    assert {right: [*map("yes".__eq__, cells.split(" | "))] for right, cells in rows} == {
        right.value: [role in HOLDERS[right] for role in ROLES] for right in Right
    }


def test_whoever_sees_what_is_private_works_for_the_town():
    assert {"resident", "analyst", "contractor"}.isdisjoint(holders(Right.SEE_PRIVATE))


def test_routes_allow_whole_rights_and_nothing_between(worker_app):
    """A route's roles are the holders of one right, or of several together: never a list of its own."""
    known = {frozenset(names) for names in HOLDERS.values()}
    known |= {one | other for one in known for other in known}
    known |= {frozenset(), frozenset({"resident"})}  # everybody; a phone that is nobody's yet

    for name, view in worker_app.view_functions.items():
        assert frozenset(view.allowed_roles) in known, f"{name}: {view.allowed_roles}"


@pytest.fixture
def staff(crew, second_crew, other_crew, dispatcher, supervisor, admin, analyst, roads_desk, ward_desk, partner):
    return {
        "the crew": crew,
        "a second crew of the department": second_crew,
        "a crew of another department": other_crew,
        "the desk": dispatcher,
        "a supervisor": supervisor,
        "an admin": admin,
        "an analyst": analyst,
        "the desk of Roads": roads_desk,
        "the desk of ward 1": ward_desk,
        "a partner's program": partner,
    }


EVERYWHERE = {"the desk", "a supervisor", "an admin", "a partner's program"}
ROADS = {"the crew", "a second crew of the department", "the desk of Roads"}

# A report, and for whom of the staff it is there to be worked on.
REPORTS = {
    "a pothole in ward 1, of Roads": ("pothole", WARD_1, EVERYWHERE | ROADS | {"the desk of ward 1", "an analyst"}),
    "a pothole in ward 2, of Public Works": ("pothole", WARD_2, EVERYWHERE | {"an analyst"}),
    "a tree in ward 4, of Roads": ("fallen-tree", WARD_4, EVERYWHERE | ROADS | {"an analyst"}),
    "something else in ward 1, of nobody": ("other", WARD_1, EVERYWHERE | {"the desk of ward 1", "an analyst"}),
    "a neighbour in ward 1, private, of Health": ("neighbour", WARD_1, EVERYWHERE | {"the desk of ward 1"}),
}


@pytest.mark.parametrize("what", REPORTS)
def test_staff_find_what_is_in_their_departments_and_areas_and_nothing_else(a_report, staff, what):
    category, place, theirs = REPORTS[what]
    report = a_report(category, at=place)

    for who, person in staff.items():
        is_theirs = who in theirs
        person.get(f"/v1/work/{report.id}", expect=200 if is_theirs else 404)
        listed = [item["id"] for item in person.get("/v1/work?limit=100")["items"]]
        assert (str(report.id) in listed) is is_theirs, f"{what} in the list of {who}"


def test_every_route_to_a_report_is_a_404_for_whom_it_is_foreign(app, a_report, staff):
    """Each role at each route that names a report, with one that is not theirs: as if it were not there."""
    foreign = {what: (a_report(category, at=place), theirs) for what, (category, place, theirs) in REPORTS.items()}
    asked = 0
    for rule in app.url_map.iter_rules():
        if not OF_A_REPORT.search(str(rule)):
            continue
        view = app.view_functions[rule.endpoint]
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            for what, (report, theirs) in foreign.items():
                for who, person in staff.items():
                    if who in theirs or (str(rule).startswith("/v1/reports/") and "neighbour" not in what):
                        continue  # what is public can be seen, followed and commented on by all
                    path = re.sub(r"<[^>]*>", str(uuid.uuid4()), str(rule).replace("<uuid:report_id>", str(report.id)))
                    answer = _try(person, method, path, BODIES.get(rule.endpoint, {}))
                    asked += 1
                    wanted = {404} if _role_of(person, staff) in view.allowed_roles else {403, 404}
                    # A body that says nothing may be refused before anybody looks for the report: it tells nothing either.
                    assert answer.status in wanted | {422}, f"{who}: {method} {rule}, {what}: {answer}"
                    assert str(report.reference) not in answer.text, f"{who}: {method} {rule}"
    assert asked > 100


def test_a_body_that_is_right_does_not_help_either(a_report, staff):
    report = a_report("neighbour", at=WARD_1)

    for who in ("the crew", "the desk of Roads"):
        for path, body in (
            ("triage/{}/move", {"to": "acknowledged"}),
            ("triage/{}/assign", {"department": "roads"}),
            ("work/{}/start", {}),
            ("work/{}/take", {}),
        ):
            answer = _try(staff[who], "POST", "/v1/" + path.format(report.id), body)
            assert answer.status in (403, 404), f"{who}: {path}: {answer}"
            assert answer.status == 404 or (who == "the crew") is path.startswith("triage"), f"{who}: {path}: {answer}"


BODIES: dict[str, dict[str, Any]] = {
    "desk.move_any": {"to": "acknowledged"},
    "desk.assign_report": {"department": "health"},
    "residents.add_comment": {"text": "x"},
    "flags.flag_report": {"reason": "spam"},
    "moderation.hold_report": {},
    "moderation.publish_report": {},
    "moderation.redact_report": {"passage": "hole"},
    "desk.add_internal_note": {"text": "x"},
    "desk.split_report": {"parts": [{"department": "works"}]},
    "desk.relate_report": {"parent": None},
    "desk.correct_report": {"priority": "high"},
    "voices.answer_question": {"text": "x"},
    "voices.confirm_fix": {},
    "voices.dispute_fix": {"reason": "x"},
    "voices.rate_report": {"stars": 5},
}
_ROLES = {
    "the crew": "crew",
    "a second crew of the department": "crew",
    "a crew of another department": "crew",
    "the desk": "dispatcher",
    "a supervisor": "supervisor",
    "an admin": "admin",
    "an analyst": "analyst",
    "the desk of Roads": "dispatcher",
    "the desk of ward 1": "dispatcher",
    "a partner's program": "partner",
}


def _role_of(person, staff):
    return next(_ROLES[who] for who, one in staff.items() if one is person)


def _try(person, method, path, body):
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4()), "If-Match": '"1"'}
    headers["Authorization"] = f"Bearer {person.token}"
    return person.ask(method, path, headers, None if method == "GET" else json.dumps(body).encode())


def test_an_analyst_sees_no_person_and_no_exact_place(analyst, a_report):
    report = a_report(
        "needles",
        at=WARD_1,
        answers={"seen": "canary", "how_many": 3},
        address="canary street 1",
        contact={"name": "canary", "phone": "canary"},
    )

    seen = analyst.get(f"/v1/work/{report.id}")

    assert "canary" not in analyst.last.text
    assert seen["contact"] is seen["private_answers"] is seen["address"] is None
    assert seen["blur_m"] == 200
    assert seen["location"] != WARD_1.json
    assert seen["moves"] == []


def test_a_partner_whose_key_is_for_one_department_sees_that_one(admin, partner, a_report):
    made = admin.post(
        "/v1/admin/keys", json={"label": "road works", "scopes": ["staff"], "departments": ["roads"]}, expect=201
    )
    theirs, other = a_report("pothole", at=WARD_1), a_report("pothole", at=WARD_2)
    program = type(partner)(partner.ask, partner.contract, made["key"])

    moved = program.post(f"/v1/triage/{theirs.id}/move", json={"to": "acknowledged"}, if_match=1)

    assert made["departments"] == ["roads"]
    assert moved["status"]["code"] == "acknowledged"
    program.get(f"/v1/work/{other.id}", expect=404)
    admin.post(f"/v1/admin/keys/{made['id']}/revoke", expect=200)
    program.get(f"/v1/work/{theirs.id}", expect=401)


def test_a_contractor_comes_in_by_no_other_door(app, dispatcher, a_report, contract, ask):
    """Each route with a link's token: let in where the table gives contractors a right, and nowhere else."""
    own, foreign = a_report("pothole", at=WARD_1), a_report("pothole", at=WARD_1)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    body = {"label": "x", "may": ["start"], "report": own.id, "expires_at": tomorrow}
    link = dispatcher.post("/v1/work/links", json=body, expect=201)
    contractor = type(dispatcher)(ask, contract, link["token"])
    asked = 0
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if not view.allowed_roles:
            continue
        path = re.sub(r"<[^>]*>", str(uuid.uuid4()), str(rule).replace("<uuid:report_id>", foreign.id))
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            answer = _try(contractor, method, path, BODIES.get(rule.endpoint, {}))
            asked += 1
            if "contractor" not in view.allowed_roles:
                assert answer.status == 403, f"{method} {rule}: {answer}"
            else:
                assert answer.status in (200, 404, 422), f"{method} {rule}: {answer}"
                assert foreign.reference not in answer.text, f"{method} {rule}"
    assert asked > 100


def test_a_key_for_other_things_is_no_token(client, admin):
    made = admin.post("/v1/admin/keys", json={"label": "imports", "scopes": ["import"]}, expect=201)
    program = type(client)(client.ask, client.contract, made["key"])

    program.get("/v1/work", expect=401)
    assert program.last.problem == "token-unknown"


def test_residents_hold_no_right_of_staff():
    assert [right for right in Right if "resident" in HOLDERS[right]] == [Right.TAKE_PART]
    assert set(holders(Right.TAKE_PART)) == set(PEOPLE)
