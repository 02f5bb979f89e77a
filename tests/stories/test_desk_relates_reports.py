"""A report that is here already becomes a part of another, which follows it from then on."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.answers import over
from tests.support.moves import lines, resolved
from tests.support.town import WARD_2
from tests.support.workflow import desk_asks, is_split, related, status, works


def test_a_report_becomes_a_part_of_another_and_is_none_again(a_report, resident, dispatcher, phones, run_jobs):
    whole, part = a_report(), a_report("streetlight")

    assert related(dispatcher, part, whole)["parent"] == whole.id
    assert [child["id"] for child in dispatcher.get(f"/v1/work/{whole.id}")["children"]] == [part.id]
    assert related(dispatcher, part, None)["parent"] is None
    run_jobs()

    assert dispatcher.get(f"/v1/work/{whole.id}")["children"] == []
    assert [line["kind"] for line in lines(dispatcher, part)] == ["received", "related", "related"]
    assert [line["kind"] for line in lines(resident, part)] == ["received"]
    assert phones.heard(resident.push_token) == []


def test_a_report_that_becomes_a_part_brings_the_whole_to_where_it_is(a_report, dispatcher, crew):
    whole, part = a_report(), a_report()
    crew.post(f"/v1/work/{part.id}/start", json={}, if_match=1)

    related(dispatcher, part, whole)

    assert status(dispatcher, whole) == "in_progress"


def test_the_same_parent_again_changes_nothing(a_report, dispatcher):
    whole, part = a_report(), a_report()
    related(dispatcher, part, whole)

    assert related(dispatcher, part, whole)["version"] == 2


def test_circles_are_refused_in_every_shape(a_report, dispatcher, database):
    whole, part, other = a_report(), a_report(), a_report()
    related(dispatcher, part, whole)
    before = database.counts()

    for report, parent in ((other, other), (whole, part), (other, part), (whole, other)):
        related(dispatcher, report, parent, expect=409)
        assert dispatcher.last.problem == "circular-parent"
    assert database.counts() == before


def test_a_parent_that_is_not_theirs_and_none_at_all_are_refused_alike(a_report, roads_desk, database):
    report, foreign = a_report(), a_report(at=WARD_2)

    for parent in (foreign.id, str(uuid.uuid4())):
        desk_asks(roads_desk, report, "parent", 422, "PUT", parent=parent)
        assert roads_desk.last.faults == [("/parent", "unknown-report")]
    desk_asks_foreign = roads_desk.put(
        f"/v1/triage/{foreign.id}/parent", json={"parent": report.id}, key="k", if_match=1, expect=404
    )
    assert foreign.reference not in str(desk_asks_foreign)


def test_relations_are_for_the_desk(a_report, resident, crew, analyst, partner):
    report = a_report()
    for person in (resident, crew, analyst, partner):
        person.post(f"/v1/triage/{report.id}/split", json={"parts": []}, if_match=1, expect=403)
        person.put(f"/v1/triage/{report.id}/parent", json={"parent": None}, key="k", if_match=1, expect=403)


@pytest.mark.slow
def test_two_reports_do_not_become_parts_of_each_other_at_the_same_moment(a_report, dispatcher, live_server, database):
    desk = dispatcher.over(over(live_server.url))
    for _ in range(10):
        one, other = a_report(), a_report()

        def put(pair, desk=desk):
            report, parent = pair
            headers = {"Authorization": f"Bearer {desk.token}", "Content-Type": "application/json", "If-Match": '"1"'}
            headers["Idempotency-Key"] = str(uuid.uuid4())
            body = json.dumps({"parent": parent.id}).encode()
            return desk.ask("PUT", f"/v1/triage/{report.id}/parent", headers, body)

        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(put, [(one, other), (other, one)]))

        assert sorted(answer.status for answer in answers) == [200, 409]
        assert [answer.problem for answer in answers if answer.status == 409] == ["circular-parent"]


def test_what_is_over_already_ends_nothing_by_becoming_a_part(a_report, crew, dispatcher):
    whole, over = a_report(), a_report()
    resolved(crew, over)

    related(dispatcher, over, whole)

    assert status(dispatcher, whole) == "received"
    related(dispatcher, over, None)
    assert status(dispatcher, whole) == "received"


def test_a_part_that_goes_lets_the_whole_end_when_all_others_have(a_report, dispatcher):
    report = a_report()
    first, second = is_split(dispatcher, report, "works", "parks")
    works(dispatcher, first, "in_progress", "resolved")

    related(dispatcher, second, None)

    assert status(dispatcher, report) == "resolved"
