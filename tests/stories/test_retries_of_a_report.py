"""A phone that never saw the answer sends again; the city stores one report and gives the first answer."""

import json

import pytest

from tests.support.reports import draft
from tests.support.town import FAR_AWAY, ROUTE_9


def test_a_retry_gets_the_first_answer_byte_for_byte(resident, database):
    body = draft()
    first = resident.send("POST", "/v1/reports", json=body, key="k-1", expect=201)
    before = database.counts()

    again = resident.send("POST", "/v1/reports", json=body, key="k-1", expect=201)

    assert again.body == first.body
    assert again.headers["location"] == first.headers["location"]
    assert database.counts() == before


def test_a_retry_gets_the_first_answer_even_when_the_report_has_moved_on(resident, crew):
    body = draft()
    first = resident.send("POST", "/v1/reports", json=body, key="k-1", expect=201)
    crew.post(f"/v1/work/{body['id']}/take", json={}, if_match=1)

    again = resident.send("POST", "/v1/reports", json=body, key="k-1", language="es", expect=201)

    assert again.body == first.body


def test_a_retry_gets_the_first_answer_when_the_city_has_changed_its_form(resident, database):
    body = draft()
    first = resident.send("POST", "/v1/reports", json=body, key="k-1", expect=201)
    database.execute(
        "UPDATE category_form SET retired_at = now() - interval '40 days' WHERE form -> 'name' ->> 'en' = 'Pothole'"
    )
    database.execute("UPDATE category SET active = false WHERE code = 'pothole'")

    again = resident.send("POST", "/v1/reports", json=body, key="k-1", expect=201)

    assert again.body == first.body


def test_the_same_content_in_another_spelling_is_the_same_request(resident):
    body = draft()
    first = resident.send("POST", "/v1/reports", json=body, key="k-1", expect=201)

    shuffled = json.dumps(dict(reversed(body.items())), indent=4).encode()
    again = resident.send("POST", "/v1/reports", data=shuffled, key="k-1", expect=201)

    assert again.body == first.body


def test_a_key_for_other_content_is_refused(resident, database):
    resident.post("/v1/reports", json=draft(), key="k-1", expect=201)
    before = database.counts()

    resident.post("/v1/reports", json=draft(), key="k-1", expect=422)

    assert resident.last.problem == "idempotency-key-reused"
    assert database.counts() == before


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        pytest.param({"description": "x" * 4001}, "invalid", id="too long"),
        pytest.param({"answers": {}}, "invalid", id="an answer is missing"),
        pytest.param({"location": FAR_AWAY.json}, "outside-town", id="outside the town"),
        pytest.param({"location": ROUTE_9.json}, "not-ours", id="the state's highway"),
        pytest.param({"answers": {"size": "collapse"}}, "stop-instead", id="a stop"),
        pytest.param({"form_version": "unheard-of"}, "form-expired", id="no such form"),
    ],
)
def test_a_refusal_frees_the_key_so_that_the_corrected_draft_goes_out(resident, wrong, problem):
    body = draft()
    resident.post("/v1/reports", json=body | wrong, key="k-1", expect=422)
    assert resident.last.problem == problem

    receipt = resident.post("/v1/reports", json=body, key="k-1", expect=201)

    assert receipt["id"] == body["id"]


def test_an_id_seen_again_with_other_content_links_to_what_is_stored(resident, database):
    body = draft()
    resident.post("/v1/reports", json=body, expect=201)
    before = database.counts()

    resident.post("/v1/reports", json=body | {"description": "Changed my mind."}, expect=422)

    assert resident.last.problem == "already-sent"
    stored = resident.get(resident.last.json["report"])
    assert (stored["id"], stored["description"]) == (body["id"], body["description"])
    assert database.counts() == before


def test_an_id_seen_again_with_the_same_content_under_another_key_is_there_already(resident, database):
    body = draft()
    receipt = resident.post("/v1/reports", json=body, expect=201)
    before = database.counts()

    known = resident.post("/v1/reports", json=body, expect=200)

    assert (known["id"], known["reference"]) == (body["id"], receipt["reference"])
    assert known["description"] == body["description"]
    assert resident.last.headers["location"] == f"/v1/reports/{body['id']}"
    assert database.counts() == before


def test_an_id_stays_taken_after_its_key_is_forgotten(resident, database):
    body = draft()
    resident.post("/v1/reports", json=body, key="k-1", expect=201)
    database.execute("DELETE FROM idempotency_key")  # after 30 days

    resident.post("/v1/reports", json=body, key="k-1", expect=200)
    resident.post("/v1/reports", json=body | {"description": "x"}, key="k-1", expect=422)

    assert resident.last.problem == "already-sent"
    assert database.value("SELECT count(*) FROM report") == 1


@pytest.mark.parametrize("category", ["pothole", "neighbour"])
def test_an_id_of_another_phone_is_taken_and_nothing_is_told_of_it(resident, other_resident, database, category):
    body = draft(category, description="canary-51")
    resident.post("/v1/reports", json=body, key="k-1", expect=201)
    before = database.counts()

    other_resident.post("/v1/reports", json=body | {"description": "mine"}, key="k-1", expect=409)

    problem = other_resident.last.json
    assert other_resident.last.problem == "id-taken"
    assert problem.keys() == {"type", "title", "status", "detail", "instance", "retry", "request_id"}
    assert problem["instance"] == "/v1/reports"
    assert body["id"] not in other_resident.last.text
    assert database.counts() == before


def test_an_id_of_another_phone_is_taken_even_for_the_same_content(resident, other_resident):
    body = draft()
    resident.post("/v1/reports", json=body, expect=201)

    other_resident.post("/v1/reports", json=body, expect=409)

    assert other_resident.last.problem == "id-taken"


def test_two_phones_may_make_up_the_same_key(resident, other_resident):
    one, two = draft(), draft()

    resident.post("/v1/reports", json=one, key="1", expect=201)
    other_resident.post("/v1/reports", json=two, key="1", expect=201)

    assert resident.post("/v1/reports", json=one, key="1", expect=201)["id"] == one["id"]
    assert other_resident.post("/v1/reports", json=two, key="1", expect=201)["id"] == two["id"]


def test_a_phone_and_a_comment_share_one_space_of_keys(resident, a_report):
    report = a_report()
    resident.post("/v1/reports", json=draft(), key="k-1", expect=201)

    resident.post(f"{report.path}/comments", json={"text": "hello"}, key="k-1", expect=422)

    assert resident.last.problem == "idempotency-key-reused"


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("a b", id="a space"),
        pytest.param("x" * 201, id="too long"),
        pytest.param("clé", id="not ASCII"),
    ],
)
def test_without_a_usable_key_nothing_is_stored(resident, database, key):
    before = database.counts()

    headers = {} if key is None else {"Idempotency-Key": key.encode().decode("latin-1")}
    resident.send("POST", "/v1/reports", json=draft(), headers=headers, expect=400)

    assert resident.last.problem == "idempotency-key-missing"
    assert database.counts() == before


def test_a_key_in_quotes_is_the_same_key(resident):
    body = draft()
    first = resident.send("POST", "/v1/reports", json=body, key="k-1", expect=201)

    assert resident.send("POST", "/v1/reports", json=body, key='"k-1"', expect=201).body == first.body


def test_a_keys_letters_count(resident):
    resident.post("/v1/reports", json=draft(), key="abc", expect=201)
    resident.post("/v1/reports", json=draft(), key="ABC", expect=201)
    resident.post("/v1/reports", json=draft(), key="x" * 200, expect=201)
