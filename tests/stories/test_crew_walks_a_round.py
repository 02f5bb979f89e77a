"""Work packages: reports in walking order, for one crew, changed by several, with what left their hands left out."""

import uuid

import pytest

from tests.support.moves import assigned, crew_moves
from tests.support.town import WARD_1, WARD_2, WARD_3, Place

PACKAGES = "/v1/work/packages"


def along_the_street(step: int) -> Place:
    """The nth house of a street in ward 1, from west to east."""
    return Place(-69.992 + step * 0.001, 42.023)


@pytest.fixture
def street(a_report):
    """Six potholes of a street, in no order: their numbers and reports."""
    return {step: a_report("pothole", at=along_the_street(step)) for step in (4, 0, 3, 1, 5, 2)}


def a_package(caller, reports, **more):
    body = {"name": "Mill Lane", "reports": [report.id for report in reports], **more}
    return caller.post(PACKAGES, json=body, expect=201)


def order(package, street):
    numbers = {report.id: step for step, report in street.items()}
    return [numbers[stop["report"]["id"]] for stop in package["stops"]]


def test_the_round_goes_down_the_street(dispatcher, street):
    made = a_package(dispatcher, street.values(), start=along_the_street(-1).json)

    assert order(made, street) == [0, 1, 2, 3, 4, 5]
    assert [stop["position"] for stop in made["stops"]] == [1, 2, 3, 4, 5, 6]
    assert made["length_m"] == pytest.approx(sum(stop["distance_m"] for stop in made["stops"]), abs=0.1)
    assert made["stops"][1]["distance_m"] == pytest.approx(82.8, abs=0.5)
    assert (made["stop_count"], made["open_count"], made["crew"]) == (6, 6, None)
    assert made["department"] == {"code": "roads", "name": "Roads"}


def test_the_desk_may_want_another_order(dispatcher, street):
    made = a_package(dispatcher, street.values(), keep_order=True)

    assert order(made, street) == [4, 0, 3, 1, 5, 2]


def test_a_crew_has_its_round_and_its_reports_from_then_on(dispatcher, crew, second_crew, other_crew, street):
    made = a_package(dispatcher, street.values(), crew="roads-north")

    assert [item["id"] for item in crew.get(PACKAGES)["items"]] == [made["id"]]
    assert len(crew.get("/v1/work?taken=mine")["items"]) == 6
    assert crew.get(f"{PACKAGES}/{made['id']}") == {**made, "stops": crew.get(f"{PACKAGES}/{made['id']}")["stops"]}
    for other in (second_crew, other_crew):
        other.get(f"{PACKAGES}/{made['id']}", expect=404)
        assert other.get(PACKAGES)["items"] == []
    report = dispatcher.get(f"/v1/work/{street[0].id}")
    assert report["crew"]["code"] == "roads-north"


def test_a_crew_makes_a_round_of_what_it_may_take(crew, street):
    made = a_package(crew, [street[1], street[2]], crew="roads-north")

    assert [stop["report"]["crew"]["code"] for stop in made["stops"]] == ["roads-north", "roads-north"]
    crew.post(PACKAGES, json={"name": "x", "reports": [street[1].id], "crew": "roads-south"}, expect=422)
    assert crew.last.faults == [("/crew", "unknown-crew")]


def test_a_crew_starts_where_its_tablet_is(dispatcher, crew, street):
    made = a_package(dispatcher, street.values(), crew="roads-north", start=along_the_street(-1).json)
    path = f"{PACKAGES}/{made['id']}"

    turned = crew.patch(
        path, json={"start": along_the_street(9).json}, if_match=made["version"], key=str(uuid.uuid4()), expect=200
    )

    assert order(turned, street) == [5, 4, 3, 2, 1, 0]
    assert turned["version"] == made["version"] + 1


def test_two_who_change_one_round_do_not_overwrite_each_other(dispatcher, supervisor, street):
    made = a_package(dispatcher, street.values())
    path = f"{PACKAGES}/{made['id']}"
    dispatcher.patch(path, json={"name": "Mill Lane, west"}, if_match=1, key="a", expect=200)

    supervisor.patch(path, json={"name": "Mill Lane, east"}, if_match=1, key="b", expect=412)

    assert supervisor.last.problem == "package-stale"
    supervisor.patch(path, json={"name": "x"}, key="c", expect=428)
    assert dispatcher.get(path)["name"] == "Mill Lane, west"


def test_a_retry_makes_no_second_round(dispatcher, street):
    body = {"name": "Mill Lane", "reports": [street[0].id]}
    first = dispatcher.send("POST", PACKAGES, json=body, key="once", expect=201)

    again = dispatcher.send("POST", PACKAGES, json=body, key="once", expect=201)

    assert again.body == first.body
    assert len(dispatcher.get(PACKAGES)["items"]) == 1


def test_what_leaves_their_hands_leaves_their_round(dispatcher, crew, street):
    made = a_package(dispatcher, [street[0], street[1], street[2]], crew="roads-north")
    assigned(dispatcher, street[1], department="works")

    seen = crew.get(f"{PACKAGES}/{made['id']}")

    assert order(seen, street) == [0, 2] or order(seen, street) == [2, 0]
    assert len(dispatcher.get(f"{PACKAGES}/{made['id']}")["stops"]) == 3


def test_what_is_done_stays_on_the_round(dispatcher, crew, street):
    made = a_package(dispatcher, [street[0], street[1]], crew="roads-north")
    crew_moves(crew, street[0], "start", "resolve", note="Filled.")

    seen = crew.get(f"{PACKAGES}/{made['id']}")

    assert (seen["stop_count"], seen["open_count"]) == (2, 1)
    closed = crew.post(f"{PACKAGES}/{made['id']}/close", key=None, expect=200)
    assert closed["closed_at"] is not None
    assert crew.post(f"{PACKAGES}/{made['id']}/close", key=None, expect=200) == closed
    assert crew.get(f"{PACKAGES}?open=true")["items"] == []
    assert len(crew.get(f"{PACKAGES}?open=false")["items"]) == 1


def test_a_round_that_is_half_done_takes_another_stop(dispatcher, crew, street):
    made = a_package(dispatcher, [street[0], street[1]], crew="roads-north")
    crew_moves(crew, street[0], "start", "resolve", note="Filled.")
    path = f"{PACKAGES}/{made['id']}"

    longer = dispatcher.patch(
        path,
        json={"reports": [street[step].id for step in (0, 1, 2)], "keep_order": True},
        if_match=made["version"],
        key="longer",
        expect=200,
    )

    assert order(longer, street) == [0, 1, 2]
    assert (longer["stop_count"], longer["open_count"]) == (3, 2)


def test_lists_of_rounds_are_paged(dispatcher, street):
    made = [a_package(dispatcher, [report], name=f"round {step}")["id"] for step, report in street.items()]

    found, cursor = [], ""
    while True:
        page = dispatcher.get(f"{PACKAGES}?limit=2{cursor}")
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"

    assert found == made[::-1]


# --- what is wrong with a round ---


def test_every_report_that_does_not_fit_is_named(dispatcher, roads_desk, crew, a_report):
    roads, works = a_report("pothole", at=WARD_1), a_report("pothole", at=WARD_2)
    over = a_report("pothole", at=WARD_3)
    dispatcher.post(f"/v1/triage/{over.id}/move", json={"to": "closed", "reason": "not_found"}, if_match=1, expect=200)
    nowhere = str(uuid.uuid4())

    roads_desk.post(
        PACKAGES, json={"name": "x", "reports": [roads.id, works.id, over.id, nowhere, roads.id]}, expect=422
    )

    assert roads_desk.last.faults == [
        ("/reports/1", "unknown-report"),
        ("/reports/2", "already-over"),
        ("/reports/3", "unknown-report"),
        ("/reports/4", "duplicate"),
    ]
    dispatcher.post(PACKAGES, json={"name": "x", "reports": [roads.id, works.id], "crew": "roads-north"}, expect=422)
    assert dispatcher.last.faults == [("/reports/1", "other-departments-report")]
    dispatcher.post(PACKAGES, json={"name": "x", "reports": [roads.id, works.id]}, expect=422)
    assert dispatcher.last.faults == [("/department", "required")]
    assert dispatcher.post(PACKAGES, json={"name": "x", "reports": [roads.id, works.id], "department": "works"})["id"]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"name": "x", "reports": []}, ("/reports", "too-few")),
        ({"name": "x", "reports": ["one"]}, ("/reports/0", "not-a-uuid")),
        ({"reports": [str(uuid.uuid4())]}, ("/name", "required")),
        ({"name": "x", "reports": [str(uuid.uuid4()) for _ in range(201)]}, ("/reports", "too-many")),
        ({"name": "x", "reports": [str(uuid.uuid4())], "start": {"lon": 400, "lat": 0}}, ("/start/lon", "too-large")),
    ],
)
def test_a_round_that_cannot_be_read_is_refused(dispatcher, body, fault):
    dispatcher.post(PACKAGES, json=body, expect=422)

    assert dispatcher.last.faults == [fault]


def test_rounds_are_for_those_who_work(resident, analyst, client, street, dispatcher):
    made = a_package(dispatcher, street.values())

    for somebody in (resident, analyst):
        somebody.get(PACKAGES, expect=403)
        somebody.get(f"{PACKAGES}/{made['id']}", expect=403)
    client.get(PACKAGES, expect=401)


def test_the_nearest_comes_first_from_where_the_tablet_is(crew, street):
    here = along_the_street(3)

    listed = crew.get(f"/v1/work?near={here.lon},{here.lat}")["items"]

    numbers = {report.id: step for step, report in street.items()}
    assert next(numbers[item["id"]] for item in listed) == 3
    distances = [item["distance_m"] for item in listed]
    assert distances == sorted(distances)
