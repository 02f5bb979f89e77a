"""What should not be seen is held, what residents flag is looked at, and the public never sees what is held."""

import json
import uuid

import pytest

from tests.support.moves import lines
from tests.support.town import WARD_1


def moderates(caller, report, way, **said):
    path = f"/v1/moderation/reports/{report.id}/{way}"
    seen = caller.get(f"/v1/work/{report.id}")["version"]
    return caller.post(path, json=said, if_match=seen, expect=200)


def flags(caller, report, reason="abuse", **more):
    return caller.post(f"{report.path}/flags", json={"reason": reason, **more}, expect=201)


def comments_on(caller, report, text):
    return caller.post(f"{report.path}/comments", json={"text": text}, expect=201)


def a_comment_of(report, text="You fools."):
    return comments_on(report.reporter, report, text)["id"]


# --- hold and publish ---


def test_a_report_that_is_held_is_gone_for_the_public_and_there_for_its_reporter_and_staff(
    a_report, dispatcher, client, resident, crew
):
    report = a_report()

    held = moderates(dispatcher, report, "hold", reason="A name is in it.")

    assert held["held_at"] is not None
    assert held["version"] == 2
    client.get(report.path, expect=404)
    client.get(f"{report.path}/timeline", expect=404)
    assert client.get("/v1/reports")["items"] == []
    client.send("GET", f"/r/{report.reference}", expect=404)
    assert resident.get(report.path)["id"] == report.id
    assert crew.get(f"/v1/work/{report.id}")["held_at"] == held["held_at"]

    published = moderates(dispatcher, report, "publish")

    assert published["held_at"] is None
    assert client.get(report.path)["id"] == report.id


def test_readers_of_changes_learn_that_a_report_went_and_came_back(a_report, dispatcher):
    report = a_report()
    moderates(dispatcher, report, "hold")
    moderates(dispatcher, report, "publish")

    changes = [item for item in dispatcher.get("/v1/changes")["items"] if item["report_id"] == report.id]

    seen = [(c["kind"], (c["scope_before"] or {}).get("visibility"), c["scope_after"]["visibility"]) for c in changes]
    assert seen == [("received", None, "public"), ("held", "public", "private"), ("published", "private", "public")]


def test_no_resident_hears_or_reads_that_a_report_was_held(
    a_report, dispatcher, resident, other_resident, phones, run_jobs
):
    report = a_report()
    other_resident.put(f"{report.path}/follow")
    moderates(dispatcher, report, "hold", reason="canary")
    run_jobs()

    assert phones.titles(resident.push_token) == phones.titles(other_resident.push_token) == []
    assert [line["kind"] for line in lines(resident, report)] == ["received"]
    whole = dispatcher.get(f"/v1/work/{report.id}/history")["items"]
    assert [(line["kind"], line["reason"], line["is_public"]) for line in whole][-1] == ("held", "canary", False)
    assert whole[-1]["who"]["code"] == "dora"


def test_holding_what_is_held_changes_nothing(a_report, dispatcher, database):
    report = a_report()
    moderates(dispatcher, report, "hold")
    before = database.value("SELECT last_seq FROM report")

    moderates(dispatcher, report, "hold")

    assert database.value("SELECT last_seq FROM report") == before


def test_a_version_that_is_stale_holds_nothing(a_report, dispatcher):
    report = a_report()

    dispatcher.post(f"/v1/moderation/reports/{report.id}/hold", json={}, if_match=7, expect=412)
    dispatcher.post(f"/v1/moderation/reports/{report.id}/hold", json={}, expect=428)

    assert dispatcher.get(f"/v1/work/{report.id}")["held_at"] is None


def test_a_private_report_stays_private_when_it_is_published(a_report, dispatcher, client):
    report = a_report("neighbour")
    moderates(dispatcher, report, "hold")
    moderates(dispatcher, report, "publish")

    client.get(report.path, expect=404)


def test_moderators_work_within_their_departments_and_areas(a_report, roads_desk, crew, analyst, resident):
    report = a_report("other", at=WARD_1)  # of no department

    roads_desk.post(f"/v1/moderation/reports/{report.id}/hold", json={}, if_match=1, expect=404)
    for caller in (crew, analyst, resident):
        caller.post(f"/v1/moderation/reports/{report.id}/hold", json={}, if_match=1, expect=403)


# --- comments ---


def test_a_comment_that_is_held_is_read_by_staff_only(a_report, dispatcher, client, resident):
    report = a_report()
    comment = a_comment_of(report, "canary words")

    held = dispatcher.post(f"/v1/moderation/comments/{comment}/hold", json={"reason": "Rude."}, expect=200)

    assert held["text"] == "canary words"
    for reader in (client, resident):
        assert [line["comment"] for line in lines(reader, report)] == [None, None]
        assert "canary" not in reader.last.text
    page = client.send("GET", f"/r/{report.reference}")
    assert "canary" not in page.text
    whole = dispatcher.get(f"/v1/work/{report.id}/history")["items"]
    assert whole[1]["comment"]["text"] == "canary words"
    assert whole[1]["comment"]["held_at"] == held["held_at"]
    assert whole[-1]["kind"] == "comment_held"

    dispatcher.post(f"/v1/moderation/comments/{comment}/publish", json={}, expect=200)
    assert lines(client, report)[1]["comment"] == "canary words"


def test_a_comment_on_somebody_elses_report_is_not_there_to_hold(a_report, roads_desk, dispatcher):
    comment = a_comment_of(a_report("other"))

    roads_desk.post(f"/v1/moderation/comments/{comment}/hold", json={}, expect=404)
    dispatcher.post(f"/v1/moderation/comments/{uuid.uuid4()}/hold", json={}, expect=404)


# --- flags ---


def test_what_a_resident_flags_is_on_the_moderators_list(a_report, other_resident, dispatcher, resident):
    report = a_report()

    made = flags(other_resident, report, "personal_data", text="My neighbour's name is in it.")

    listed = dispatcher.get("/v1/moderation/flags")["items"]
    assert [(item["id"], item["reason"], item["text"]) for item in listed] == [
        (made["id"], "personal_data", "My neighbour's name is in it.")
    ]
    assert listed[0]["report"]["reference"] == report.reference
    assert listed[0]["comment"] is None
    assert listed[0]["open_count"] == 1
    assert [line["kind"] for line in lines(resident, report)] == ["received"]
    whole = dispatcher.get(f"/v1/work/{report.id}/history")
    assert whole["items"][-1]["kind"] == "flagged"
    assert "neighbour" not in dispatcher.last.text  # the words are on the list, not in the history


def test_one_person_flags_a_report_once(a_report, other_resident, database):
    report = a_report()

    first = flags(other_resident, report)
    again = flags(other_resident, report, "spam", text="Still there!")

    assert again == first
    assert database.value("SELECT count(*) FROM flag") == 1


def test_enough_people_have_it_held_until_a_moderator_has_looked(a_report, a_resident, client, dispatcher):
    report = a_report()
    people = [a_resident() for _ in range(3)]

    for person in people[:2]:
        flags(person, report)
    assert client.get(report.path)["id"] == report.id
    flags(people[2], report)

    client.get(report.path, expect=404)
    whole = dispatcher.get(f"/v1/work/{report.id}/history")["items"]
    assert whole[-1]["kind"] == "held"
    assert whole[-1]["who"] == {"role": "system", "code": None, "name": None, "is_reporter": False}

    flag_id = dispatcher.get("/v1/moderation/flags")["items"][0]["id"]
    dispatcher.post(f"/v1/moderation/flags/{flag_id}/resolve", json={"outcome": "dismissed", "note": "It is fine."})

    assert client.get(report.path)["id"] == report.id
    assert dispatcher.get("/v1/moderation/flags")["items"] == []
    resolved = dispatcher.get("/v1/moderation/flags?state=resolved")["items"]
    assert [(item["outcome"], item["resolved_by"], item["note"]) for item in resolved] == [
        ("dismissed", "dora", "It is fine.")
    ] * 3


def test_a_comment_is_held_for_its_flags_and_the_report_stays(a_report, a_resident, client, dispatcher):
    report = a_report()
    comment = a_comment_of(report, "canary")
    seen = lines(client, report)[1]["comment_id"]
    assert seen == comment

    for _ in range(3):
        flags(a_resident(), report, comment_id=seen)

    assert lines(client, report)[1]["comment"] is None
    assert client.get(report.path)["id"] == report.id
    listed = dispatcher.get("/v1/moderation/flags")["items"]
    assert listed[0]["comment"]["text"] == "canary"
    assert listed[0]["comment"]["held_at"] is not None
    assert listed[0]["open_count"] == 3


def test_a_flag_that_is_upheld_has_the_report_held(a_report, other_resident, client, dispatcher):
    report = a_report()
    made = flags(other_resident, report)

    answer = dispatcher.post(f"/v1/moderation/flags/{made['id']}/resolve", json={"outcome": "upheld"})
    again = dispatcher.post(f"/v1/moderation/flags/{made['id']}/resolve", json={"outcome": "dismissed"})

    assert answer["outcome"] == again["outcome"] == "upheld"
    client.get(report.path, expect=404)


def test_what_a_moderator_held_is_not_shown_because_its_flags_were_dismissed(
    a_report, other_resident, client, dispatcher
):
    report = a_report()
    made = flags(other_resident, report)
    moderates(dispatcher, report, "hold")

    dispatcher.post(f"/v1/moderation/flags/{made['id']}/resolve", json={"outcome": "dismissed"})

    client.get(report.path, expect=404)


def test_flags_are_listed_within_departments_and_areas_page_by_page(
    a_report, other_resident, a_resident, roads_desk, dispatcher
):
    theirs, foreign = a_report(), a_report("other")
    for person in (other_resident, a_resident()):
        flags(person, theirs)
        flags(person, foreign)

    assert {item["report"]["id"] for item in roads_desk.get("/v1/moderation/flags")["items"]} == {theirs.id}
    first = dispatcher.get("/v1/moderation/flags?limit=3")
    rest = dispatcher.get(f"/v1/moderation/flags?limit=3&cursor={first['next']}")
    assert len({item["id"] for item in first["items"] + rest["items"]}) == 4
    assert rest["next"] is None
    foreign_flag = next(i["id"] for i in first["items"] + rest["items"] if i["report"]["id"] == foreign.id)
    roads_desk.post(f"/v1/moderation/flags/{foreign_flag}/resolve", json={"outcome": "upheld"}, expect=404)


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("/reason", "required")]),
        ({"reason": "boring"}, [("/reason", "not-offered")]),
        ({"reason": "spam", "text": "x" * 1001}, [("/text", "too-long")]),
        ({"reason": "spam", "comment_id": "x"}, [("/comment_id", "not-a-uuid")]),
        ({"reason": "spam", "why": "x"}, [("/why", "unknown-field")]),
    ],
)
def test_a_flag_that_says_nothing_is_refused(a_report, other_resident, body, faults):
    other_resident.post(f"{a_report().path}/flags", json=body, expect=422)

    assert other_resident.last.faults == faults


def test_nobody_flags_what_they_cannot_see(a_report, other_resident, client):
    private, public = a_report("neighbour"), a_report()
    comment = a_comment_of(public)

    other_resident.post(f"{private.path}/flags", json={"reason": "spam"}, expect=404)
    other_resident.post(f"{public.path}/flags", json={"reason": "spam", "comment_id": str(uuid.uuid4())}, expect=404)
    other_resident.post(f"{a_report().path}/flags", json={"reason": "spam", "comment_id": comment}, expect=404)
    client.post(f"{public.path}/flags", json={"reason": "spam"}, expect=401)


# --- the town's own rules ---


def rules(database, **values):

    database.execute("UPDATE jurisdiction SET moderation = %s", json.dumps(values))


def test_a_town_decides_how_many_flags_hold_and_nought_means_never(a_report, a_resident, client, database):
    one, never = a_report(), a_report()

    rules(database, hold_after_flags=1)
    flags(a_resident(), one)
    rules(database, hold_after_flags=0)
    for _ in range(4):
        flags(a_resident(), never)

    client.get(one.path, expect=404)
    client.get(never.path, expect=200)


def test_a_town_has_new_reports_of_a_category_looked_at_first(a_report, client, resident, dispatcher, database):
    rules(database, hold_new=["pothole"])
    held, other = a_report("pothole"), a_report("streetlight")

    client.get(held.path, expect=404)
    client.get(other.path, expect=200)
    assert resident.get(held.path)["id"] == held.id
    assert dispatcher.get(f"/v1/work/{held.id}")["held_at"] is not None
    first = dispatcher.get(f"/v1/work/{held.id}/history")["items"][0]
    assert first["data"] == {"held": True}
    changes = [item for item in dispatcher.get("/v1/changes")["items"] if item["report_id"] == held.id]
    assert changes[0]["scope_after"]["visibility"] == "private"

    moderates(dispatcher, held, "publish")
    client.get(held.path, expect=200)
