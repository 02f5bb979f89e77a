"""A contractor without an account: a link to one report or one round, for a time, with what it allows written on it."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.callers import Caller
from tests.support.moves import lines
from tests.support.town import WARD_1, WARD_2

LINKS = "/v1/work/links"
CONTACT = {"name": "canary", "phone": "+1 555 canary"}


def in_days(days):
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def a_link(desk, may=("start", "resolve"), **more):
    body = {"label": "Paving Ltd", "may": list(may), "expires_at": in_days(7), **more}
    return desk.post(LINKS, json=body, expect=201)


@pytest.fixture
def pothole(a_report):
    return a_report("pothole", at=WARD_1, contact=CONTACT, address="7 Mill Lane")


@pytest.fixture
def holder(ask, contract):
    """Makes the contractor of a link."""
    return lambda link: Caller(ask, contract, link["token"])


def test_a_contractor_does_what_the_link_says(dispatcher, resident, holder, pothole, phones, run_jobs):
    contractor = holder(a_link(dispatcher, report=pothole.id))

    seen = contractor.get(f"/v1/work/{pothole.id}")
    assert seen["moves"] == ["in_progress"]
    started = contractor.post(f"/v1/work/{pothole.id}/start", json={}, if_match=1, expect=200)
    done = contractor.post(f"/v1/work/{pothole.id}/resolve", json={"note": "Paved."}, if_match=2, expect=200)
    run_jobs()

    assert (started["moves"], done["status"]["code"]) == (["resolved"], "resolved")
    assert lines(resident, pothole)[-1]["by"] == "contractor"
    assert len(phones.heard(resident.push_token)) == 2


def test_the_link_leaves_the_report_in_the_hands_it_is_in(dispatcher, crew, holder, pothole):
    crew.post(f"/v1/work/{pothole.id}/take", json={}, if_match=1, expect=200)
    contractor = holder(a_link(dispatcher, report=pothole.id))

    after = contractor.post(f"/v1/work/{pothole.id}/start", json={}, if_match=2, expect=200)

    assert after["crew"]["code"] == "roads-north"


def test_what_the_link_does_not_allow_is_refused(dispatcher, holder, pothole):
    contractor = holder(a_link(dispatcher, may=["start"], report=pothole.id))
    contractor.post(f"/v1/work/{pothole.id}/start", json={}, if_match=1, expect=200)

    contractor.post(f"/v1/work/{pothole.id}/resolve", json={"note": "x"}, if_match=2, expect=403)

    assert contractor.last.problem == "not-on-the-link"
    for path in (f"/v1/triage/{pothole.id}/move", f"/v1/work/{pothole.id}/take", f"/v1/work/{pothole.id}/hand-back"):
        contractor.post(path, json={"to": "closed", "reason": "no_action"}, if_match=2, expect=403)


def test_nothing_else_is_there_for_a_contractor(dispatcher, a_report, holder, pothole):
    other = a_report("pothole", at=WARD_1)
    contractor = holder(a_link(dispatcher, report=pothole.id))

    contractor.get(f"/v1/work/{other.id}", expect=404)
    contractor.post(f"/v1/work/{other.id}/start", json={}, if_match=1, expect=404)
    assert [item["id"] for item in contractor.get("/v1/work?limit=100")["items"]] == [pothole.id]
    assert contractor.get("/v1/work/packages")["items"] == []
    for path in ("/v1/changes", "/v1/admin/staff", LINKS, f"/v1/reports/{pothole.id}"):
        contractor.get(path, expect=403)


def test_a_contractor_finds_the_place_and_not_the_person(dispatcher, holder, pothole):
    contractor = holder(a_link(dispatcher, report=pothole.id))

    seen = contractor.get(f"/v1/work/{pothole.id}")

    assert (seen["location"], seen["address"]) == (WARD_1.json, "7 Mill Lane")
    assert "canary" not in contractor.last.text


def test_a_link_to_a_round_opens_what_is_on_it_now(dispatcher, a_report, holder):
    first, second = a_report("pothole", at=WARD_1), a_report("pothole", at=WARD_1)
    made = dispatcher.post("/v1/work/packages", json={"name": "North", "reports": [first.id]}, expect=201)
    contractor = holder(a_link(dispatcher, package=made["id"]))
    assert [stop["report"]["id"] for stop in contractor.get(f"/v1/work/packages/{made['id']}")["stops"]] == [first.id]

    path = f"/v1/work/packages/{made['id']}"
    dispatcher.patch(path, json={"reports": [second.id]}, if_match=1, key="k", expect=200)

    contractor.get(f"/v1/work/{first.id}", expect=404)
    contractor.get(f"/v1/work/{second.id}", expect=200)
    contractor.patch(path, json={"name": "mine"}, if_match=2, key="k", expect=403)


def test_a_link_ends(dispatcher, holder, pothole, database):
    ended, past = a_link(dispatcher, report=pothole.id), a_link(dispatcher, report=pothole.id)
    dispatcher.post(f"{LINKS}/{ended['id']}/revoke", key=None, expect=200)
    dispatcher.post(f"{LINKS}/{ended['id']}/revoke", key=None, expect=200)
    database.execute("UPDATE credential SET expires_at = now() WHERE label = 'Paving Ltd' AND revoked_at IS NULL")

    holder(ended).get(f"/v1/work/{pothole.id}", expect=401)
    contractor = holder(past)
    contractor.get(f"/v1/work/{pothole.id}", expect=401)

    assert contractor.last.problem == "token-expired"


def test_the_token_is_shown_once_and_to_a_retry(dispatcher, pothole, database):
    body = {"label": "Paving Ltd", "may": [], "expires_at": in_days(1), "report": pothole.id}
    first = dispatcher.send("POST", LINKS, json=body, key="once", expect=201)

    again = dispatcher.send("POST", LINKS, json=body, key="once", expect=201)

    assert again.body == first.body
    assert first.json["url"] == f"https://311.squareton.example/w#{first.json['token']}"
    listed = dispatcher.get(LINKS)["items"]
    assert [(item["label"], item["created_by"], "token" in item) for item in listed] == [("Paving Ltd", "dora", False)]
    for table in database.tables:
        assert first.json["token"] not in json.dumps(database.rows(f"SELECT * FROM {table}"), default=str), table


def test_links_of_others_are_not_there_for_a_limited_desk(dispatcher, roads_desk, a_report, pothole):
    of_works = a_report("pothole", at=WARD_2)
    theirs = a_link(dispatcher, report=of_works.id)
    own = a_link(roads_desk, report=pothole.id)

    roads_desk.post(LINKS, json={"label": "x", "may": [], "expires_at": in_days(1), "report": of_works.id}, expect=404)
    roads_desk.post(f"{LINKS}/{theirs['id']}/revoke", key=None, expect=404)

    assert [item["id"] for item in roads_desk.get(LINKS)["items"]] == [own["id"]]
    assert len(dispatcher.get(LINKS)["items"]) == 2


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"report": None}, ("/report", "one-of-two")),
        ({"package": str(uuid.uuid4())}, ("/report", "one-of-two")),
        ({"expires_at": "2020-01-01T00:00:00Z"}, ("/expires_at", "in-the-past")),
        ({"expires_at": in_days(400)}, ("/expires_at", "too-far-ahead")),
        ({"may": ["close"]}, ("/may/0", "not-offered")),
        ({"label": ""}, ("/label", "too-short")),
    ],
)
def test_a_link_that_cannot_be_is_refused(dispatcher, pothole, change, fault):
    body = {"label": "x", "may": [], "expires_at": in_days(1), "report": pothole.id} | change
    body = {name: value for name, value in body.items() if value is not None}

    dispatcher.post(LINKS, json=body, expect=422)

    assert dispatcher.last.faults == [fault]


def test_links_are_made_by_the_desk(crew, analyst, resident, partner, pothole):
    for somebody in (crew, analyst, resident, partner):
        somebody.post(LINKS, json={"label": "x"}, expect=403)


def test_the_page_of_a_link_loads_nothing_from_elsewhere(client):
    page = client.send("GET", "/w", language="es", expect=200)

    assert page.content_type == "text/html"
    assert "Trabajo para usted" in page.text
    assert "http" not in page.text.replace("http-equiv", "")
    assert "script-src 'sha256-" in page.headers["content-security-policy"]
