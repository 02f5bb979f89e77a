"""The desk's queue: what is in it, in which order, narrowed how, and how much of it there is."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.admin import change
from tests.support.clocks import HOUR, a_target, admitted, time_passes
from tests.support.moves import assigned, desk_moves, resolved
from tests.support.queue import found, four_reports
from tests.support.town import WARD_1, WARD_2, WARD_3, WARD_4


def test_what_was_reported_a_moment_ago_is_there(a_report, dispatcher):
    report = a_report()

    assert found(dispatcher) == [report.id]


def test_what_is_over_is_left_out_unless_asked_for(a_report, crew, dispatcher):
    done, waiting = a_report(), a_report()
    resolved(crew, done)

    assert found(dispatcher) == [waiting.id]
    assert found(dispatcher, "phase=closed") == found(dispatcher, "status=resolved") == [done.id]
    assert set(found(dispatcher, "phase=any")) == {done.id, waiting.id}


def test_the_most_urgent_comes_first_and_what_has_no_date_last(admin, a_report, dispatcher, database):
    a_target(admin, "streets", group="streets", hours=48)
    undated = a_report("fallen-tree")
    later, sooner = a_report(), a_report("streetlight")
    admitted()
    time_passes(database, sooner, 10 * HOUR)

    assert found(dispatcher) == [sooner.id, later.id, undated.id]
    assert found(dispatcher, "sort=-due_at") == [undated.id, later.id, sooner.id]
    shown = {item["id"]: item["due"] for item in dispatcher.get("/v1/queue")["items"]}
    assert shown == {sooner.id: "on_time", later.id: "on_time", undated.id: "none"}


def test_every_order_goes_both_ways(a_report, dispatcher, database):
    first, second, third = a_report(at=WARD_1), a_report(at=WARD_3), a_report(at=WARD_2)
    database.execute(
        "UPDATE report SET priority = 'urgent', updated_at = now() + interval '1 hour' WHERE id = %s", second.id
    )
    near = f"near={WARD_1.lon},{WARD_1.lat}"

    assert found(dispatcher, "sort=received_at") == [first.id, second.id, third.id]
    assert found(dispatcher, "sort=-received_at") == found(dispatcher, "sort=age") == [third.id, second.id, first.id]
    assert found(dispatcher, "sort=-updated_at")[0] == second.id
    assert found(dispatcher, "sort=priority")[0] == found(dispatcher, "sort=-priority")[-1] == second.id
    assert found(dispatcher, f"{near}&sort=distance") == [first.id, third.id, second.id]
    assert found(dispatcher, f"{near}&sort=-distance") == [second.id, third.id, first.id]


@pytest.fixture
def reports(a_report, crew, dispatcher, database):
    return four_reports(a_report, crew, database)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("status=in_progress", "pothole"),
        ("status=in_progress,received", "pothole light tree neighbour"),
        ("phase=in_progress", "pothole"),
        ("department=works", "light"),
        ("department=works,health", "light neighbour"),
        ("crew=roads-north", "pothole"),
        ("crew=none", "light tree neighbour"),
        ("assignee=me", "neighbour"),
        ("assignee=dora", "neighbour"),
        ("assignee=none", "pothole light tree"),
        ("category=pothole", "pothole"),
        ("category=pothole,neighbour", "pothole neighbour"),
        ("group=streets", "pothole light"),
        ("group=green", "tree"),
        ("priority=urgent", "light"),
        ("priority=urgent,normal", "pothole light tree neighbour"),
        ("source=telephone", "light"),
        ("area=wards:1", "pothole neighbour"),
        ("area=wards:1,wards:2", "pothole light neighbour"),
        ("held=true", "tree"),
        ("held=false", "pothole light neighbour"),
        ("bbox=-69.99,42.02,-69.98,42.03", "pothole neighbour"),
        ("near=-69.985,42.025&radius_m=100", "pothole neighbour"),
        ("q=senal", "pothole"),
        ("q=CALLE+avila", "pothole"),
        ("q=harb+14", "pothole"),
        ("q=kx+77", "light"),
        ("q=flickers+path", ""),
        ("q=...", ""),
        ("escalated=true", ""),
        ("answered=true", ""),
        ("due=none", "pothole light tree neighbour"),
        ("due=overdue", ""),
        ("received_after=2020-01-01T00:00:00Z", "pothole light tree neighbour"),
        ("received_before=2020-01-01T00:00:00Z", ""),
        ("updated_after=2020-01-01T00:00:00Z&updated_before=2020-01-02T00:00:00Z", ""),
        ("department=roads&category=pothole&q=harbour", "pothole"),
    ],
)
def test_it_is_narrowed_by_anything_on_a_report(reports, dispatcher, query, names):
    assert set(found(dispatcher, query)) == {reports[name].id for name in names.split()}


def test_a_report_is_found_by_what_was_read_out_on_the_telephone(reports, dispatcher):
    report = reports["light"]

    for said in (report.reference, report.reference.lower(), report.reference.replace("-", " ")):
        assert found(dispatcher, f"q={said}") == [report.id]


def test_the_parts_of_a_report_are_found_by_it(reports, dispatcher):
    assert found(dispatcher, f"parent={reports['tree'].id}") == [reports["light"].id]


def test_the_queue_follows_every_change_at_once(a_report, dispatcher, crew):
    report = a_report()
    assert found(dispatcher, "department=roads") == [report.id]

    assigned(dispatcher, report, department="works")
    assert (found(dispatcher, "department=roads"), found(dispatcher, "department=works")) == ([], [report.id])
    desk_moves(dispatcher, report, "closed", reason="not_found")
    assert found(dispatcher) == []


def test_a_description_that_changes_is_found_by_its_new_words_only(a_report, dispatcher, database):
    report = a_report(description="canary of old")
    assert found(dispatcher, "q=canary") == [report.id]

    database.execute("UPDATE report SET description = 'sparrow' WHERE id = %s", report.id)

    assert (found(dispatcher, "q=canary"), found(dispatcher, "q=sparrow")) == ([], [report.id])


def test_pages_go_on_where_they_ended_in_every_order(a_report, dispatcher, database):
    for place in (WARD_1, WARD_2, WARD_3, WARD_4, WARD_1, WARD_2, WARD_3):
        a_report(at=place)
    near = f"near={WARD_1.lon},{WARD_1.lat}"

    for sort in (
        "due_at",
        "-due_at",
        "received_at",
        "-updated_at",
        "priority",
        "-priority",
        "age",
        f"distance&{near}",
        f"-distance&{near}",
    ):
        whole, ids, cursor = found(dispatcher, f"sort={sort}"), [], ""
        while True:
            page = dispatcher.get(f"/v1/queue?sort={sort}&limit=3{cursor}")
            ids += [item["id"] for item in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert ids == whole and len(ids) == 7, sort


def test_a_cursor_is_good_for_its_own_question_only(a_report, dispatcher):
    a_report(), a_report()
    cursor = dispatcher.get("/v1/queue?limit=1")["next"]

    dispatcher.get(f"/v1/queue?limit=1&status=received&cursor={cursor}", expect=400)

    assert dispatcher.last.problem == "bad-cursor"


def test_what_is_overdue_and_due_soon_is_found_by_the_clock(admin, a_report, dispatcher, database):
    a_target(admin, hours=48, warn_hours=8)
    late, soon, fine, waiting = a_report(), a_report(), a_report(), a_report()
    admitted()
    desk_moves(dispatcher, waiting, "needs_information", note="Where?")
    time_passes(database, late, 50 * HOUR)
    time_passes(database, soon, 42 * HOUR)
    time_passes(database, waiting, 100 * HOUR)
    soon_at = (datetime.now(UTC) + timedelta(hours=10)).isoformat().replace("+00:00", "Z")

    assert found(dispatcher, "due=overdue") == [late.id]
    assert found(dispatcher, "due=due_soon") == [soon.id]
    assert found(dispatcher, "due=on_time") == [fine.id]
    assert found(dispatcher, "due=none") == [waiting.id]
    assert found(dispatcher, f"due_before={soon_at}") == [late.id, soon.id]


# --- whose queue ---


def test_each_desk_has_its_own_part(reports, dispatcher, supervisor, roads_desk, ward_desk, analyst, partner):
    ids = {name: report.id for name, report in reports.items()}

    assert set(found(dispatcher)) == set(found(supervisor)) == set(found(partner)) == set(ids.values())
    assert set(found(roads_desk)) == {ids["pothole"], ids["tree"]}
    assert set(found(ward_desk)) == {ids["pothole"], ids["neighbour"]}
    assert set(found(analyst)) == {ids["pothole"], ids["light"]}, "neither private nor held"


def test_the_queue_shows_what_the_list_of_work_shows(reports, dispatcher, roads_desk, ward_desk, analyst, partner):
    for person in (dispatcher, roads_desk, ward_desk, analyst, partner):
        assert set(found(person)) == {item["id"] for item in person.get("/v1/work?limit=100")["items"]}


def test_an_analyst_cannot_search_what_an_analyst_may_not_read(a_report, analyst, dispatcher):
    report = a_report(
        "needles", answers={"seen": "canary", "how_many": 3}, address="canary street", description="needles"
    )

    assert found(dispatcher, "q=canary") == [report.id]
    assert found(analyst, "q=canary") == []
    assert found(analyst, "q=needles") == [report.id]


def test_crews_residents_and_strangers_have_no_queue(client, resident, crew):
    client.get("/v1/queue", expect=401)
    for person in (resident, crew):
        for path in ("/v1/queue", "/v1/queue/counts?by=status", "/v1/queue/load", "/v1/queue/filters"):
            person.get(path, expect=403)


# --- bad questions ---


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("status=gone", "?status", "not-offered"),
        ("status=", "?status", "not-offered"),
        ("department=moon", "?department", "unknown-department"),
        ("crew=moon", "?crew", "unknown-crew"),
        ("category=moon", "?category", "unknown-category"),
        ("group=moon", "?group", "not-offered"),
        ("assignee=moon", "?assignee", "not-offered"),
        ("priority=huge", "?priority", "not-offered"),
        ("sort=colour", "?sort", "not-offered"),
        ("sort=distance", "?near", "required"),
        ("radius_m=100", "?near", "required"),
        ("due=yesterday", "?due", "not-offered"),
        ("received_after=yesterday", "?received_after", "not-a-time"),
        ("parent=1", "?parent", "not-a-uuid"),
        ("bbox=1,2", "?bbox", "bad-bbox"),
        ("held=perhaps", "?held", "wrong-type"),
        ("q=", "?q", "too-short"),
        ("colour=red", "?colour", "unknown-field"),
    ],
)
def test_a_question_that_makes_no_sense_is_told_so(dispatcher, query, pointer, code):
    dispatcher.get(f"/v1/queue?{query}", expect=422)

    assert dispatcher.last.faults == [(pointer, code)]


def test_a_crew_that_is_no_more_is_still_found(admin, a_report, crew, dispatcher):
    report = a_report()
    resolved(crew, report)
    change(admin, "staff/ana", crew="roads-south")
    etag = admin.send("GET", "/v1/admin/crews/roads-north").headers["etag"]
    admin.delete("/v1/admin/crews/roads-north", if_match=etag, expect=200)

    assert found(dispatcher, "crew=roads-north&phase=any") == [report.id]
