"""How many there are of what, and how much each crew and person has."""

import pytest

from tests.support.clocks import HOUR, a_target, admitted, time_passes
from tests.support.moves import crew_moves
from tests.support.queue import found, four_reports


@pytest.fixture
def reports(a_report, crew, dispatcher, database):
    return four_reports(a_report, crew, database)


def test_counts_say_how_many_there_are_of_each_value(reports, dispatcher):
    answer = dispatcher.get(
        "/v1/queue/counts?by=status,department,crew,category,group,priority,source,due,area,assignee"
    )
    counts = {
        name: {one["value"]: one["count"] for one in each if one["count"]} for name, each in answer["counts"].items()
    }

    assert (answer["total"]["count"], answer["total"]["is_capped"]) == (4, False)
    assert counts["status"] == {"received": 3, "in_progress": 1}
    assert counts["department"] == {"roads": 2, "works": 1, "health": 1}
    assert counts["crew"] == {"roads-north": 1, "none": 3}
    assert counts["category"] == {"pothole": 1, "streetlight": 1, "fallen-tree": 1, "neighbour": 1}
    assert counts["group"] == {"streets": 2, "green": 1}
    assert counts["priority"] == {"normal": 3, "urgent": 1}
    assert counts["source"] == {"app": 3, "telephone": 1}
    assert counts["due"] == {"none": 4}
    assert {key: n for key, n in counts["area"].items() if key.startswith("wards")} == {
        "wards:1": 2,
        "wards:2": 1,
        "wards:4": 1,
    }
    assert counts["assignee"] == {"me": 1, "none": 3}


def test_a_filters_own_value_does_not_narrow_its_own_counts(reports, dispatcher):
    answer = dispatcher.get("/v1/queue/counts?department=roads&status=received&by=department,status,category")
    counts = {
        name: {one["value"]: one["count"] for one in each if one["count"]} for name, each in answer["counts"].items()
    }

    assert counts == {
        "department": {"roads": 1, "works": 1, "health": 1},
        "status": {"received": 1, "in_progress": 1},
        "category": {"fallen-tree": 1},
    }


def test_counts_are_of_the_callers_part(reports, roads_desk):
    answer = roads_desk.get("/v1/queue/counts?by=department")

    assert answer["total"]["count"] == 2
    assert {one["value"] for one in answer["counts"]["department"]} == {"roads", "none"}


def test_counts_agree_with_what_is_listed(reports, dispatcher, analyst):
    for person in (dispatcher, analyst):
        answer = person.get("/v1/queue/counts?by=status,department,category,due&phase=any")
        for name, each in answer["counts"].items():
            for one in each:
                assert len(found(person, f"{name}={one['value']}&phase=any")) == one["count"], (name, one)


def test_of_more_than_a_thousand_nobody_counts_the_rest(a_report, dispatcher, database):
    a_report()
    admitted()
    columns = database.rows(
        "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'queue_item' AND column_name <> 'report_id'"
    )
    names = ", ".join(row["name"] for row in columns)
    database.execute("ALTER TABLE queue_item DROP CONSTRAINT fk_queue_item_report_id")
    try:
        database.execute(
            f"INSERT INTO queue_item (report_id, {names}) SELECT gen_random_uuid(), {names} FROM queue_item, generate_series(1, 1000)"
        )
        answer = dispatcher.get("/v1/queue/counts?by=status")
    finally:
        database.execute("DELETE FROM queue_item WHERE report_id NOT IN (SELECT id FROM report)")
        database.execute(
            "ALTER TABLE queue_item ADD CONSTRAINT fk_queue_item_report_id FOREIGN KEY (report_id) REFERENCES report (id)"
        )

    received = next(one for one in answer["counts"]["status"] if one["value"] == "received")
    assert (received["count"], received["is_capped"]) == (1000, True)
    assert answer["total"] == {"value": "all", "count": 1000, "is_capped": True}


def test_the_load_of_each_crew_and_person(reports, dispatcher, roads_desk):
    load = dispatcher.get("/v1/queue/load")

    crews = {one["code"]: one for one in load["crews"]}
    assert crews["roads-north"] == {"code": "roads-north", "name": "Roads North", "department": "roads", "open": 1, "in_progress": 1,
                                    "on_hold": 0, "overdue": 0, "due_soon": 0, "is_capped": False}  # fmt: skip
    assert crews["parks-one"]["open"] == 0
    assert {one["code"]: one["open"] for one in load["people"]}["dora"] == 1
    assert {one["code"] for one in roads_desk.get("/v1/queue/load")["crews"]} == {"roads-north", "roads-south"}


def test_the_load_tells_what_is_overdue(admin, a_report, crew, dispatcher, database):
    a_target(admin, hours=48, warn_hours=8)
    late, soon = a_report(), a_report()
    for report in (late, soon):
        crew_moves(crew, report, "take")
    time_passes(database, late, 50 * HOUR)
    time_passes(database, soon, 42 * HOUR)

    load = {one["code"]: one for one in dispatcher.get("/v1/queue/load")["crews"]}["roads-north"]

    assert (load["open"], load["overdue"], load["due_soon"]) == (2, 1, 1)
