"""A stranger, a neighbour and a crew of another department: what they see is decided once, and it is little."""

import json
import math
import re
import uuid

import pytest

from tests.support.callers import Caller
from tests.support.town import NORTH, WARD_1, Place

# Typed in by the reporter, known to the phone, or kept beside them: none of it is for others.
PRIVATE = {
    "the name": "canary-name",
    "the e-mail address": "canary-mail@example.org",
    "the telephone": "+1 555 0142 canary",
    "the address": "canary-house, 7 Mill Lane",
    "a private answer": "canary-seen-by",
    "the longitude": "69.98512345",
    "the latitude": "42.02567891",
    "the phone's clock": "2024-02-03T04:05:06.789",
}
EXACT = {"lon": -69.98512345, "lat": 42.02567891, "accuracy_m": 7.25}
CONTACT = {"name": PRIVATE["the name"], "email": PRIVATE["the e-mail address"], "phone": PRIVATE["the telephone"]}


@pytest.fixture
def blurred(a_report):
    """A public report of a category whose places are blurred by 200 m."""
    return a_report(
        "needles",
        location=EXACT,
        address=PRIVATE["the address"],
        answers={"seen": PRIVATE["a private answer"], "how_many": 4},
        contact=CONTACT,
        captured_at=PRIVATE["the phone's clock"] + "Z",
    )


@pytest.fixture
def private(a_report):
    """A report of a category that is never public."""
    return a_report("neighbour", at=Place(-69.97654321, 42.01234567), description="canary-private", contact=CONTACT)


@pytest.fixture
def secrets(resident, blurred, private, database):
    """Everything that must not leave: what was typed, ids of people and phones, all of the private report."""
    person = database.value("SELECT person_id FROM report WHERE id = %s", blurred.id)
    return {
        **PRIVATE,
        "the phone": resident.device_id,
        "the person": str(person),
        "the push target": resident.push_token,
        "the phone's secret": resident.token,
        "a private report's words": "canary-private",
        "a private report's reference": private.reference,
        "a private report's longitude": "69.97654321",
    }


def every_request(app, report_ids, device_id):
    """(method, path, body) for every route of the application, lists with every filter, for each report."""
    near = f"near={EXACT['lon']},{EXACT['lat']}&radius_m=1"
    box = f"bbox={EXACT['lon'] - 1e-6},{EXACT['lat'] - 1e-6},{EXACT['lon'] + 1e-6},{EXACT['lat'] + 1e-6}"
    questions = ["", near, near.replace("=1", "=50000"), box, "area=wards:1", "area=wards:4", "category=neighbour"]
    questions += ["category=needles", "department=health", "status=received", "phase=open", "limit=100"]
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            path = str(rule).replace("<uuid:device_id>", device_id)
            path = path.replace("<slug>", "not-found").replace("<path:path>", "index.html")
            if re.fullmatch(r"/v1/(reports|work)", path) and method == "GET":
                for question in questions:
                    yield method, f"{path}?{question}", None
            elif path == "/v1/routing":
                yield method, f"{path}?lon={WARD_1.lon}&lat={WARD_1.lat}&category=needles", None
            elif "<" in path:
                for report_id in report_ids:
                    yield method, re.sub(r"<[^>]+>", report_id, path), None if method == "GET" else {"text": "x"}
            else:
                yield method, path, None if method == "GET" else {}


@pytest.fixture(params=["a stranger", "a resident who did not report it", "a crew of another department"])
def somebody(request, client, other_resident, other_crew) -> Caller:
    return dict(
        zip(
            ("a stranger", "a resident who did not report it", "a crew of another department"),
            (client, other_resident, other_crew),
            strict=True,
        )
    )[request.param]


def test_no_route_tells_others_what_is_private(app, somebody, resident, crew, blurred, private, secrets, log_lines):
    resident.post(f"{blurred.path}/comments", json={"text": "Now five."})
    asked = 0
    log_lines.clear()

    for method, path, body in every_request(app, [blurred.id, private.id], resident.device_id):
        answer = _asked(somebody, method, path, body)
        asked += 1
        for what, secret in secrets.items():
            sent = secret in path
            assert sent or secret not in answer.text, f"{method} {path} tells {what}"
            assert secret not in str(answer.headers), f"{method} {path} tells {what} in a header"
        if private.id not in path:
            assert private.id not in answer.text, f"{method} {path} tells of a private report"

    assert asked > 50
    log = "\n".join(log_lines)
    assert len(log_lines) >= asked
    for what, secret in secrets.items():
        assert secret not in log, f"a log line tells {what}"


def _asked(somebody, method, path, body):
    """Ask without insisting on a status; the contract is held all the same."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4()), "If-Match": '"1"'}
    if somebody.token:
        headers["Authorization"] = f"Bearer {somebody.token}"
    answer = somebody.ask(method, path, headers, None if body is None else json.dumps(body).encode())
    somebody.contract.check(method, path, answer)
    assert answer.status < 500, f"{method} {path}: {answer}"
    return answer


def test_the_secrets_are_there_for_the_reporter(resident, blurred, private):
    # Else the test above would look for what is nowhere.
    resident.get(blurred.path)
    for secret in list(PRIVATE.values())[:-1]:
        assert secret in resident.last.text
    assert resident.get(private.path)["description"] == "canary-private"


def test_the_desk_and_the_department_see_what_they_need(dispatcher, admin, blurred):
    for person in (dispatcher, admin):
        shown = person.get(blurred.path)
        assert shown["contact"] == CONTACT
        assert shown["private_answers"] == {"seen": PRIVATE["a private answer"]}


def test_what_was_sent_is_in_no_log(app, resident, log_lines, secrets, blurred, private, client):
    resident.get(blurred.path)
    resident.get("/v1/reports?mine=true&near=-69.98512345,42.02567891")
    resident.post("/v1/reports", json=private.sent | {"description": "canary-two"}, expect=422)
    resident.post("/v1/reports", json=blurred.sent | {"id": str(uuid.uuid4()), "answers": {"seen": 5}}, expect=422)
    client.get("/v1/reports?reference=canary-three")

    log = "\n".join(log_lines)
    assert log
    for what, secret in (secrets | {"two": "canary-two", "three": "canary-three"}).items():
        assert secret not in log, f"a log line tells {what}"


# --- a private report is not there ---


def test_a_private_report_and_none_at_all_look_the_same(somebody, private):
    def without_ids(answer):
        return {k: v for k, v in answer.json.items() if k not in ("instance", "request_id")}

    there = somebody.send("GET", private.path, expect=404)
    nowhere = somebody.send("GET", f"/v1/reports/{uuid.uuid4()}", expect=404)

    assert without_ids(there) == without_ids(nowhere)
    somebody.get(f"{private.path}/timeline", expect=404)


def test_a_private_report_is_in_no_list(somebody, private, a_report):
    public = a_report()

    for question in ("", "category=neighbour", f"reference={private.reference}", "near=-69.97654321,42.01234567"):
        assert private.id not in [item["id"] for item in somebody.get(f"/v1/reports?{question}")["items"]]
    assert [item["id"] for item in somebody.get("/v1/reports")["items"]] == [public.id]


def test_the_reporter_sees_a_private_report(resident, private):
    assert resident.get(private.path)["visibility"] == "private"
    assert private.receipt["visibility"] == "private"
    assert private.id in [item["id"] for item in resident.get("/v1/reports?mine=true")["items"]]
    assert resident.get(f"{private.path}/timeline")["items"][0]["kind"] == "received"


# --- a blurred place ---


def test_a_blurred_place_is_near_but_not_there(client, blurred):
    shown = client.get(blurred.path)

    metres = distance_m(shown["location"], EXACT)
    assert shown["blur_m"] == 200
    assert 1 < metres <= 200 / math.sqrt(2) + 1
    for part in ("lon", "lat"):
        assert round(shown["location"][part], 4) != round(EXACT[part], 4)


def test_places_close_together_blur_to_one(client, a_report):
    # 5 m apart: averaging many reports of one place must not bring out where it is.
    seen = {
        str(client.get(a_report("needles", at=Place(-69.985 + n * 6e-5, 42.0256)).path)["location"]) for n in range(3)
    }

    assert len(seen) == 1


def test_a_blurred_place_cannot_be_found_by_asking_near_it(client, blurred):
    for radius_m in (1, 10, 50):
        near = client.get(f"/v1/reports?near={EXACT['lon']},{EXACT['lat']}&radius_m={radius_m}")["items"]
        public_m = distance_m(client.get(blurred.path)["location"], EXACT)
        assert bool(near) is (public_m <= radius_m)


def test_a_distance_is_measured_to_the_blurred_place(client, blurred):
    item = client.get(f"/v1/reports?near={EXACT['lon']},{EXACT['lat']}&radius_m=500")["items"][0]

    assert math.isclose(item["distance_m"], distance_m(item["location"], EXACT), abs_tol=1)


def test_a_box_around_the_exact_place_does_not_show_a_blurred_report(client, blurred):
    lon, lat = EXACT["lon"], EXACT["lat"]

    page = client.get(f"/v1/reports?bbox={lon - 1e-5},{lat - 1e-5},{lon + 1e-5},{lat + 1e-5}")

    assert page["items"] == []


def test_the_reporter_finds_a_blurred_report_at_its_exact_place(resident, blurred):
    items = resident.get(f"/v1/reports?mine=true&near={EXACT['lon']},{EXACT['lat']}&radius_m=1")["items"]

    assert [item["id"] for item in items] == [blurred.id]
    assert items[0]["blur_m"] == 0


def test_a_blurred_report_near_the_towns_edge_still_has_a_place(client, a_report):
    shown = client.get(a_report("needles", at=Place(-70.0, NORTH)).path)

    assert distance_m(shown["location"], {"lon": -70.0, "lat": NORTH}) <= 142


def distance_m(one, two):
    """Metres on the ground, good to a few centimetres over a kilometre."""
    lat = math.radians((one["lat"] + two["lat"]) / 2)
    north = (one["lat"] - two["lat"]) * (111132.95 - 559.85 * math.cos(2 * lat))
    east = (one["lon"] - two["lon"]) * 111412.88 * math.cos(lat) * (1 - 0.00083 * math.cos(2 * lat))
    return math.hypot(north, east)


def test_strangers_read_only_the_public_view(database, blurred, private):
    columns = {
        row["column_name"]
        for row in database.rows(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'public_report'"
        )
    }

    assert not columns & {
        "location",
        "person_id",
        "device_id",
        "contact",
        "private_answers",
        "address",
        "captured_at_sent",
    }
    assert [str(row["id"]) for row in database.rows("SELECT id FROM public_report")] == [blurred.id]


# --- what staff write to each other ---


@pytest.fixture
def among_staff(dispatcher, supervisor, other_resident, blurred, a_report):
    """Every kind of words that only staff read, on a report that all may see and on one that is held."""

    def seen(report):
        return dispatcher.get(f"/v1/work/{report.id}")["version"]

    held = a_report(description="staff-only-held-report")
    dispatcher.post(f"/v1/triage/{blurred.id}/notes", json={"text": "staff-only-note"}, if_match=seen(blurred))
    dispatcher.post(f"/v1/triage/{blurred.id}/move", json={"to": "acknowledged"}, if_match=seen(blurred))
    comment = other_resident.post(f"{blurred.path}/comments", json={"text": "staff-only-held-comment"})["id"]
    dispatcher.post(f"/v1/moderation/comments/{comment}/hold", json={"reason": "staff-only-comment-reason"})
    flag = {"reason": "abuse", "text": "staff-only-flag"}
    made = other_resident.post(f"{held.path}/flags", json=flag)["id"]
    resolved = {"outcome": "upheld", "note": "staff-only-resolution"}
    dispatcher.post(f"/v1/moderation/flags/{made}/resolve", json=resolved)
    block = {"comment_id": comment, "reason": "staff-only-block"}
    lifted = supervisor.post("/v1/moderation/blocks", json=block)["id"]
    supervisor.post(f"/v1/moderation/blocks/{lifted}/lift", json={"reason": "staff-only-lift"})
    redaction = {"passage": "corner", "reason": "staff-only-redaction"}
    supervisor.send(
        "POST", f"/v1/moderation/reports/{blurred.id}/redact", json=redaction, if_match=seen(blurred), key="redact"
    )
    return [blurred, held]


@pytest.mark.parametrize("who", ["a stranger", "another resident", "a crew of another department", "the reporter"])
def test_no_route_tells_anybody_else_what_staff_write(app, client, a_resident, other_crew, resident, among_staff, who):
    people = {
        "a stranger": client,
        "another resident": a_resident(),
        "a crew of another department": other_crew,
        "the reporter": resident,
    }
    asked = 0
    for method, path, body in every_request(app, [report.id for report in among_staff], resident.device_id):
        answer = _asked(people[who], method, path, body)
        asked += 1
        # A report that is held is its reporter's to see as before.
        text = answer.text.replace("staff-only-held-report", "") if who == "the reporter" else answer.text
        assert "staff-only" not in text, f"{method} {path} tells {who} {re.findall(r'staff-only[a-z-]*', text)}"
    assert asked > 50


def test_what_staff_write_is_there_for_staff(dispatcher, among_staff):
    # Else the test above would look for what is nowhere.
    words = set()
    for report in among_staff:
        dispatcher.get(f"/v1/work/{report.id}/history?limit=100")
        words |= set(re.findall(r"staff-only-[a-z-]+", dispatcher.last.text))
    assert words >= {
        "staff-only-note", "staff-only-held-comment", "staff-only-comment-reason", "staff-only-resolution",
        "staff-only-block", "staff-only-lift", "staff-only-redaction",
    }  # fmt: skip
