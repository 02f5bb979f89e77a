"""The parts together: a question, its answer, a correction, a clock and a queue are one report's life."""

import pytest

from tests.support.clocks import HOUR, a_target, admitted, hours_until, time_passes
from tests.support.moves import crew_moves, desk_moves
from tests.support.workflow import desk_asks, says


def found(desk, query):
    return [item["id"] for item in desk.get(f"/v1/queue?{query}")["items"]]


@pytest.mark.parametrize(
    ("corrected", "hours"),
    [
        pytest.param({"category": "streetlight"}, 70, id="another category"),
        pytest.param({"priority": "urgent"}, 4, id="another priority"),
        pytest.param({"category": "streetlight", "priority": "urgent"}, 70, id="both: the category counts first"),
    ],
)
def test_a_correction_takes_another_target_and_keeps_what_was_used(
    admin, a_report, dispatcher, database, corrected, hours
):
    a_target(admin, hours=48)
    a_target(admin, "lights", category="streetlight", hours=80)
    a_target(admin, "urgent", priority="urgent", hours=14)
    report = a_report()
    admitted()
    time_passes(database, report, 10 * HOUR)

    desk_asks(dispatcher, report, "correct", **corrected)

    assert hours_until(report.now["expected_at"]) == pytest.approx(hours, abs=0.05)


def test_an_answer_starts_the_clock_again_and_the_desk_finds_it(admin, a_report, resident, dispatcher, database):
    a_target(admin, hours=48)
    report = a_report()
    admitted()
    time_passes(database, report, 8 * HOUR)
    desk_moves(dispatcher, report, "needs_information", note="Which side of the street?")
    time_passes(database, report, 30 * HOUR)
    assert found(dispatcher, "answered=true") == []

    says(resident, report, "answer", text="The left one.")

    assert found(dispatcher, "answered=true") == [report.id]
    assert hours_until(report.now["expected_at"]) == pytest.approx(40, abs=0.05)
    desk_moves(dispatcher, report, "acknowledged")
    assert found(dispatcher, "answered=true") == []


def test_a_report_by_telephone_is_worked_like_any_other(admin, dispatcher, crew, database):
    a_target(admin, hours=48)
    body = {
        "id": "0b1f1a52-55d4-4c7e-8d0c-6d2a9c1f7a10",
        "category": "pothole",
        "location": {"lon": -69.985, "lat": 42.025},
        "description": "A hole, says the caller.",
        "answers": {"size": "small"},
        "source": "telephone",
        "contact": {"name": "A caller", "phone": "555-0100"},
    }
    dispatcher.post("/v1/triage/reports", json=body, expect=201)

    assert found(dispatcher, "source=telephone&due=on_time") == [body["id"]]
    seen = crew.get(f"/v1/work/{body['id']}")
    assert (seen["source"], seen["contact"]["name"]) == ("telephone", "A caller")
    crew.post(f"/v1/work/{body['id']}/take", json={}, if_match=seen["version"], expect=200)
    assert found(dispatcher, "crew=roads-north") == [body["id"]]


def test_a_dispute_brings_it_back_into_the_queue_with_its_clock(admin, a_report, resident, crew, dispatcher, database):
    a_target(admin, hours=48)
    report = a_report()
    admitted()
    time_passes(database, report, 10 * HOUR)
    crew_moves(crew, report, "take", "start", "resolve", note="Filled.")
    assert found(dispatcher, "") == []

    says(resident, report, "dispute", reason="Nothing has been done.")

    assert found(dispatcher, "status=reopened") == [report.id]
    assert hours_until(report.now["expected_at"]) == pytest.approx(38, abs=0.05)
