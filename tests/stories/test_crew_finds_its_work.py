"""What is on a crew's list, in which order, and what is not."""

import pytest

from tests.support.moves import assigned, crew_moves, desk_moves, resolved
from tests.support.town import MILL_PARK, WARD_1, WARD_2, WARD_3, Place


def ids(caller, query=""):
    return [item["id"] for item in caller.get(f"/v1/work{query}")["items"]]


def test_a_crew_sees_what_it_has_and_what_its_department_has_to_give(crew, second_crew, other_crew, a_report):
    mine, free, theirs = a_report(), a_report(), a_report()
    elsewhere, nobodys = a_report(at=WARD_2), a_report("other")
    crew_moves(crew, mine, "take")
    crew_moves(second_crew, theirs, "take")

    assert ids(crew) == [free.id, mine.id]
    assert ids(crew, "?taken=mine") == [mine.id]
    assert ids(crew, "?taken=free") == [free.id]
    assert ids(second_crew) == [theirs.id, free.id]
    assert ids(other_crew) == []
    assert not {elsewhere.id, nobodys.id} & set(ids(crew) + ids(second_crew))


def test_the_desk_sees_all_of_the_town(crew, dispatcher, admin, a_report):
    taken, elsewhere, nobodys = a_report(), a_report(at=WARD_2), a_report("other")
    crew_moves(crew, taken, "take")

    for caller in (dispatcher, admin):
        assert ids(caller) == [nobodys.id, elsewhere.id, taken.id]
        assert ids(caller, "?taken=free") == [nobodys.id, elsewhere.id]
        assert ids(caller, "?crew=roads-north") == [taken.id]
        assert ids(caller, "?department=works") == [elsewhere.id]


def test_the_desk_has_no_work_of_its_own(dispatcher, database):
    dispatcher.get("/v1/work?taken=mine", expect=422)

    assert dispatcher.last.faults == [("?taken", "not-offered")]


def test_what_is_over_is_only_listed_when_asked_for(crew, a_report):
    done, begun, new = a_report(), a_report(), a_report()
    resolved(crew, done)
    crew_moves(crew, begun, "start")

    assert ids(crew) == [new.id, begun.id]
    assert ids(crew, "?phase=closed") == [done.id]
    assert ids(crew, "?phase=in_progress") == [begun.id]
    assert ids(crew, "?phase=open") == [new.id]
    assert ids(crew, "?status=resolved") == [done.id]
    assert ids(crew, f"?reference={done.reference.lower()}") == [done.id]


def test_the_nearest_work_comes_first_and_says_how_far_it_is(crew, a_report):
    far, near = a_report(at=WARD_3), a_report(at=WARD_1)

    listed = crew.get(f"/v1/work?near={WARD_1.lon},{WARD_1.lat}")["items"]

    assert [item["id"] for item in listed] == [near.id, far.id]
    assert listed[0]["distance_m"] == 0
    assert listed[1]["distance_m"] == pytest.approx(2221, abs=5)
    assert ids(crew, f"?near={WARD_1.lon},{WARD_1.lat}&radius_m=500") == [near.id]


def test_a_crew_sees_the_exact_place_and_the_contact_that_strangers_do_not(a_report, dispatcher, crew, client):
    exact = Place(-69.98731, 42.02317)
    report = a_report("needles", exact, contact={"name": "Canary"}, address="12 Canary St", answers={"seen": "Canary"})
    assigned(dispatcher, report, department="roads")

    listed = crew.get("/v1/work")["items"][0]
    read = crew.get(f"/v1/work/{report.id}")

    for seen in (listed, read):
        assert seen["location"] == exact.json
        assert seen["contact"] == {"name": "Canary"}
        assert seen["private_answers"] == {"seen": "Canary"}
        assert seen["address"] == "12 Canary St"
    assert client.get(report.path)["location"] != exact.json


def test_work_is_filtered_like_reports_are(crew, dispatcher, a_report):
    pothole, light, tree = a_report(), a_report("streetlight"), a_report("fallen-tree", at=WARD_2)

    assert ids(crew, "?category=streetlight") == [light.id]
    assert ids(crew, "?area=wards:2") == [tree.id]
    assert ids(crew, "?area=districts:west&category=pothole") == [pothole.id]
    assert ids(crew, "?bbox=-69.98,42.02,-69.96,42.04") == [tree.id]
    assert ids(dispatcher, "?department=roads&category=pothole") == [pothole.id]


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("?taken=yes", "?taken", "not-offered"),
        ("?phase=done", "?phase", "not-offered"),
        ("?mine=true", "?mine", "unknown-field"),
        ("?limit=0", "?limit", "too-small"),
        ("?limit=101", "?limit", "too-large"),
        ("?near=here", "?near", "not-a-number"),
        ("?colour=red", "?colour", "unknown-field"),
    ],
)
def test_a_filter_that_cannot_be_is_named(crew, query, pointer, code):
    crew.get(f"/v1/work{query}", expect=422)

    assert crew.last.faults == [(pointer, code)]


@pytest.mark.parametrize("order", ["", f"&near={WARD_1.lon},{WARD_1.lat}"], ids=["newest first", "nearest first"])
def test_paging_through_work_meets_each_report_once_while_new_ones_arrive(crew, a_report, order):
    there = {a_report(at=Place(WARD_1.lon + step / 5000, WARD_1.lat)).id for step in range(7)}

    met, cursor = [], ""
    while True:
        page = crew.get(f"/v1/work?limit=2{order}{cursor}")
        met += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
        a_report(at=MILL_PARK)

    assert len(met) == len(set(met))
    assert there <= set(met)


def test_a_cursor_is_only_good_for_the_list_that_gave_it(crew, dispatcher, a_report):
    for _ in range(3):
        a_report()
    cursor = crew.get("/v1/work?limit=1")["next"]

    for path in (f"/v1/work?limit=1&taken=free&cursor={cursor}", f"/v1/reports?limit=1&cursor={cursor}"):
        crew.get(path, expect=400)
        assert crew.last.problem == "bad-cursor"
    dispatcher.get(f"/v1/changes?cursor={cursor}", expect=400)
    crew.get("/v1/work?cursor=zz", expect=400)


def test_a_report_is_shown_with_its_version_and_the_moves_that_its_reader_may_make(crew, dispatcher, a_report):
    report = a_report()

    for_the_crew = crew.get(f"/v1/work/{report.id}")
    assert crew.last.headers["etag"] == '"1"'
    for_the_desk = dispatcher.get(f"/v1/work/{report.id}")

    assert for_the_crew["moves"] == ["acknowledged", "scheduled", "in_progress"]
    assert for_the_desk["moves"] == ["needs_information", "acknowledged", "scheduled", "in_progress", "closed"]


def test_a_report_that_another_crew_has_taken_is_not_there(crew, second_crew, a_report):
    report = a_report()
    crew_moves(crew, report, "take")

    second_crew.get(f"/v1/work/{report.id}", expect=404)
    not_theirs = second_crew.last.json
    second_crew.get("/v1/work/00000000-0000-4000-8000-000000000000", expect=404)
    not_there = second_crew.last.json

    assert {**not_theirs, "instance": "", "request_id": ""} == {**not_there, "instance": "", "request_id": ""}


def test_the_desk_can_take_a_report_out_of_a_crews_list(crew, dispatcher, a_report):
    report = a_report()
    crew_moves(crew, report, "take")

    desk_moves(dispatcher, report, "closed", reason="duplicate")

    assert ids(crew) == []
