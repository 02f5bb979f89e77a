"""The desk moves any report along the table of its life."""

import uuid

import pytest

from domain.status import MOVES, Status
from tests.support.moves import crew_moves, desk_moves, lines, resolved
from tests.support.town import WARD_2

# The shortest way from `received` to each status.
WAYS = {
    Status.RECEIVED: [],
    Status.NEEDS_INFORMATION: ["needs_information"],
    Status.ACKNOWLEDGED: ["acknowledged"],
    Status.SCHEDULED: ["scheduled"],
    Status.IN_PROGRESS: ["in_progress"],
    Status.ON_HOLD: ["acknowledged", "on_hold"],
    Status.RESOLVED: ["in_progress", "resolved"],
    Status.CLOSED: ["closed"],
    Status.REOPENED: ["closed", "reopened"],
}


def demanded(to):
    """Everything that a move to this status may ask for."""
    reason = "no_action" if to == "closed" else "Because."
    return {"note": "A note.", "reason": reason, "expected_at": "2027-01-01T00:00:00Z"}


def a_report_that_is(now, dispatcher, a_report):
    report = a_report()
    for stop in WAYS[now]:
        desk_moves(dispatcher, report, stop, **demanded(stop))
    return report


@pytest.mark.parametrize("now", list(Status))
def test_every_step_of_the_table_can_be_made(dispatcher, a_report, now):
    for to in [move.to.value for move in MOVES[now] if "dispatcher" in move.by]:
        report = a_report_that_is(now, dispatcher, a_report)

        moved = desk_moves(dispatcher, report, to, **demanded(to))

        assert moved["status"]["code"] == to
        assert moved["version"] == len(WAYS[now]) + 2


@pytest.mark.parametrize("now", list(Status))
def test_no_step_can_be_made_that_is_not_in_the_table(dispatcher, a_report, now):
    report = a_report_that_is(now, dispatcher, a_report)
    version = report.version
    steps = [move.to.value for move in MOVES[now] if "dispatcher" in move.by]
    others = [move.to.value for move in MOVES[now] if "dispatcher" not in move.by]

    for to in [status.value for status in Status if status.value not in steps + others]:
        path, body = f"/v1/triage/{report.id}/move", {"to": to, **demanded(to)}
        dispatcher.post(path, json=body, if_match=version, expect=409)
        assert dispatcher.last.problem == "wrong-status"
        assert dispatcher.last.json["allowed"] == steps
    assert report.version == version


@pytest.mark.parametrize(
    ("to", "way", "pointer"),
    [
        ("needs_information", [], "/note"),
        ("closed", [], "/reason"),
        ("scheduled", [], "/expected_at"),
        ("on_hold", ["acknowledged"], "/reason"),
        ("resolved", ["in_progress"], "/note"),
        ("reopened", ["closed"], "/reason"),
    ],
)
def test_what_a_move_demands_must_be_said(dispatcher, a_report, database, to, way, pointer):
    report = a_report()
    for stop in way:
        desk_moves(dispatcher, report, stop, **demanded(stop))
    before = database.counts()

    dispatcher.post(f"/v1/triage/{report.id}/move", json={"to": to}, if_match=report.version, expect=422)

    assert dispatcher.last.faults == [(pointer, "required")]
    assert database.counts() == before


def test_a_report_is_closed_for_one_of_the_listed_reasons(dispatcher, a_report, client):
    report = a_report()

    path = f"/v1/triage/{report.id}/move"
    dispatcher.post(path, json={"to": "closed", "reason": "tired"}, if_match=1, expect=422)
    assert dispatcher.last.faults == [("/reason", "not-offered")]
    assert "duplicate, not_ours, not_found, no_action" in dispatcher.last.json["errors"][0]["message"]

    for reason in ("duplicate", "not_ours", "not_found", "no_action"):
        report = a_report()
        closed = desk_moves(dispatcher, report, "closed", reason=reason)
        assert closed["status"]["phase"] == "closed"
        assert lines(client, report)[-1]["reason"] == reason


def test_a_report_that_is_opened_again_is_resolved_no_more(crew, dispatcher, a_report, client):
    report = a_report()
    assert resolved(crew, report)["resolved_at"] is not None

    closed = desk_moves(dispatcher, report, "closed", reason="no_action")
    reopened = desk_moves(dispatcher, report, "reopened", reason="It broke up again.")

    assert closed["resolved_at"] is not None
    assert reopened["resolved_at"] is None
    assert client.get(report.path)["resolved_at"] is None
    assert client.get(report.path)["status"] == {"code": "reopened", "label": "Reopened", "phase": "open"}


def test_a_question_to_the_resident_is_announced_with_its_words_in_the_timeline(dispatcher, a_report, database):
    report = a_report()

    desk_moves(dispatcher, report, "needs_information", note="Which lane is it in?")

    assert lines(report.reporter, report)[-1]["note"] == "Which lane is it in?"
    assert database.value("SELECT event FROM announcement ORDER BY created_at DESC LIMIT 1") == "needs_information"


def test_the_desk_moves_reports_of_all_departments_and_of_none(dispatcher, admin, a_report):
    for caller, report in ((dispatcher, a_report(at=WARD_2)), (admin, a_report("other"))):
        assert desk_moves(caller, report, "acknowledged")["status"]["code"] == "acknowledged"


def test_a_move_from_the_desk_leaves_the_report_with_its_crew(crew, dispatcher, a_report):
    report = a_report()
    crew_moves(crew, report, "take")

    moved = desk_moves(dispatcher, report, "in_progress")

    assert moved["crew"]["code"] == "roads-north"


def test_a_date_that_was_promised_falls_when_the_report_goes_back_in_the_pile(dispatcher, a_report, client):
    report = a_report()
    desk_moves(dispatcher, report, "scheduled", expected_at="2027-01-01T00:00:00Z")
    begun = desk_moves(dispatcher, report, "in_progress")
    held = desk_moves(dispatcher, report, "on_hold", reason="Rain", expected_at="2027-01-09T00:00:00Z")

    back = desk_moves(dispatcher, report, "acknowledged")

    assert begun["expected_at"] == "2027-01-01T00:00:00.000Z"
    assert held["expected_at"] == "2027-01-09T00:00:00.000Z"
    assert back["expected_at"] is None
    assert client.get(report.path)["expected_at"] is None


def test_moves_from_the_desk_are_for_the_desk(client, resident, crew, a_report, database):
    report = a_report()
    before = database.counts()
    for path, body in (("move", {"to": "acknowledged"}), ("assign", {"crew": "roads-north"})):
        client.post(f"/v1/triage/{report.id}/{path}", json=body, if_match=1, expect=401)
        for caller in (resident, crew):
            caller.post(f"/v1/triage/{report.id}/{path}", json=body, if_match=1, expect=403)
            assert caller.last.problem == "not-allowed"
    assert database.counts() == before


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/to", "required"),
        ({"to": "done"}, "/to", "not-offered"),
        ({"to": None}, "/to", "required"),
        ({"to": 5}, "/to", "wrong-type"),
        ({"to": "acknowledged", "note": "x" * 4001}, "/note", "too-long"),
        ({"to": "acknowledged", "reason": "two\nlines"}, "/reason", "control-character"),
        ({"to": "acknowledged", "expected_at": "2027-01-01"}, "/expected_at", "not-a-time"),
        ({"to": "acknowledged", "crew": "roads-north"}, "/crew", "unknown-field"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_stored(dispatcher, a_report, database, body, pointer, code):
    report = a_report()
    before = database.counts()

    dispatcher.post(f"/v1/triage/{report.id}/move", json=body, if_match=1, expect=422)

    assert dispatcher.last.faults == [(pointer, code)]
    assert database.counts() == before


def test_the_desk_too_names_the_version_that_it_has_seen_and_may_retry(dispatcher, a_report):
    report, key = a_report(), str(uuid.uuid4())
    path, body = f"/v1/triage/{report.id}/move", {"to": "acknowledged"}
    dispatcher.post(path, json=body, expect=428)
    dispatcher.post(path, json=body, if_match=2, expect=412)
    assert dispatcher.last.json["current"] == dispatcher.get(f"/v1/work/{report.id}")
    dispatcher.post(path, json=body, key=key, if_match=1, expect=200)
    first = dispatcher.last

    dispatcher.post(path, json=body, key=key, if_match=1, expect=200)

    assert dispatcher.last.body == first.body
    assert report.version == 2


def test_a_report_that_is_not_there_is_not_found(dispatcher, database):
    nowhere = "00000000-0000-4000-8000-000000000000"

    dispatcher.post(f"/v1/triage/{nowhere}/move", json={"to": "closed"}, if_match=1, expect=404)
    dispatcher.post(f"/v1/triage/{nowhere}/assign", json={"crew": "roads-north"}, if_match=1, expect=404)
    dispatcher.get(f"/v1/work/{nowhere}", expect=404)
    dispatcher.get("/v1/work/not-a-uuid", expect=404)
