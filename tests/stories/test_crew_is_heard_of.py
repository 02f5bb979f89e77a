"""What a crew or the desk does to a report reaches the resident's phone, once, and nothing else does."""

import uuid

from tests.support.moves import assigned, crew_moves, desk_moves


def test_the_resident_hears_each_step_of_the_crew(crew, a_report, resident, phones, run_jobs):
    report = a_report()

    for verb, said in (("take", {}), ("start", {}), ("resolve", {"note": "Filled."})):
        crew_moves(crew, report, verb, **said)
        run_jobs()

    assert phones.titles(resident.push_token) == ["Pothole: accepted", "Pothole: work has begun", "Pothole: resolved"]


def test_a_retry_of_a_move_is_heard_once(crew, a_report, resident, phones, run_jobs):
    report, key = a_report(), str(uuid.uuid4())

    for _ in range(3):
        crew.post(f"/v1/work/{report.id}/take", json={}, key=key, if_match=1, expect=200)
    run_jobs()

    assert phones.titles(resident.push_token) == ["Pothole: accepted"]


def test_a_refused_move_is_not_heard(crew, a_report, resident, phones, run_jobs):
    report = a_report()

    crew.post(f"/v1/work/{report.id}/resolve", json={"note": "Done."}, if_match=1, expect=409)
    crew.post(f"/v1/work/{report.id}/take", json={}, if_match=9, expect=412)
    run_jobs()

    assert phones.titles(resident.push_token) == []


def test_the_resident_hears_that_a_report_went_elsewhere_but_not_which_crew_has_it(
    dispatcher, a_report, resident, phones, run_jobs
):
    report = a_report()

    assigned(dispatcher, report, crew="roads-south")
    assigned(dispatcher, report, department="parks", crew="parks-one")
    run_jobs()

    assert phones.titles(resident.push_token) == ["Pothole: passed on"]


def test_what_a_crew_hands_back_among_itself_is_not_heard(crew, a_report, resident, phones, run_jobs):
    report = a_report()

    crew_moves(crew, report, "take", "hand-back", note="Canary: the crew is ill.")
    run_jobs()

    assert phones.titles(resident.push_token) == ["Pothole: accepted"]


def test_neither_notes_nor_places_stand_on_a_phones_screen(crew, dispatcher, a_report, resident, phones, run_jobs):
    report = a_report(description="Canary one", address="Canary two")

    crew_moves(crew, report, "take", "start", "resolve", note="Canary three")
    desk_moves(dispatcher, report, "reopened", reason="Canary four")
    run_jobs()

    heard = phones.heard(resident.push_token)
    assert len(heard) == 4
    assert "Canary" not in str(heard)
