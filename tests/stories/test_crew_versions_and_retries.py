"""Two tablets, one report: nobody overwrites what they have not seen, and a retry never does a thing twice."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.moves import crew_moves, desk_moves, resolved


@pytest.mark.parametrize("if_match", [None, "", "1", '"one"', "*", '"1", "2"', '"-1"', '"' + "9" * 30 + '"'])
def test_a_move_must_name_the_version_that_was_seen(crew, a_report, if_match):
    report = a_report()

    crew.post(f"/v1/work/{report.id}/take", json={}, if_match=if_match, expect=428)

    assert crew.last.problem == "version-missing"
    assert report.version == 1


def test_a_version_that_went_through_a_proxy_is_the_same_version(crew, a_report):
    report = a_report()

    crew.post(f"/v1/work/{report.id}/take", json={}, if_match='W/"1"', expect=200)


def test_whoever_comes_late_is_shown_how_it_stands(crew, dispatcher, a_report):
    report = a_report()
    desk_moves(dispatcher, report, "needs_information", note="Which lane?")

    crew.post(f"/v1/work/{report.id}/start", json={}, if_match=1, expect=412)

    stale = crew.last
    assert stale.problem == "version-stale"
    assert stale.json["sent"] == 1
    assert stale.json["version"] == 2
    assert stale.headers["etag"] == '"2"'
    assert stale.json["current"] == crew.get(f"/v1/work/{report.id}")
    assert report.version == 2


def test_a_version_from_the_future_is_stale_too(crew, a_report):
    report = a_report()

    crew.post(f"/v1/work/{report.id}/take", json={}, if_match=7, expect=412)


def test_the_late_one_sends_the_same_again_with_the_new_version_and_the_same_key(crew, dispatcher, a_report):
    report, key = a_report(), str(uuid.uuid4())
    desk_moves(dispatcher, report, "acknowledged")
    crew.post(f"/v1/work/{report.id}/start", json={}, key=key, if_match=1, expect=412)

    started = crew.post(f"/v1/work/{report.id}/start", json={}, key=key, if_match=2, expect=200)

    assert started["status"]["code"] == "in_progress"


def test_a_retry_of_a_move_that_worked_gets_the_first_answer_although_the_version_is_stale(
    crew, dispatcher, a_report, database
):
    report, key = a_report(), str(uuid.uuid4())
    crew.post(f"/v1/work/{report.id}/take", json={}, key=key, if_match=1, expect=200)
    first = crew.last
    desk_moves(dispatcher, report, "closed", reason="no_action")
    before = database.counts()

    for if_match in (1, 2, None):
        crew.post(f"/v1/work/{report.id}/take", json={}, key=key, if_match=if_match, expect=200)
        assert crew.last.body == first.body
        assert crew.last.headers["etag"] == first.headers["etag"] == '"2"'
    assert database.counts() == before


def test_a_retry_gets_its_answer_even_when_the_report_has_left_the_crews_hands(crew, second_crew, a_report):
    report, key = a_report(), str(uuid.uuid4())
    crew_moves(crew, report, "take")
    crew.post(f"/v1/work/{report.id}/hand-back", json={}, key=key, if_match=2, expect=200)
    first = crew.last
    crew_moves(second_crew, report, "take")

    crew.post(f"/v1/work/{report.id}/hand-back", json={}, key=key, if_match=2, expect=200)

    assert crew.last.body == first.body
    crew.get(f"/v1/work/{report.id}", expect=404)


def test_a_move_needs_a_key(crew, a_report):
    report = a_report()

    crew.post(f"/v1/work/{report.id}/take", json={}, key=None, if_match=1, expect=400)

    assert crew.last.problem == "idempotency-key-missing"


@pytest.mark.parametrize("change", ["another verb", "another report", "another note"])
def test_a_key_that_was_used_for_something_else_is_refused(crew, a_report, change):
    report, other, key = a_report(), a_report(), str(uuid.uuid4())
    crew.post(f"/v1/work/{report.id}/take", json={"note": "Mine."}, key=key, if_match=1, expect=200)
    path, body = {
        "another verb": (f"/v1/work/{report.id}/start", {"note": "Mine."}),
        "another report": (f"/v1/work/{other.id}/take", {"note": "Mine."}),
        "another note": (f"/v1/work/{report.id}/take", {"note": "Ours."}),
    }[change]

    crew.post(path, json=body, key=key, if_match=2, expect=422)

    assert crew.last.problem == "idempotency-key-reused"
    assert (report.version, other.version) == (2, 1)


def test_a_refused_move_frees_its_key(crew, a_report):
    report, key = a_report(), str(uuid.uuid4())
    crew_moves(crew, report, "take", "start")
    crew.post(f"/v1/work/{report.id}/resolve", json={}, key=key, if_match=3, expect=422)

    crew.post(f"/v1/work/{report.id}/resolve", json={"note": "Filled."}, key=key, if_match=3, expect=200)


def test_two_crews_with_the_same_key_do_not_collide(crew, second_crew, a_report):
    one, two = a_report(), a_report()

    crew.post(f"/v1/work/{one.id}/take", json={}, key="1", if_match=1, expect=200)
    second_crew.post(f"/v1/work/{two.id}/take", json={}, key="1", if_match=1, expect=200)

    assert two.now["crew"]["code"] == "roads-south"


def test_of_two_crews_that_reach_for_one_report_one_gets_it(crew, second_crew, a_report):
    for _ in range(5):
        report = a_report()
        path = f"/v1/work/{report.id}/take"

        with ThreadPoolExecutor(2) as both:
            tries = [both.submit(status_of, caller, path) for caller in (crew, second_crew)]
            statuses = sorted(t.result() for t in tries)

        assert statuses == [200, 404]
        assert report.version == 2


def status_of(caller, path):
    headers = {
        "Authorization": f"Bearer {caller.token}",
        "Idempotency-Key": str(uuid.uuid4()),
        "If-Match": '"1"',
        "Content-Type": "application/json",
    }
    return caller.ask("POST", path, headers, b"{}").status


def test_many_copies_of_one_move_at_the_same_moment_move_it_once(crew, a_report, database):
    report, key = a_report(), str(uuid.uuid4())
    headers = {
        "Authorization": f"Bearer {crew.token}",
        "Idempotency-Key": key,
        "If-Match": '"1"',
        "Content-Type": "application/json",
    }

    with ThreadPoolExecutor(6) as many:
        tries = [many.submit(crew.ask, "POST", f"/v1/work/{report.id}/take", headers, b"{}") for _ in range(24)]
        answers = [t.result() for t in tries]

    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert report.version == 2
    assert database.value("SELECT count(*) FROM report_event") == 2
    assert database.value("SELECT count(*) FROM announcement") == 2


def test_a_move_waits_two_seconds_for_another_and_then_says_so(crew, a_report, database):
    report = a_report()
    holder = database.connect()
    with holder.cursor() as cursor:
        cursor.execute("SELECT 1 FROM report WHERE id = %s FOR UPDATE", [report.id])

        crew.post(f"/v1/work/{report.id}/take", json={}, if_match=1, expect=409)

    holder.close()
    assert crew.last.problem == "still-working"
    assert crew.last.headers["retry-after"] == "1"
    assert crew.last.json["retry"] == "same"
    crew.post(f"/v1/work/{report.id}/take", json={}, if_match=1, expect=200)


def test_comments_and_follows_ask_for_no_version_and_change_none(crew, a_report):
    report = a_report()

    crew.post(f"{report.path}/comments", json={"text": "We come on Monday."}, expect=201)
    crew.put(f"{report.path}/follow", expect=204)

    assert report.version == 1
    crew.post(f"/v1/work/{report.id}/take", json={}, if_match=1, expect=200)


def test_the_history_is_never_rewritten(crew, a_report, database):
    report = a_report()
    resolved(crew, report)

    with pytest.raises(Exception, match="append-only"):
        database.execute("UPDATE report_event SET note = 'Nothing happened.' WHERE report_id = %s", report.id)
    with pytest.raises(Exception, match="append-only"):
        database.execute("DELETE FROM report_event WHERE report_id = %s", report.id)
