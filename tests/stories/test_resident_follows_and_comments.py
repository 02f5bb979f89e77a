"""Residents follow what concerns them, and add what they know."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"


def comments_of(caller, report):
    return [line["comment"] for line in caller.get(f"{report.path}/timeline")["items"] if line["comment"] is not None]


# --- following ---


def test_following_may_be_repeated(other_resident, a_report, database):
    report = a_report()

    other_resident.put(f"{report.path}/follow", expect=204)
    other_resident.put(f"{report.path}/follow", expect=204)

    assert other_resident.get(report.path)["following"] is True
    assert database.value("SELECT count(*) FROM follow") == 1


def test_unfollowing_may_be_repeated(other_resident, a_report, database):
    report = a_report()
    other_resident.put(f"{report.path}/follow")

    other_resident.delete(f"{report.path}/follow", expect=204)
    other_resident.delete(f"{report.path}/follow", expect=204)

    assert other_resident.get(report.path)["following"] is False
    assert database.value("SELECT count(*) FROM follow") == 0


def test_following_changes_nothing_about_the_report(other_resident, a_report):
    report = a_report()
    before = report.now

    other_resident.put(f"{report.path}/follow")

    assert report.now == before
    assert len(other_resident.get(f"{report.path}/timeline")["items"]) == 1


def test_who_follows_hears_and_who_stopped_does_not(a_resident, crew, a_report, run_jobs, phones):
    report = a_report()
    follower, quitter = a_resident(push="the-follower"), a_resident(push="the-quitter")
    for person in (follower, quitter):
        person.put(f"{report.path}/follow")
    quitter.delete(f"{report.path}/follow")

    crew.post(f"/v1/work/{report.id}/start", json={}, if_match=1)
    run_jobs()

    assert len(phones.heard("the-follower")) == 1
    assert phones.heard("the-quitter") == []


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_following_needs_somebody(client, a_report, method):
    client.send(method, f"{a_report().path}/follow", expect=401)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_what_one_may_not_see_one_cannot_follow(other_resident, a_report, method, database):
    private = a_report("neighbour")

    other_resident.send(method, f"{private.path}/follow", expect=404)
    other_resident.send(method, f"/v1/reports/{uuid.uuid4()}/follow", expect=404)

    assert database.value("SELECT count(*) FROM follow") == 0


# --- comments ---


def test_a_comment_stands_in_the_timeline_for_all(client, other_resident, a_report):
    report = a_report()

    added = other_resident.post(f"{report.path}/comments", json={"text": "I saw it too."}, expect=201)

    assert (added["report_id"], added["text"], added["by"]) == (report.id, "I saw it too.", "resident")
    assert comments_of(client, report) == ["I saw it too."]


def test_a_comment_needs_no_if_match_and_leaves_the_version_alone(resident, a_report):
    report = a_report()

    resident.post(f"{report.path}/comments", json={"text": "Still there."}, expect=201)

    assert report.version == 1


def test_the_reporter_hears_of_a_comment_and_its_author_does_not(a_resident, resident, a_report, run_jobs, phones):
    report = a_report()
    author = a_resident(push="the-author")
    author.put(f"{report.path}/follow")

    author.post(f"{report.path}/comments", json={"text": "I saw it too."})
    run_jobs()

    assert len(phones.heard(resident.push_token)) == 1
    assert phones.heard("the-author") == []


def test_a_retried_comment_is_one_comment(resident, a_report, database):
    report = a_report()
    body = {"text": "Still there.", "captured_at": "2026-01-01T00:00:00Z"}
    first = resident.send("POST", f"{report.path}/comments", json=body, key="c-1", expect=201)
    before = database.counts()

    again = resident.send("POST", f"{report.path}/comments", json=body, key="c-1", language="es", expect=201)

    assert again.body == first.body
    assert database.counts() == before


def test_a_comments_key_is_for_that_comment(resident, a_report, database):
    one, two = a_report(), a_report()
    resident.post(f"{one.path}/comments", json={"text": "x"}, key="c-1", expect=201)
    before = database.counts()

    for path, text in ((one.path, "y"), (two.path, "x")):
        resident.post(f"{path}/comments", json={"text": text}, key="c-1", expect=422)
        assert resident.last.problem == "idempotency-key-reused"

    assert database.counts() == before


def test_a_refused_comment_frees_its_key(resident, a_report):
    report = a_report()
    resident.post(f"{report.path}/comments", json={"text": ""}, key="c-1", expect=422)

    resident.post(f"{report.path}/comments", json={"text": "now"}, key="c-1", expect=201)


def test_a_comment_without_a_key_is_refused(resident, a_report, database):
    report = a_report()
    before = database.counts()

    resident.post(f"{report.path}/comments", json={"text": "x"}, key=None, expect=400)

    assert resident.last.problem == "idempotency-key-missing"
    assert database.counts() == before


def test_a_comment_may_bring_its_own_id_which_stays_taken(resident, other_resident, a_report, database):
    report = a_report()
    own = str(uuid.uuid4())
    assert resident.post(f"{report.path}/comments", json={"id": own, "text": "x"}, expect=201)["id"] == own
    before = database.counts()

    other_resident.post(f"{report.path}/comments", json={"id": own, "text": "y"}, expect=409)

    assert other_resident.last.problem == "id-taken"
    assert database.counts() == before


def test_two_comments_with_one_id_at_the_same_moment_are_never_a_surprise(resident, a_report):
    report = a_report()

    def send(body):
        return resident.ask(
            "POST",
            f"{report.path}/comments",
            {
                "Authorization": f"Bearer {resident.token}",
                "Idempotency-Key": str(uuid.uuid4()),
                "Content-Type": "application/json",
            },
            json.dumps(body).encode(),
        )

    for n in range(10):
        own = str(uuid.uuid4())
        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(send, [{"id": own, "text": f"a{n}"}, {"id": own, "text": f"b{n}"}]))
        assert sorted(answer.status for answer in answers) == [201, 409]


def test_comments_at_the_same_moment_are_each_kept_and_numbered(resident, a_report, client):
    report = a_report()

    with ThreadPoolExecutor(6) as threads:
        sent = list(
            threads.map(
                lambda n: resident.send("POST", f"{report.path}/comments", json={"text": f"n{n}"}, key=f"c-{n}"),
                range(18),
            )
        )

    assert {answer.status for answer in sent} == {201}
    lines = client.get(f"{report.path}/timeline?limit=100")["items"]
    assert [line["seq"] for line in lines] == list(range(1, 20))
    assert {line["comment"] for line in lines[1:]} == {f"n{n}" for n in range(18)}


def test_a_comment_keeps_every_code_point(client, resident, a_report):
    report = a_report()
    longest = FAMILY * 571 + "a\nb"

    resident.post(f"{report.path}/comments", json={"text": longest}, expect=201)

    assert comments_of(client, report) == [longest]


@pytest.mark.parametrize(
    ("captured_at", "flag"),
    [("2099-01-01T00:00:00Z", "ahead"), ("2001-01-01T00:00:00Z", "old"), (None, None)],
)
def test_the_phones_clock_is_evidence_in_a_comment_too(client, resident, a_report, captured_at, flag):
    report = a_report()

    resident.post(f"{report.path}/comments", json={"text": "x", "captured_at": captured_at}, expect=201)

    line = resident.get(f"{report.path}/timeline")["items"][-1]
    assert line["clock_flag"] == flag
    assert line["captured_at"] == (captured_at.replace("Z", ".000Z") if captured_at else None)
    assert "clock_flag" not in client.get(f"{report.path}/timeline")["items"][-1]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, ("/text", "required")),
        ({"text": None}, ("/text", "required")),
        ({"text": ""}, ("/text", "too-short")),
        ({"text": " \n\t "}, ("/text", "too-short")),
        ({"text": "x" * 4001}, ("/text", "too-long")),
        ({"text": "a\u0000b"}, ("/text", "control-character")),
        ({"text": "a\u001b[31m"}, ("/text", "control-character")),
        ({"text": 5}, ("/text", "wrong-type")),
        ({"text": "x", "id": "5"}, ("/id", "not-a-uuid")),
        ({"text": "x", "captured_at": "noon"}, ("/captured_at", "not-a-time")),
        ({"text": "x", "author": "me"}, ("/author", "unknown-field")),
    ],
)
def test_a_comment_that_is_wrong_says_where(resident, a_report, database, body, fault):
    report = a_report()
    before = database.counts()

    resident.post(f"{report.path}/comments", json=body, expect=422)

    assert resident.last.faults == [fault]
    assert database.counts() == before


def test_a_stranger_cannot_comment(client, a_report):
    client.post(f"{a_report().path}/comments", json={"text": "x"}, expect=401)


def test_what_one_may_not_see_one_cannot_comment_on(other_resident, a_report, database):
    private = a_report("neighbour")
    before = database.counts()

    other_resident.post(f"{private.path}/comments", json={"text": "x"}, expect=404)

    assert database.counts() == before


def test_the_reporter_of_a_private_report_may_comment_on_it(resident, a_report):
    private = a_report("neighbour")

    resident.post(f"{private.path}/comments", json={"text": "It goes on."}, expect=201)

    assert comments_of(resident, private) == ["It goes on."]
