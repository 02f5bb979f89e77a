"""Dora stays signed in, signs out, and a thief's copy of her tokens is worth nothing."""

import threading

import pytest

from domain.people import CREDENTIAL_KINDS
from tests.support.sign_in import give_password, holder, refresh, sign_in


@pytest.fixture
def dora(admin, client):
    """Dora of the desk has a password."""
    give_password(admin, client, "dora", email="Dora@Squareton.example")


# --- staying signed in ---


def test_a_refresh_gives_the_next_pair_and_the_old_access_token_goes_on_until_it_ends(dora, client, database):
    first = sign_in(client, "dora")

    second = refresh(client, first["refresh_token"])

    assert second["session_id"] == first["session_id"]
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    holder(client, first).get("/v1/work", expect=200)
    holder(client, second).get("/v1/work", expect=200)
    database.execute("UPDATE credential SET expires_at = now() WHERE kind = 'session'")
    holder(client, second).get("/v1/work", expect=401)


def test_a_refresh_whose_answer_was_lost_gets_the_same_byte_for_byte(dora, client, database):
    first = sign_in(client, "dora")
    refresh(client, first["refresh_token"])
    answer = client.last.body
    database.execute("UPDATE refresh_token SET used_at = used_at - interval '50 seconds' WHERE used_at IS NOT NULL")

    refresh(client, first["refresh_token"])

    assert client.last.body == answer
    assert database.value("SELECT count(*) FROM refresh_token") == 2


def test_two_copies_at_the_same_moment_get_the_same(dora, client, database):
    first = sign_in(client, "dora")
    answers = []

    def ask():
        body = b'{"refresh_token": "%s"}' % first["refresh_token"].encode()
        answers.append(client.ask("POST", "/v1/sign-in/refresh", {"Content-Type": "application/json"}, body))

    copies = [threading.Thread(target=ask) for _ in range(6)]
    for copy in copies:
        copy.start()
    for copy in copies:
        copy.join()

    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1


def test_a_replay_after_a_minute_ends_the_whole_family(dora, client, database):
    first = sign_in(client, "dora")
    second = refresh(client, first["refresh_token"])
    database.execute("UPDATE refresh_token SET used_at = used_at - interval '61 seconds' WHERE used_at IS NOT NULL")

    refused = refresh(client, first["refresh_token"], expect=401)

    assert refused["type"] == "/problems/sign-in-again"
    assert refused["reason"] == "replayed"
    assert refresh(client, second["refresh_token"], expect=401)["reason"] == "ended"
    for tokens in (first, second):
        caller = holder(client, tokens)
        caller.get("/v1/work", expect=401)
        assert caller.last.problem == "token-revoked"
    assert database.value("SELECT ended_by FROM staff_session") == "replayed"


def test_a_replay_is_one_at_once_when_the_next_token_was_used_already(dora, client):
    """Whoever used the second has had the answer to the first."""
    first = sign_in(client, "dora")
    third = refresh(client, refresh(client, first["refresh_token"])["refresh_token"])

    assert refresh(client, first["refresh_token"], expect=401)["reason"] == "replayed"
    holder(client, third).get("/v1/work", expect=401)


def test_another_session_of_the_same_person_goes_on(dora, client, database):
    stolen, other = sign_in(client, "dora"), sign_in(client, "dora")
    refresh(client, refresh(client, stolen["refresh_token"])["refresh_token"])
    refresh(client, stolen["refresh_token"], expect=401)

    holder(client, other).get("/v1/work", expect=200)
    refresh(client, other["refresh_token"])


def test_a_session_ends_after_thirty_days_without_a_refresh(dora, client, database):
    first = sign_in(client, "dora")
    database.execute("UPDATE refresh_token SET expires_at = now()")

    assert refresh(client, first["refresh_token"], expect=401)["reason"] == "expired"


@pytest.mark.parametrize("token", ["x", "mwr_" + "x" * 43, "ñ" * 40])
def test_a_token_that_was_never_made_is_refused(dora, client, token):
    assert refresh(client, token, expect=401)["reason"] == "unknown"


def test_an_access_token_is_no_refresh_token_nor_the_other_way(dora, client):
    tokens = sign_in(client, "dora")

    refresh(client, tokens["access_token"], expect=401)
    type(client)(client.ask, client.contract, tokens["refresh_token"]).get("/v1/work", expect=401)


# --- signing out ---


def test_signing_out_ends_this_session_and_no_other(dora, client):
    here, there = sign_in(client, "dora"), sign_in(client, "dora")

    holder(client, here).post("/v1/sign-out", key=None, expect=204)

    holder(client, here).get("/v1/work", expect=401)
    assert refresh(client, here["refresh_token"], expect=401)["reason"] == "ended"
    holder(client, there).get("/v1/work", expect=200)


def test_a_token_that_no_sign_in_gave_cannot_sign_out(dispatcher):
    dispatcher.post("/v1/sign-out", key=None, expect=404)
    dispatcher.get("/v1/work", expect=200)


def test_sessions_are_listed_and_one_is_ended_from_another(dora, client):
    lost, here = sign_in(client, "dora", label="lost tablet"), sign_in(client, "dora", label="desk")
    caller = holder(client, here)

    listed = caller.get("/v1/sessions")["items"]
    ended = caller.post(f"/v1/sessions/{lost['session_id']}/revoke", key=None, expect=200)
    caller.post(f"/v1/sessions/{lost['session_id']}/revoke", key=None, expect=200)

    assert [(one["label"], one["is_own"]) for one in listed] == [("desk", True), ("lost tablet", False)]
    assert (ended["ended_by"], ended["is_own"]) == ("revoked", False)
    assert [one["label"] for one in caller.get("/v1/sessions")["items"]] == ["desk"]
    holder(client, lost).get("/v1/work", expect=401)


def test_a_long_list_of_sessions_comes_in_pages(dora, client):
    labels = [f"tab {number}" for number in range(5)]
    for label in labels:
        tokens = sign_in(client, "dora", label=label)
    caller, seen, cursor = holder(client, tokens), [], ""

    while cursor is not None:
        page = caller.get(f"/v1/sessions?limit=2{cursor and '&cursor=' + cursor}")
        seen += [one["label"] for one in page["items"]]
        cursor = page["next"]

    assert seen == labels[::-1]


def test_a_session_of_somebody_else_is_not_there(dora, admin, client, supervisor):
    theirs = sign_in(client, "dora")

    supervisor.post(f"/v1/sessions/{theirs['session_id']}/revoke", key=None, expect=404)
    holder(client, theirs).get("/v1/work", expect=200)


def test_an_admin_signs_somebody_out_everywhere(dora, admin, client):
    tokens = [sign_in(client, "dora"), sign_in(client, "dora")]
    assert len(admin.get("/v1/admin/staff/dora/sessions")["items"]) == 2

    assert admin.post("/v1/admin/staff/dora/sessions/revoke", key=None)["ended"] == 2

    for pair in tokens:
        holder(client, pair).get("/v1/work", expect=401)
        refresh(client, pair["refresh_token"], expect=401)
    assert admin.get("/v1/admin/staff/dora/sessions")["items"] == []
    assert admin.post("/v1/admin/staff/dora/sessions/revoke", key=None)["ended"] == 0
    sign_in(client, "dora")


def test_sessions_are_not_listed_among_the_tokens_on_paper(dora, admin, client):
    sign_in(client, "dora")

    assert [one["label"] for one in admin.get("/v1/admin/staff/dora/tokens")["items"]] == ["tests"]
    assert CREDENTIAL_KINDS[0] == "token"


def test_whoever_leaves_is_signed_out_at_once_and_stays_so_when_they_come_back(dora, admin, client, database):
    tokens = sign_in(client, "dora")
    admin.get("/v1/admin/staff/dora")
    kept = {k: v for k, v in admin.last.json.items() if k not in ("code", "version", "origin", "edition")}
    version = admin.last.headers["etag"]

    admin.delete("/v1/admin/staff/dora", if_match=version, expect=200)

    holder(client, tokens).get("/v1/work", expect=401)
    sign_in(client, "dora", expect=401)
    assert database.value("SELECT ended_by FROM staff_session") == "left"
    admin.put("/v1/admin/staff/dora", json=kept, key="back", expect=201)
    holder(client, tokens).get("/v1/work", expect=401)
    refresh(client, tokens["refresh_token"], expect=401)
    sign_in(client, "dora")


def test_a_session_follows_what_the_town_says_of_its_owner(dora, client, database):
    tokens = sign_in(client, "dora")
    database.execute("UPDATE person SET role = 'analyst' WHERE code = 'dora'")

    holder(client, tokens).get("/v1/admin/staff", expect=403)
    assert refresh(client, tokens["refresh_token"])["role"] == "analyst"
