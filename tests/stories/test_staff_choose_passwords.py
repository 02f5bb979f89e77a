"""Dora chooses a password by an invitation, changes it, and is told which will not do."""

import io
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.sign_in import PASSWORD, give_password, holder, sign_in


@pytest.fixture
def dora(admin, client):
    """Dora of the desk has a password."""
    give_password(admin, client, "dora", email="Dora@Squareton.example")


def moment(text):
    return datetime.fromisoformat(text)


def test_an_invitation_is_shown_once_and_good_once(admin, client, database):
    shown = admin.post("/v1/admin/staff/dora/invitation", json={}, key="k", expect=201)
    again = admin.post("/v1/admin/staff/dora/invitation", json={}, key="k", expect=201)
    accept = {"token": shown["token"], "password": PASSWORD}

    first = client.post("/v1/invitations/accept", key=None, json=accept, expect=200)
    retry = client.post("/v1/invitations/accept", key=None, json=accept, expect=200)
    client.post("/v1/invitations/accept", key=None, json={**accept, "password": "another password"}, expect=410)

    assert shown == again
    assert first == retry == {"code": "dora"}
    assert client.last.problem == "invitation-over"
    assert timedelta(hours=71) < moment(shown["expires_at"]) - datetime.now(UTC) < timedelta(hours=73)
    assert sign_in(client, "dora")["code"] == "dora"
    assert shown["token"] not in str(database.rows("SELECT * FROM idempotency_key"))


def test_an_invitation_ends_after_three_days_or_with_the_next_one(admin, client, database):
    first = admin.post("/v1/admin/staff/dora/invitation", json={})["token"]
    second = admin.post("/v1/admin/staff/dora/invitation", json={})["token"]

    client.post("/v1/invitations/accept", key=None, json={"token": first, "password": PASSWORD}, expect=410)
    database.execute("UPDATE invitation SET expires_at = now()")
    client.post("/v1/invitations/accept", key=None, json={"token": second, "password": PASSWORD}, expect=410)
    client.post("/v1/invitations/accept", key=None, json={"token": "mwi_x", "password": PASSWORD}, expect=410)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        pytest.param("eleven char", "too-short", id="eleven characters"),
        pytest.param(" " * 12, "too-short", id="twelve spaces"),
        pytest.param("x" * 1001, "too-long", id="a thousand and one"),
        pytest.param("DORA@squareton.example", "password-is-a-name", id="the address"),
        pytest.param("a\x00b" * 5, "control-character", id="a control character"),
    ],
)
def test_a_password_that_anybody_would_try_first_is_refused(admin, client, password, code):
    token = admin.post("/v1/admin/staff/dora/invitation", json={"email": "dora@squareton.example"})["token"]

    client.post("/v1/invitations/accept", key=None, json={"token": token, "password": password}, expect=422)

    assert client.last.faults == [("/password", code)]
    client.post("/v1/invitations/accept", key=None, json={"token": token, "password": PASSWORD}, expect=200)


def test_a_password_may_be_long_and_in_any_script(admin, client):
    give_password(admin, client, "dora", "ﬁn de año — 市民の声 " * 40)

    sign_in(client, "dora", "fin de año — 市民の声 " * 40)  # another keyboard's spelling of the same


def test_an_address_is_one_persons(dora, admin, client):
    admin.post("/v1/admin/staff/sue/invitation", json={"email": "dora@squareton.example"}, expect=422)

    assert admin.last.faults == [("/email", "email-taken")]


def test_a_new_password_ends_every_other_session(dora, client):
    here, there = sign_in(client, "dora"), sign_in(client, "dora")
    body = {"old_password": PASSWORD, "new_password": "an entirely other one"}

    holder(client, here).put("/v1/me/password", json=body, expect=204)
    holder(client, here).put("/v1/me/password", json=body, expect=204)  # the answer was lost

    holder(client, here).get("/v1/work", expect=200)
    holder(client, there).get("/v1/work", expect=401)
    sign_in(client, "dora", expect=401)
    sign_in(client, "dora", "an entirely other one")


def test_a_wrong_old_password_changes_nothing(dora, client, supervisor):
    here = holder(client, sign_in(client, "dora"))
    body = {"old_password": "not my password", "new_password": "an entirely other one"}

    here.put("/v1/me/password", json=body, expect=422)
    supervisor.put("/v1/me/password", json=body, expect=422)  # who has none yet

    assert here.last.faults == supervisor.last.faults == [("/old_password", "wrong-password")]
    sign_in(client, "dora")


def test_the_history_tells_of_accounts_and_of_no_secret(dora, admin):
    told = admin.get("/v1/admin/history?section=accounts")["items"]

    assert [(line["code"], line["by"]) for line in told] == [("dora", "dora"), ("dora", "adam")]
    assert told[0]["after"].keys() == {"email", "password_set_at"}


def test_the_command_line_sets_a_password(own_town, client, database, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
    said = own_town.mendway("set-password", "dora", "--email", "dora@squareton.example")

    assert "dora signs in" in said.out
    assert PASSWORD not in said.told
    assert sign_in(client, "dora@squareton.example")["code"] == "dora"


@pytest.mark.parametrize(
    ("code", "password", "told"),
    [
        ("dora", "short", "12 to 1000"),
        ("nobody", PASSWORD, "dora"),
        ("dora", "Dora at the Desk", "name"),
    ],
)
def test_the_command_line_says_why_not(own_town, database, monkeypatch, code, password, told):
    database.execute("UPDATE person SET name = 'Dora at the desk' WHERE code = 'dora'")
    monkeypatch.setattr(sys, "stdin", io.StringIO(password + "\n"))

    assert told in own_town.mendway("set-password", code, expect=1).err
