"""One report for several departments: the whole follows its parts, and its reporter hears of the whole alone."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.admin import make
from tests.support.answers import over
from tests.support.moves import desk_moves, lines, resolved
from tests.support.workflow import (
    desk_asks,
    has_template,
    hides,
    is_split,
    lists_reason,
    moves,
    parts_of,
    says,
    status,
    whole_history,
    works,
)


def test_each_department_gets_its_part_and_the_report_lists_them(a_report, dispatcher, database):
    report = a_report(address="7 Mill Lane", contact={"name": "Rita"}, answers={"size": "large", "depth_cm": 9})

    whole = desk_asks(
        dispatcher,
        report,
        "split",
        parts=[{"department": "works", "note": "The pavement."}, {"department": "parks", "category": "fallen-tree"}],
    )

    assert [(child["department"]["code"], child["category"]["code"]) for child in whole["children"]] == [
        ("works", "pothole"),
        ("parks", "fallen-tree"),
    ]
    assert (whole["open_children"], whole["department"]["code"], whole["version"]) == (2, "roads", 2)
    first, _ = parts_of(dispatcher, report)
    part = dispatcher.get(f"/v1/work/{first.id}")
    assert (part["source"], part["parent"], part["visibility"], part["mine"]) == ("split", report.id, "private", False)
    assert (part["address"], part["contact"], part["description"]) == (
        "7 Mill Lane",
        {"name": "Rita"},
        report.sent["description"],
    )
    assert part["location"] == report.sent["location"]
    assert [line["note"] for line in lines(dispatcher, first)] == [None, "The pavement."]
    assert lines(dispatcher, first)[0]["parent"] == {"id": report.id, "reference": report.reference}
    assert [part["reference"] for part in lines(dispatcher, report)[-1]["parts"]] == [
        child["reference"] for child in whole["children"]
    ]


def test_the_parts_are_there_for_nobody_but_staff(
    a_report, client, resident, other_resident, dispatcher, phones, run_jobs, database
):
    report = a_report()
    first, _ = is_split(dispatcher, report, "works", "parks")
    moves(dispatcher, first, "acknowledged", note="canary")
    run_jobs()

    for person in (client, resident, other_resident):
        person.get(first.path, expect=404)
        person.get(f"{first.path}/timeline", expect=404)
        assert first.id not in str(person.get("/v1/reports"))
        person.get(report.path)
        assert first.id not in person.last.text and first.reference not in person.last.text
        person.get(f"{report.path}/timeline")
        assert first.id not in person.last.text
    assert [item["id"] for item in resident.get("/v1/reports?mine=true")["items"]] == [report.id]
    assert phones.heard(resident.push_token) == []


def test_the_reporter_hears_of_the_whole_when_its_parts_move(a_report, resident, dispatcher, phones, run_jobs):
    report = a_report()
    first, second = is_split(dispatcher, report, "works", "parks")

    works(dispatcher, first, "in_progress", "resolved")
    works(dispatcher, second, "in_progress", "resolved")
    run_jobs()

    assert {card["data"]["event"] for card in phones.heard(resident.push_token)} == {"in_progress", "resolved"}
    assert [line["to_status"]["code"] for line in lines(resident, report)] == ["received", "in_progress", "resolved"]
    assert lines(resident, report)[-1]["note"] == "Done."
    assert resident.get(report.path)["resolved_at"] is not None


@pytest.mark.parametrize(
    ("first_steps", "second_steps", "whole"),
    [
        ([], [], "received"),
        (["acknowledged"], [], "received"),
        (["in_progress"], [], "in_progress"),
        (["in_progress", "resolved"], [], "in_progress"),
        (["in_progress", "resolved"], ["in_progress", "resolved"], "resolved"),
        (["in_progress", "resolved"], ["closed"], "resolved"),
        (["closed"], ["in_progress", "resolved"], "resolved"),
        (["closed"], ["closed"], "closed"),
        (["closed"], [], "received"),
        (["in_progress", "on_hold"], [], "in_progress"),
    ],
)
def test_the_whole_is_where_its_parts_are(a_report, dispatcher, first_steps, second_steps, whole):
    report = a_report()
    first, second = is_split(dispatcher, report, "works", "parks")

    works(dispatcher, first, *first_steps)
    works(dispatcher, second, *second_steps)

    assert status(dispatcher, report) == whole


def test_a_part_that_is_opened_again_opens_the_whole(a_report, dispatcher):
    report = a_report()
    (part,) = is_split(dispatcher, report, "works")
    works(dispatcher, part, "in_progress", "resolved")
    assert status(dispatcher, report) == "resolved"

    moves(dispatcher, part, "reopened", reason="It broke again.")

    assert status(dispatcher, report) == "reopened"
    assert dispatcher.get(f"/v1/work/{report.id}")["resolved_at"] is None


@pytest.mark.parametrize(("to", "said"), [("resolved", {"note": "Done."}), ("closed", {"reason": "no_action"})])
def test_nobody_ends_the_whole_by_hand_while_a_part_is_open(a_report, dispatcher, database, to, said):
    report = a_report()
    first, _ = is_split(dispatcher, report, "works", "parks")
    works(dispatcher, first, "in_progress")
    before = database.counts()

    version = dispatcher.get(f"/v1/work/{report.id}")["version"]
    dispatcher.post(f"/v1/triage/{report.id}/move", json={"to": to, **said}, if_match=version, expect=409)

    assert dispatcher.last.problem == "open-children"
    assert dispatcher.last.json["count"] == 2
    assert database.counts() == before


def test_a_crew_does_not_end_it_either(a_report, crew, dispatcher):
    report = a_report()
    is_split(dispatcher, report, "works")
    for verb in ("take", "start"):
        crew.post(f"/v1/work/{report.id}/{verb}", json={}, if_match=report.version)

    crew.post(f"/v1/work/{report.id}/resolve", json={"note": "Done."}, if_match=report.version, expect=409)

    assert crew.last.problem == "open-children"


def test_a_question_waits_for_its_answer_though_a_part_has_begun(a_report, resident, dispatcher):
    report = a_report()
    (part,) = is_split(dispatcher, report, "works")
    desk_moves(dispatcher, report, "needs_information", note="Which lane?")

    works(dispatcher, part, "in_progress")

    assert status(dispatcher, report) == "needs_information"
    says(resident, report, "answer", text="The left one.")
    works(dispatcher, part, "on_hold", "in_progress")
    assert status(dispatcher, report) == "in_progress"


def test_a_question_is_asked_of_the_whole(a_report, dispatcher):
    report = a_report()
    (part,) = is_split(dispatcher, report, "works")

    path = f"/v1/triage/{part.id}/move"
    dispatcher.post(path, json={"to": "needs_information", "note": "?"}, if_match=1, expect=409)

    assert dispatcher.last.problem == "ask-the-parent"
    assert dispatcher.last.json["parent"] == report.reference


def test_the_whole_says_how_it_ended_in_every_language(admin, a_report, client, dispatcher):
    has_template(admin, "done", "resolved", "{department} did it.", "Lo hizo {department}.")
    report = a_report()
    (part,) = is_split(dispatcher, report, "works")
    works(dispatcher, part, "in_progress")

    moves(dispatcher, part, "resolved", template="done")

    assert lines(client, report)[-1]["note"] == "Public Works did it."
    spanish = client.get(f"{report.path}/timeline", language="es")["items"][-1]
    assert spanish["note"] == "Lo hizo Obras Públicas."


def test_a_reason_that_only_staff_are_told_is_not_told_by_the_whole_either(admin, a_report, client, dispatcher):
    lists_reason(admin, "informant", "closed", public=False)
    report = a_report()
    (part,) = is_split(dispatcher, report, "works")

    moves(dispatcher, part, "closed", reason="informant")

    assert status(dispatcher, report) == "closed"
    assert dispatcher.get(f"/v1/work/{report.id}")["reason"] == "informant"
    assert lines(client, report)[-1]["reason"] is None
    assert "informant" not in client.last.text


def test_the_words_for_a_part_that_was_closed_are_not_those_of_a_whole_that_was_resolved(a_report, client, dispatcher):
    report = a_report()
    first, second = is_split(dispatcher, report, "works", "parks")
    works(dispatcher, first, "in_progress", "resolved")

    moves(dispatcher, second, "closed", reason="not_found", note="There was no tree.")

    last = lines(client, report)[-1]
    assert (last["to_status"]["code"], last["note"], last["reason"]) == ("resolved", None, None)


def test_a_whole_that_is_disputed_stays_open_whatever_is_put_right_of_its_parts(a_report, resident, dispatcher):
    report = a_report()
    (part,) = is_split(dispatcher, report, "works")
    works(dispatcher, part, "in_progress", "resolved")
    says(resident, report, "dispute", reason="No.")

    desk_asks(dispatcher, part, "correct", category="needles")

    assert status(dispatcher, report) == "reopened"


def test_a_hidden_status_of_the_whole_stays_hidden(admin, a_report, client, dispatcher):
    hides(admin, "in_progress")
    report = a_report()
    (part,) = is_split(dispatcher, report, "works")

    works(dispatcher, part, "in_progress")

    assert status(dispatcher, report) == "in_progress"
    assert client.get(report.path)["status"]["code"] == "received"
    assert len(lines(client, report)) == 1


def test_a_corrected_part_stays_private(a_report, client, dispatcher):
    (part,) = is_split(dispatcher, a_report("other"), "works")

    corrected = desk_asks(dispatcher, part, "correct", category="streetlight")

    assert corrected["visibility"] == "private"
    client.get(part.path, expect=404)


def test_whoever_may_not_see_a_part_learns_only_that_it_is_open(a_report, roads_desk, dispatcher):
    report = a_report()

    whole = desk_asks(roads_desk, report, "split", parts=[{"department": "works"}, {"department": "roads"}])

    assert [child["department"]["code"] for child in whole["children"]] == ["roads"]
    assert whole["open_children"] == 2
    assert len(parts_of(dispatcher, report)) == 2


@pytest.mark.parametrize(
    ("parts", "faults"),
    [
        ([], [("/parts", "not-offered")]),
        ([{"department": "works"}] * 11, [("/parts", "not-offered")]),
        ([{"department": "moon"}], [("/parts/0/department", "unknown-department")]),
        (
            [{"department": "works"}, {"department": "moon", "category": "moon"}],
            [("/parts/1/department", "unknown-department"), ("/parts/1/category", "unknown-category")],
        ),
        ([{"category": "pothole"}], [("/parts/0/department", "required")]),
    ],
)
def test_parts_that_cannot_be_made_are_all_named(a_report, dispatcher, database, parts, faults):
    report = a_report()
    before = database.counts()

    desk_asks(dispatcher, report, "split", 422, parts=parts)

    assert dispatcher.last.faults == faults
    assert database.counts() == before


def test_what_is_over_or_a_part_itself_is_not_split(a_report, crew, dispatcher):
    report = a_report()
    (part,) = is_split(dispatcher, report, "works")
    desk_asks(dispatcher, part, "split", 409, parts=[{"department": "parks"}])
    assert dispatcher.last.problem == "circular-parent"

    over = a_report()
    resolved(crew, over)
    desk_asks(dispatcher, over, "split", 409, parts=[{"department": "parks"}])
    assert dispatcher.last.problem == "wrong-status"


def test_a_split_is_made_once(a_report, dispatcher, database):
    report, key = a_report(), str(uuid.uuid4())
    body = {"parts": [{"department": "works"}]}

    for _ in range(2):
        dispatcher.post(f"/v1/triage/{report.id}/split", json=body, key=key, if_match=1, expect=200)

    assert database.value("SELECT count(*) FROM report") == 2
    dispatcher.post(f"/v1/triage/{report.id}/split", json=body, if_match=1, expect=412)


@pytest.mark.slow
def test_parts_that_end_at_the_same_moment_end_the_whole(a_report, dispatcher, live_server):
    desk = dispatcher.over(over(live_server.url))
    for _ in range(5):
        report = a_report()
        parts = is_split(dispatcher, report, "works", "parks", "health", "roads")

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda part: works(desk, part, "in_progress", "resolved"), parts))

        assert status(dispatcher, report) == "resolved"


def test_the_history_replays_to_the_present_state(a_report, dispatcher, database):
    report = a_report()
    (part,) = is_split(dispatcher, report, "works")
    works(dispatcher, part, "in_progress", "resolved")

    for one in (report, part):
        stored = whole_history(database, one)
        assert [line["seq"] for line in stored] == list(range(1, len(stored) + 1))
        last = [line["to_status"] for line in stored if line["to_status"]][-1]
        assert last == status(dispatcher, one)


def test_a_label_of_the_citys_is_on_the_parts_too(admin, a_report, dispatcher):
    make(admin, "statuses/received", {"label": {"en": "With us", "es": "Con nosotros"}})
    report = a_report()

    whole = desk_asks(dispatcher, report, "split", parts=[{"department": "works"}])

    assert whole["children"][0]["status"]["label"] == "With us"
