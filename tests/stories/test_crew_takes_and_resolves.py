"""A crew takes a report, works on it, and says what was done."""

import pytest

from tests.support.moves import crew_moves, desk_moves, lines, resolved
from tests.support.town import WARD_2


def test_a_crew_takes_a_report_and_the_city_has_accepted_it(crew, a_report):
    report = a_report()

    taken = crew.post(f"/v1/work/{report.id}/take", json={}, if_match=1, expect=200)

    assert taken["crew"] == {"code": "roads-north", "name": "Roads North"}
    assert taken["status"]["code"] == "acknowledged"
    assert taken["version"] == 2
    assert crew.last.headers["etag"] == '"2"'


def test_taking_a_report_that_the_city_has_accepted_leaves_its_status_alone(crew, dispatcher, a_report, client):
    report = a_report()
    desk_moves(dispatcher, report, "acknowledged")

    taken = crew_moves(crew, report, "take")

    assert taken["status"]["code"] == "acknowledged"
    assert taken["crew"]["code"] == "roads-north"
    assert taken["version"] == 3
    assert [line["kind"] for line in lines(crew, report)] == ["received", "moved", "assigned"]
    assert [line["kind"] for line in lines(client, report)] == ["received", "moved"]


def test_taking_what_one_has_changes_nothing(crew, a_report, database):
    report = a_report()
    first = crew_moves(crew, report, "take")
    before = database.counts()

    again = crew_moves(crew, report, "take")

    assert again == first
    after = database.counts()
    assert {table for table in after if after[table] != before[table]} == {"idempotency_key"}


def test_a_reopened_report_is_accepted_again_when_it_is_taken(crew, dispatcher, a_report):
    report = a_report()
    resolved(crew, report)
    reopened = desk_moves(dispatcher, report, "reopened", reason="It broke up again.")

    taken = crew_moves(crew, report, "take")

    assert reopened["crew"]["code"] == "roads-north"
    assert taken["status"]["code"] == "acknowledged"


def test_a_question_to_the_resident_stays_open_when_a_crew_takes_the_report(crew, dispatcher, a_report):
    report = a_report()
    desk_moves(dispatcher, report, "needs_information", note="Which lane?")

    assert crew_moves(crew, report, "take")["status"]["code"] == "needs_information"


def test_the_crew_starts_and_resolves_with_a_note_that_everybody_can_read(crew, a_report, client):
    report = a_report()

    done = resolved(crew, report, note="Filled with hot asphalt.")

    assert done["status"] == {"code": "resolved", "label": "Resolved", "phase": "closed"}
    assert done["resolved_at"] is not None
    assert done["version"] == 4
    told = lines(client, report)
    assert [(line["kind"], line["by"]) for line in told] == [
        ("received", "resident"),
        ("moved", "crew"),
        ("moved", "crew"),
        ("moved", "crew"),
    ]
    assert [line["to_status"]["code"] for line in told] == ["received", "acknowledged", "in_progress", "resolved"]
    assert told[-1]["from_status"]["code"] == "in_progress"
    assert told[-1]["note"] == "Filled with hot asphalt."
    assert [line["seq"] for line in told] == [1, 2, 3, 4]


def test_each_change_is_a_history_line_a_log_row_and_an_announcement_with_its_job(crew, a_report, database):
    report = a_report()

    resolved(crew, report)

    assert [
        (row["seq"], row["event"]) for row in database.rows("SELECT seq, event FROM announcement ORDER BY seq")
    ] == [(1, "received"), (2, "acknowledged"), (3, "in_progress"), (4, "resolved")]
    assert database.value("SELECT count(*) FROM report_event") == 4
    assert database.value("SELECT count(*) FROM change") == 4
    assert (
        database.value(
            """
            SELECT count(*) FROM announcement a JOIN procrastinate_jobs j
            ON j.task_name = 'expand_announcement' AND (j.args ->> 'announcement_id')::uuid = a.id
            """
        )
        == 4
    )


def test_the_change_log_says_in_whose_hands_a_report_was_before_and_after(crew, a_report, database):
    report = a_report()

    crew_moves(crew, report, "take")

    taken = database.rows("SELECT kind, scope_before, scope_after FROM change ORDER BY id")[-1]
    assert taken["kind"] == "moved"
    assert taken["scope_before"]["crew_id"] is None
    assert taken["scope_before"]["status"] == "received"
    assert taken["scope_after"]["crew_id"] is not None
    assert taken["scope_after"]["status"] == "acknowledged"


def test_a_crew_that_works_on_a_report_which_nobody_has_taken_has_it(crew, second_crew, a_report):
    report = a_report()

    started = crew_moves(crew, report, "start")

    assert started["crew"]["code"] == "roads-north"
    second_crew.get(f"/v1/work/{report.id}", expect=404)


def test_a_report_is_put_on_hold_with_a_reason(crew, a_report, client):
    report = a_report()

    held = crew_moves(crew, report, "take", "start", "hold", reason="Waiting for asphalt", note="The plant is shut.")

    assert held["status"]["code"] == "on_hold"
    assert held["status"]["phase"] == "in_progress"
    assert lines(client, report)[-1]["reason"] == "Waiting for asphalt"


def test_a_crew_says_when_it_will_come(crew, a_report, client):
    report = a_report()

    planned = crew_moves(crew, report, "take", "schedule", expected_at="2027-03-01T09:00:00+01:00")

    assert planned["status"]["code"] == "scheduled"
    assert planned["expected_at"] == "2027-03-01T08:00:00.000Z"
    assert client.get(report.path)["expected_at"] == "2027-03-01T08:00:00.000Z"
    assert lines(client, report)[-1]["expected_at"] == "2027-03-01T08:00:00.000Z"


def test_a_crew_hands_back_and_another_can_take_it(crew, second_crew, a_report, client):
    report = a_report()
    crew_moves(crew, report, "take", "schedule", expected_at="2027-03-01T08:00:00Z")

    back = crew_moves(crew, report, "hand-back", note="We have no roller.")

    assert back["crew"] is None
    assert back["status"]["code"] == "acknowledged"
    assert back["expected_at"] is None
    assert lines(crew, report)[-1]["crew"] is None
    assert "crew" not in lines(client, report)[-1]
    assert crew_moves(second_crew, report, "take")["crew"]["code"] == "roads-south"


@pytest.mark.parametrize(
    ("verbs", "said"),
    [
        pytest.param(["start"], {}, id="work that was begun"),
        pytest.param(["start", "hold"], {"reason": "Rain"}, id="work on hold"),
    ],
)
def test_work_that_is_handed_back_is_accepted_again(crew, a_report, verbs, said):
    report = a_report()
    crew_moves(crew, report, "take", *verbs, **said)

    assert crew_moves(crew, report, "hand-back")["status"]["code"] == "acknowledged"


def test_handing_back_what_was_only_taken_is_the_staffs_own_affair(crew, a_report, client, database):
    report = a_report()
    crew_moves(crew, report, "take")
    announced = database.value("SELECT count(*) FROM announcement")

    back = crew_moves(crew, report, "hand-back", note="Not on our route.")

    assert back["status"]["code"] == "acknowledged"
    assert (lines(crew, report)[-1]["kind"], lines(crew, report)[-1]["note"]) == ("assigned", "Not on our route.")
    assert "Not on our route." not in str(lines(client, report))
    assert "Not on our route." not in str(lines(report.reporter, report))
    assert database.value("SELECT count(*) FROM announcement") == announced


def test_handing_back_what_nobody_has_changes_nothing(crew, a_report):
    report = a_report()

    back = crew_moves(crew, report, "hand-back")

    assert back["version"] == 1
    assert len(lines(crew, report)) == 1


@pytest.mark.parametrize(
    ("verbs", "verb", "pointer"),
    [
        pytest.param(["take", "start"], "resolve", "/note", id="resolving without a note"),
        pytest.param(["take"], "hold", "/reason", id="holding without a reason"),
        pytest.param(["take"], "schedule", "/expected_at", id="scheduling without a date"),
    ],
)
@pytest.mark.parametrize("nothing", [{}, {"note": None}, {"note": " \n "}], ids=["left out", "null", "blank"])
def test_what_a_move_demands_must_be_said(crew, a_report, database, verbs, verb, pointer, nothing):
    report = a_report()
    crew_moves(crew, report, *verbs)
    before = database.counts()

    crew.post(f"/v1/work/{report.id}/{verb}", json=nothing, if_match=report.version, expect=422)

    assert crew.last.faults == [(pointer, "required")]
    assert database.counts() == before


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        pytest.param("resolve", {"note": "Done."}, id="resolved before it was begun"),
        pytest.param("resolve", {}, id="the status is looked at before the note"),
        pytest.param("hold", {"reason": "Rain"}, id="held before it was accepted"),
    ],
)
def test_a_step_that_the_life_of_a_report_does_not_have_is_refused(crew, a_report, verb, said):
    report = a_report()

    crew.post(f"/v1/work/{report.id}/{verb}", json=said, if_match=1, expect=409)

    assert crew.last.problem == "wrong-status"
    assert crew.last.json["now"] == "received"
    assert crew.last.json["allowed"] == ["acknowledged", "scheduled", "in_progress"]
    assert report.version == 1


@pytest.mark.parametrize("verb", ["take", "start", "hand-back", "resolve"])
def test_a_report_that_is_over_is_over(crew, a_report, verb):
    report = a_report()
    resolved(crew, report)

    crew.post(f"/v1/work/{report.id}/{verb}", json={"note": "Again."}, if_match=report.version, expect=409)

    assert crew.last.problem == "wrong-status"
    assert crew.last.json["allowed"] == []


def test_the_clock_of_a_crews_tablet_is_kept_and_flagged_but_never_a_gate(crew, a_report, client, database):
    report = a_report()
    crew_moves(crew, report, "take", captured_at="2020-02-29T23:59:59.5+02:00")
    crew_moves(crew, report, "start", captured_at="2099-01-01T00:00:00Z")

    seen = lines(crew, report)

    assert [line["captured_at"] for line in seen[1:]] == ["2020-02-29T21:59:59.500Z", "2099-01-01T00:00:00.000Z"]
    assert [line["clock_flag"] for line in seen[1:]] == ["old", "ahead"]
    assert seen[1]["at"] <= seen[2]["at"] < "2099"
    assert "captured_at" not in str(lines(client, report))


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        pytest.param({"note": "x" * 4001}, "/note", "too-long", id="a note of 4,001 characters"),
        pytest.param({"note": "a\u0000b"}, "/note", "control-character", id="a control character"),
        pytest.param({"note": 5}, "/note", "wrong-type", id="a number for a note"),
        pytest.param({"captured_at": "yesterday"}, "/captured_at", "not-a-time", id="a time in words"),
        pytest.param(
            {"captured_at": "0001-01-01T00:00:00+05:00"}, "/captured_at", "not-a-time", id="a time before all times"
        ),
        pytest.param({"colour": "red"}, "/colour", "unknown-field", id="a field that we do not know"),
        pytest.param({"reason": "x"}, "/reason", "unknown-field", id="a reason where none is asked"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_stored(crew, a_report, database, body, pointer, code):
    report = a_report()
    before = database.counts()

    crew.post(f"/v1/work/{report.id}/start", json=body, if_match=1, expect=422)

    assert crew.last.faults == [(pointer, code)]
    assert database.counts() == before


def test_a_note_of_4000_characters_with_joiners_comes_back_as_it_was(crew, a_report):
    report = a_report()
    note = ("👩‍👩‍👧‍👦" * 600)[:3990] + "\n\tdone ✓"

    crew_moves(crew, report, "take", "start", "resolve", note=note)

    assert lines(crew, report)[-1]["note"] == note


def test_reports_of_other_departments_are_not_there_for_a_crew(crew, other_crew, a_report, database):
    report = a_report(at=WARD_2)  # Public Works
    before = database.counts()

    for caller in (crew, other_crew):
        caller.get(f"/v1/work/{report.id}", expect=404)
        for verb in ("take", "start", "hold", "schedule", "resolve", "hand-back"):
            caller.post(f"/v1/work/{report.id}/{verb}", json={}, if_match=1, expect=404)

    assert database.counts() == before


def test_a_report_that_no_rule_sent_anywhere_is_no_crews(crew, other_crew, dispatcher, a_report):
    report = a_report("other")

    crew.get(f"/v1/work/{report.id}", expect=404)
    other_crew.post(f"/v1/work/{report.id}/take", json={}, if_match=1, expect=404)
    assert dispatcher.get(f"/v1/work/{report.id}")["department"] is None


def test_work_is_for_crews(client, resident, dispatcher, admin, a_report):
    report = a_report()

    client.get("/v1/work", expect=401)
    client.get(f"/v1/work/{report.id}", expect=401)
    resident.get("/v1/work", expect=403)
    resident.get(f"/v1/work/{report.id}", expect=403)
    for verb in ("take", "start", "hold", "schedule", "resolve", "hand-back"):
        path = f"/v1/work/{report.id}/{verb}"
        client.post(path, json={}, if_match=1, expect=401)
        for caller in (resident, dispatcher, admin):
            caller.post(path, json={}, if_match=1, expect=403)
    assert report.version == 1
