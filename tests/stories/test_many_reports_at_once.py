"""The desk does one thing to many reports: tries it, has it done, reads what came of each, undoes it."""

import json
import uuid

import pytest

from jobs import tasks
from jobs.tasks import Work
from tests.support.bulk import Bulk
from tests.support.moves import assigned, crew_moves, desk_moves, lines
from tests.support.town import WARD_1, WARD_2


@pytest.fixture
def desk(dispatcher, run_jobs):
    return Bulk(dispatcher, run_jobs)


def stands(caller, report):
    shown = caller.get(f"/v1/work/{report.id}")
    return (
        shown["status"]["code"],
        (shown["department"] or {}).get("code"),
        (shown["crew"] or {}).get("code"),
        shown["priority"],
    )


# --- what can be done ---


@pytest.mark.parametrize(
    ("action", "values", "after"),
    [
        ("assign", {"crew": "roads-north"}, ("received", "roads", "roads-north", "normal")),
        ("assign", {"department": "works"}, ("received", "works", None, "normal")),
        ("assign", {"assignee": "ana"}, ("received", "roads", "roads-north", "normal")),
        ("move", {"to": "acknowledged", "note": "We will see."}, ("acknowledged", "roads", None, "normal")),
        (
            "move",
            {"to": "scheduled", "expected_at": "2027-01-01T00:00:00Z"},
            ("scheduled", "roads", None, "normal"),
        ),
        ("close", {"reason": "duplicate"}, ("closed", "roads", None, "normal")),
        ("reroute", {"department": "parks"}, ("received", "parks", None, "normal")),
        ("priority", {"priority": "urgent"}, ("received", "roads", None, "urgent")),
    ],
)
def test_each_action_does_to_many_what_the_desk_does_to_one(desk, a_report, action, values, after):
    reports = [a_report() for _ in range(3)]

    done = desk.done(action, reports, **values)

    assert (done["state"], done["report_count"], done["by"]) == ("done", 3, "dora")
    assert done["counts"] == {"waiting": 0, "done": 3, "unchanged": 0, "refused": 0}
    assert done["finished_at"] >= done["started_at"] >= done["created_at"]
    for report in reports:
        assert stands(desk.caller, report) == after
    first = desk.results(done)[0]
    assert (first["report"], first["reference"], first["outcome"]) == (reports[0].id, reports[0].reference, "done")
    assert first["before"]["status"] == "received"
    assert first["after"]["status"] == after[0]
    assert first["problem"] is None


def test_each_history_says_who_did_it_and_that_it_was_one_of_many(desk, a_report):
    report = a_report()

    done = desk.done("close", [report], reason="not_ours", note="The county looks after it.")

    last = desk.caller.get(f"/v1/work/{report.id}/history")["items"][-1]
    assert (last["kind"], last["reason"], last["note"]) == ("moved", "not_ours", "The county looks after it.")
    assert last["who"]["code"] == "dora"
    assert last["data"]["bulk_action"] == done["id"]
    assert "bulk_action" not in lines(report.reporter, report)[-1]


def test_residents_hear_as_they_would_of_one(desk, a_report, a_resident, phones):
    people = [a_resident(push=f"phone-{uuid.uuid4()}") for _ in range(3)]
    reports = [a_report(reporter=person) for person in people]

    desk.done("move", reports, to="acknowledged")

    assert [phones.titles(person.push_token) for person in people] == [["Pothole: accepted"]] * 3


def test_a_report_named_twice_is_done_once_and_what_is_so_already_stays(desk, a_report):
    one, other = a_report(), a_report()
    desk_moves(desk.caller, other, "acknowledged")
    version = other.version

    done = desk.done("move", [one, other, one], to="acknowledged")

    assert done["report_count"] == 2
    assert desk.outcomes(done) == ["done", "unchanged"]
    assert other.version == version


def test_what_the_queue_finds_can_be_named_by_its_filters(desk, a_report):
    roads, works, over = a_report(at=WARD_1), a_report(at=WARD_2), a_report(at=WARD_1)
    desk_moves(desk.caller, over, "closed", reason="no_action")
    found = desk.caller.get("/v1/queue?department=roads&status=received")["items"]

    sent = {"action": "priority", "priority": "high", "filter": {"department": "roads", "status": "received"}}
    done = desk.after(desk.caller.post("/v1/bulk-actions", json=sent, expect=202))

    assert [r["report"] for r in desk.results(done)] == [item["id"] for item in found] == [roads.id]
    assert done["values"] == {"priority": "high", "filter": {"department": "roads", "status": "received"}}
    assert stands(desk.caller, works)[-1] == stands(desk.caller, over)[-1] == "normal"


# --- what is refused, report by report ---


def test_one_report_that_is_refused_leaves_the_others_alone_and_says_why(desk, a_report):
    fine, over = a_report(), a_report()
    desk_moves(desk.caller, over, "closed", reason="no_action")
    nowhere = str(uuid.uuid4())

    done = desk.done("move", [over, nowhere, fine], to="in_progress")

    assert done["counts"] == {"waiting": 0, "done": 1, "unchanged": 0, "refused": 2}
    closed, missing, begun = desk.results(done)
    assert closed["problem"]["type"] == "/problems/wrong-status"
    assert closed["problem"]["detail"] == "A report that is closed cannot become in_progress."
    assert closed["reference"] == over.reference
    assert missing["problem"]["type"] == "/problems/not-found"
    assert missing["reference"] is None
    assert begun["outcome"] == "done"
    assert [r["report"] for r in desk.results(done, "&outcome=refused")] == [over.id, nowhere]


def test_reasons_are_told_in_the_readers_language(desk, a_report):
    report = a_report(at=WARD_1)
    done = desk.done("assign", [report], crew="parks-one")

    told = desk.caller.get(f"/v1/bulk-actions/{done['id']}/results", language="es")["items"][0]["problem"]

    assert told["title"] == "La solicitud se lee, pero no es correcta"
    assert told["errors"] == [
        {
            "pointer": "/crew",
            "code": "other-departments-crew",
            "params": {},
            "message": "es una cuadrilla de otro departamento",
        }
    ]


def test_whoever_may_not_work_on_a_report_alone_may_not_among_many(desk, roads_desk, a_report):
    theirs, foreign, private = a_report(at=WARD_1), a_report(at=WARD_2), a_report("neighbour")

    done = desk.by(roads_desk).done("priority", [theirs, foreign, private], priority="high")

    results = desk.by(roads_desk).results(done)
    assert [r["outcome"] for r in results] == ["done", "refused", "refused"]
    assert {r["problem"]["type"] for r in results[1:]} == {"/problems/not-found"}
    assert [r["reference"] for r in results] == [theirs.reference, None, None]
    roads_desk.get(f"/v1/bulk-actions/{done['id']}/results")
    assert foreign.reference not in roads_desk.last.text
    assert stands(desk.caller, foreign)[-1] == "normal"


def test_rights_are_those_of_the_moment_when_it_is_done(desk, a_report, database):
    reports = [a_report(), a_report()]
    started = desk.start("move", reports, to="acknowledged")
    database.execute("UPDATE person SET active = false WHERE code = 'dora'")
    desk.run_jobs()

    database.execute("UPDATE person SET active = true WHERE code = 'dora'")
    assert {r["problem"]["type"] for r in desk.results(started)} == {"/problems/not-allowed"}
    assert stands(desk.caller, reports[0])[0] == "received"


# --- trying it first ---


def test_a_preview_tells_what_would_come_of_each_and_changes_nothing(desk, a_report, database, phones, resident):
    fine, over = a_report(), a_report()
    desk_moves(desk.caller, over, "closed", reason="no_action")
    desk.run_jobs()
    heard, before = phones.titles(resident.push_token), database.counts()

    tried = desk.done("move", [fine, over], to="acknowledged", preview=True)

    assert (tried["state"], tried["started_at"]) == ("previewed", None)
    assert tried["counts"] == {"waiting": 0, "done": 1, "unchanged": 0, "refused": 1}
    would = desk.results(tried)[0]
    assert (would["before"]["status"], would["after"]["status"]) == ("received", "acknowledged")
    assert stands(desk.caller, fine)[0] == "received"
    assert phones.titles(resident.push_token) == heard
    after = database.counts()
    assert {table for table in after if after[table] != before[table]} == {
        "bulk_action",
        "bulk_result",
        "idempotency_key",
    }


def test_what_was_tried_can_be_run_on_the_same_reports(desk, a_report):
    reports = [a_report(), a_report()]
    tried = desk.done("close", reports, reason="no_action", preview=True)

    ran = desk.after(desk.caller.post(f"/v1/bulk-actions/{tried['id']}/run", expect=202))

    assert (ran["id"], ran["state"], ran["counts"]["done"]) == (tried["id"], "done", 2)
    assert stands(desk.caller, reports[0])[0] == "closed"
    desk.caller.post(f"/v1/bulk-actions/{tried['id']}/run", expect=409)
    assert desk.caller.last.problem == "bulk-run-already"


def test_what_has_changed_since_it_was_tried_is_left_alone(desk, a_report):
    same, changed = a_report(), a_report()
    tried = desk.done("close", [same, changed], reason="no_action", preview=True)
    desk_moves(desk.caller, changed, "acknowledged")

    ran = desk.after(desk.caller.post(f"/v1/bulk-actions/{tried['id']}/run", expect=202))

    assert desk.outcomes(ran) == ["done", "refused"]
    assert desk.results(ran)[1]["problem"]["type"] == "/problems/version-stale"
    assert stands(desk.caller, changed)[0] == "acknowledged"


def test_what_is_still_running_is_neither_run_nor_undone(desk, a_report):
    tried = desk.start("close", [a_report()], reason="no_action", preview=True)
    running = desk.start("close", [a_report()], reason="no_action")

    desk.caller.post(f"/v1/bulk-actions/{tried['id']}/run", expect=409)
    assert desk.caller.last.problem == "bulk-running"
    desk.caller.post(f"/v1/bulk-actions/{running['id']}/undo", json={}, expect=409)
    assert desk.caller.last.problem == "bulk-running"


# --- the rules decide anew ---


def test_reports_go_where_the_rules_now_in_force_send_them(desk, a_report, database):
    report, right = a_report(), a_report(at=WARD_2)
    assigned(desk.caller, report, department="parks")

    done = desk.done("reroute", [report, right])

    assert desk.outcomes(done) == ["done", "unchanged"]
    assert stands(desk.caller, report)[1] == "roads"
    assert desk.caller.get(f"/v1/work/{report.id}")["why"]["rule"] is not None


# --- the way back ---


def test_an_assignment_is_undone(desk, a_report):
    had, free = a_report(), a_report()
    assigned(desk.caller, had, crew="roads-south")
    done = desk.done("assign", [had, free], department="works")
    assert stands(desk.caller, had)[1:3] == ("works", None)

    undone = desk.undo(done)

    assert (undone["action"], undone["undo_of"], undone["counts"]["done"]) == ("undo", done["id"], 2)
    assert stands(desk.caller, had)[1:3] == ("roads", "roads-south")
    assert stands(desk.caller, free)[1:3] == ("roads", None)
    assert desk.caller.get(f"/v1/bulk-actions/{done['id']}")["undone_by"] == undone["id"]


def test_work_that_a_reroute_stopped_goes_on(desk, crew, a_report):
    report = a_report()
    crew_moves(crew, report, "take", "start")
    done = desk.done("reroute", [report], department="works")
    assert stands(desk.caller, report)[:3] == ("acknowledged", "works", None)

    desk.undo(done)

    assert stands(desk.caller, report)[:3] == ("in_progress", "roads", "roads-north")


def test_a_priority_is_undone_also_when_the_report_has_moved_since(desk, a_report):
    report = a_report()
    done = desk.done("priority", [report], priority="low")
    desk_moves(desk.caller, report, "acknowledged")

    desk.undo(done)

    assert stands(desk.caller, report) == ("acknowledged", "roads", None, "normal")


def test_what_was_closed_by_mistake_is_reopened_for_there_is_no_other_way(desk, a_report, client):
    report = a_report()
    done = desk.done("close", [report], reason="no_action")

    undone = desk.undo(done)

    assert undone["counts"]["done"] == 1
    assert desk.results(undone)[0]["after"]["status"] == "reopened"
    assert lines(client, report)[-1]["note"] == "Undone: this had been done to many reports at once by mistake."


def test_a_status_is_undone_where_the_moves_lead_back(desk, a_report):
    waiting, fresh = a_report(), a_report()
    for stop, said in (("acknowledged", {}), ("scheduled", {"expected_at": "2027-01-01T00:00:00Z"})):
        desk_moves(desk.caller, waiting, stop, **said)
    done = desk.done("move", [waiting, fresh], to="acknowledged")

    undone = desk.undo(done)

    assert desk.outcomes(undone) == ["done", "refused"]
    assert stands(desk.caller, waiting)[0] == "scheduled"
    assert desk.caller.get(f"/v1/work/{waiting.id}")["expected_at"] == "2027-01-01T00:00:00.000Z"
    refused = desk.results(undone)[1]["problem"]
    assert refused["type"] == "/problems/no-way-back"
    assert refused["detail"] == "A report that is acknowledged cannot be made received again."


def test_what_somebody_has_changed_since_stays_as_they_left_it(desk, crew, a_report):
    untouched, begun = a_report(), a_report()
    done = desk.done("assign", [untouched, begun], crew="roads-north")
    crew_moves(crew, begun, "take", "start")

    undone = desk.undo(done)

    assert desk.outcomes(undone) == ["done", "refused"]
    assert desk.results(undone)[1]["problem"]["type"] == "/problems/changed-since"
    assert stands(desk.caller, begun)[:3] == ("in_progress", "roads", "roads-north")


def test_only_what_was_done_is_undone_and_only_once(desk, a_report):
    report, already = a_report(), a_report()
    desk_moves(desk.caller, already, "acknowledged")
    done = desk.done("move", [report, already, str(uuid.uuid4())], to="acknowledged")

    undone = desk.undo(done)

    assert undone["report_count"] == 1
    desk.caller.post(f"/v1/bulk-actions/{done['id']}/undo", json={}, expect=409)
    assert desk.caller.last.problem == "undone-already"
    desk.caller.post(f"/v1/bulk-actions/{undone['id']}/undo", json={}, expect=409)


def test_after_a_week_it_is_too_late_to_undo(desk, a_report, database):
    done = desk.done("priority", [a_report()], priority="low")
    database.execute("UPDATE bulk_action SET finished_at = now() - interval '7 days 1 minute'")

    desk.caller.post(f"/v1/bulk-actions/{done['id']}/undo", json={}, expect=409)

    assert desk.caller.last.problem == "undo-too-late"
    assert "7 days" in desk.caller.last.json["detail"]


def test_a_preview_has_nothing_to_undo(desk, a_report):
    tried = desk.done("priority", [a_report()], priority="low", preview=True)

    desk.caller.post(f"/v1/bulk-actions/{tried['id']}/undo", json={}, expect=409)


# --- whose it is ---


def test_an_action_is_its_starters_and_those_who_look_after_the_desk(
    desk, roads_desk, supervisor, admin, a_report, crew
):
    done = desk.done("priority", [a_report()], priority="low")

    for caller in (supervisor, admin):
        assert caller.get(f"/v1/bulk-actions/{done['id']}")["by"] == "dora"
        assert [item["id"] for item in caller.get("/v1/bulk-actions")["items"]] == [done["id"]]
    roads_desk.get(f"/v1/bulk-actions/{done['id']}", expect=404)
    roads_desk.get(f"/v1/bulk-actions/{done['id']}/results", expect=404)
    roads_desk.post(f"/v1/bulk-actions/{done['id']}/undo", json={}, expect=404)
    assert roads_desk.get("/v1/bulk-actions")["items"] == []
    crew.post("/v1/bulk-actions", json={"action": "reroute", "reports": [str(uuid.uuid4())]}, expect=403)


def test_lists_are_paged(desk, a_report):
    reports = [a_report() for _ in range(3)]
    made = [desk.done("priority", reports, priority=p)["id"] for p in ("low", "high", "urgent")]

    first = desk.caller.get("/v1/bulk-actions?limit=2")
    rest = desk.caller.get(f"/v1/bulk-actions?limit=2&cursor={first['next']}")
    assert [item["id"] for item in first["items"] + rest["items"]] == made[::-1]

    page = desk.caller.get(f"/v1/bulk-actions/{made[0]}/results?limit=2")
    following = desk.caller.get(f"/v1/bulk-actions/{made[0]}/results?limit=2&cursor={page['next']}")
    assert [r["report"] for r in page["items"] + following["items"]] == [report.id for report in reports]
    assert following["next"] is None


# --- bad input ---

ONE = [str(uuid.uuid4())]


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, {("/action", "required")}),
        ({"action": "reroute"}, {("/reports", "one-of-two")}),
        ({"action": "reroute", "reports": ONE, "filter": {"q": "x"}}, {("/reports", "one-of-two")}),
        ({"action": "reroute", "filter": {"colour": "red"}}, {("/filter/colour", "unknown-field")}),
        ({"action": "reroute", "filter": {"status": "done"}}, {("/filter/status", "not-offered")}),
        ({"action": "reroute", "filter": {"department": "moon"}}, {("/filter/department", "unknown-department")}),
        ({"action": "reroute", "filter": {"radius_m": 5}}, {("/filter/near", "required")}),
        ({"action": "reroute", "filter": {"q": "nowhere"}}, {("/filter", "finds-nothing")}),
        ({"action": "delete", "reports": ONE}, {("/action", "not-offered")}),
        ({"action": "close", "reports": []}, {("/reports", "required")}),
        ({"action": "close", "reports": ["x"], "reason": "duplicate"}, {("/reports/0", "not-a-uuid")}),
        ({"action": "close", "reports": ONE}, {("/reason", "required")}),
        ({"action": "close", "reports": ONE, "reason": "tired"}, {("/reason", "not-offered")}),
        ({"action": "close", "reports": ONE, "reason": "duplicate", "crew": "x"}, {("/crew", "unknown-field")}),
        ({"action": "move", "reports": ONE}, {("/to", "required")}),
        ({"action": "move", "reports": ONE, "to": "scheduled"}, {("/expected_at", "required")}),
        ({"action": "move", "reports": ONE, "to": "resolved"}, {("/note", "required")}),
        ({"action": "move", "reports": ONE, "to": "resolved", "template": "x"}, {("/template", "unknown-template")}),
        ({"action": "assign", "reports": ONE}, {("/department", "required")}),
        ({"action": "assign", "reports": ONE, "department": "x"}, {("/department", "unknown-department")}),
        ({"action": "assign", "reports": ONE, "crew": "x"}, {("/crew", "unknown-crew")}),
        ({"action": "assign", "reports": ONE, "assignee": "x"}, {("/assignee", "unknown-staff")}),
        ({"action": "priority", "reports": ONE, "priority": "huge"}, {("/priority", "not-offered")}),
        ({"action": "priority", "reports": ONE, "priority": "low", "preview": "yes"}, {("/preview", "wrong-type")}),
    ],
)
def test_what_no_report_could_take_is_refused_at_once(dispatcher, database, body, faults):
    dispatcher.get("/v1/queue")  # reading it notes how far it has looked
    before = database.counts()

    dispatcher.post("/v1/bulk-actions", json=body, expect=422)

    assert set(dispatcher.last.faults) == faults
    assert database.counts() == before


def test_ten_thousand_reports_are_taken_and_not_one_more(dispatcher, database):
    ids = [str(uuid.uuid4()) for _ in range(10_001)]
    body = json.dumps({"action": "priority", "priority": "low", "reports": ids[:-1]}, indent=1).encode()

    made = dispatcher.post("/v1/bulk-actions", data=body, expect=202)
    dispatcher.post("/v1/bulk-actions", json={"action": "priority", "priority": "low", "reports": ids}, expect=422)

    assert made["report_count"] == 10_000
    assert made["counts"]["waiting"] == 10_000
    assert dispatcher.last.faults == [("/reports", "too-many")]


def test_a_retry_starts_nothing_new(dispatcher, a_report, database):
    body = {"action": "priority", "priority": "low", "reports": [a_report().id]}

    first = dispatcher.post("/v1/bulk-actions", json=body, key="once", expect=202)
    again = dispatcher.post("/v1/bulk-actions", json=body, key="once", expect=202)

    assert again == first
    assert database.value("SELECT count(*) FROM bulk_action") == 1


def test_what_came_of_each_report_is_kept_for_90_days(desk, a_report, database):
    kept = desk.done("priority", [a_report()], priority="low")
    old = desk.done("priority", [a_report()], priority="low", note="Because.")
    past = "UPDATE bulk_action SET finished_at = now() - interval '90 days 1 minute' WHERE id = %s"
    database.execute(past, old["id"])

    tasks.sweep(Work(public_url="https://311.squareton.example"), 0)

    assert len(desk.results(kept)) == 1
    assert desk.results(old) == []
    assert desk.caller.get(f"/v1/bulk-actions/{old['id']}")["values"] == {}
