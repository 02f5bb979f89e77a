"""Keys for partners' programs and tokens for staff: shown once, kept as hashes, rotated without a gap, ended at once."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.admin import make, remove
from tests.support.bare import BareTown
from tests.support.callers import Caller
from tests.support.database import Database
from tests.support.reports import draft
from tests.support.town import WARD_1

KEYS = "/v1/admin/keys"


def a_key(admin: Caller, **more: Any) -> dict[str, Any]:
    return admin.post(KEYS, json={"label": "the old system", "scopes": ["import"], **more}, expect=201)


def sends_the_past(resident: Caller, key: str, expect: int) -> Any:
    """A report of 2015, with this Importer-Key."""
    past = draft("pothole", WARD_1, received_at="2015-03-01T12:00:00Z")
    return resident.post("/v1/reports", json=past, headers={"Importer-Key": key}, expect=expect)


def test_a_key_is_shown_once_and_works(admin: Caller, resident: Caller):
    made = a_key(admin)

    sends_the_past(resident, made["key"], 201)

    listed = next(item for item in admin.get(f"{KEYS}?limit=100")["items"] if item["id"] == made["id"])
    assert "key" not in listed
    assert (listed["created_by"], listed["scopes"]) == ("adam", ["import"])
    assert listed["last_used_on"] == datetime.now(UTC).date().isoformat()
    assert admin.get(f"{KEYS}/{made['id']}") == listed


def test_a_retry_sees_the_key_again_and_nobody_keeps_it(admin: Caller, database: Database):
    key = str(uuid.uuid4())
    body = {"label": "the old system", "scopes": ["import"]}
    first = admin.send("POST", KEYS, json=body, key=key, expect=201)

    again = admin.send("POST", KEYS, json=body, key=key, expect=201)

    assert again.body == first.body
    for table in database.tables:
        assert first.json["key"] not in json.dumps(database.rows(f"SELECT * FROM {table}"), default=str), table
    admin.send("POST", KEYS, json={**body, "label": "another"}, key=key, expect=422)
    assert admin.last.problem == "idempotency-key-reused"
    admin.send("POST", KEYS, json=body, expect=400)


def test_another_token_of_the_same_admin_is_no_retry(admin: Caller):
    key, body = str(uuid.uuid4()), {"label": "x", "scopes": ["import"]}
    admin.send("POST", KEYS, json=body, key=key, expect=201)
    other = Caller(admin.ask, admin.contract, admin.post("/v1/admin/staff/adam/tokens", json={"label": "x"})["token"])

    other.send("POST", KEYS, json=body, key=key, expect=422)


def test_a_rotated_key_leaves_time_to_change_over(admin: Caller, resident: Caller, database: Database):
    old = a_key(admin)

    new = admin.post(f"{KEYS}/{old['id']}/rotate", json={}, expect=200)

    assert new["key"] != old["key"]
    until = datetime.fromisoformat(new["old_key_until"])
    assert timedelta(hours=23) < until - datetime.now(UTC) <= timedelta(hours=24)
    sends_the_past(resident, old["key"], 201)
    sends_the_past(resident, new["key"], 201)
    database.execute("UPDATE partner_key SET old_key_until = now() - interval '1 second'")
    sends_the_past(resident, old["key"], 403)
    sends_the_past(resident, new["key"], 201)


def test_a_leaked_key_is_replaced_without_leaving_it_time(admin: Caller, resident: Caller):
    old = a_key(admin)

    new = admin.post(f"{KEYS}/{old['id']}/rotate", json={"old_good_for_h": 0}, expect=200)

    sends_the_past(resident, old["key"], 403)
    sends_the_past(resident, new["key"], 201)


def test_a_second_rotation_ends_the_first_key(admin: Caller, resident: Caller):
    first = a_key(admin)
    second = admin.post(f"{KEYS}/{first['id']}/rotate", json={}, expect=200)
    third = admin.post(f"{KEYS}/{first['id']}/rotate", json={}, expect=200)

    sends_the_past(resident, first["key"], 403)
    sends_the_past(resident, second["key"], 201)
    sends_the_past(resident, third["key"], 201)


def test_a_rotation_that_is_sent_twice_rotates_once(admin: Caller, resident: Caller):
    old, key = a_key(admin), str(uuid.uuid4())
    first = admin.send("POST", f"{KEYS}/{old['id']}/rotate", json={}, key=key, expect=200)

    again = admin.send("POST", f"{KEYS}/{old['id']}/rotate", json={}, key=key, expect=200)

    assert again.body == first.body
    sends_the_past(resident, old["key"], 201)


def test_a_revoked_key_is_worth_nothing_at_once(admin: Caller, resident: Caller):
    old = a_key(admin)
    new = admin.post(f"{KEYS}/{old['id']}/rotate", json={}, expect=200)

    first = admin.post(f"{KEYS}/{old['id']}/revoke", expect=200)
    again = admin.post(f"{KEYS}/{old['id']}/revoke", expect=200)

    assert first == again
    assert first["revoked_at"]
    for key in (old["key"], new["key"]):
        sends_the_past(resident, key, 403)
    admin.post(f"{KEYS}/{old['id']}/rotate", json={}, expect=409)
    assert admin.last.problem == "key-revoked"


def test_a_key_expires(admin: Caller, resident: Caller, database: Database):
    soon = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    made = a_key(admin, expires_at=soon)
    sends_the_past(resident, made["key"], 201)

    database.execute("UPDATE partner_key SET expires_at = now() - interval '1 second'")

    sends_the_past(resident, made["key"], 403)


def test_a_key_without_the_scope_is_told_which_it_lacks(admin: Caller, resident: Caller):
    made = a_key(admin, scopes=["open311", "staff"])

    problem = sends_the_past(resident, made["key"], 403)

    assert resident.last.problem == "scope-missing"
    assert (problem["scope"], problem["scopes"]) == ("import", ["open311", "staff"])


def test_a_key_that_nobody_made_is_refused(resident: Caller):
    sends_the_past(resident, "mwk_nobody-made-this", 403)

    assert resident.last.problem == "key-unknown"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"label": "x", "scopes": []}, ("/scopes", "too-short")),
        ({"label": "x", "scopes": ["everything"]}, ("/scopes/0", "not-offered")),
        ({"label": " ", "scopes": ["import"]}, ("/label", "too-short")),
        ({"scopes": ["import"]}, ("/label", "required")),
        ({"label": "x", "scopes": ["import"], "expires_at": "soon"}, ("/expires_at", "not-a-time")),
        ({"label": "x", "scopes": ["import"], "key": "mine"}, ("/key", "unknown-field")),
    ],
)
def test_a_key_must_be_for_something(admin: Caller, body: dict[str, Any], fault: tuple[str, str]):
    admin.post(KEYS, json=body, expect=422)

    assert admin.last.faults == [fault]


def test_keys_of_nobody_are_not_found(admin: Caller):
    for path in ("", "/rotate", "/revoke"):
        method = "GET" if not path else "POST"
        admin.send(method, f"{KEYS}/{uuid.uuid4()}{path}", json={} if path else None, key="x", expect=404)


# --- tokens of staff ---


def test_a_new_colleague_gets_a_token(admin: Caller):
    make(admin, "staff/eva", {"name": "Eva", "role": "dispatcher"})

    made = admin.post("/v1/admin/staff/eva/tokens", json={"label": "desk"}, expect=201)

    eva = Caller(admin.ask, admin.contract, made["token"])
    eva.get("/v1/work", expect=200)
    eva.get("/v1/admin/staff", expect=403)
    listed = admin.get("/v1/admin/staff/eva/tokens")["items"]
    assert listed == [{key: made[key] for key in ("id", "label", "created_at", "expires_at", "revoked_at")}]
    remove(admin, "staff/eva")
    eva.get("/v1/work", expect=401)
    assert eva.last.problem == "token-revoked"
    admin.post("/v1/admin/staff/eva/tokens", json={"label": "desk"}, expect=404)


def test_a_lost_tablet_is_shut_out(admin: Caller):
    path = "/v1/admin/staff/ana/tokens"
    key = str(uuid.uuid4())
    first = admin.send("POST", path, json={"label": "tablet"}, key=key, expect=201)
    assert admin.send("POST", path, json={"label": "tablet"}, key=key, expect=201).body == first.body
    tablet = Caller(admin.ask, admin.contract, first.json["token"])
    tablet.get("/v1/work", expect=200)

    admin.post(f"{path}/{first.json['id']}/revoke", expect=200)
    admin.post(f"{path}/{first.json['id']}/revoke", expect=200)

    tablet.get("/v1/work", expect=401)
    admin.post(f"{path}/ffffffffffffffffffffffff/revoke", expect=404)
    admin.post(f"/v1/admin/staff/bo/tokens/{first.json['id']}/revoke", expect=404)


# --- the command line ---


def test_the_command_line_lists_rotates_and_revokes(applied: BareTown):
    old = applied.mendway("create-token", "--importer", "the old system", "--days", "30").out.strip()
    line = applied.mendway("list-keys").out.strip()
    key_id = line.split()[0]
    assert "good until" in line
    assert line.endswith("import  never used  the old system")

    new = applied.mendway("rotate-key", key_id, "--hours", "1").out.strip()

    assert new != old
    with applied.api() as api:
        for key in (old, new):
            sends_the_past(api.resident(), key, 201)
        said = applied.mendway("revoke-key", key_id)
        assert said.out.strip() == f"The key {key_id} (the old system) is revoked."
        for key in (old, new):
            sends_the_past(api.resident(), key, 403)
    assert "revoked" in applied.mendway("list-keys").out
    assert "was revoked" in applied.mendway("rotate-key", key_id, expect=1).err


def test_the_command_line_says_which_keys_there_are_not(applied: BareTown):
    nobody = str(uuid.uuid4())

    assert "There are no keys" in applied.mendway("list-keys").out
    for verb in ("rotate-key", "revoke-key"):
        assert f"There is no key {nobody}" in applied.mendway(verb, nobody, expect=1).err
    assert applied.mendway("rotate-key", "x", expect=2).code == 2
