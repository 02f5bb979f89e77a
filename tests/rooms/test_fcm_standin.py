"""The stand-in speaks as FCM does: who may send, what it takes, and in which words it refuses."""

import json
import os
import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from machine.fcm_standin import StandIn
from machine.fcm_standin.identity import PROJECT
from tests.support.fcm import FCM_ERROR, SEND, ask_for_token, assertion, push, signed_in, stranger
from tests.support.phones import Phones


@pytest.fixture(scope="module")
def fcm(standin: StandIn) -> Iterator[httpx.Client]:
    with signed_in(standin) as client:
        yield client


# --- who may send ---


def test_a_service_account_gets_a_token_for_an_hour(standin: StandIn) -> None:
    answer = ask_for_token(standin, assertion(standin))

    assert answer.status_code == 200
    assert answer.json().keys() == {"access_token", "expires_in", "token_type"}
    assert (answer.json()["expires_in"], answer.json()["token_type"]) == (3599, "Bearer")


@pytest.mark.parametrize(
    ("claims", "error", "says"),
    [
        pytest.param({"iss": "somebody@else.example"}, "invalid_grant", "account not found", id="another account"),
        pytest.param({"aud": "https://elsewhere.example"}, "invalid_grant", "audience", id="meant for another server"),
        pytest.param({"iat": 1, "exp": 3601}, "invalid_grant", "reasonable timeframe", id="of long ago"),
        pytest.param({"exp": int(time.time()) + 9999}, "invalid_grant", "60 minutes", id="good for too long"),
        pytest.param({"iat": "now", "exp": None}, "invalid_grant", "iat and exp", id="times that are none"),
        pytest.param({"scope": "https://mail.google.com/"}, "invalid_scope", "scope", id="not for messaging"),
        pytest.param({"algorithm": "none"}, "invalid_grant", "RS256", id="not signed in the agreed way"),
        pytest.param(
            {"key": rsa.generate_private_key(65537, 2048)}, "invalid_grant", "Signature", id="signed by a stranger"
        ),
    ],
)
def test_no_token_for_an_assertion_that_is(standin: StandIn, claims: dict[str, Any], error: str, says: str) -> None:
    answer = ask_for_token(standin, assertion(standin, **claims))

    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert says in answer.json()["error_description"]


@pytest.mark.parametrize("signed", ["", "a.b.c", "no dots", "é.ü.ö"])
def test_what_is_no_assertion_at_all_gets_no_token(standin: StandIn, signed: str) -> None:
    answer = ask_for_token(standin, signed)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_only_the_jwt_grant_is_known(standin: StandIn) -> None:
    answer = ask_for_token(standin, assertion(standin), grant="refresh_token")

    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer ya29.made-up"}, {"Authorization": "Basic dXNlcg=="}])
def test_without_a_good_token_nothing_is_sent(standin: StandIn, phones: Phones, header: dict[str, str]) -> None:
    with stranger(standin) as client:
        answer = client.post(SEND, json={"message": {"token": "somebody"}}, headers=header)

    assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert phones.arrivals() == []


def test_another_project_is_refused_without_a_word_about_the_phone(fcm: httpx.Client) -> None:
    answer = fcm.post("/v1/projects/another-town/messages:send", json={"message": {"token": "somebody"}})

    assert (answer.status_code, answer.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert FCM_ERROR not in answer.text


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/projects"), ("POST", "/fcm/send"), ("GET", SEND)])
def test_an_unknown_path_gets_the_page_of_googles_front_end(fcm: httpx.Client, method: str, path: str) -> None:
    answer = fcm.request(method, path)

    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=UTF-8")


def test_the_proxy_leads_to_fcm_and_nowhere_else(standin: StandIn) -> None:
    port = int(standin.proxy_url.rpartition(":")[2])
    answers = []
    for line in (
        "CONNECT oauth2.googleapis.com:443",
        "CONNECT fcm.googleapis.com:80",
        "GET http://example.com/",
        "nonsense",
    ):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(f"{line} HTTP/1.1\r\n\r\n".encode())
            answers.append(connection.recv(1000).split()[1])

    assert answers == [b"403", b"403", b"405", b"400"]


def test_nobody_trusts_the_certificate_who_was_not_told_to(standin: StandIn) -> None:
    with (
        httpx.Client(proxy=standin.proxy_url, trust_env=False) as client,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE"),
    ):
        client.post("https://fcm.googleapis.com" + SEND)


def test_what_is_secret_can_be_read_by_its_owner_only(standin: StandIn) -> None:
    modes = {
        name: os.stat(standin.data / name).st_mode & 0o077
        for name in ("service-account.json", "ca-key.pem", "messages.jsonl")
    }

    assert modes == {"service-account.json": 0, "ca-key.pem": 0, "messages.jsonl": 0}


# --- what is taken, and what is not ---


def test_a_message_gets_a_name_and_arrives(fcm: httpx.Client, phones: Phones) -> None:
    answer = push(fcm, "maria")

    assert answer.status_code == 200
    assert re.fullmatch(rf"projects/{PROJECT}/messages/0:\d{{16}}%[0-9a-f]{{16}}", answer.json()["name"])
    assert [(arrival["target"], arrival["title"]) for arrival in phones.arrivals()] == [("maria", "Pothole: resolved")]
    assert "date" in answer.headers


def test_camel_case_is_as_good_as_snake_case(fcm: httpx.Client, phones: Phones) -> None:
    fcm.post(
        SEND,
        json={"message": {"fid": "a-fid", "android": {"collapseKey": "k", "notification": {"clickAction": "open"}}}},
    )

    assert [(arrival["target_kind"], arrival["tag"]) for arrival in phones.arrivals("a-fid")] == [("fid", "k")]


BAD_FIELDS = [
    pytest.param({}, "message", "Recipient of the message is not set.", id="nobody to send to"),
    pytest.param(
        {"token": "a", "fid": "b"}, "message", "'target' is already set. Cannot set 'token'", id="two addresses"
    ),
    pytest.param(
        {"token": "a", "colour": "red"}, "message", "Unknown name \"colour\" at 'message'", id="an unknown field"
    ),
    pytest.param(
        {"token": "a", "data": {"n": 5}}, "message.data[0].value", "(TYPE_STRING), 5", id="data that is no text"
    ),
    pytest.param(
        {"token": "a", "notification": {"title": 1}},
        "message.notification.title",
        "(TYPE_STRING), 1",
        id="a title of 1",
    ),
    pytest.param(
        {"token": "a", "notification": {"title": "\ud83d"}},
        "message.notification.title",
        "(TYPE_STRING)",
        id="half an emoji",
    ),
    pytest.param(
        {"token": "a", "android": {"ttl": "5 minutes"}}, "message.android.ttl", "Duration", id="a time to live in words"
    ),
    pytest.param(
        {"token": "a", "android": {"priority": "urgent"}},
        "message.android.priority",
        "TYPE_ENUM",
        id="an unknown priority",
    ),
    pytest.param("hello", "message", "(Object)", id="a text for a message"),
]


@pytest.mark.parametrize(("message", "field", "says"), BAD_FIELDS)
def test_a_message_of_the_wrong_shape_is_told_by_field(
    fcm: httpx.Client, phones: Phones, message: Any, field: str, says: str
) -> None:
    answer = fcm.post(SEND, content=json.dumps({"message": message}))

    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (400, "INVALID_ARGUMENT")
    assert [violation["field"] for violation in error["details"][0]["fieldViolations"]] == [field]
    assert says in error["message"]
    assert phones.arrivals() == []


NOT_TAKEN = [
    pytest.param(
        {"token": "not a token"},
        "The registration token is not a valid FCM registration token",
        id="an address that is none",
    ),
    pytest.param({"topic": "news"}, "The stand-in has no topics", id="a topic"),
    pytest.param({"token": "a", "data": {"google.x": "1"}}, "Invalid data payload key: google.x", id="a reserved key"),
    pytest.param({"token": "a", "data": {"k": "é" * 2048}}, "Android message is too big", id="4,097 bytes"),
    pytest.param({"token": "a", "android": {"ttl": "2419201s"}}, "Invalid TTL", id="more than four weeks"),
    pytest.param(
        {"token": "a", "apns": {"headers": {"apns-collapse-id": "x" * 65}}},
        "longer than 64 bytes",
        id="an iPhone's key of 65",
    ),
    pytest.param(
        {"token": "a", "webpush": {"headers": {"Topic": "x" * 33}}}, "Web push topic", id="a browser's topic of 33"
    ),
]


@pytest.mark.parametrize(("message", "says"), NOT_TAKEN)
def test_what_fcm_does_not_take_is_told_by_its_code(
    fcm: httpx.Client, phones: Phones, message: dict[str, Any], says: str
) -> None:
    answer = fcm.post(SEND, json={"message": message})

    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (400, "INVALID_ARGUMENT")
    assert error["details"] == [{"@type": FCM_ERROR, "errorCode": "INVALID_ARGUMENT"}]
    assert says in error["message"]
    assert phones.arrivals() == []


def test_the_largest_message_is_taken(fcm: httpx.Client, phones: Phones) -> None:
    answer = fcm.post(SEND, json={"message": {"token": "a", "data": {"k": "x" * 4095}}})

    assert answer.status_code == 200
    assert len(phones.arrivals("a")) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe"])
def test_what_is_not_json_is_refused(fcm: httpx.Client, body: bytes) -> None:
    assert fcm.post(SEND, content=body).status_code == 400


def test_a_trial_leaves_no_trace(fcm: httpx.Client, phones: Phones) -> None:
    answer = fcm.post(SEND, json={"message": {"token": "a"}, "validate_only": True})

    assert answer.json() == {"name": f"projects/{PROJECT}/messages/fake_message_id"}
    assert phones.arrivals() == []
