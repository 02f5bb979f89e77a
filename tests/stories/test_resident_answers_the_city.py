"""The city asks, the reporter answers, and the report goes on where it was."""

import uuid

import pytest

from tests.support.admin import make
from tests.support.moves import crew_moves, desk_moves, lines
from tests.support.workflow import says

ANSWER = "canary-answer: behind number 7"


def asked(dispatcher, report, *way):
    for stop in way:
        desk_moves(dispatcher, report, stop, **({"reason": "no_action"} if stop == "closed" else {"reason": "Again."}))
    return desk_moves(dispatcher, report, "needs_information", note="Where exactly?")


@pytest.mark.parametrize("way", [[], ["acknowledged"], ["closed", "reopened"]])
def test_an_answer_brings_the_report_back_to_where_it_was(a_report, resident, dispatcher, way):
    report = a_report()
    asked(dispatcher, report, *way)

    answered = says(resident, report, "answer", text=ANSWER)

    assert answered["status"]["code"] == (way[-1] if way else "received")
    assert answered["version"] == len(way) + 3
    assert dispatcher.get("/v1/work")["items"][0]["id"] == report.id


def test_the_answer_is_for_the_city_and_its_reporter(a_report, client, resident, other_resident, dispatcher, crew, ask):
    report = a_report()
    asked(dispatcher, report)
    says(resident, report, "answer", text=ANSWER)

    for person in (resident, dispatcher, crew):
        last = lines(person, report)[-1]
        assert (last["kind"], last["note"], last["by"]) == ("answered", ANSWER, "resident")
        assert (last["from_status"]["code"], last["to_status"]["code"]) == ("needs_information", "received")
    for person in (client, other_resident):
        assert lines(person, report)[-1]["kind"] == "answered"
        assert "canary" not in person.last.text
    assert "canary" not in ask("GET", f"/r/{report.reference}", {"Accept": "text/html"}, None).text


def test_the_crew_that_has_it_hears_and_followers_of_the_public_do_not(
    a_report, a_resident, resident, crew, dispatcher, database, phones, run_jobs
):
    report, follower = a_report(), a_resident(push="a-follower")
    follower.put(f"{report.path}/follow")
    crew_moves(crew, report, "take")
    asked(dispatcher, report)
    _gives_a_phone(database, "ana", "phone-of-ana")
    _gives_a_phone(database, "dora", "phone-of-dora")
    dispatcher.put(f"{report.path}/follow")
    run_jobs()
    heard = len(phones.heard("a-follower"))

    says(resident, report, "answer", text=ANSWER)
    run_jobs()

    for phone in ("phone-of-ana", "phone-of-dora"):
        assert [card["data"]["event"] for card in phones.heard(phone)] == ["answered"], phone
    assert len(phones.heard("a-follower")) == heard
    assert "answered" not in [card["data"]["event"] for card in phones.heard(resident.push_token)]


def _gives_a_phone(database, code, push):
    database.execute(
        "INSERT INTO device (id, jurisdiction_id, person_id, push_kind, push_value, language)"
        " SELECT gen_random_uuid(), jurisdiction_id, id, 'fcm_token', %s, 'en' FROM person WHERE code = %s",
        push,
        code,
    )


def test_only_its_reporter_answers(a_report, client, other_resident, crew, dispatcher, database):
    report = a_report()
    asked(dispatcher, report)
    before = database.counts()

    says(client, report, "answer", expect=401, text=ANSWER)
    for person in (other_resident, crew, dispatcher):
        says(person, report, "answer", expect=403, text=ANSWER)
        assert person.last.problem == "not-yours"
    private = a_report("neighbour")
    says(other_resident, private, "answer", expect=404, text=ANSWER)
    assert database.counts() != before  # the private one
    assert report.now["status"]["code"] == "needs_information"


def test_a_comment_is_no_answer(a_report, resident, dispatcher):
    report = a_report()
    asked(dispatcher, report)

    resident.post(f"{report.path}/comments", json={"text": "The left one."})

    assert report.now["status"]["code"] == "needs_information"


def test_what_nobody_asked_cannot_be_answered(admin, a_report, resident, dispatcher, database):
    report = a_report()
    make(admin, "statuses/acknowledged", {"public": False})
    desk_moves(dispatcher, report, "acknowledged")
    before = database.counts()

    says(resident, report, "answer", expect=409, text=ANSWER)

    assert resident.last.problem == "wrong-status"
    assert "acknowledged" not in resident.last.text  # which its reporter does not see
    assert database.counts() == before


def test_an_answer_is_given_once_however_often_the_phone_sends_it(a_report, resident, dispatcher, database):
    report, key = a_report(), str(uuid.uuid4())
    asked(dispatcher, report)

    first = resident.post(f"{report.path}/answer", json={"text": ANSWER}, key=key)
    desk_moves(dispatcher, report, "acknowledged")
    again = resident.post(f"{report.path}/answer", json={"text": ANSWER}, key=key)

    assert again == first
    assert database.value("SELECT count(*) FROM report_event WHERE kind = 'answered'") == 1
    resident.post(f"{report.path}/answer", json={"text": ANSWER}, key=None, expect=400)


def test_an_answer_that_is_on_its_way_while_the_desk_goes_on_is_told_so(a_report, resident, dispatcher):
    report = a_report()
    asked(dispatcher, report)
    desk_moves(dispatcher, report, "closed", reason="no_action")

    says(resident, report, "answer", expect=409, text=ANSWER)

    assert resident.last.json["retry"] == "never"


def test_an_answer_says_something(a_report, resident, dispatcher):
    report = a_report()
    asked(dispatcher, report)

    says(resident, report, "answer", expect=422, text=" ")

    assert resident.last.faults == [("/text", "too-short")]


def test_the_desk_goes_on_without_an_answer_too(a_report, dispatcher):
    report = a_report()
    asked(dispatcher, report)

    assert desk_moves(dispatcher, report, "received")["status"]["code"] == "received"
