"""What becomes of a push when the provider, the phone or the worker fails."""

import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from core.db import transaction
from jobs.tasks import Work, deliver_notifications, expand_announcement, rescue
from notifications import delivery, lost
from notifications.letters import Outcome
from notifications.patience import Patience, with_jitter
from tests.support.telling import change

URL = "https://311.squareton.example"


@pytest.fixture
def resolved(a_report, run_jobs):
    """A report whose resolution is about to be told."""
    report = a_report()
    run_jobs()
    change(report.id, "resolved")
    return report


def the_notification(database):
    (row,) = database.rows("SELECT id, state, reason, attempt_count, sent_at FROM notification")
    return row


def attempts(database):
    rows = database.rows("SELECT outcome, reason FROM delivery_attempt ORDER BY id")
    return [(row["outcome"], row["reason"]) for row in rows]


def due_in_s(database):
    (row,) = database.rows("SELECT extract(epoch FROM scheduled_at - now())::float8 AS s FROM procrastinate_jobs")
    return row["s"]


def plan(database):
    """Expand what waits, and say which notifications there are."""
    for row in database.rows("SELECT id FROM announcement WHERE expanded_at IS NULL"):
        expand_announcement(Work(URL), str(row["id"]))
    return [row["id"] for row in database.rows("SELECT id FROM notification ORDER BY id")]


def test_what_was_sent_is_written_down(resolved, resident, phones, run_jobs, database):
    run_jobs()

    notification = the_notification(database)
    (arrival,) = phones.arrivals(resident.push_token)
    (attempt,) = database.rows("SELECT * FROM delivery_attempt")
    assert (notification["state"], notification["attempt_count"], notification["reason"]) == ("sent", 1, None)
    assert notification["sent_at"] is not None
    assert (attempt["outcome"], str(attempt["device_id"])) == ("sent", resident.device_id)
    assert attempt["provider_message_id"].endswith(arrival["message_id"])
    assert database.value("SELECT count(*) FROM procrastinate_jobs") == 0


def test_a_dead_token_is_retired_and_not_tried_again(resolved, resident, phones, run_jobs, database):
    phones.behave(resident.push_token, "unregistered")

    run_jobs()
    change(resolved.id, "closed")
    run_jobs()

    assert attempts(database) == [("dead", "unregistered")]
    assert the_notification(database)["state"] == "undeliverable"
    assert the_notification(database)["reason"] == "unregistered"
    (device,) = database.rows("SELECT * FROM device WHERE id = %s", resident.device_id)
    assert device["push_retired_at"] is not None
    assert device["push_retired_reason"] == "unregistered"


def test_a_phone_with_a_new_token_hears_again(resolved, resident, phones, run_jobs):
    phones.behave(resident.push_token, "unregistered")
    run_jobs()

    resident.patch(f"/v1/devices/{resident.device_id}", json={"push": {"kind": "fcm_token", "value": "a-new-token"}})
    change(resolved.id, "closed")
    run_jobs()

    assert phones.titles("a-new-token") == ["Pothole: closed"]


def test_a_token_that_was_replaced_while_we_talked_about_the_old_one_stays(resolved, resident, database):
    ids = plan(database)
    with transaction() as session:
        claimed = delivery.claim(session, ids, URL, Patience())

    resident.patch(f"/v1/devices/{resident.device_id}", json={"push": {"kind": "fcm_token", "value": "a-new-token"}})
    with transaction() as session:
        delivery.record(session, claimed, [Outcome("dead", "unregistered")], Patience())

    assert database.value("SELECT push_retired_at FROM device WHERE id = %s", resident.device_id) is None


@pytest.mark.parametrize("failure", ["unavailable", "internal", "cut", "cut_after"])
def test_a_failure_that_passes_is_tried_again_and_shown_once(failure, resolved, resident, phones, run_jobs, database):
    phones.behave(resident.push_token, failure, times=2)

    deadline = time.monotonic() + 10
    while the_notification_state(database) != "sent" and time.monotonic() < deadline:
        run_jobs()
        time.sleep(0.05)

    assert [outcome for outcome, _ in attempts(database)] == ["retry", "retry", "sent"]
    assert phones.titles(resident.push_token) == ["Pothole: resolved"]
    assert the_notification(database)["state"] == "sent"


def the_notification_state(database):
    rows = database.rows("SELECT state FROM notification")
    return rows[0]["state"] if rows else None


def test_a_provider_that_asks_for_patience_gets_it(resolved, resident, phones, run_jobs, database):
    phones.behave(resident.push_token, "quota_exceeded", times=1, retry_after_s=30)

    run_jobs()

    assert attempts(database) == [("retry", "quota-exceeded")]
    notification = the_notification(database)
    assert (notification["state"], notification["reason"]) == ("waiting", "quota-exceeded")
    assert 29 < due_in_s(database) <= 45


def test_after_the_last_attempt_it_is_undeliverable(resolved, resident, phones, run_jobs, database):
    phones.behave(resident.push_token, "unavailable")

    deadline = time.monotonic() + 10
    while the_notification_state(database) != "undeliverable" and time.monotonic() < deadline:
        run_jobs(most_attempts=3, first_wait_s=0.01, longest_wait_s=0.01)

    assert attempts(database) == [("retry", "unavailable")] * 3
    assert the_notification(database)["reason"] == "gave-up"
    assert database.value("SELECT count(*) FROM procrastinate_jobs") == 0


def test_ten_attempts_take_about_a_day():
    waits = [Patience().wait_s(attempt, None) for attempt in range(1, 10)]

    assert waits == sorted(waits)
    assert waits[0] == 5
    assert 20 * 3600 < sum(waits) < 30 * 3600


def test_the_wait_is_never_shorter_than_what_the_provider_asks_for():
    assert Patience().wait_s(1, 120.0) == 120.0
    assert Patience().wait_s(9, 1.0) > 3600
    assert all(60 <= with_jitter(60) <= 90 for _ in range(100))
    assert len({with_jitter(60) for _ in range(100)}) > 50


def test_a_letter_that_can_never_go_is_not_tried_again(resolved, resident, phones, run_jobs, database):
    phones.behave(resident.push_token, "sender_id_mismatch")

    run_jobs()

    assert attempts(database) == [("refused", "sender-id-mismatch")]
    assert the_notification(database)["state"] == "undeliverable"
    assert database.value("SELECT push_retired_at FROM device WHERE id = %s", resident.device_id) is None


def second_phone(database, resident, token):
    database.execute(
        "INSERT INTO device (id, jurisdiction_id, person_id, push_kind, push_value, language)"
        " SELECT gen_random_uuid(), jurisdiction_id, person_id, 'fcm_fid', %s, 'es' FROM device WHERE id = %s",
        token,
        resident.device_id,
    )


def test_a_person_hears_on_all_their_phones_and_only_the_failing_one_is_tried_again(
    resolved, resident, phones, run_jobs, database
):
    second_phone(database, resident, "tablet")
    phones.behave("tablet", "unavailable", times=1)

    run_jobs()
    assert the_notification(database)["state"] == "waiting"
    time.sleep(0.1)
    run_jobs()

    assert phones.titles(resident.push_token) == ["Pothole: resolved"]
    assert phones.titles("tablet") == ["Bache: resuelto"]
    assert len(phones.arrivals(resident.push_token)) == 1
    assert the_notification(database)["state"] == "sent"


def test_one_phone_that_hears_is_enough_to_be_told(resolved, resident, phones, run_jobs, database):
    second_phone(database, resident, "tablet")
    phones.behave("tablet", "unregistered")

    run_jobs()

    assert the_notification(database)["state"] == "sent"


def test_running_a_job_twice_sends_once(resolved, resident, phones, provider, database):
    ids = [str(one) for one in plan(database)]
    work = Work(URL, push=provider)

    deliver_notifications(work, ids)
    deliver_notifications(work, ids)

    assert len(phones.arrivals(resident.push_token)) == 1


def test_two_workers_at_once_send_once(resolved, resident, phones, provider, database):
    ids = [str(one) for one in plan(database)]
    work = Work(URL, push=provider)
    phones.behave(resident.push_token, "slow", delay_s=0.3)

    both = [threading.Thread(target=deliver_notifications, args=(work, ids)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert len(phones.arrivals(resident.push_token)) == 1


def test_nothing_is_sent_while_a_transaction_is_open(resolved, resident, phones, provider, database):
    ids = [str(one) for one in plan(database)]
    phones.behave(resident.push_token, "slow", delay_s=0.8)

    sending = threading.Thread(target=deliver_notifications, args=(Work(URL, push=provider), ids))
    sending.start()
    deadline = time.monotonic() + 5
    while not phones.arrivals(resident.push_token) and time.monotonic() < deadline:
        time.sleep(0.01)
    during = database.rows(
        "SELECT state, query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend' AND (state <> 'idle' OR xact_start IS NOT NULL)"
    )
    is_still_sending = the_notification_state(database) == "sending"
    sending.join()

    assert is_still_sending
    assert during == []
    assert the_notification_state(database) == "sent"


def test_what_a_lost_worker_had_claimed_comes_back(resolved, resident, phones, run_jobs, database):
    ids = plan(database)
    with transaction() as session:
        delivery.claim(session, ids, URL, Patience())
    database.execute("DELETE FROM procrastinate_jobs")

    rescue(Work(URL))
    assert the_notification(database)["state"] == "sending"
    database.execute("UPDATE notification SET claimed_at = now() - interval '3 minutes'")
    rescue(Work(URL))
    assert the_notification(database)["state"] == "waiting"
    run_jobs()

    assert phones.titles(resident.push_token) == ["Pothole: resolved"]
    assert the_notification(database)["attempt_count"] == 2


def test_a_worker_that_was_given_up_does_not_undo_what_another_has_done(resolved, run_jobs, database):
    ids = plan(database)
    with transaction() as session:
        claimed = delivery.claim(session, ids, URL, Patience())
    database.execute("UPDATE notification SET claimed_at = claimed_at - interval '3 minutes'")
    rescue(Work(URL))
    run_jobs()

    with transaction() as session:
        delivery.record(session, claimed, [Outcome("retry", "timeout")], Patience())

    assert the_notification(database)["state"] == "sent"
    assert database.value("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'deliver_notifications'") == 0


def test_what_kills_its_worker_each_time_is_given_up_in_the_end(resolved, database):
    ids = plan(database)
    database.execute("UPDATE notification SET attempt_count = 10")

    with transaction() as session:
        claimed = delivery.claim(session, ids, URL, Patience())

    assert claimed.letters == []
    assert (the_notification(database)["state"], the_notification(database)["reason"]) == ("undeliverable", "gave-up")


def test_news_that_is_days_old_is_not_pushed_any_more(resolved, database):
    ids = plan(database)
    database.execute("UPDATE notification SET created_at = %s", datetime.now(UTC) - timedelta(days=4))

    with transaction() as session:
        claimed = delivery.claim(session, ids, URL, Patience())

    assert claimed.letters == []
    assert the_notification(database)["reason"] == "too-late"


def test_a_phone_that_stopped_pushes_in_between_hears_nothing(resolved, resident, phones, run_jobs, database):
    plan(database)
    resident.delete(f"/v1/devices/{resident.device_id}")

    run_jobs()

    assert phones.arrivals() == []
    assert the_notification(database)["reason"] == "no-target"


def test_without_a_provider_notifications_wait(resolved, resident, phones, run_jobs, database):
    run_jobs(push=None)
    assert the_notification(database)["state"] == "waiting"

    run_jobs()
    assert phones.titles(resident.push_token) == ["Pothole: resolved"]


def test_a_provider_that_breaks_down_loses_nothing(resolved, resident, phones, run_jobs, database):
    class Broken:
        def send(self, letters):
            raise RuntimeError("a mistake in a library")

    run_jobs(push=Broken())
    assert attempts(database) == [("retry", "sending-failed")]
    time.sleep(0.1)
    run_jobs()

    assert phones.titles(resident.push_token) == ["Pothole: resolved"]


def test_more_letters_than_a_provider_takes_at_once_go_in_portions(resolved, resident, phones, run_jobs, database):
    database.execute(
        "INSERT INTO device (id, jurisdiction_id, person_id, push_kind, push_value, language)"
        " SELECT gen_random_uuid(), jurisdiction_id, person_id, 'fcm_token', 'phone-' || n, 'en'"
        " FROM device, generate_series(1, 510) n WHERE id = %s",
        resident.device_id,
    )

    run_jobs()

    assert len(phones.arrivals()) == 511
    assert attempts(database) == [("sent", "sent")] * 511


def test_jobs_that_wait_are_taken_along_up_to_a_hundred_notifications(a_report, run_jobs, provider, phones, database):
    report = a_report()
    run_jobs()
    for _ in range(3):
        change(report.id, "in_progress")
        plan(database)
    (first, *_) = [row["id"] for row in database.rows("SELECT id FROM notification ORDER BY id")]

    deliver_notifications(Work(URL, push=provider), [str(first)])

    assert len(phones.arrivals()) == 3
    assert database.value("SELECT count(*) FROM notification WHERE state = 'sent'") == 3


def test_a_notification_whose_job_was_lost_is_found_again(resolved, resident, phones, run_jobs, database):
    plan(database)
    database.execute("DELETE FROM procrastinate_jobs")

    with transaction() as session:
        found = lost.requeue_notifications(session, 0)
    with transaction() as session:
        found_again = lost.requeue_notifications(session, 0)
    run_jobs()

    assert (found, found_again) == (1, 0)
    assert phones.titles(resident.push_token) == ["Pothole: resolved"]


def test_the_ids_of_notifications_sort_by_time(resolved, database):
    change(resolved.id, "closed")
    ids = plan(database)

    assert len(ids) == 2
    assert {UUID(str(one)).version for one in ids} == {7}
