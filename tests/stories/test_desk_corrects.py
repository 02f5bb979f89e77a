"""The desk puts right what a report is about and where it is; it goes where it then belongs, and its reporter hears."""

import pytest

from tests.support.moves import crew_moves, lines
from tests.support.town import FAR_AWAY, MILL_PARK, ROUTE_9, THE_BAY, WARD_1, WARD_2, WARD_3
from tests.support.workflow import desk_asks, has_template, whole_history


def test_another_category_sends_it_elsewhere_and_its_reporter_hears(
    a_report, client, resident, dispatcher, phones, run_jobs
):
    report = a_report("other")

    corrected = desk_asks(dispatcher, report, "correct", category="pothole", note="It is a hole.")
    run_jobs()

    assert (corrected["category"]["code"], corrected["department"]["code"]) == ("pothole", "roads")
    assert corrected["why"]["rule"] == "streets-west"
    last = client.get(f"{report.path}/timeline", language="es")["items"][-1]
    assert (last["kind"], last["note"]) == ("corrected", "It is a hole.")
    assert last["corrected"] == {
        "category": {"from": {"code": "other", "name": "Otra cosa"}, "to": {"code": "pothole", "name": "Bache"}}
    }
    assert last["department"]["code"] == "roads"
    assert [card["data"]["event"] for card in phones.heard(resident.push_token)] == ["corrected"]


def test_followers_are_not_bothered_with_a_correction(a_report, a_resident, dispatcher, phones, run_jobs):
    report, follower = a_report("other"), a_resident(push="a-follower")
    follower.put(f"{report.path}/follow")

    desk_asks(dispatcher, report, "correct", category="pothole")
    run_jobs()

    assert phones.heard("a-follower") == []


def test_another_place_is_stamped_and_routed_anew(a_report, client, dispatcher, database):
    report = a_report(location={**WARD_1.json, "accuracy_m": 8})

    corrected = desk_asks(dispatcher, report, "correct", location=WARD_2.json)

    assert corrected["location"] == WARD_2.json
    assert corrected["accuracy_m"] is None
    assert corrected["areas"]["wards"]["code"] == "2"
    assert corrected["department"]["code"] == "works"
    assert [item["id"] for item in client.get("/v1/reports?area=wards:2")["items"]] == [report.id]
    assert client.get("/v1/reports?area=wards:1")["items"] == []
    data = whole_history(database, report)[-1]["data"]
    assert data["corrected"]["location"] == {"from": WARD_1.json, "to": WARD_2.json}
    change = database.rows("SELECT * FROM change ORDER BY id DESC LIMIT 1")[0]
    assert "wards:1" in change["scope_before"]["areas"]
    assert "wards:2" in change["scope_after"]["areas"]


def test_a_pin_within_the_department_is_staffs_own_affair(a_report, client, resident, dispatcher, phones, run_jobs):
    report = a_report()

    desk_asks(dispatcher, report, "correct", location=WARD_3.json)
    run_jobs()

    assert [line["kind"] for line in lines(client, report)] == ["received"]
    assert lines(dispatcher, report)[-1]["corrected"]["location"]["from"] == WARD_1.json
    assert phones.heard(resident.push_token) == []


def test_work_that_was_begun_goes_back_to_accepted_when_it_is_somebody_elses(a_report, crew, dispatcher):
    report = a_report()
    crew_moves(crew, report, "take", "start")

    corrected = desk_asks(dispatcher, report, "correct", category="needles")

    assert (corrected["department"]["code"], corrected["crew"]) == ("health", None)
    assert corrected["status"]["code"] == "acknowledged"
    crew.get(f"/v1/work/{report.id}", expect=404)


def test_a_blurred_category_blurs_the_place_and_its_history(a_report, client, dispatcher):
    report = a_report("other", at=WARD_1)
    assert client.get(report.path)["location"] == WARD_1.json

    desk_asks(dispatcher, report, "correct", category="needles")

    shown = client.get(report.path)
    assert (shown["blur_m"], shown["location"] != WARD_1.json) == (200, True)
    client.get(f"{report.path}/timeline")
    assert str(WARD_1.lon) not in client.last.text


def test_a_category_that_is_never_public_takes_the_report_from_the_public(a_report, client, resident, dispatcher):
    report = a_report("other")

    desk_asks(dispatcher, report, "correct", category="neighbour")

    client.get(report.path, expect=404)
    assert resident.get(report.path)["visibility"] == "private"


def test_old_answers_stay_and_new_ones_are_checked_but_never_demanded(a_report, client, dispatcher):
    report = a_report("needles", answers={"seen": "canary", "how_many": 3})

    corrected = desk_asks(dispatcher, report, "correct", category="pothole", answers={"size": "large"})

    assert corrected["answers"] == {"how_many": 3, "size": "large"}
    assert corrected["private_answers"] == {"seen": "canary"}
    assert "canary" not in str(client.get(report.path))
    desk_asks(dispatcher, report, "correct", 422, answers={"size": "huge", "moon": 1, "depth_cm": "deep"})
    assert dispatcher.last.faults == [
        ("/answers/size", "unknown-choice"),
        ("/answers/moon", "unknown-question"),
        ("/answers/depth_cm", "wrong-type"),
    ]
    assert desk_asks(dispatcher, report, "correct", answers={"size": None})["answers"] == {"how_many": 3}
    assert lines(dispatcher, report)[-1]["corrected"] == {"answers": ["size"]}


def test_a_priority_is_for_staff_only(a_report, client, dispatcher):
    report = a_report()

    assert desk_asks(dispatcher, report, "correct", priority="urgent")["priority"] == "urgent"

    assert lines(dispatcher, report)[-1]["corrected"] == {"priority": {"from": "normal", "to": "urgent"}}
    assert len(lines(client, report)) == 1
    assert "priority" not in client.get(report.path)


def test_what_is_so_already_changes_nothing(a_report, dispatcher, database):
    report = a_report()
    before = database.counts() | {"idempotency_key": None}

    same = {"category": "pothole", "location": WARD_1.json, "priority": "normal", "answers": {"size": "small"}}
    assert desk_asks(dispatcher, report, "correct", **same)["version"] == 1

    assert database.counts() | {"idempotency_key": None} == before


@pytest.mark.parametrize(
    ("body", "problem", "fault"),
    [
        pytest.param({"location": FAR_AWAY.json}, "outside-town", ("/location", "outside-town"), id="out of town"),
        pytest.param({"location": ROUTE_9.json}, "not-ours", None, id="onto the state's highway"),
        pytest.param({"location": THE_BAY.json}, "outside-town", ("/location", "outside-town"), id="into the bay"),
        pytest.param(
            {"location": {"lon": WARD_1.lat, "lat": WARD_1.lon}}, "invalid", ("/location/lon", "swapped"), id="swapped"
        ),
        pytest.param({"category": "moon"}, "invalid", ("/category", "unknown-category"), id="no category"),
        pytest.param({"category": "park-litter"}, "invalid", ("/category", "not-offered-here"), id="not offered there"),
        pytest.param({"priority": "high!"}, "invalid", ("/priority", "not-offered"), id="no priority"),
        pytest.param({}, "invalid", ("/category", "required"), id="nothing"),
        pytest.param({"note": "x"}, "invalid", ("/category", "required"), id="only words"),
    ],
)
def test_what_intake_would_refuse_is_refused_here_too(a_report, dispatcher, database, body, problem, fault):
    report = a_report()
    before = database.counts()

    desk_asks(dispatcher, report, "correct", 422, **body)

    assert dispatcher.last.problem == problem
    assert dispatcher.last.faults == ([fault] if fault else [])
    assert database.counts() == before


def test_a_category_that_is_offered_in_some_places_can_be_given_there(a_report, dispatcher):
    report = a_report("other", at=WARD_1)

    corrected = desk_asks(dispatcher, report, "correct", category="park-litter", location=MILL_PARK.json)

    assert (corrected["category"]["code"], corrected["department"]["code"]) == ("park-litter", "parks")


def test_corrections_are_for_the_desk(a_report, crew, resident, analyst, partner, roads_desk):
    report = a_report("pothole", at=WARD_2)
    for person in (crew, resident, analyst, partner):
        person.post(f"/v1/triage/{report.id}/correct", json={"priority": "high"}, if_match=1, expect=403)
    roads_desk.post(f"/v1/triage/{report.id}/correct", json={"priority": "high"}, if_match=1, expect=404)


def test_whoever_corrects_a_report_out_of_their_hands_sees_what_became_of_it(a_report, roads_desk):
    report = a_report()

    corrected = desk_asks(roads_desk, report, "correct", location=WARD_2.json)

    assert corrected["department"]["code"] == "works"
    roads_desk.get(f"/v1/work/{report.id}", expect=404)


def test_the_templates_of_the_new_category_fit_from_then_on(admin, a_report, dispatcher):
    has_template(admin, "lamp", "acknowledged", "A lamp.", "Una farola.", category="streetlight")
    report = a_report("other")
    desk_asks(dispatcher, report, "correct", category="streetlight")

    path = f"/v1/triage/{report.id}/move"
    dispatcher.post(path, json={"to": "acknowledged", "template": "lamp"}, if_match=report.version, expect=200)
