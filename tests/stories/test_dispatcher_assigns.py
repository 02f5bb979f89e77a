"""The desk sends a report to another department, and gives it to a crew."""

import uuid

import pytest

from tests.support.moves import assigned, crew_moves, desk_moves, lines, resolved
from tests.support.town import WARD_2


def test_a_report_that_no_rule_sent_anywhere_gets_its_department(dispatcher, crew, a_report, client):
    report = a_report("other")

    sent = assigned(dispatcher, report, department="roads")

    assert sent["department"] == {"code": "roads", "name": "Roads"}
    assert sent["why"] == {"rule": None, "area": None, "text": "The city's desk sent it there."}
    assert crew.get(f"/v1/work/{report.id}")["department"]["code"] == "roads"
    assert client.get(report.path)["department"]["code"] == "roads"


def test_everybody_hears_that_a_report_went_to_another_department(dispatcher, a_report, client, database):
    report = a_report()

    sent = assigned(dispatcher, report, department="parks", note="It is inside the park.")

    assert sent["version"] == 2
    told = lines(client, report)[-1]
    assert (told["kind"], told["by"], told["note"]) == ("rerouted", "dispatcher", "It is inside the park.")
    assert told["department"] == {"code": "parks", "name": "Parks"}
    assert (told["from_status"], told["to_status"]) == (None, None)
    assert database.value("SELECT event FROM announcement ORDER BY created_at DESC LIMIT 1") == "rerouted"


def test_departments_are_named_in_the_readers_language(dispatcher, a_report, client):
    report = a_report()
    assigned(dispatcher, report, department="parks")

    told = client.get(f"{report.path}/timeline", language="es")["items"][-1]

    assert told["department"] == {"code": "parks", "name": "Parques"}


def test_the_crew_loses_a_report_that_goes_to_another_department(dispatcher, crew, other_crew, a_report):
    report = a_report()
    crew_moves(crew, report, "take", "start")

    sent = assigned(dispatcher, report, department="parks")

    assert sent["crew"] is None
    assert sent["status"]["code"] == "acknowledged"
    crew.get(f"/v1/work/{report.id}", expect=404)
    assert crew_moves(other_crew, report, "take")["crew"]["code"] == "parks-one"


def test_a_report_that_nobody_has_accepted_is_still_new_in_its_new_department(dispatcher, a_report):
    report = a_report()

    assert assigned(dispatcher, report, department="parks")["status"]["code"] == "received"


def test_the_desk_gives_a_report_to_a_crew_and_no_resident_hears_of_it(
    dispatcher, crew, second_crew, a_report, client, database
):
    report = a_report()
    before = database.value("SELECT count(*) FROM announcement")

    given = assigned(dispatcher, report, crew="roads-south", note="You have the roller.")

    assert given["crew"] == {"code": "roads-south", "name": "Roads South"}
    assert given["version"] == 2
    assert given["status"]["code"] == "received"
    second_crew.get(f"/v1/work/{report.id}")
    crew.get(f"/v1/work/{report.id}", expect=404)
    assert lines(dispatcher, report)[-1]["crew"] == {"code": "roads-south", "name": "Roads South"}
    assert lines(dispatcher, report)[-1]["note"] == "You have the roller."
    for outsider in (client, report.reporter):
        assert [line["kind"] for line in lines(outsider, report)] == ["received"]
    assert database.value("SELECT count(*) FROM announcement") == before


def test_work_that_was_begun_can_change_hands(dispatcher, crew, second_crew, a_report):
    report = a_report()
    crew_moves(crew, report, "take", "start")

    given = assigned(dispatcher, report, crew="roads-south")

    assert given["status"]["code"] == "in_progress"
    assert crew_moves(second_crew, report, "resolve", note="Filled.")["status"]["code"] == "resolved"


def test_the_desk_takes_a_report_from_its_crew(dispatcher, crew, a_report):
    report = a_report()
    crew_moves(crew, report, "take", "start")

    freed = assigned(dispatcher, report, crew=None)

    assert freed["crew"] is None
    assert freed["department"]["code"] == "roads"
    assert freed["status"]["code"] == "acknowledged"


def test_department_and_crew_can_be_named_at_once(dispatcher, other_crew, a_report, client):
    report = a_report()

    sent = assigned(dispatcher, report, department="parks", crew="parks-one", note="Yours.")

    assert (sent["department"]["code"], sent["crew"]["code"]) == ("parks", "parks-one")
    assert [line["kind"] for line in lines(dispatcher, report)] == ["received", "rerouted", "assigned"]
    assert [line["kind"] for line in lines(client, report)] == ["received", "rerouted"]
    other_crew.get(f"/v1/work/{report.id}")


@pytest.mark.parametrize(
    "wishes",
    [
        {"department": "roads"},
        {"crew": "roads-north"},
        {"department": "roads", "crew": "roads-north"},
    ],
)
def test_what_is_so_already_changes_nothing(dispatcher, crew, a_report, database, wishes):
    report = a_report()
    crew_moves(crew, report, "take")
    before = database.counts()

    same = assigned(dispatcher, report, **wishes)

    assert same["version"] == 2
    after = database.counts()
    assert {table for table in after if after[table] != before[table]} == {"idempotency_key"}


def test_taking_a_report_from_no_crew_changes_nothing(dispatcher, a_report):
    report = a_report()

    assert assigned(dispatcher, report, crew=None)["version"] == 1


@pytest.mark.parametrize(
    ("wishes", "pointer", "code"),
    [
        ({}, "/department", "required"),
        ({"note": "Whose?"}, "/department", "required"),
        ({"department": None}, "/department", "required"),
        ({"department": "navy"}, "/department", "unknown-department"),
        ({"department": ""}, "/department", "too-short"),
        ({"crew": "submarine"}, "/crew", "unknown-crew"),
        ({"crew": "parks-one"}, "/crew", "other-departments-crew"),
        ({"department": "parks", "crew": "roads-north"}, "/crew", "other-departments-crew"),
        ({"department": "navy", "crew": "roads-north"}, "/department", "unknown-department"),
        ({"crew": 7}, "/crew", "wrong-type"),
        ({"person": "ana"}, "/person", "unknown-field"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_stored(dispatcher, a_report, database, wishes, pointer, code):
    report = a_report()
    before = database.counts()

    dispatcher.post(f"/v1/triage/{report.id}/assign", json=wishes, if_match=1, expect=422)

    assert dispatcher.last.faults == [(pointer, code)]
    assert database.counts() == before
    assert report.version == 1


def test_a_crew_of_another_department_is_refused_in_words(dispatcher, a_report):
    report = a_report()

    path = f"/v1/triage/{report.id}/assign"
    dispatcher.post(path, json={"crew": "parks-one"}, if_match=1, expect=422)
    assert dispatcher.last.json["errors"][0]["message"] == "is a crew of another department"

    dispatcher.post(path, json={"crew": "parks-one"}, if_match=1, language="es", expect=422)
    assert dispatcher.last.json["errors"][0]["message"] == "es una cuadrilla de otro departamento"


def test_a_crew_cannot_be_named_for_a_report_without_a_department(dispatcher, a_report):
    report = a_report("other")

    dispatcher.post(f"/v1/triage/{report.id}/assign", json={"crew": "roads-north"}, if_match=1, expect=422)

    assert dispatcher.last.faults == [("/crew", "other-departments-crew")]


@pytest.mark.parametrize("wishes", [{"department": "parks"}, {"crew": "roads-south"}, {"crew": None}])
def test_a_report_that_is_over_is_opened_again_before_it_is_given_to_others(dispatcher, crew, a_report, wishes):
    report = a_report()
    resolved(crew, report)

    dispatcher.post(f"/v1/triage/{report.id}/assign", json=wishes, if_match=report.version, expect=409)

    assert dispatcher.last.problem == "wrong-status"
    assert dispatcher.last.json["allowed"] == ["reopened", "closed"]
    desk_moves(dispatcher, report, "reopened", reason="Wrong place.")
    assigned(dispatcher, report, **wishes)


def test_a_department_that_is_no_longer_there_gets_nothing(dispatcher, a_report, database):
    report = a_report()
    database.execute("UPDATE department SET active = false WHERE code = 'health'")
    database.execute("UPDATE crew SET active = false WHERE code = 'roads-south'")

    path = f"/v1/triage/{report.id}/assign"
    dispatcher.post(path, json={"department": "health"}, if_match=1, expect=422)
    assert dispatcher.last.faults == [("/department", "unknown-department")]
    dispatcher.post(path, json={"crew": "roads-south"}, if_match=1, expect=422)
    assert dispatcher.last.faults == [("/crew", "unknown-crew")]


def test_a_retry_of_an_assignment_gets_the_first_answer(dispatcher, a_report):
    report, key = a_report(at=WARD_2), str(uuid.uuid4())
    path, body = f"/v1/triage/{report.id}/assign", {"department": "roads", "crew": "roads-north"}
    dispatcher.post(path, json=body, key=key, if_match=1, expect=200)
    first = dispatcher.last

    dispatcher.post(path, json=body, key=key, if_match=1, expect=200)

    assert dispatcher.last.body == first.body
    assert [line["kind"] for line in lines(dispatcher, report)] == ["received", "rerouted", "assigned"]


def test_the_log_says_where_a_report_was_and_where_it_went(dispatcher, crew, other_crew, a_report):
    report = a_report()
    crew_moves(crew, report, "take")
    assigned(dispatcher, report, department="parks", crew="parks-one")

    rerouted, given = dispatcher.get("/v1/changes")["items"][-2:]

    assert (rerouted["kind"], given["kind"]) == ("rerouted", "assigned")
    assert (rerouted["scope_before"]["department"], rerouted["scope_before"]["crew"]) == ("roads", "roads-north")
    assert (rerouted["scope_after"]["department"], rerouted["scope_after"]["crew"]) == ("parks", None)
    assert (given["scope_before"]["crew"], given["scope_after"]["crew"]) == (None, "parks-one")
