"""From a change to a phone that shows it: who hears, in which words, how often."""

from contextlib import suppress

import pytest

from core.db import transaction
from jobs.tasks import Work, expand_announcement
from notifications import expand, lost
from tests.support.telling import change, crowd
from tests.support.town import WARD_1


def test_the_reporter_hears_when_the_crew_is_done(a_report, resident, phones, run_jobs):
    report = a_report()

    change(report.id, "resolved")
    run_jobs()

    (card,) = phones.shown(resident.push_token)
    assert card["title"] == "Pothole: resolved"
    assert card["body"] == f"Report {report.reference} has been resolved. Open it to see what was done."
    assert card["thread"] == report.id


def test_the_data_of_a_push_says_what_happened_and_where_to_read_it(a_report, resident, phones, run_jobs, database):
    report = a_report()

    change(report.id, "in_progress")
    run_jobs()

    (card,) = phones.shown(resident.push_token)
    data = card["data"]
    assert set(data) == {"v", "event", "notification_id", "report_id", "url", "sent_at"}
    assert all(isinstance(value, str) for value in data.values())
    assert (data["v"], data["event"], data["report_id"]) == ("1", "in_progress", report.id)
    assert data["url"] == f"https://311.squareton.example/r/{report.reference}"
    assert data["notification_id"] == card["tag"] == str(database.value("SELECT id FROM notification"))
    assert data["sent_at"].endswith("Z")


def test_nothing_that_a_resident_wrote_is_on_a_lock_screen(a_report, phones, run_jobs, resident):
    canary = "canary-7f3"
    report = a_report(description=canary, address=canary, contact={"name": canary})

    change(report.id, "needs_information")
    run_jobs()

    (arrival,) = phones.arrivals(resident.push_token)
    assert canary not in str(arrival["message"])


def test_the_receipt_is_no_news_to_its_reporter(a_report, resident, phones, run_jobs, database):
    a_report()

    run_jobs()

    assert phones.shown(resident.push_token) == []
    assert database.value("SELECT count(*) FROM announcement WHERE expanded_at IS NULL") == 0


def test_followers_hear_what_the_reporter_hears(a_report, resident, other_resident, phones, run_jobs):
    report = a_report()
    other_resident.put(f"{report.path}/follow")

    change(report.id, "acknowledged")
    run_jobs()

    assert phones.titles(resident.push_token) == phones.titles(other_resident.push_token) == ["Pothole: accepted"]


def test_who_begins_to_follow_after_a_change_has_seen_it_already(a_report, other_resident, phones, run_jobs):
    report = a_report()
    change(report.id, "acknowledged")

    other_resident.put(f"{report.path}/follow")
    run_jobs()

    assert phones.titles(other_resident.push_token) == []


def test_a_reporter_who_follows_is_told_once(a_report, resident, phones, run_jobs):
    report = a_report()
    resident.put(f"{report.path}/follow")

    change(report.id, "acknowledged")
    run_jobs()

    assert len(phones.arrivals(resident.push_token)) == 1


def test_nobody_is_told_of_their_own_comment(a_report, resident, other_resident, phones, run_jobs):
    report = a_report()
    other_resident.put(f"{report.path}/follow")

    other_resident.post(f"{report.path}/comments", json={"text": "Still there."})
    run_jobs()

    assert phones.titles(other_resident.push_token) == []
    assert phones.titles(resident.push_token) == ["Pothole: new comment"]


def test_what_is_for_staff_only_reaches_nobody(a_report, resident, phones, run_jobs, database):
    report = a_report()

    change(report.id, "assigned", is_public=False)
    change(report.id, "assigned")
    run_jobs()

    assert phones.shown(resident.push_token) == []
    assert database.value("SELECT count(*) FROM notification") == 0


def test_a_private_report_is_told_to_its_reporter_and_not_to_followers(
    a_report, resident, other_resident, phones, run_jobs, database
):
    report = a_report()
    other_resident.put(f"{report.path}/follow")
    database.execute("UPDATE report SET visibility = 'private' WHERE id = %s", report.id)

    change(report.id, "acknowledged")
    run_jobs()

    assert phones.titles(resident.push_token) == ["Pothole: accepted"]
    assert phones.titles(other_resident.push_token) == []


@pytest.mark.parametrize(
    ("follower", "hears"),
    [
        pytest.param("adam", True, id="the desk"),
        pytest.param("ana", True, id="a crew of the department"),
        pytest.param("pia", False, id="a crew of another department"),
    ],
)
def test_staff_who_follow_a_private_report_hear_if_they_may_see_it(
    a_report, follower, hears, phones, run_jobs, database
):
    report = a_report(at=WARD_1)
    database.execute("UPDATE report SET visibility = 'private' WHERE id = %s", report.id)
    database.execute(
        "INSERT INTO device (id, jurisdiction_id, person_id, push_kind, push_value, language)"
        " SELECT gen_random_uuid(), jurisdiction_id, id, 'fcm_token', 'staff-phone', 'en' FROM person WHERE code = %s",
        follower,
    )
    database.execute(
        "INSERT INTO follow (report_id, person_id, jurisdiction_id) SELECT %s, id, jurisdiction_id FROM person WHERE code = %s",
        report.id,
        follower,
    )

    change(report.id, "acknowledged", by="dora")
    run_jobs()

    assert bool(phones.shown("staff-phone")) == hears


def test_each_phone_speaks_its_own_language(a_report, resident, a_resident, phones, run_jobs):
    report = a_report()
    spanish, french = a_resident(push="phone-es", language="es"), a_resident(push="phone-fr", language="en")
    french.patch(f"/v1/devices/{french.device_id}", json={"language": "en"})
    for follower in (spanish, french):
        follower.put(f"{report.path}/follow")

    change(report.id, "resolved")
    run_jobs()

    assert phones.titles(spanish.push_token) == ["Bache: resuelto"]
    assert phones.titles(french.push_token) == ["Pothole: resolved"]


def test_a_person_without_a_push_target_gets_no_notification(a_resident, a_report, run_jobs, database):
    report = a_report(reporter=a_resident())

    change(report.id, "resolved")
    run_jobs()

    assert database.value("SELECT count(*) FROM notification") == 0


def test_a_phone_that_stopped_pushes_or_lost_its_token_hears_nothing(
    a_report, resident, a_resident, phones, run_jobs, database
):
    report = a_report()
    stopped, revoked = a_resident(push="phone-stopped"), a_resident(push="phone-revoked")
    for follower in (stopped, revoked):
        follower.put(f"{report.path}/follow")
    stopped.delete(f"/v1/devices/{stopped.device_id}")
    database.execute("UPDATE credential SET revoked_at = now() WHERE device_id = %s", revoked.device_id)

    change(report.id, "resolved")
    run_jobs()

    assert phones.titles(resident.push_token) == ["Pothole: resolved"]
    assert phones.titles(stopped.push_token) == phones.titles(revoked.push_token) == []


def test_however_many_follow_a_change_writes_one_announcement_and_one_job(a_report, run_jobs, database):
    report = a_report()
    run_jobs()
    crowd(database, report.id, 2_500)

    change(report.id, "resolved")

    assert database.value("SELECT count(*) FROM announcement WHERE event = 'resolved'") == 1
    assert database.value("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'") == 1


def test_a_crowd_is_told_in_chunks_and_each_of_them_once(a_report, resident, phones, run_jobs, database):
    report = a_report()
    crowd(database, report.id, 1_020)

    change(report.id, "resolved")
    run_jobs()

    assert len(phones.arrivals()) == len(phones.shown()) == 1_021
    assert database.value("SELECT count(*) FROM notification WHERE state = 'sent'") == 1_021
    assert database.value("SELECT count(*) FROM announcement WHERE expanded_at IS NULL") == 0
    assert database.value("SELECT count(*) FROM procrastinate_jobs") == 0


def test_planning_again_after_a_chunk_goes_on_where_it_stopped(a_report, run_jobs, database):
    report = a_report()
    run_jobs()
    crowd(database, report.id, 2_200)
    change(report.id, "resolved")
    (row,) = database.rows("SELECT id FROM announcement WHERE event = 'resolved'")
    planned = []

    for _ in range(5):
        expand_announcement(Work("https://311.squareton.example"), str(row["id"]))
        planned.append(database.value("SELECT count(*) FROM notification"))

    assert planned == [1_000, 2_000, 2_201, 2_201, 2_201]


def test_a_planning_transaction_that_dies_leaves_nothing_half_done(a_report, run_jobs, database):
    report = a_report()
    run_jobs()
    change(report.id, "acknowledged")
    change(report.id, "resolved")
    before = database.counts()
    (first, _) = database.rows("SELECT id FROM announcement WHERE expanded_at IS NULL ORDER BY id")

    with suppress(KeyboardInterrupt), transaction() as session:
        expand.expand(session, first["id"])
        raise KeyboardInterrupt

    assert database.counts() == before
    assert database.value("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'") == 2


def test_many_announcements_leave_the_queue_in_one_armful(a_report, run_jobs, database):
    report = a_report()
    run_jobs()
    for _ in range(30):
        change(report.id, "in_progress")
    (first, *_) = database.rows("SELECT id FROM announcement WHERE expanded_at IS NULL ORDER BY id")

    expand_announcement(Work("https://311.squareton.example"), str(first["id"]))

    assert database.value("SELECT count(*) FROM announcement WHERE expanded_at IS NULL") == 0
    assert database.value("SELECT count(*) FROM notification") == 30
    assert database.rows(
        "SELECT task_name, jsonb_array_length(args -> 'notification_ids') AS size FROM procrastinate_jobs"
        " WHERE task_name <> 'expand_announcement'"
    ) == [{"task_name": "deliver_notifications", "size": 30}]


def test_an_announcement_whose_job_was_lost_is_found_again(a_report, resident, phones, run_jobs, database):
    report = a_report()
    run_jobs()
    change(report.id, "resolved")
    database.execute("DELETE FROM procrastinate_jobs")

    with transaction() as session:
        found = lost.requeue_announcements(session, 0)
    with transaction() as session:
        found_again = lost.requeue_announcements(session, 0)
    run_jobs()

    assert (found, found_again) == (1, 0)
    assert phones.titles(resident.push_token) == ["Pothole: resolved"]
