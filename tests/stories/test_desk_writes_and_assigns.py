"""Staff write for each other what nobody else reads, and give a report to one of their people."""

import uuid

import pytest

from tests.support.admin import make
from tests.support.moves import assigned, crew_moves, desk_moves, lines
from tests.support.workflow import whole_history

WORDS = "canary-internal: he shouted at us"


def test_a_note_is_read_by_staff_and_never_leaves_them(
    a_report, client, resident, other_crew, crew, dispatcher, partner, ask, phones, run_jobs
):
    report = a_report()

    line = crew.post(f"/v1/triage/{report.id}/notes", json={"text": WORDS}, expect=201)
    run_jobs()

    assert (line["kind"], line["note"], line["by"], line["is_public"]) == ("note", WORDS, "crew", False)
    for person in (crew, dispatcher):
        assert lines(person, report)[-1]["note"] == WORDS
    assert partner.get(f"/v1/work/{report.id}/history")["items"][-1]["note"] == WORDS
    for person in (client, resident, other_crew):
        for path in (report.path, f"{report.path}/timeline", "/v1/reports"):
            person.get(path)
            assert "canary-internal" not in person.last.text
    assert "canary-internal" not in ask("GET", f"/r/{report.reference}", {"Accept": "text/html"}, None).text
    assert phones.heard(resident.push_token) == []


def test_a_note_changes_nothing_that_somebody_has_seen(a_report, dispatcher, database):
    report = a_report()

    dispatcher.post(f"/v1/triage/{report.id}/notes", json={"text": WORDS})

    assert report.version == 1
    assert database.value("SELECT count(*) FROM announcement WHERE event = 'note'") == 0
    assert desk_moves(dispatcher, report, "acknowledged")["version"] == 2


def test_a_note_is_written_once(a_report, dispatcher, database):
    report, key = a_report(), str(uuid.uuid4())

    first = dispatcher.post(f"/v1/triage/{report.id}/notes", json={"text": WORDS}, key=key)
    again = dispatcher.post(f"/v1/triage/{report.id}/notes", json={"text": WORDS}, key=key)

    assert again == first
    assert len(whole_history(database, report)) == 2
    dispatcher.post(f"/v1/triage/{report.id}/notes", json={"text": WORDS}, key=None, expect=400)


def test_notes_are_for_those_who_work_on_it(a_report, resident, other_crew, analyst, dispatcher):
    report = a_report()

    for person, status in ((resident, 403), (analyst, 403), (other_crew, 404)):
        person.post(f"/v1/triage/{report.id}/notes", json={"text": "x"}, expect=status)
    dispatcher.post(f"/v1/triage/{report.id}/notes", json={"text": "  "}, expect=422)
    assert dispatcher.last.faults == [("/text", "too-short")]


# --- to a person ---


def test_a_report_is_given_to_one_of_a_crew_who_brings_it_along(a_report, client, resident, crew, dispatcher):
    report = a_report()

    given = assigned(dispatcher, report, assignee="ana", note="You know the place.")

    assert given["assignee"] == {"code": "ana", "name": "Ana of Roads North"}
    assert given["crew"]["code"] == "roads-north"
    assert lines(crew, report)[-1]["assignee"] == {"code": "ana", "name": "Ana of Roads North"}
    for person in (client, resident):
        person.get(f"{report.path}/timeline")
        assert "Ana" not in person.last.text
        person.get(report.path)
        assert "Ana" not in person.last.text


def test_a_report_is_given_to_somebody_at_the_desk_and_stays_with_its_crew(a_report, crew, dispatcher):
    report = a_report()
    crew_moves(crew, report, "take")

    given = assigned(dispatcher, report, assignee="rod")

    assert (given["assignee"]["code"], given["crew"]["code"]) == ("rod", "roads-north")


def test_who_no_longer_has_it_has_it_no_more(a_report, crew, second_crew, dispatcher):
    report = a_report()
    assigned(dispatcher, report, assignee="ana")
    assert assigned(dispatcher, report, crew="roads-south")["assignee"] is None

    assigned(dispatcher, report, assignee="ana")
    assert assigned(dispatcher, report, assignee=None)["crew"]["code"] == "roads-north"

    assigned(dispatcher, report, assignee="ana")
    handed = crew_moves(crew, report, "hand-back")
    assert (handed["assignee"], handed["crew"]) == (None, None)

    assigned(dispatcher, report, assignee="ana")
    sent = assigned(dispatcher, report, department="works")
    assert (sent["assignee"], sent["crew"], sent["department"]["code"]) == (None, None, "works")


def test_the_same_again_changes_nothing(a_report, dispatcher, database):
    report = a_report()
    assigned(dispatcher, report, assignee="ana")
    before = database.counts() | {"idempotency_key": None}

    assert assigned(dispatcher, report, assignee="ana", crew="roads-north")["version"] == 2

    assert database.counts() | {"idempotency_key": None} == before


@pytest.mark.parametrize(
    ("wishes", "fault"),
    [
        pytest.param({"assignee": "nobody"}, ("/assignee", "unknown-staff"), id="there is nobody"),
        pytest.param({"assignee": "importer:tests"}, ("/assignee", "unknown-staff"), id="a program"),
        pytest.param({"assignee": "lia"}, ("/assignee", "unknown-staff"), id="who only counts"),
        pytest.param({"assignee": "pia"}, ("/assignee", "other-departments-staff"), id="another department's crew"),
        pytest.param({"assignee": "tom"}, ("/assignee", "other-departments-staff"), id="another department's desk"),
        pytest.param(
            {"crew": "roads-south", "assignee": "ana"}, ("/assignee", "other-departments-staff"), id="another crew's"
        ),
        pytest.param(
            {"department": "works", "assignee": "ana"}, ("/assignee", "other-departments-staff"), id="sent on"
        ),
    ],
)
def test_a_report_is_given_only_to_those_whose_it_is(admin, a_report, dispatcher, database, wishes, fault):
    make(admin, "staff/tom", {"name": "Tom", "role": "dispatcher", "department": "parks"})
    report = a_report()
    before = database.counts()

    dispatcher.post(f"/v1/triage/{report.id}/assign", json=wishes, if_match=1, expect=422)

    assert dispatcher.last.faults == [fault]
    assert database.counts() == before
