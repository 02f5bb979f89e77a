"""Whoever keeps a copy of the city's reports reads one log: every change once, none skipped, whatever commits when."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.tokens import sign
from tests.support.moves import assigned, resolved
from tests.support.town import WARD_2

WRITE = """
    INSERT INTO change (jurisdiction_id, report_id, kind, scope_after)
    SELECT jurisdiction_id, id, %s, change_scope(visibility, status, department_id, crew_id, area_keys)
    FROM report WHERE id = %s
"""


def after(caller, cursor=None, limit=100):
    """What is new since the cursor, and where to come back to."""
    page = caller.get(f"/v1/changes?limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
    return page["items"], page["next"]


def test_every_change_is_in_the_log_in_order(dispatcher, crew, a_report):
    report = a_report()
    resolved(crew, report)
    report.reporter.post(f"{report.path}/comments", json={"text": "Thank you."})

    items, _ = after(dispatcher)

    assert [item["kind"] for item in items] == ["received", "moved", "moved", "moved", "comment"]
    numbers = [item["number"] for item in items]
    assert numbers == list(range(numbers[0], numbers[0] + 5))
    assert {item["report_id"] for item in items} == {report.id}
    assert [item["scope_after"]["status"] for item in items] == [
        "received",
        "acknowledged",
        "in_progress",
        "resolved",
        "resolved",
    ]
    assert items[0]["scope_before"] is None
    assert items[1]["scope_before"] == {
        "visibility": "public",
        "status": "received",
        "department": "roads",
        "crew": None,
        "areas": ["districts:west", "wards:1"],
    }
    assert items[1]["scope_after"]["crew"] == "roads-north"


def test_a_reader_always_gets_a_place_to_come_back_to(dispatcher, a_report):
    nothing, place = after(dispatcher)
    assert nothing == []
    assert after(dispatcher, place) == ([], place)

    report = a_report()

    items, next_place = after(dispatcher, place)
    assert [item["report_id"] for item in items] == [report.id]
    assert after(dispatcher, next_place) == ([], next_place)


def test_pages_follow_each_other_without_a_gap(dispatcher, a_report):
    sent = [a_report().id for _ in range(7)]

    met, place = [], None
    for _ in range(4):
        items, place = after(dispatcher, place, limit=2)
        met += [item["report_id"] for item in items]

    assert met == sent
    assert after(dispatcher, place, limit=2) == ([], place)


def test_a_crew_reads_what_concerns_its_department_also_what_left_it(crew, other_crew, dispatcher, a_report):
    ours, elsewhere, nobodys = a_report(), a_report(at=WARD_2), a_report("other")
    assigned(dispatcher, ours, department="parks")

    for_roads, _ = after(crew)
    for_parks, _ = after(other_crew)
    everything, _ = after(dispatcher)

    assert [(item["kind"], item["report_id"]) for item in for_roads] == [("received", ours.id), ("rerouted", ours.id)]
    assert [(item["kind"], item["report_id"]) for item in for_parks] == [("rerouted", ours.id)]
    assert {item["report_id"] for item in everything} == {ours.id, elsewhere.id, nobodys.id}


def test_a_crew_does_not_look_through_the_changes_of_others_twice(crew, dispatcher, a_report, database):
    for _ in range(3):
        a_report(at=WARD_2)

    items, place = after(crew)

    assert items == []
    _, desk_place = after(dispatcher)
    assert place == desk_place


@pytest.mark.parametrize("limit", [1, 2])
def test_a_full_page_comes_back_behind_its_last_row_and_not_further(crew, a_report, limit):
    sent = []
    for _ in range(3):
        sent.append(a_report().id)
        a_report(at=WARD_2)

    met, place = [], None
    for _ in range(4):
        items, place = after(crew, place, limit)
        met += [item["report_id"] for item in items]

    assert met == sent


def test_the_log_is_for_staff(client, resident, crew, dispatcher, admin, database):
    client.get("/v1/changes", expect=401)
    resident.get("/v1/changes", expect=403)
    for caller in (crew, dispatcher, admin):
        caller.get("/v1/changes", expect=200)


@pytest.mark.parametrize("cursor", ["zz", "x" * 400, "%F0%9F%92%A9", "AAAA.BBBB", "-_-_"])
def test_a_cursor_that_is_not_ours_is_refused(dispatcher, database, cursor):
    dispatcher.get(f"/v1/changes?cursor={cursor}", expect=400)

    assert dispatcher.last.problem == "bad-cursor"


def test_a_cursor_from_elsewhere_or_with_a_letter_changed_is_refused(dispatcher, a_report):
    for _ in range(3):
        a_report()
    _, place = after(dispatcher)
    of_a_list = dispatcher.get("/v1/work?limit=1")["next"]
    by_somebody_else = sign("another secret that is long enough to sign with", "changes", ["x", 1])

    for foreign in (of_a_list, by_somebody_else, "A" + place[1:] if place[0] != "A" else "B" + place[1:], place[:-2]):
        dispatcher.get(f"/v1/changes?cursor={foreign}", expect=400)
        assert dispatcher.last.problem == "bad-cursor"


def test_a_cursor_from_before_a_restore_has_expired(dispatcher, a_report, database):
    a_report()
    _, place = after(dispatcher)

    database.execute("UPDATE jurisdiction SET epoch = gen_random_uuid()")

    dispatcher.get(f"/v1/changes?cursor={place}", expect=410)
    assert dispatcher.last.problem == "cursor-expired"
    assert len(after(dispatcher)[0]) == 1


def test_a_number_that_was_never_given_tells_of_a_restore_as_well(dispatcher, a_report, database):
    a_report()
    a_report()
    _, place = after(dispatcher)

    # A backup from before the second change, put back without a new epoch.
    database.execute("DELETE FROM change WHERE number = (SELECT max(number) FROM change)")

    dispatcher.get(f"/v1/changes?cursor={place}", expect=410)


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [("limit=0", "?limit", "too-small"), ("limit=101", "?limit", "too-large"), ("since=1", "?since", "unknown-field")],
)
def test_a_question_that_cannot_be_is_refused(dispatcher, database, query, pointer, code):
    dispatcher.get(f"/v1/changes?{query}", expect=422)

    assert dispatcher.last.faults == [(pointer, code)]


def test_a_writer_that_stays_open_hides_nothing_and_is_not_skipped(dispatcher, a_report, database):
    report = a_report()
    _, place = after(dispatcher)
    writer = database.connect()
    with writer.cursor() as cursor:
        cursor.execute(WRITE, ["slow", report.id])  # the lowest id of all that follow; not committed

        others = [a_report().id for _ in range(5)]
        while_open, place = after(dispatcher, place)
        assert [item["report_id"] for item in while_open] == others
        assert after(dispatcher, place) == ([], place)

    writer.commit()
    writer.close()

    late, place = after(dispatcher, place)
    assert [(item["kind"], item["report_id"]) for item in late] == [("slow", report.id)]
    assert late[0]["number"] == while_open[-1]["number"] + 1
    assert after(dispatcher, place) == ([], place)


def test_a_change_that_is_undone_leaves_no_hole(dispatcher, a_report, database):
    report = a_report()
    _, place = after(dispatcher)
    writer = database.connect()
    with writer.cursor() as cursor:
        cursor.execute(WRITE, ["undone", report.id])
    writer.rollback()
    writer.close()
    a_report()

    items, _ = after(dispatcher, place)

    assert [item["kind"] for item in items] == ["received"]
    assert items[0]["number"] == 2


def test_a_change_that_was_answered_is_in_the_log_although_another_reader_is_numbering(dispatcher, a_report, database):
    _, place = after(dispatcher)
    other_reader = database.connect()
    with other_reader.cursor() as cursor:
        cursor.execute("SELECT number_changes()")
        report = a_report()
        finish = threading.Timer(0.3, other_reader.commit)
        finish.start()

        items, _ = after(dispatcher, place)

    finish.join()
    other_reader.close()
    assert [item["report_id"] for item in items] == [report.id]


def test_two_readers_and_eight_writers_at_once_and_nothing_is_skipped_or_met_twice(
    dispatcher, admin, a_report, database
):
    report = a_report()
    _, start = after(dispatcher)
    writers, each = 8, 250
    are_done = threading.Event()

    def write(writer):
        connection = database.connect()
        with connection.cursor() as cursor:
            for step in range(each):
                cursor.execute(WRITE, [f"{writer}-{step}", report.id])
                if step % 7 == 0:
                    time.sleep(0.002)  # ids are taken, and others overtake
                if step % 3 == 0:
                    connection.commit()
        connection.commit()
        connection.close()

    def read(reader):
        met, place = [], start
        while True:
            was_done = are_done.is_set()
            items, place = after(reader, place, limit=100)
            met += items
            if was_done and not items:
                return met

    with ThreadPoolExecutor(writers + 2) as crowd:
        readings = [crowd.submit(read, reader) for reader in (dispatcher, admin)]
        for writing in [crowd.submit(write, writer) for writer in range(writers)]:
            writing.result()
        are_done.set()
        both = [reading.result() for reading in readings]

    everything = {f"{writer}-{step}" for writer in range(writers) for step in range(each)}
    for met in both:
        kinds = [item["kind"] for item in met]
        assert len(kinds) == len(set(kinds)) == 2000
        assert set(kinds) == everything
        numbers = [item["number"] for item in met]
        assert numbers == list(range(numbers[0], numbers[0] + 2000))
    overtaken = database.value(
        "SELECT count(*) FROM (SELECT id < lag(id) OVER (ORDER BY number) AS is_late FROM change) c WHERE is_late"
    )
    assert overtaken > 0, "No change was overtaken, so this proved nothing."
