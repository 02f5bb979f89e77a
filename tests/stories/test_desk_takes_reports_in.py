"""The desk takes a report in for somebody at the telephone or the counter, and is told when it may be here already."""

import uuid

import pytest

from tests.support.moves import desk_moves, lines, resolved
from tests.support.reports import SentReport, draft
from tests.support.town import FAR_AWAY, WARD_1, WARD_2, Place
from tests.support.workflow import says, whole_history

# About 30 and 70 metres to the east of WARD_1.
CLOSE_BY = Place(WARD_1.lon + 0.00036, WARD_1.lat)
NOT_CLOSE = Place(WARD_1.lon + 0.00085, WARD_1.lat)
CALLER = {"name": "Mrs Canary", "phone": "555-0142"}


def told(category="pothole", at=WARD_1, **more):
    return {"source": "telephone", **draft(category, at, contact=CALLER), **more}


def takes_in(desk, expect=201, **body):
    return desk.post("/v1/triage/reports", json=told(**body), expect=expect)


def test_a_caller_gets_a_receipt_as_if_they_had_an_app(dispatcher, client, database):
    receipt = takes_in(dispatcher)

    assert receipt["reference"] and receipt["department"]["code"] == "roads"
    assert client.get(f"/v1/reports/{receipt['id']}")["status"]["code"] == "received"
    seen = dispatcher.get(f"/v1/work/{receipt['id']}")
    assert (seen["source"], seen["contact"], seen["mine"]) == ("telephone", CALLER, False)
    assert database.value("SELECT count(*) FROM announcement WHERE event = 'received'") == 1


@pytest.mark.parametrize("source", ["telephone", "counter", "email", "social"])
def test_the_source_says_how_it_came(dispatcher, source):
    assert dispatcher.get(f"/v1/work/{takes_in(dispatcher, source=source)['id']}")["source"] == source


def test_a_source_is_one_of_four(dispatcher):
    takes_in(dispatcher, expect=422, source="app")

    assert dispatcher.last.faults == [("/source", "not-offered")]


def test_the_report_is_nobodys_of_the_desk(dispatcher, database):
    receipt = takes_in(dispatcher)

    row = database.rows(
        "SELECT p.role, p.code, r.device_id FROM report r JOIN person p ON p.id = r.person_id WHERE r.id = %s",
        receipt["id"],
    )[0]
    assert row == {"role": "resident", "code": None, "device_id": None}
    assert dispatcher.get("/v1/reports?mine=true")["items"] == []
    assert database.value("SELECT count(*) FROM credential WHERE label IS NULL AND device_id IS NULL") == 0


def test_the_history_says_who_took_it_in_to_staff_only(dispatcher, client, database):
    receipt = takes_in(dispatcher)

    report = SentReport(dispatcher, {}, receipt)
    stored = whole_history(database, report)
    assert [(line["seq"], line["kind"], line["actor_role"]) for line in stored] == [
        (1, "received", "resident"),
        (2, "taken_in", "dispatcher"),
    ]
    assert [line["kind"] for line in lines(client, report)] == ["received"]
    assert lines(dispatcher, report)[-1]["source"] == "telephone"


def test_the_same_open_report_close_by_is_shown_before_another_is_stored(dispatcher, a_report, database):
    there, farther = a_report(at=CLOSE_BY), a_report("streetlight", at=NOT_CLOSE)
    before = database.counts()

    takes_in(dispatcher, expect=409)

    assert dispatcher.last.problem == "possible-duplicates"
    (candidate,) = dispatcher.last.json["candidates"]
    assert (candidate["id"], candidate["reference"]) == (there.id, there.reference)
    assert 25 < candidate["distance_m"] < 35
    assert 0 <= candidate["age_s"] < 60
    assert candidate["status"]["code"] == "received"
    assert database.counts() == before
    assert farther.id not in dispatcher.last.text


def test_the_desk_says_that_it_is_another_one_with_the_same_key(dispatcher, a_report, database):
    a_report(at=CLOSE_BY)
    key, body = str(uuid.uuid4()), told()
    dispatcher.post("/v1/triage/reports", json=body, key=key, expect=409)

    receipt = dispatcher.post("/v1/triage/reports", json={**body, "is_new": True}, key=key, expect=201)
    again = dispatcher.post("/v1/triage/reports", json={**body, "is_new": True}, key=key, expect=201)

    assert again == receipt
    assert database.value("SELECT count(*) FROM report") == 2
    dispatcher.post("/v1/triage/reports", json=body, key=None, expect=400)


@pytest.mark.parametrize(
    "what",
    ["of another group", "too far", "too old", "closed", "resolved", "a part of another", "private and not theirs"],
)
def test_what_is_no_twin_is_not_in_the_way(dispatcher, roads_desk, crew, a_report, database, what):
    desk, category = dispatcher, "pothole"
    report = a_report(
        {"of another group": "fallen-tree", "private and not theirs": "neighbour"}.get(what, "streetlight"),
        at=NOT_CLOSE if what == "too far" else CLOSE_BY,
    )
    if what == "too old":
        database.execute("UPDATE report SET received_at = now() - interval '31 days'")
    elif what == "closed":
        desk_moves(dispatcher, report, "closed", reason="no_action")
    elif what == "resolved":
        resolved(crew, report)
    elif what == "a part of another":
        other = a_report("needles", at=WARD_2)
        database.execute("UPDATE report SET parent_id = %s WHERE id = %s", other.id, report.id)
        database.execute("UPDATE report SET visibility = 'private' WHERE id = %s", report.id)
    elif what == "private and not theirs":
        desk, category = roads_desk, "neighbour"

    takes_in(desk, category=category, answers={"size": "small"} if category == "pothole" else {})


def test_a_twin_of_the_same_category_is_one_where_there_is_no_group(dispatcher, a_report):
    a_report("other", at=CLOSE_BY)
    takes_in(dispatcher, expect=409, category="other", answers={})
    takes_in(dispatcher, category="needles", answers={"how_many": 1})


def test_a_twin_in_other_hands_is_only_as_near_as_the_public_sees_it(roads_desk, dispatcher, a_report, client):
    """Else whoever may not see the exact place could find it by asking around it."""
    shown = client.get(a_report("needles", at=WARD_1).path)["location"]
    # Close to where it is, on the far side of where the public sees it.
    beyond = Place(
        *(here + (here - there) * 0.6 for here, there in zip(WARD_1.json.values(), shown.values(), strict=True))
    )
    needles = {"category": "needles", "answers": {"how_many": 1}}

    takes_in(dispatcher, expect=409, at=beyond, **needles)
    takes_in(roads_desk, expect=409, at=Place(**shown), **needles)
    assert roads_desk.last.json["candidates"][0]["distance_m"] == 0
    takes_in(roads_desk, at=beyond, **needles)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"at": FAR_AWAY}, "outside-town"),
        ({"category": "moon"}, "invalid"),
        ({"answers": {}}, "invalid"),
        ({"form_version": "moon"}, "form-expired"),
        ({"category": "gas", "answers": {}}, "stop-instead"),
        ({"received_at": "2020-01-01T00:00:00Z"}, "invalid"),
        ({"is_new": "true"}, "invalid"),
    ],
)
def test_what_intake_refuses_is_refused_here_too(dispatcher, database, body, problem):
    before = database.counts()

    takes_in(dispatcher, expect=422, **body)

    assert dispatcher.last.problem == problem
    assert database.counts() == before


def test_an_id_that_is_taken_is_refused(dispatcher, a_report):
    report = a_report(at=WARD_2)

    takes_in(dispatcher, expect=409, id=report.id)

    assert dispatcher.last.problem == "id-taken"


def test_taking_in_is_for_the_desk(client, resident, crew, analyst, partner):
    client.post("/v1/triage/reports", json=told(), expect=401)
    for person in (resident, crew, analyst, partner):
        person.post("/v1/triage/reports", json=told(), expect=403)


def test_a_limited_desk_takes_in_what_then_is_not_its_own(ward_desk):
    receipt = takes_in(ward_desk, at=WARD_2)

    assert receipt["department"]["code"] == "works"
    ward_desk.get(f"/v1/work/{receipt['id']}", expect=404)


def test_whoever_took_it_in_answers_for_the_caller(dispatcher, supervisor):
    receipt = takes_in(dispatcher)
    report = SentReport(dispatcher, {}, receipt)
    desk_moves(dispatcher, report, "needs_information", note="Which lane?")

    says(supervisor, report, "answer", expect=403, text="The left one.")
    assert supervisor.last.problem == "not-yours"
    answered = says(dispatcher, report, "answer", text="She says the left one.")

    assert answered["status"]["code"] == "received"
