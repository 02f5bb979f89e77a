"""Dora has no token on paper: she signs in with a password, and nobody guesses it."""

from datetime import UTC, datetime, timedelta

import pytest

from identity import passwords
from tests.support.sign_in import PASSWORD, give_password, holder, refresh, sign_in


@pytest.fixture
def dora(admin, client):
    """Dora of the desk has a password."""
    give_password(admin, client, "dora", email="Dora@Squareton.example")


def moment(text):
    return datetime.fromisoformat(text)


def test_a_password_opens_a_session_of_two_tokens(dora, client):
    tokens = sign_in(client, "dora", label="Dora's tablet")

    now = datetime.now(UTC)
    assert (tokens["token_type"], tokens["code"], tokens["role"]) == ("Bearer", "dora", "dispatcher")
    assert abs(moment(tokens["access_expires_at"]) - now - timedelta(minutes=15)) < timedelta(seconds=10)
    assert abs(moment(tokens["refresh_expires_at"]) - now - timedelta(days=30)) < timedelta(seconds=10)
    assert client.last.headers["cache-control"] == "no-store"
    assert holder(client, tokens).get("/v1/work")["items"] == []


@pytest.mark.parametrize("name", ["dora", " DORA ", "dora@squareton.example", "DORA@squareton.EXAMPLE"])
def test_the_name_is_the_code_or_the_address_in_any_case(dora, client, name):
    assert sign_in(client, name)["code"] == "dora"


@pytest.mark.parametrize(
    ("name", "password"),
    [
        pytest.param("dora", "a long walk by the harbor", id="a wrong password"),
        pytest.param("dora", PASSWORD.upper(), id="the case matters"),
        pytest.param("nobody", PASSWORD, id="nobody of that name"),
        pytest.param("sue", PASSWORD, id="somebody without a password"),
        pytest.param("importer:tests", PASSWORD, id="a program"),
        pytest.param("dora' OR 1=1 --", PASSWORD, id="a quote"),
    ],
)
def test_whoever_does_not_get_in_learns_nothing_else(dora, client, name, password):
    sign_in(client, name, password, expect=401)

    assert client.last.problem == "sign-in-failed"
    assert client.last.json.keys() == {"type", "title", "status", "detail", "instance", "retry", "request_id"}


def test_a_name_that_is_not_there_takes_as_long_as_a_wrong_password(dora, monkeypatch):
    """Both verify one hash; the clock of a shared machine is no proof, the work is."""
    asked = []
    verify = passwords._HASHER.verify

    class Watched:
        def verify(self, stored, password):
            asked.append(stored.split("$")[3])
            return verify(stored, password)

    monkeypatch.setattr(passwords, "_HASHER", Watched())
    stored = passwords._NOBODY

    assert passwords.is_password(stored, "wrong") is False
    assert passwords.is_password(None, "wrong") is False
    assert passwords.is_password(None, "a password that nobody has") is False
    assert asked == ["m=19456,t=2,p=1"] * 3


def test_no_secret_is_kept_in_clear(dora, client, database):
    tokens = sign_in(client, "dora")
    refresh(client, tokens["refresh_token"])
    for table in ("local_account", "invitation", "staff_session", "refresh_token", "credential", "catalogue_change"):
        kept = str(database.rows(f"SELECT * FROM {table}"))
        for secret in (PASSWORD, tokens["access_token"], tokens["refresh_token"]):
            assert secret not in kept, table
    assert database.value("SELECT password_hash FROM local_account").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_hash_of_other_parameters_is_made_anew_at_the_next_sign_in(dora, client, database):
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    database.execute("UPDATE local_account SET password_hash = %s", weak)

    sign_in(client, "dora")

    assert "$m=19456,t=2,p=1$" in database.value("SELECT password_hash FROM local_account")
    sign_in(client, "dora")


# --- guessing ---


def test_a_name_can_be_tried_ten_times_in_a_quarter_of_an_hour(dora, client):
    for _ in range(10):
        sign_in(client, "dora", "wrong wrong wrong", expect=401)

    sign_in(client, " Dora", expect=429)

    assert client.last.problem == "rate-limited"
    assert int(client.last.headers["retry-after"]) <= 900
    sign_in(client, "sue", expect=401)  # another name is another matter


def test_an_address_can_try_a_hundred_names(client):
    statuses = [sign_in_status(client, f"name-{number}") for number in range(101)]

    assert statuses == [401] * 100 + [429]


def sign_in_status(client, name):
    body = b'{"name": "%s", "password": "wrong"}' % name.encode()
    return client.ask("POST", "/v1/sign-in", {"Content-Type": "application/json"}, body).status
