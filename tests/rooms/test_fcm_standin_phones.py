"""The stand-in's phones: how it fails on request, what a phone shows, and what outlives a crash."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from machine.fcm_standin import CannotStart, StandIn, start, start_process
from tests.support.fcm import FCM_ERROR, LOOPBACK, push, signed_in
from tests.support.phones import Phones


@pytest.fixture(scope="module")
def fcm(standin: StandIn) -> Iterator[httpx.Client]:
    with signed_in(standin) as client:
        yield client


# --- failing on request ---


@pytest.mark.parametrize(
    ("kind", "status", "code", "fcm_code"),
    [
        ("unregistered", 404, "NOT_FOUND", "UNREGISTERED"),
        ("quota_exceeded", 429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
        ("unavailable", 503, "UNAVAILABLE", "UNAVAILABLE"),
        ("internal", 500, "INTERNAL", "INTERNAL"),
        ("invalid_argument", 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        ("sender_id_mismatch", 403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
        ("third_party_auth_error", 401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"),
    ],
)
def test_it_fails_in_fcms_words(
    fcm: httpx.Client, phones: Phones, kind: str, status: int, code: str, fcm_code: str
) -> None:
    phones.behave("maria", kind, retry_after_s=7)

    answer = push(fcm, "maria")

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["status"]) == (status, status, code)
    assert error["details"] == [{"@type": FCM_ERROR, "errorCode": fcm_code}]
    assert answer.headers["retry-after"] == "7"
    assert phones.arrivals() == []


def test_it_fails_as_often_as_asked_and_only_for_whom(fcm: httpx.Client, phones: Phones) -> None:
    phones.behave("maria", "unavailable", times=2)

    answers = [push(fcm, target).status_code for target in ("maria", "jose", "maria", "maria")]

    assert answers == [503, 200, 503, 200]


def test_everybody_can_be_made_to_fail_but_one(fcm: httpx.Client, phones: Phones) -> None:
    phones.behave("*", "internal")
    phones.behave("maria", "ok")

    assert [push(fcm, target).status_code for target in ("maria", "jose")] == [200, 500]


def test_a_slow_answer_comes_after_the_message_has_arrived(fcm: httpx.Client, phones: Phones) -> None:
    phones.behave("maria", "slow", delay_s=0.2)

    began = time.monotonic()
    answer = push(fcm, "maria")

    assert answer.status_code == 200
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize(("kind", "arrived"), [("cut", 0), ("cut_after", 1)])
def test_a_cut_connection_does_not_say_whether_the_message_arrived(
    fcm: httpx.Client, phones: Phones, kind: str, arrived: int
) -> None:
    phones.behave("maria", kind)

    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        push(fcm, "maria")

    assert len(phones.arrivals("maria")) == arrived


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"x": {"kind": "explode"}}, "kind must be one of ok, unregistered"),
        ({"x": {"kind": "cut", "times": 0}}, "times must be a whole number"),
        ({"x": {"kind": "slow", "delay_s": -1}}, "at most a day"),
        ({"x": {"kindness": "ok"}}, "Send {"),
        ({"x": "cut"}, "Send {"),
        (["cut"], "Send {"),
    ],
)
def test_a_wish_that_it_does_not_know_is_refused(standin: StandIn, wanted: Any, says: str) -> None:
    answer = LOOPBACK.put(standin.page_url + "behaviour", json=wanted)

    assert answer.status_code == 400
    assert says in answer.json()["error"]


# --- what the phones show ---


def test_a_second_copy_replaces_the_first_on_the_phone_and_says_so(fcm: httpx.Client, phones: Phones) -> None:
    push(fcm, "maria", tag="one", title="first copy")
    push(fcm, "maria", tag="two", title="something else")
    push(fcm, "maria", tag="one", title="second copy")
    push(fcm, "jose", tag="one", title="another phone")

    assert [(card["title"], card["copies"]) for card in phones.shown("maria")] == [
        ("something else", 1),
        ("second copy", 2),
    ]
    assert [arrival["title"] for arrival in phones.arrivals("maria")] == ["first copy", "something else", "second copy"]
    again = phones.shown("maria")[-1]
    assert again["first_arrived_at"] < again["arrived_at"]


def test_messages_without_a_tag_stand_beside_each_other(fcm: httpx.Client, phones: Phones) -> None:
    push(fcm, "maria")
    push(fcm, "maria")

    assert [card["copies"] for card in phones.shown("maria")] == [1, 1]


def test_only_what_is_new_can_be_asked_for(fcm: httpx.Client, phones: Phones) -> None:
    push(fcm, "maria", title="old")
    seen = phones.arrivals()[-1]["seq"]
    push(fcm, "jose", title="new")

    assert [arrival["title"] for arrival in phones.standin.arrivals(since=seen)] == ["new"]
    assert LOOPBACK.get(phones.standin.page_url + "messages?since=yesterday").status_code == 400


def test_numbers_are_not_given_twice_although_all_was_forgotten(fcm: httpx.Client, phones: Phones) -> None:
    push(fcm, "maria")
    before = phones.arrivals()[-1]["seq"]

    phones.standin.forget()
    push(fcm, "maria")

    assert [arrival["seq"] for arrival in phones.arrivals()] == [before + 1]


def test_the_page_needs_nothing_from_elsewhere(standin: StandIn) -> None:
    page = LOOPBACK.get(standin.page_url)

    assert page.headers["content-type"] == "text/html; charset=UTF-8"
    assert re.findall(r"""(?:src|href)=["'](?!data:)[^"']*""", page.text) == []
    assert "http://" not in page.text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page.text


def test_the_page_hears_of_a_push_while_it_is_open(fcm: httpx.Client, phones: Phones) -> None:
    def screens(lines: Iterator[str]) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            next(line for line in lines if line.startswith("data: ")).removeprefix("data: ")
        )
        return found

    with LOOPBACK.stream("GET", phones.standin.page_url + "events?target=maria", timeout=5) as events:
        lines = events.iter_lines()
        before = screens(lines)
        push(fcm, "maria", tag="one")
        push(fcm, "maria", tag="one")
        after = screens(lines)
        while after["phones"][0]["arrivals"] < 2:
            after = screens(lines)

    assert before["phones"] == [{"target": "maria", "arrivals": 0, "cards": []}]
    assert [(card["title"], card["copies"]) for card in after["phones"][0]["cards"]] == [("Pothole: resolved", 2)]


# --- starting, stopping, dying ---


def test_a_killed_stand_in_forgets_nothing(tmp_path: Path) -> None:
    first = start_process(tmp_path)
    with signed_in(first) as client:
        for tag in ("one", "two", "one"):
            push(client, "maria", tag=tag)
        before = (first.arrivals(), first.shown(), first.environment(), first.page_url)
        first.kill()

    second = start_process(tmp_path)

    after = (second.arrivals(), second.shown(), second.environment(), second.page_url)
    second.stop()
    assert len(before[0]) == 3
    assert after == before


def test_a_line_that_was_cut_off_by_a_crash_is_dropped(tmp_path: Path) -> None:
    line = {
        "seq": 7,
        "message_id": "0:1%2",
        "arrived_at": "2026-11-25T00:00:00.000000Z",
        "message": {"token": "maria\u2028"},
    }
    (tmp_path / "messages.jsonl").write_text(json.dumps(line, ensure_ascii=False) + '\n{"seq": no\n{"seq": 8, "mess')

    standin = start(tmp_path)

    assert [arrival["seq"] for arrival in standin.arrivals()] == [7]
    standin.stop()
    assert (tmp_path / "messages.jsonl").read_text().endswith("\n")


def test_two_in_one_folder_would_write_over_each_other(standin: StandIn) -> None:
    with pytest.raises(CannotStart, match="Another FCM stand-in is running"):
        start(standin.data)


def test_a_taken_port_is_named(standin: StandIn, tmp_path: Path) -> None:
    port = int(standin.proxy_url.rpartition(":")[2])

    with pytest.raises(
        CannotStart, match=rf"ended with 1: .*cannot listen on 127\.0\.0\.1:{port}: Address already in use"
    ):
        start_process(tmp_path, proxy_port=port)
