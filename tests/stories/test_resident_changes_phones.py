"""A new phone, a lost phone: what was reported comes along, and who finds the old phone can do nothing with it."""

import re
import secrets
import uuid
from collections.abc import Callable

import pytest

from tests.support.callers import Caller, Resident
from tests.support.database import Database
from tests.support.phones import Phones
from tests.support.reports import draft, send_report

CODE = re.compile(r"([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}")


def register(phone: Resident, **more: object) -> dict:
    push = {"kind": "fcm_token", "value": phone.push_token}
    return phone.put(f"/v1/devices/{phone.device_id}", json={"secret": phone.token, "push": push, **more})


@pytest.fixture
def new_phone(a_resident: Callable[..., Resident]) -> Resident:
    return a_resident(push=f"new-{uuid.uuid4()}")


@pytest.fixture
def old_phone(resident: Resident) -> Resident:
    return resident


@pytest.fixture
def code(old_phone: Resident) -> str:
    return register(old_phone)["recovery_code"]


def recover(phone: Resident, code: str, key: str = "recovery", **more: object) -> dict:
    return phone.post("/v1/recoveries", key=key, json={"recovery_code": code, **more})


def test_the_code_is_shown_at_registration_and_to_a_retry_and_never_later(client: Caller, database: Database):
    secret, device = secrets.token_urlsafe(32), uuid.uuid4()
    first = client.put(f"/v1/devices/{device}", json={"secret": secret}, expect=201)["recovery_code"]

    retry = client.put(f"/v1/devices/{device}", json={"secret": secret}, expect=200)["recovery_code"]
    database.execute("UPDATE recovery_code SET created_at = created_at - interval '61 minutes'")
    later = client.put(f"/v1/devices/{device}", json={"secret": secret}, expect=200)["recovery_code"]

    assert CODE.fullmatch(first)
    assert retry == first
    assert later is None
    assert first.replace("-", "").encode() not in bytes(database.value("SELECT code_hash FROM recovery_code"))
    assert len(database.rows("SELECT 1 FROM recovery_code")) == 1


def test_the_new_phone_sees_what_the_old_one_reported(old_phone: Resident, new_phone: Resident, code: str):
    report = send_report(old_phone, contact={"name": "Ida"})

    recovered = recover(new_phone, code)

    assert [one["id"] for one in new_phone.get("/v1/reports?mine=true")["items"]] == [report.id]
    assert new_phone.get(report.path)["contact"] == {"name": "Ida"}
    assert [one["id"] for one in recovered["devices"]] == [old_phone.device_id, new_phone.device_id]
    assert CODE.fullmatch(recovered["recovery_code"])
    assert recovered["recovery_code"] != code


def test_the_old_phone_goes_on_working_until_it_is_revoked(old_phone: Resident, new_phone: Resident, code: str):
    recover(new_phone, code)

    theirs = send_report(new_phone).id

    assert [one["id"] for one in old_phone.get("/v1/reports?mine=true")["items"]] == [theirs]


def test_what_the_new_phone_did_before_comes_along(
    old_phone: Resident, new_phone: Resident, other_resident: Resident, code: str
):
    old, new, others = send_report(old_phone), send_report(new_phone), send_report(other_resident)
    new_phone.put(f"{others.path}/follow")
    new_phone.post(f"{others.path}/comments", json={"text": "Me too."})

    recover(new_phone, code)

    assert {one["id"] for one in new_phone.get("/v1/reports?mine=true")["items"]} == {old.id, new.id}
    assert new_phone.get(others.path)["following"] is True


def test_both_phones_hear_of_the_report(
    old_phone: Resident, new_phone: Resident, dispatcher: Caller, phones: Phones, run_jobs, code: str
):
    report = send_report(old_phone)
    recover(new_phone, code)

    dispatcher.post(f"/v1/triage/{report.id}/move", json={"to": "in_progress"}, if_match=1)
    run_jobs()

    assert len(phones.heard(old_phone.push_token)) == 1
    assert len(phones.heard(new_phone.push_token)) == 1


def test_a_retry_of_the_recovery_gets_the_same_answer(old_phone: Resident, new_phone: Resident, code: str):
    first = recover(new_phone, code)

    assert recover(new_phone, code) == first


@pytest.mark.parametrize(
    "spelling", [str.lower, lambda code: code.replace("-", " "), lambda code: code.replace("0", "O")]
)
def test_a_code_may_be_typed_as_it_is_read(
    old_phone: Resident, new_phone: Resident, code: str, spelling: Callable[[str], str]
):
    report = send_report(old_phone)

    recover(new_phone, spelling(code))

    assert new_phone.get(report.path)["mine"] is True


def test_a_code_is_good_once(new_phone: Resident, other_resident: Resident, code: str):
    recover(new_phone, code)

    other_resident.post("/v1/recoveries", json={"recovery_code": code}, expect=422)

    assert other_resident.last.faults == [("/recovery_code", "spent-recovery-code")]
    assert other_resident.get("/v1/devices")["items"][0]["id"] == other_resident.device_id


def test_a_newer_code_takes_the_place_of_the_first(old_phone: Resident, new_phone: Resident, code: str):
    path = f"/v1/devices/{old_phone.device_id}/recovery-codes"
    newer = old_phone.post(path, key="paper", expect=201)
    assert old_phone.post(path, key="paper", expect=201) == newer

    new_phone.post("/v1/recoveries", json={"recovery_code": code}, expect=422)
    assert new_phone.last.faults == [("/recovery_code", "spent-recovery-code")]
    recover(new_phone, newer["recovery_code"])


def test_the_code_that_a_recovery_gives_is_good_for_the_next(
    old_phone: Resident, new_phone: Resident, a_resident, code: str
):
    report = send_report(old_phone)
    third = a_resident()

    recover(third, recover(new_phone, code)["recovery_code"])

    assert third.get(report.path)["mine"] is True
    assert len(third.get("/v1/devices")["items"]) == 3


def test_a_made_up_code_brings_nothing_and_guessing_is_held_back(new_phone: Resident, database: Database):
    before = database.rows("SELECT id, person_id FROM device ORDER BY id")
    for _ in range(10):
        guess = "-".join(secrets.token_hex(3)[:5].upper() for _ in range(5))
        new_phone.post("/v1/recoveries", json={"recovery_code": guess}, expect=422)
        assert new_phone.last.faults == [("/recovery_code", "unknown-recovery-code")]

    new_phone.post("/v1/recoveries", json={"recovery_code": "AAAAA-AAAAA"}, expect=429)
    assert database.rows("SELECT id, person_id FROM device ORDER BY id") == before


def test_a_lost_phone_is_shut_out(
    old_phone: Resident, new_phone: Resident, dispatcher: Caller, phones, run_jobs, code: str
):
    report = send_report(old_phone)
    recover(new_phone, code)

    revoked = new_phone.post(f"/v1/devices/{old_phone.device_id}/revoke", key=None)
    again = new_phone.post(f"/v1/devices/{old_phone.device_id}/revoke", key=None)
    dispatcher.post(f"/v1/triage/{report.id}/move", json={"to": "in_progress"}, if_match=1)
    run_jobs()

    assert revoked["revoked_at"] is not None
    assert again == revoked
    for refused in (
        old_phone.send("GET", report.path, expect=401),
        old_phone.send("POST", "/v1/reports", json=draft(), key="x", expect=401),
        old_phone.send("PUT", f"/v1/devices/{old_phone.device_id}", json={"secret": old_phone.token}, expect=401),
    ):
        assert refused.problem == "token-revoked"
    assert phones.heard(old_phone.push_token) == []
    assert len(phones.heard(new_phone.push_token)) == 1


def test_recovering_can_shut_the_other_phone_out_at_once(old_phone: Resident, new_phone: Resident, code: str):
    recovered = recover(new_phone, code, revoke_others=True)

    assert [one["revoked_at"] is None for one in recovered["devices"]] == [False, True]
    old_phone.get("/v1/devices", expect=401)


def test_nobody_revokes_the_phone_of_another(old_phone: Resident, other_resident: Resident, client: Caller):
    other_resident.post(f"/v1/devices/{old_phone.device_id}/revoke", key=None, expect=404)
    other_resident.post(f"/v1/devices/{old_phone.device_id}/recovery-codes", expect=404)
    client.post(f"/v1/devices/{old_phone.device_id}/revoke", key=None, expect=401)

    assert [one["id"] for one in old_phone.get("/v1/devices")["items"]] == [old_phone.device_id]


def test_a_draft_that_came_along_with_the_backup_of_the_old_phone_is_no_second_report(
    old_phone: Resident, new_phone: Resident, database: Database, code: str
):
    body = draft()
    old_phone.post("/v1/reports", json=body, expect=201)
    recover(new_phone, code)

    again = new_phone.post("/v1/reports", json=body, expect=200)

    assert again["id"] == body["id"]
    assert again["mine"] is True
    assert database.value("SELECT count(*) FROM report") == 1


def test_staff_have_no_phone_to_recover_to(crew: Caller, code: str):
    crew.post("/v1/recoveries", json={"recovery_code": code}, expect=403)


def test_no_code_stands_in_a_log(old_phone: Resident, new_phone: Resident, log_lines: list[str], code: str):
    recovered = recover(new_phone, code)

    assert not [line for line in log_lines if code in line or recovered["recovery_code"] in line]
