"""Residents confirm or dispute a fix within the town's window, and rate it; staff read what they think."""

import uuid
from datetime import datetime, timedelta

import pytest

from tests.support.admin import change
from tests.support.moves import crew_moves, desk_moves, lines, resolved
from tests.support.workflow import hides, lists_reason, says


@pytest.fixture
def fixed(a_report, crew):
    report = a_report()
    resolved(crew, report)
    return report


def ago(database, days):
    database.execute(f"UPDATE report SET resolved_at = resolved_at - interval '{days} days'")


def test_a_fix_is_confirmed_with_stars_that_only_staff_read(fixed, client, resident, dispatcher):
    confirmed = says(resident, fixed, "confirm", stars=5, text="canary-thanks")

    assert confirmed["status"]["code"] == "resolved"
    for person in (client, resident):
        last = lines(person, fixed)[-1]
        assert (last["kind"], last["note"], "stars" in last) == ("confirmed", None, False)
        assert "rating" not in person.get(fixed.path)
    assert (lines(dispatcher, fixed)[-1]["stars"], lines(dispatcher, fixed)[-1]["note"]) == (5, "canary-thanks")
    assert dispatcher.get(f"/v1/work/{fixed.id}")["rating"] == {"average": 5.0, "count": 1}


def test_a_confirmation_needs_no_stars(fixed, resident, dispatcher):
    says(resident, fixed, "confirm")

    assert dispatcher.get(f"/v1/work/{fixed.id}")["rating"] == {"average": None, "count": 0}


def test_a_disputed_fix_is_open_again_in_the_hands_it_was_in(
    fixed, client, resident, crew, a_resident, dispatcher, database, phones, run_jobs
):
    follower = a_resident(push="a-follower")
    follower.put(f"{fixed.path}/follow")
    run_jobs()

    disputed = says(resident, fixed, "dispute", reason="It is still there.", text="canary-text")
    run_jobs()

    assert disputed["status"]["code"] == "reopened"
    assert disputed["resolved_at"] is None
    assert disputed["crew"]["code"] == "roads-north"
    last = lines(client, fixed)[-1]
    assert (last["kind"], last["reason"], last["by"]) == ("disputed", "It is still there.", "resident")
    assert (last["from_status"]["code"], last["to_status"]["code"]) == ("resolved", "reopened")
    assert last["note"] is None
    assert lines(dispatcher, fixed)[-1]["note"] == "canary-text"
    assert dispatcher.get(f"/v1/work/{fixed.id}")["reason"] == "It is still there."
    assert phones.heard("a-follower")[-1]["data"]["event"] == "disputed"


def test_the_crew_that_fixed_it_hears_of_a_dispute(fixed, resident, database, phones, run_jobs):
    database.execute(
        "INSERT INTO device (id, jurisdiction_id, person_id, push_kind, push_value, language)"
        " SELECT gen_random_uuid(), jurisdiction_id, id, 'fcm_token', 'phone-of-ana', 'en' FROM person WHERE code = 'ana'"
    )

    says(resident, fixed, "dispute", reason="No.")
    run_jobs()

    assert [card["data"]["event"] for card in phones.heard("phone-of-ana")] == ["disputed"]


def test_a_dispute_is_for_a_reason_of_the_citys_list(admin, fixed, resident, client):
    lists_reason(admin, "came-back", "dispute")

    assert [item["code"] for item in client.get("/v1/reasons?for=dispute")["items"]] == ["came-back"]
    says(resident, fixed, "dispute", expect=422, reason="No.")
    assert resident.last.faults == [("/reason", "not-offered")]
    assert says(resident, fixed, "dispute", reason="came-back")["status"]["code"] == "reopened"
    assert lines(client, fixed)[-1]["reason_name"] == "Reason came-back"


def test_a_dispute_says_why(fixed, resident):
    says(resident, fixed, "dispute", expect=422)

    assert resident.last.faults == [("/reason", "required")]


@pytest.mark.parametrize("verb", ["confirm", "dispute"])
def test_the_window_is_two_weeks_unless_the_town_says_otherwise(admin, fixed, resident, database, verb):
    body = {"reason": "No."} if verb == "dispute" else {}
    until = datetime.fromisoformat(resident.get(fixed.path)["verdict_until"])
    resolved_at = datetime.fromisoformat(resident.get(fixed.path)["resolved_at"])
    assert until - resolved_at == timedelta(days=14)
    ago(database, 15)

    says(resident, fixed, verb, expect=409, **body)
    assert (resident.last.problem, resident.last.json["days"]) == ("verdict-closed", 14)
    assert "verdict_until" not in resident.get(fixed.path)

    change(admin, "town", workflow={"dispute_days": 30, "followers_may_dispute": False})
    assert "verdict_until" in resident.get(fixed.path)
    says(resident, fixed, verb, **body)


@pytest.mark.parametrize("verb", ["confirm", "dispute"])
@pytest.mark.parametrize("way", [[], ["in_progress"], ["closed"]])
def test_there_is_no_verdict_on_what_is_not_fixed(a_report, resident, dispatcher, verb, way):
    report = a_report()
    for stop in way:
        desk_moves(dispatcher, report, stop, reason="no_action")

    says(resident, report, verb, expect=409, **({"reason": "No."} if verb == "dispute" else {}))

    assert resident.last.problem == "verdict-closed"


def test_there_is_one_verdict_of_a_person_on_each_fix(fixed, resident, dispatcher, crew):
    says(resident, fixed, "confirm")
    for verb, body in (("confirm", {}), ("dispute", {"reason": "No."})):
        says(resident, fixed, verb, expect=409, **body)
        assert resident.last.problem == "verdict-given"

    desk_moves(dispatcher, fixed, "reopened", reason="Again.")
    crew_moves(crew, fixed, "take", "start", "resolve", note="Once more.")

    assert says(resident, fixed, "dispute", reason="No.")["status"]["code"] == "reopened"


def test_followers_have_a_say_where_the_town_lets_them(admin, fixed, other_resident, dispatcher):
    says(other_resident, fixed, "dispute", expect=403, reason="No.")
    assert other_resident.last.problem == "not-yours"
    other_resident.put(f"{fixed.path}/follow")
    says(other_resident, fixed, "dispute", expect=403, reason="No.")

    change(admin, "town", workflow={"followers_may_dispute": True})

    assert says(other_resident, fixed, "dispute", reason="No.")["status"]["code"] == "reopened"


def test_a_retry_of_a_verdict_gets_its_first_answer(fixed, resident, database):
    key = str(uuid.uuid4())

    first = resident.post(f"{fixed.path}/dispute", json={"reason": "No."}, key=key)
    again = resident.post(f"{fixed.path}/dispute", json={"reason": "No."}, key=key)

    assert again == first
    assert database.value("SELECT count(*) FROM verdict") == 1


def test_a_dispute_where_the_city_hides_that_it_is_open_again(admin, fixed, client, resident, dispatcher):
    hides(admin, "reopened")

    says(resident, fixed, "dispute", reason="No.")

    assert dispatcher.get(f"/v1/work/{fixed.id}")["status"]["code"] == "reopened"
    assert client.get(fixed.path)["status"]["code"] == "resolved"
    assert lines(client, fixed)[-1]["kind"] == "moved"


# --- stars ---


def test_a_rating_may_be_changed_and_staff_read_the_average(admin, fixed, resident, other_resident, dispatcher):
    change(admin, "town", workflow={"followers_may_dispute": True})
    other_resident.put(f"{fixed.path}/follow")

    resident.put(f"{fixed.path}/rating", json={"stars": 1})
    rated = resident.put(f"{fixed.path}/rating", json={"stars": 4, "text": "Better."})
    other_resident.put(f"{fixed.path}/rating", json={"stars": 3})

    assert (rated["stars"], rated["text"]) == (4, "Better.")
    assert dispatcher.get(f"/v1/work/{fixed.id}")["rating"] == {"average": 3.5, "count": 2}


def test_what_was_closed_can_be_rated_and_what_is_open_cannot(a_report, resident, dispatcher):
    report = a_report()
    resident.put(f"{report.path}/rating", json={"stars": 5}, expect=409)
    assert resident.last.problem == "verdict-closed"

    desk_moves(dispatcher, report, "closed", reason="no_action")

    resident.put(f"{report.path}/rating", json={"stars": 2}, expect=200)


@pytest.mark.parametrize(
    ("stars", "code"),
    [(0, "too-small"), (6, "too-large"), ("5", "wrong-type"), (True, "wrong-type"), (2.5, "wrong-type")],
)
def test_stars_are_whole_and_from_one_to_five(fixed, resident, stars, code):
    resident.put(f"{fixed.path}/rating", json={"stars": stars}, expect=422)

    assert resident.last.faults == [("/stars", code)]


def test_what_was_said_comes_along_to_a_new_phone(admin, fixed, a_resident, other_resident, database):
    """A phone said something before it was recognised as somebody's."""
    change(admin, "town", workflow={"followers_may_dispute": True})
    old = a_resident()
    code = recovery_code_of(old)
    other_resident.put(f"{fixed.path}/follow")
    says(other_resident, fixed, "confirm", stars=5)

    other_resident.post("/v1/recoveries", json={"recovery_code": code}, expect=200)

    says(old, fixed, "confirm", expect=409)
    assert old.last.problem == "verdict-given"
    assert (
        database.value(
            "SELECT count(DISTINCT person_id) FROM (SELECT person_id FROM verdict UNION SELECT person_id FROM rating) x"
        )
        == 1
    )


def recovery_code_of(phone):
    """The recovery code that the phone was shown: a registration within the hour shows it again."""
    body = {"secret": phone.token, "language": "en"}
    return phone.put(f"/v1/devices/{phone.device_id}", json=body)["recovery_code"]
