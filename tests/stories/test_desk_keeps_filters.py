"""Dispatchers keep the questions that they ask every day, for themselves or for their department."""

import pytest

from tests.support.moves import resolved
from tests.support.town import WARD_1, WARD_2

ROADS = {"name": "Roads, overdue", "query": {"department": "roads", "sort": "due_at"}}


@pytest.fixture
def kept(dispatcher):
    """Keep a filter: kept(name=…, query=…, department=…)."""

    def keep(person=None, **members):
        body = {"name": "Mine", "query": {"department": "roads"}, **members}
        return (person or dispatcher).post("/v1/queue/filters", json=body, expect=201)

    return keep


def names(person):
    return [item["name"] for item in person.get("/v1/queue/filters")["items"]]


def test_a_filter_is_kept_changed_used_and_forgotten(dispatcher, a_report, kept):
    a_report(at=WARD_1), a_report(at=WARD_2)
    made = kept(name="Roads", query={"department": "roads", "phase": "any"})
    path = f"/v1/queue/filters/{made['id']}"
    assert (made["mine"], made["version"], made["owner"]) == (True, 1, "Dora at the desk")

    address = "&".join(f"{name}={value}" for name, value in made["query"].items())
    assert len(dispatcher.get(f"/v1/queue?{address}")["items"]) == 1

    changed = dispatcher.put(path, json={"name": "Works", "query": {"department": "works"}}, if_match=1, expect=200)
    assert (changed["name"], changed["version"]) == ("Works", 2)
    assert dispatcher.get(path)["query"] == {"department": "works"}
    dispatcher.delete(path, expect=204)
    dispatcher.delete(path, expect=204)
    dispatcher.get(path, expect=404)


def test_a_filter_can_be_kept_with_its_order(dispatcher, kept):
    assert kept(query={"sort": "-received_at", "status": "received"})["query"]["sort"] == "-received_at"


def test_ones_own_filters_are_ones_own(dispatcher, supervisor, kept):
    made = kept(name="Mine")

    assert names(dispatcher) == ["Mine"]
    assert names(supervisor) == []
    supervisor.get(f"/v1/queue/filters/{made['id']}", expect=404)
    supervisor.put(f"/v1/queue/filters/{made['id']}", json=ROADS, if_match=1, expect=404)
    supervisor.delete(f"/v1/queue/filters/{made['id']}", expect=404)


def test_a_shared_filter_is_there_for_whoever_works_for_the_department(dispatcher, roads_desk, supervisor, kept):
    kept(name="Of Roads", department="roads")
    made = kept(name="Of Works", department="works")

    assert names(roads_desk) == ["Of Roads"]
    assert names(supervisor) == ["Of Roads", "Of Works"]
    roads_desk.get(f"/v1/queue/filters/{made['id']}", expect=404)
    supervisor.put(f"/v1/queue/filters/{made['id']}", json=ROADS, if_match=1, expect=404)  # only its owner changes it


def test_nobody_shares_with_a_department_that_is_not_theirs(roads_desk):
    roads_desk.post("/v1/queue/filters", json={**ROADS, "department": "works"}, expect=422)

    assert roads_desk.last.faults == [("/department", "unknown-department")]


def test_a_shared_filter_finds_what_its_reader_may_see(dispatcher, roads_desk, a_report, kept):
    a_report(at=WARD_1), a_report(at=WARD_2)
    kept(name="All", query={"group": "streets"}, department="roads")

    counted = {
        person: person.get("/v1/queue/filters?counts=true")["items"][0]["found"]["count"]
        for person in (dispatcher, roads_desk)
    }

    assert counted == {dispatcher: 2, roads_desk: 1}


def test_counts_come_on_demand(dispatcher, a_report, crew, kept):
    made = kept(query={"phase": "closed"})
    resolved(crew, a_report())

    assert "found" not in dispatcher.get(f"/v1/queue/filters/{made['id']}")
    found = dispatcher.get(f"/v1/queue/filters/{made['id']}?counts=true")["found"]
    assert found == {"value": "all", "count": 1, "is_capped": False}


def test_a_lost_answer_keeps_one_filter(dispatcher):
    first = dispatcher.post("/v1/queue/filters", json=ROADS, key="once", expect=201)
    again = dispatcher.post("/v1/queue/filters", json=ROADS, key="once", expect=201)

    assert again == first
    assert names(dispatcher) == [ROADS["name"]]


def test_a_stale_change_is_refused(dispatcher, kept):
    made = kept()
    path = f"/v1/queue/filters/{made['id']}"
    dispatcher.put(path, json=ROADS, if_match=1)

    dispatcher.put(path, json={**ROADS, "name": "Late"}, if_match=1, expect=412)
    assert dispatcher.last.problem == "item-stale"
    assert dispatcher.last.json["current"]["version"] == 2
    dispatcher.put(path, json=ROADS, expect=428)
    assert names(dispatcher) == [ROADS["name"]]


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ({"status": "gone"}, "/query/status", "not-offered"),
        ({"colour": "red"}, "/query/colour", "unknown-field"),
        ({"bbox": "1,2"}, "/query/bbox", "bad-bbox"),
        ({"sort": "colour"}, "/query/sort", "not-offered"),
        ({"received_after": "soon"}, "/query/received_after", "not-a-time"),
        ({"radius_m": "10"}, "/query/near", "required"),
    ],
)
def test_a_filter_that_the_queue_would_refuse_is_not_kept(dispatcher, query, pointer, code):
    dispatcher.post("/v1/queue/filters", json={"name": "x", "query": query}, expect=422)

    assert dispatcher.last.faults == [(pointer, code)]
    assert names(dispatcher) == []


def test_a_filter_needs_a_name(dispatcher):
    dispatcher.post("/v1/queue/filters", json={"name": " ", "query": {}}, expect=422)

    assert dispatcher.last.faults == [("/name", "too-short")]
