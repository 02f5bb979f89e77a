"""A resident's phone makes itself known without an account, changes what it said, and stops its pushes."""

import hashlib
import secrets
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.callers import Caller
from tests.support.reports import draft


@pytest.fixture
def phone():
    """What a new phone makes up: its id, its secret, and where to register."""
    device_id = str(uuid.uuid4())
    return {"id": device_id, "secret": secrets.token_urlsafe(32), "path": f"/v1/devices/{device_id}"}


def test_a_phone_registers_without_an_account(client, phone):
    device = client.put(
        phone["path"],
        json={
            "secret": phone["secret"],
            "push": {"kind": "fcm_token", "value": "token-1"},
            "language": "es",
            "time_zone": "America/New_York",
        },
        expect=201,
    )

    assert device["id"] == phone["id"]
    assert device["push"] == {"kind": "fcm_token", "value": "token-1"}
    assert (device["language"], device["time_zone"]) == ("es", "America/New_York")


def test_push_target_language_and_time_zone_are_optional(client, phone):
    device = client.put(phone["path"], json={"secret": phone["secret"]}, expect=201)

    assert (device["push"], device["language"], device["time_zone"]) == (None, "en", None)


def test_registering_again_is_safe(client, phone, database):
    body = {"secret": phone["secret"], "language": "es"}
    first = client.put(phone["path"], json=body, expect=201)
    before = database.counts()

    again = client.put(phone["path"], json=body, expect=200)

    assert again == first
    assert database.counts() == before


def test_registering_again_updates_what_the_phone_says(client, phone):
    client.put(phone["path"], json={"secret": phone["secret"], "language": "es"}, expect=201)

    body = {"secret": phone["secret"], "language": "en", "push": {"kind": "fcm_fid", "value": "f1"}}
    device = client.put(phone["path"], json=body, expect=200)

    assert (device["language"], device["push"]) == ("en", {"kind": "fcm_fid", "value": "f1"})


def test_a_phone_that_registers_twice_at_once_is_one_phone(client, phone, database):
    body = {"secret": phone["secret"]}
    people = database.value("SELECT count(*) FROM person")

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: client.send("PUT", phone["path"], json=body), range(16)))

    assert sorted(answer.status for answer in answers) == [200] * 15 + [201]
    assert database.value("SELECT count(*) FROM person") == people + 1
    assert database.value("SELECT count(*) FROM device WHERE id = %s", phone["id"]) == 1


def test_the_server_keeps_only_the_hash_of_the_secret(client, phone, database):
    answer = client.put(phone["path"], json={"secret": phone["secret"]}, expect=201)

    assert phone["secret"] not in str(answer)
    stored = database.value("SELECT token_hash FROM credential WHERE device_id = %s", phone["id"])
    assert bytes(stored) == hashlib.sha256(phone["secret"].encode()).digest()
    for table in database.tables:
        assert not database.rows(f"SELECT 1 FROM {table} t WHERE t::text LIKE %s", f"%{phone['secret']}%"), table


def test_nobody_takes_over_a_phone_by_its_id(client, phone):
    client.put(phone["path"], json={"secret": phone["secret"]}, expect=201)

    client.put(phone["path"], json={"secret": secrets.token_urlsafe(32)}, expect=409)

    assert client.last.problem == "id-taken"


def test_a_secret_belongs_to_one_phone(client, phone, database):
    client.put(phone["path"], json={"secret": phone["secret"]}, expect=201)
    before = database.counts()

    client.put(f"/v1/devices/{uuid.uuid4()}", json={"secret": phone["secret"]}, expect=409)

    assert client.last.problem == "id-taken"
    assert database.counts() == before


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        pytest.param({"secret": "short"}, ("/secret", "too-short"), id="a secret that can be guessed"),
        pytest.param({"secret": "x" * 201}, ("/secret", "too-long"), id="a secret without end"),
        pytest.param({"secret": "ü" * 43}, ("/secret", "wrong-type"), id="a secret that no header can carry"),
        pytest.param({}, ("/secret", "required"), id="no secret"),
        pytest.param({"secret": 12}, ("/secret", "wrong-type"), id="a number for a secret"),
        pytest.param({"language": "klingon!"}, ("/language", "unknown-language"), id="no language code"),
        pytest.param({"time_zone": "Mars/Olympus"}, ("/time_zone", "unknown-time-zone"), id="no time zone of ours"),
        pytest.param({"push": {"kind": "pigeon", "value": "x"}}, ("/push/kind", "not-offered"), id="no such channel"),
        pytest.param({"push": {"kind": "fcm_token"}}, ("/push/value", "required"), id="a push without a target"),
        pytest.param({"push": {"kind": "fcm_token", "value": ""}}, ("/push/value", "too-short"), id="an empty target"),
        pytest.param({"push": "x"}, ("/push", "wrong-type"), id="text for a push"),
        pytest.param({"model": "Q"}, ("/model", "unknown-field"), id="a field that we do not know"),
    ],
)
def test_a_registration_that_is_wrong_says_where(client, phone, database, body, fault):
    before = database.counts()
    complete = {} if body in ({}, {"secret": 12}) else {"secret": phone["secret"]}

    client.put(phone["path"], json=complete | body, expect=422)

    assert client.last.faults == [fault]
    assert database.counts() == before


def test_a_patch_changes_only_what_it_names(resident):
    path = f"/v1/devices/{resident.device_id}"
    before = resident.get(path)

    after = resident.patch(path, json={"language": "es"})

    assert after == before | {"language": "es"}
    assert resident.get(path) == after


def test_a_new_push_target_revives_a_phone_that_was_given_up(resident, database):
    path = f"/v1/devices/{resident.device_id}"
    database.execute("UPDATE device SET push_retired_at = now(), push_retired_reason = 'unregistered'")
    assert resident.get(path)["push_retired_reason"] == "unregistered"

    device = resident.patch(path, json={"push": {"kind": "fcm_token", "value": "fresh"}})

    assert (device["push"]["value"], device["push_retired_reason"]) == ("fresh", None)


def test_a_phone_stops_its_pushes_and_keeps_everything_else(resident, a_report):
    path = f"/v1/devices/{resident.device_id}"
    report = a_report()

    resident.delete(path, expect=204)
    resident.delete(path, expect=204)

    assert resident.get(path)["push"] is None
    assert report.now["mine"]


def test_a_phone_without_pushes_hears_nothing_more(resident, crew, a_report, run_jobs, phones):
    report = a_report()
    target = resident.push_token
    resident.delete(f"/v1/devices/{resident.device_id}")

    crew.post(f"/v1/work/{report.id}/take", json={}, if_match=1)
    run_jobs()

    assert phones.heard(target) == []


@pytest.mark.parametrize(("language", "title"), [("es", "Bache"), ("es-MX", "Bache"), ("fr", "Pothole")])
def test_a_phone_hears_in_its_own_language(a_resident, crew, a_report, run_jobs, phones, language, title):
    report = a_report(reporter=a_resident(push="its-token", language=language))

    crew.post(f"/v1/work/{report.id}/take", json={}, if_match=1)
    run_jobs()

    (heard,) = phones.titles("its-token")
    assert title in heard


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_phone_of_somebody_else_is_not_there(resident, other_resident, method):
    body = {"language": "es"} if method == "PATCH" else None

    other_resident.send(method, f"/v1/devices/{resident.device_id}", json=body, expect=404)

    assert resident.get(f"/v1/devices/{resident.device_id}")["language"] == "en"


# --- a 401 says which ---


@pytest.fixture(params=["a read", "an intake"])
def knock(request):
    """Both ways in look at the token: reads in Python, the intake inside its statement."""

    def knock_(person):
        if request.param == "a read":
            person.get("/v1/reports?mine=true", expect=401)
        else:
            person.post("/v1/reports", json=draft(), expect=401)
        assert person.last.headers["www-authenticate"].startswith("Bearer")
        return person.last.problem

    return knock_


def test_without_a_token_the_answer_is_token_missing(client, knock):
    assert knock(client) == "token-missing"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("x" * 43, id="never registered"),
        pytest.param("x" * 5000, id="longer than any of ours"),
        pytest.param("a b c", id="not one word"),
    ],
)
def test_a_token_that_was_never_registered_is_token_unknown(ask, contract, knock, token):
    assert knock(Caller(ask, contract, token)) == "token-unknown"


def test_an_expired_token_is_token_expired(resident, database, knock):
    database.execute("UPDATE credential SET expires_at = now() - interval '1 second' WHERE device_id IS NOT NULL")

    assert knock(resident) == "token-expired"


def test_a_token_that_will_expire_is_still_good(resident, database):
    database.execute("UPDATE credential SET expires_at = now() + interval '1 hour' WHERE device_id IS NOT NULL")

    resident.get("/v1/reports?mine=true")
    resident.post("/v1/reports", json=draft(), expect=201)


def test_a_withdrawn_token_is_token_revoked(resident, database, knock):
    database.execute("UPDATE credential SET revoked_at = now() WHERE device_id IS NOT NULL")

    assert knock(resident) == "token-revoked"


def test_a_withdrawn_and_expired_token_is_token_revoked_everywhere(resident, database, knock):
    database.execute(
        "UPDATE credential SET revoked_at = now(), expires_at = now() - interval '1 day' WHERE device_id IS NOT NULL"
    )

    assert knock(resident) == "token-revoked"


def test_the_token_of_somebody_who_left_is_token_revoked(crew, database, knock):
    database.execute("UPDATE person SET active = false WHERE code = 'ana'")

    assert knock(crew) == "token-revoked"


def test_a_withdrawn_phone_cannot_register_itself_again(resident, database):
    database.execute("UPDATE credential SET revoked_at = now() WHERE device_id IS NOT NULL")

    resident.put(f"/v1/devices/{resident.device_id}", json={"secret": resident.token}, expect=401)

    assert resident.last.problem == "token-revoked"


@pytest.mark.parametrize("header", ["Basic dXNlcjpwYXNz", "Bearer", "Bearer  ", "token"])
def test_what_is_not_a_bearer_token_is_token_missing(client, header):
    client.get("/v1/reports", headers={"Authorization": header}, expect=401)

    assert client.last.problem == "token-missing"


def test_a_wrong_token_is_refused_even_where_strangers_may_look(ask, contract):
    # A phone whose token was withdrawn must learn of it, not silently become a stranger.
    Caller(ask, contract, "x" * 43).get("/v1/categories", expect=401)
