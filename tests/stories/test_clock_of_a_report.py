"""A report's clock: which target it has, when it stands still, and what residents are told of it."""

from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest

from tests.support.admin import change, remove
from tests.support.clocks import HOUR, a_calendar, a_target, admitted, clock, hours_until, time_passes, told
from tests.support.moves import crew_moves, desk_moves, lines


def test_a_new_report_gets_its_date_after_it_was_taken_in(admin, a_report, database):
    a_target(admin, hours=48)
    report = a_report()
    assert report.now["expected_at"] is None
    version = report.version

    admitted()

    assert hours_until(report.now["expected_at"]) == pytest.approx(48, abs=0.05)
    assert report.version == version
    assert [line["kind"] for line in lines(report.reporter, report)] == ["received"]


def test_admitting_twice_changes_nothing(admin, a_report, database):
    a_target(admin)
    report = a_report()
    admitted()
    before = (clock(database, report), database.counts())

    database.execute("UPDATE queue_place SET number = 0")  # as after a kill before the place was written
    admitted()

    assert (clock(database, report), database.counts()) == before


def test_what_comes_in_while_nobody_admits_is_admitted_by_its_first_move(admin, a_report, dispatcher, database):
    a_target(admin, hours=48)
    report = a_report()

    desk_moves(dispatcher, report, "acknowledged")

    assert hours_until(report.now["expected_at"]) == pytest.approx(48, abs=0.05)
    admitted()
    assert (
        database.value("SELECT count(*) FROM queue_item") == database.value("SELECT count(*) FROM service_clock") == 1
    )


def test_a_copy_of_the_city_hears_of_the_first_date(admin, a_report, dispatcher):
    a_target(admin)
    report = a_report()
    admitted()

    kinds = [item["kind"] for item in dispatcher.get("/v1/changes")["items"] if item["report_id"] == report.id]

    assert kinds == ["received", "expected"]


@pytest.mark.parametrize(
    ("others", "wanted"),
    [
        pytest.param({}, "all", id="the only one"),
        pytest.param({"g": {"group": "streets"}}, "g", id="a group before any"),
        pytest.param({"g": {"group": "streets", "priority": "normal"}, "c": {"category": "pothole"}}, "c", id="a category before a group"),
        pytest.param({"b": {}, "p": {"priority": "normal"}}, "p", id="a priority before none"),
        pytest.param({"u": {"priority": "urgent"}, "t": {"category": "fallen-tree"}}, "all", id="what does not fit"),
        pytest.param({"aaa": {}}, "aaa", id="of equals the first by code"),
    ],
)  # fmt: skip
def test_the_most_specific_target_counts(admin, a_report, database, others, wanted):
    a_target(admin, hours=48)
    for code, target in others.items():
        a_target(admin, code, hours=10, **target)
    report = a_report()

    admitted()

    target = database.value("SELECT code FROM service_target WHERE id = %s", clock(database, report)["target_id"])
    assert target == wanted


def test_working_time_is_the_calendars(admin, a_report, database):
    a_calendar(
        admin,
        time_zone="UTC",
        hours={day: ["00:00-12:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
    )
    a_target(admin, hours=24, calendar="office")
    report = a_report()

    admitted()

    assert hours_until(clock(database, report)["due_at"]) > 36  # two half days, and the nights between


def test_the_clock_stands_still_while_the_city_waits_for_the_resident(admin, a_report, dispatcher, database):
    a_target(admin, hours=48)
    report = a_report()
    admitted()
    time_passes(database, report, 10 * HOUR)

    desk_moves(dispatcher, report, "needs_information", note="Which corner?")
    assert report.now["expected_at"] is None
    assert clock(database, report)["used_s"] == pytest.approx(10 * 3600, abs=5)
    time_passes(database, report, 100 * HOUR)
    desk_moves(dispatcher, report, "received")

    assert hours_until(report.now["expected_at"]) == pytest.approx(38, abs=0.05)


def test_the_clock_stands_still_on_hold(admin, a_report, crew, database):
    a_target(admin, hours=48)
    report = a_report()
    admitted()
    crew_moves(crew, report, "take", "start", "hold", reason="Frost")

    assert clock(database, report)["running_since"] is None
    time_passes(database, report, 100 * HOUR)
    crew_moves(crew, report, "start")

    assert hours_until(clock(database, report)["due_at"]) == pytest.approx(48, abs=0.05)


def test_residents_hear_when_the_date_moves_and_read_it_in_the_history(
    admin, a_report, dispatcher, database, phones, run_jobs, resident
):
    a_target(admin, hours=48)
    report = a_report()
    admitted()
    desk_moves(dispatcher, report, "needs_information", note="Which corner?")
    database.execute("UPDATE service_clock SET told_at = told_at - interval '5 hours'")

    desk_moves(dispatcher, report, "received")
    run_jobs()

    line = lines(resident, report)[-1]
    assert (line["kind"], line["by"]) == ("expected_moved", "system")
    assert line["expected_at"] == report.now["expected_at"]
    assert "Pothole: a new date" in phones.titles(resident.push_token)


def test_the_first_date_and_a_move_of_minutes_are_no_news(admin, a_report, dispatcher, resident, phones, run_jobs):
    a_target(admin, hours=48)
    report = a_report()
    admitted()

    desk_moves(dispatcher, report, "needs_information", note="Which corner?")
    desk_moves(dispatcher, report, "received")
    run_jobs()

    assert "expected_moved" not in [line["kind"] for line in lines(resident, report)]
    assert "Pothole: a new date" not in phones.titles(resident.push_token)


def test_a_crews_promise_counts_until_it_is_taken_back(admin, a_report, crew, resident, database):
    a_target(admin, hours=48)
    report = a_report()
    admitted()
    promise = (datetime.now(UTC) + timedelta(days=9)).replace(microsecond=0)

    crew_moves(crew, report, "take", "schedule", expected_at=promise.isoformat())
    assert datetime.fromisoformat(report.now["expected_at"]) == promise
    assert hours_until(clock(database, report)["due_at"]) == pytest.approx(48, abs=0.05)
    assert lines(resident, report)[-1]["kind"] == "moved", "who moves it says the date; no second line"

    crew_moves(crew, report, "hand-back")

    assert hours_until(report.now["expected_at"]) == pytest.approx(48, abs=0.05)
    assert lines(resident, report)[-1]["kind"] == "expected_moved"


def test_another_department_keeps_what_was_used(admin, a_report, dispatcher, database):
    a_target(admin, hours=48)
    report = a_report()
    admitted()
    time_passes(database, report, 10 * HOUR)

    dispatcher.post(f"/v1/triage/{report.id}/assign", json={"department": "works"}, if_match=report.version, expect=200)

    assert hours_until(clock(database, report)["due_at"]) == pytest.approx(38, abs=0.05)


def test_a_changed_target_moves_open_clocks(admin, a_report, database, run_jobs, resident, phones):
    a_target(admin, hours=48)
    report = a_report()
    admitted()

    change(admin, "targets/all", hours=72)
    run_jobs()

    assert hours_until(report.now["expected_at"]) == pytest.approx(72, abs=0.05)
    run_jobs()
    assert phones.titles(resident.push_token) == ["Pothole: a new date"]


def test_a_new_holiday_moves_what_is_due_behind_it(admin, a_report, database, run_jobs):
    every_day = {day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    a_calendar(admin, time_zone="UTC", hours=every_day)
    a_target(admin, hours=72, calendar="office")
    report = a_report()
    admitted()
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()

    change(admin, "calendars/office", holidays=[tomorrow])
    run_jobs()

    assert hours_until(clock(database, report)["due_at"]) == pytest.approx(96, abs=0.05)


def test_a_target_that_goes_takes_its_date_along(admin, a_report, database, run_jobs):
    a_target(admin, hours=48)
    report = a_report()
    admitted()

    remove(admin, "targets/all")
    run_jobs()

    assert report.now["expected_at"] is None
    assert clock(database, report)["due_at"] is None


def test_staff_hear_once_that_it_is_due_soon_and_once_that_it_is_overdue(
    admin, a_report, dispatcher, resident, database
):
    a_target(admin, hours=48, warn_hours=8)
    report = a_report()
    admitted()

    told()
    time_passes(database, report, 41 * HOUR)
    told()
    told()
    time_passes(database, report, 8 * HOUR)
    told()
    told()

    assert [line["kind"] for line in lines(dispatcher, report)] == ["received", "due_soon", "overdue"]
    assert [line["kind"] for line in lines(resident, report)] == ["received"]


def test_a_report_that_waits_is_not_overdue(admin, a_report, dispatcher, database):
    a_target(admin, hours=48)
    report = a_report()
    admitted()
    desk_moves(dispatcher, report, "needs_information", note="Which corner?")

    time_passes(database, report, 100 * HOUR)
    told()

    assert "overdue" not in [line["kind"] for line in lines(dispatcher, report)]


def test_supervisors_hear_of_what_is_overdue_for_too_long(admin, a_report, dispatcher, database, phones, run_jobs):
    a_target(admin, hours=48, escalate_hours=4)
    database.execute(
        "INSERT INTO device (id, jurisdiction_id, person_id, push_kind, push_value, language)"
        " SELECT gen_random_uuid(), jurisdiction_id, id, 'fcm_token', 'phone-of-' || code, 'en' FROM person WHERE code IN ('sue', 'dora')"
    )
    report = a_report()
    admitted()
    time_passes(database, report, 53 * HOUR)

    told()
    run_jobs()

    assert [line["kind"] for line in lines(dispatcher, report)] == ["received", "overdue", "escalated"]
    assert phones.titles("phone-of-sue") == ["Pothole: overdue"]
    assert phones.titles("phone-of-dora") == []
    (item,) = dispatcher.get("/v1/queue?escalated=true")["items"]
    assert (item["id"], item["due"]) == (report.id, "overdue")


def test_a_rule_that_makes_reports_late_shouts_at_nobody(admin, a_report, dispatcher, database, run_jobs):
    a_target(admin, hours=48, escalate_hours=4)
    report = a_report()
    admitted()
    time_passes(database, report, 40 * HOUR)

    change(admin, "targets/all", hours=10)
    run_jobs()
    told()

    assert hours_until(clock(database, report)["due_at"]) == pytest.approx(-30, abs=0.05)
    assert {"overdue", "escalated"}.isdisjoint(line["kind"] for line in lines(dispatcher, report))


def test_what_is_resolved_has_no_clock_running_and_a_reopened_one_goes_on(admin, a_report, crew, dispatcher, database):
    a_target(admin, hours=48)
    report = a_report()
    admitted()
    time_passes(database, report, 10 * HOUR)
    crew_moves(crew, report, "take", "start", "resolve", note="Filled.")
    expected_at = report.now["expected_at"]
    assert clock(database, report)["running_since"] is None
    time_passes(database, report, 500 * HOUR)
    told()
    assert expected_at is not None

    desk_moves(dispatcher, report, "reopened", reason="It is still there.")

    assert hours_until(clock(database, report)["due_at"]) == pytest.approx(38, abs=0.05)


# --- a town from before, and two at the same moment ---


def test_a_town_from_before_is_admitted_by_the_worker(admin, a_report, crew, dispatcher, database):
    reports = [a_report(), a_report(), a_report()]
    crew_moves(crew, reports[0], "take", "start", "resolve", note="Filled.")
    desk_moves(dispatcher, reports[1], "needs_information", note="Where?")
    database.execute("DELETE FROM queue_item")
    database.execute("DELETE FROM service_clock")
    database.execute("DELETE FROM queue_place")
    a_target(admin, hours=48)

    admitted()

    rows = database.rows(
        "SELECT r.status, c.running_since IS NOT NULL AS runs FROM report r JOIN service_clock c ON c.report_id = r.id"
    )
    assert {(row["status"], row["runs"]) for row in rows} == {
        ("resolved", False),
        ("needs_information", False),
        ("received", True),
    }
    assert {item["id"] for item in dispatcher.get("/v1/queue")["items"]} == {reports[1].id, reports[2].id}


def test_a_report_moved_while_it_is_admitted_is_admitted_once(admin, a_report, database):
    a_target(admin)
    report = a_report()
    other = database.connect()
    with other.cursor() as cursor:
        cursor.execute("SELECT 1 FROM report WHERE id = %s FOR UPDATE", (report.id,))
        admission = Thread(target=admitted)
        admission.start()
        admission.join(0.5)
        cursor.execute("INSERT INTO service_clock (report_id, jurisdiction_id) SELECT id, jurisdiction_id FROM report")
        cursor.execute("SELECT put_in_queue(ARRAY[%s::uuid])", (report.id,))
    other.commit()
    other.close()
    admission.join(5)

    assert (
        database.value("SELECT count(*) FROM service_clock") == database.value("SELECT count(*) FROM queue_item") == 1
    )
    assert database.value("SELECT number FROM queue_place") == database.value("SELECT max(number) FROM change")


def test_an_admission_that_is_undone_is_done_again(admin, a_report, database):
    a_target(admin)
    report = a_report()
    other = database.connect()
    with other.cursor() as cursor:  # a worker that dies before its commit
        cursor.execute("SELECT put_in_queue(ARRAY[%s::uuid])", (report.id,))
    other.rollback()
    other.close()

    admitted()

    assert database.value("SELECT count(*) FROM queue_item") == 1
