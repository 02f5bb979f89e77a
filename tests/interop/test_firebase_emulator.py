"""Somebody signs in at Firebase's own emulator, and their phones come together here."""

from collections.abc import Iterator

import pytest

from api.vouching import KEY, Vouchers
from identity.firebase import Firebase
from tests.interop.peers.firebase import AuthEmulator
from tests.support.callers import Caller
from tests.support.reports import send_report

PROJECT = "mendway-tests"


@pytest.fixture(scope="module")
def emulator(node_js, firebase_packages, tmp_path_factory) -> Iterator[AuthEmulator]:
    running = AuthEmulator(node_js, firebase_packages, tmp_path_factory.mktemp("firebase"), PROJECT)
    yield running
    running.stop()


@pytest.fixture
def trusting(app, emulator, monkeypatch) -> Iterator[AuthEmulator]:
    """The application takes the emulator's tokens, as FIREBASE_AUTH_EMULATOR_HOST has it."""
    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", emulator.host)
    before, app.extensions[KEY] = app.extensions[KEY], Vouchers(firebase=Firebase(PROJECT))
    yield emulator
    app.extensions[KEY] = before


def link(phone, token, **how):
    return phone.post("/v1/identities", json={"provider": "firebase", "token": token}, **how)


def test_two_phones_of_an_account_are_one_persons(trusting, resident, other_resident, client):
    here, there = send_report(resident), send_report(other_resident)

    link(resident, trusting.sign_up("ida@home.example", "a secret of hers"), expect=201)
    link(other_resident, trusting.sign_in("ida@home.example", "a secret of hers"), expect=201)

    web = Caller(client.ask, client.contract, trusting.sign_in("ida@home.example", "a secret of hers"))
    for caller in (resident, other_resident, web):
        assert {item["id"] for item in caller.get("/v1/reports?mine=true")["items"]} == {here.id, there.id}


def test_another_account_is_somebody_else(trusting, resident, other_resident):
    report = send_report(resident)
    link(resident, trusting.sign_up("ada@home.example", "a secret of hers"), expect=201)
    link(other_resident, trusting.sign_up("ben@home.example", "a secret of his"), expect=201)

    assert other_resident.get("/v1/reports?mine=true")["items"] == []
    assert [item["id"] for item in resident.get("/v1/reports?mine=true")["items"]] == [report.id]


def test_its_tokens_are_worth_nothing_without_the_setting(app, emulator, resident, client):
    token = emulator.sign_up("eva@home.example", "a secret of hers")
    before, app.extensions[KEY] = app.extensions[KEY], Vouchers(firebase=Firebase(PROJECT))
    try:
        link(resident, token, expect=422)
        Caller(client.ask, client.contract, token).get("/v1/reports?mine=true", expect=401)
    finally:
        app.extensions[KEY] = before
