"""Letters to phones through the unchanged firebase-admin: what arrives, and what each answer of FCM means."""

import json
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from machine.fcm_standin import StandIn
from notifications.letters import Letter, Outcome
from notifications.push import MAX_TTL_S, MOST_LETTERS, Push, connect
from tests.support.phones import Phones


def a_letter(target: str = "maria", **overrides: Any) -> Letter:
    """A letter to one phone; everything that the test does not care about is filled in."""
    usual: dict[str, Any] = {
        "notification_id": str(uuid.uuid4()),
        "target_kind": "fcm_token",
        "target_value": target,
        "title": "Pothole: resolved",
        "body": "Report 26-00123 is resolved.",
        "data": {"v": "1", "event": "resolved"},
        "thread": "report-123",
        "ttl_s": 3600,
    }
    return Letter(**{**usual, **overrides})


@pytest.fixture
def connected(standin: StandIn) -> Iterator[Callable[..., Push]]:
    """Connects once more: connected(timeout_s=0.3), connected(project_id="another-town")."""
    made: list[Push] = []

    def make(timeout_s: float = 3, **changed: Any) -> Push:
        account = json.loads((standin.data / "service-account.json").read_text())
        path = standin.data / f"account-{len(made)}.json"
        path.write_text(json.dumps({**account, **changed}))
        made.append(connect(path, timeout_s))
        return made[-1]

    yield make
    for push in made:
        push.close()


@pytest.fixture
def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


# --- what arrives ---


def test_the_phone_shows_what_the_letter_says(provider: Push, phones: Phones) -> None:
    letter = a_letter()

    [outcome] = provider.send([letter])

    [card] = phones.shown("maria")
    assert (card["title"], card["body"], card["data"]) == (letter.title, letter.body, dict(letter.data))
    assert outcome == Outcome("sent", "sent", None, f"projects/mendway-demo/messages/{card['message_id']}")


def test_every_kind_of_phone_can_replace_the_first_copy_and_group_by_report(provider: Push, phones: Phones) -> None:
    letter = a_letter()

    provider.send([letter])

    message = phones.arrivals("maria")[0]["message"]
    key = letter.notification_id
    assert message["android"] == {
        "collapse_key": key,
        "priority": "high",
        "ttl": "3600s",
        "notification": {"tag": key},
    }
    assert message["apns"]["headers"]["apns-collapse-id"] == key
    assert abs(int(message["apns"]["headers"]["apns-expiration"]) - time.time() - 3600) < 60
    assert message["apns"]["payload"]["aps"]["thread-id"] == letter.thread
    assert message["webpush"]["headers"] == {"Topic": key.replace("-", ""), "TTL": "3600", "Urgency": "high"}
    assert message["webpush"]["notification"] == {"tag": key}


def test_a_second_copy_replaces_the_first(provider: Push, phones: Phones) -> None:
    letter = a_letter()

    provider.send([letter, letter])

    assert [card["copies"] for card in phones.shown("maria")] == [2]


def test_phones_are_reached_by_token_and_by_installation_id(provider: Push, phones: Phones, recwarn: Any) -> None:
    outcomes = provider.send([a_letter("a-token"), a_letter("a-fid", target_kind="fcm_fid")])

    assert [outcome.kind for outcome in outcomes] == ["sent", "sent"]
    assert {arrival["target"]: arrival["target_kind"] for arrival in phones.arrivals()} == {
        "a-token": "token",
        "a-fid": "fid",
    }
    assert [str(warning.message) for warning in recwarn if issubclass(warning.category, DeprecationWarning)] == []


@pytest.mark.parametrize(("asked_s", "said"), [(MAX_TTL_S + 1, f"{MAX_TTL_S}s"), (-5, "0s")])
def test_fcm_keeps_a_letter_four_weeks_at_most(provider: Push, phones: Phones, asked_s: int, said: str) -> None:
    provider.send([a_letter(ttl_s=asked_s)])

    assert phones.arrivals("maria")[0]["message"]["android"]["ttl"] == said


def test_emoji_and_accents_arrive_as_they_were(provider: Push, phones: Phones) -> None:
    provider.send([a_letter(title="Bache: resuelto ✅", body="¡Gracias! 👩🏽‍🔧")])

    assert [(card["title"], card["body"]) for card in phones.shown("maria")] == [
        ("Bache: resuelto ✅", "¡Gracias! 👩🏽‍🔧")
    ]


# --- what the answers mean ---


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        ({"kind": "unregistered"}, Outcome("dead", "unregistered")),
        ({"kind": "quota_exceeded", "retry_after_s": 30}, Outcome("retry", "quota-exceeded", 30.0)),
        ({"kind": "quota_exceeded"}, Outcome("retry", "quota-exceeded", 60.0)),
        ({"kind": "unavailable"}, Outcome("retry", "unavailable")),
        ({"kind": "unavailable", "retry_after_s": 12}, Outcome("retry", "unavailable", 12.0)),
        ({"kind": "internal"}, Outcome("retry", "internal")),
        ({"kind": "invalid_argument"}, Outcome("refused", "invalid-argument")),
        ({"kind": "sender_id_mismatch"}, Outcome("refused", "sender-id-mismatch")),
        ({"kind": "third_party_auth_error"}, Outcome("retry", "third-party-auth-error")),
        ({"kind": "cut"}, Outcome("retry", "cut")),
    ],
)
def test_an_answer_of_fcm_becomes_an_outcome(
    provider: Push, phones: Phones, behaviour: dict[str, Any], outcome: Outcome
) -> None:
    phones.behave("maria", **behaviour)

    assert provider.send([a_letter()]) == [outcome]
    assert phones.arrivals() == []


@pytest.mark.parametrize("kind", ["quota_exceeded", "unavailable", "internal", "cut"])
def test_nobody_waits_inside_a_send_for_better_times(provider: Push, phones: Phones, kind: str) -> None:
    phones.behave("maria", kind, retry_after_s=30, times=1)

    began = time.monotonic()
    [first] = provider.send([a_letter()])
    [second] = provider.send([a_letter()])

    assert time.monotonic() - began < 2
    assert (first.kind, second.kind) == ("retry", "sent")


def test_an_answer_that_takes_too_long_is_tried_again_and_the_copy_replaced(
    connected: Callable[..., Push], phones: Phones
) -> None:
    phones.behave("maria", "slow", delay_s=1, times=1)
    push, letter = connected(timeout_s=0.3), a_letter()

    outcomes = [*push.send([letter]), *push.send([letter])]

    assert [(outcome.kind, outcome.reason) for outcome in outcomes] == [("retry", "timeout"), ("sent", "sent")]
    assert [card["copies"] for card in phones.shown("maria")] == [2]


def test_a_cut_after_fcm_took_the_letter_is_tried_again_and_the_copy_replaced(provider: Push, phones: Phones) -> None:
    phones.behave("maria", "cut_after", times=1)
    letter = a_letter()

    outcomes = [*provider.send([letter]), *provider.send([letter])]

    assert [(outcome.kind, outcome.reason) for outcome in outcomes] == [("retry", "cut"), ("sent", "sent")]
    assert [card["copies"] for card in phones.shown("maria")] == [2]


def test_an_address_that_is_none_is_retired(provider: Push, phones: Phones) -> None:
    assert provider.send([a_letter("this is no token")]) == [Outcome("dead", "invalid-target")]


def test_a_letter_that_is_too_long_is_refused_and_the_phone_kept(provider: Push, phones: Phones) -> None:
    assert provider.send([a_letter(data={"v": "x" * 4097})]) == [Outcome("refused", "invalid-argument")]


@pytest.mark.parametrize("wrong", [{"data": {"v": 1}}, {"title": 5}, {"target_value": ""}])
def test_a_letter_that_cannot_be_written_does_not_keep_the_others(
    provider: Push, phones: Phones, wrong: dict[str, Any]
) -> None:
    outcomes = provider.send([a_letter("maria"), a_letter(**wrong), a_letter("jose")])

    assert [outcome.kind for outcome in outcomes] == ["sent", "refused", "sent"]
    assert {arrival["target"] for arrival in phones.arrivals()} == {"maria", "jose"}


def test_each_letter_of_a_full_batch_gets_its_own_outcome(provider: Push, phones: Phones) -> None:
    meant = {
        "unregistered": "dead",
        "quota_exceeded": "retry",
        "invalid_argument": "refused",
        "cut": "retry",
        "ok": "sent",
    }
    for kind in meant:
        phones.behave(f"phone-{kind}", kind)
    kinds = list(meant) * 40

    outcomes = provider.send([a_letter(f"phone-{kind}") for kind in kinds])

    assert [outcome.kind for outcome in outcomes] == [meant[kind] for kind in kinds]
    assert len({outcome.message_id for outcome in outcomes if outcome.kind == "sent"}) == 40


def test_no_letters_no_outcomes(provider: Push) -> None:
    assert provider.send([]) == []


def test_more_than_fcm_takes_at_once_is_the_callers_mistake(provider: Push) -> None:
    with pytest.raises(ValueError, match="At most 500 letters"):
        provider.send([a_letter()] * (MOST_LETTERS + 1))


# --- when it is not about the phone ---


def test_a_revoked_token_is_replaced_by_a_new_one(provider: Push, phones: Phones) -> None:
    provider.send([a_letter()])
    phones.standin.revoke_tokens()

    assert [outcome.kind for outcome in provider.send([a_letter(), a_letter()])] == ["sent", "sent"]


def test_the_wrong_project_retires_nobody(connected: Callable[..., Push], phones: Phones) -> None:
    assert connected(project_id="another-town").send([a_letter()]) == [Outcome("retry", "permission-denied")]


def test_an_account_that_google_does_not_know_keeps_the_letters(connected: Callable[..., Push], phones: Phones) -> None:
    push = connected(client_email="nobody@another-town.example")

    assert push.send([a_letter(), a_letter()]) == [Outcome("retry", "credentials")] * 2


def test_a_token_endpoint_that_is_away_keeps_the_letters(
    connected: Callable[..., Push], phones: Phones, closed_port: int
) -> None:
    push = connected(token_uri=f"http://127.0.0.1:{closed_port}/token")

    assert push.send([a_letter()]) == [Outcome("retry", "unreachable")]


def test_an_fcm_that_is_away_keeps_the_letters(
    connected: Callable[..., Push], phones: Phones, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")

    assert connected().send([a_letter()]) == [Outcome("retry", "unreachable")]


def test_a_file_that_is_no_service_account_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"absent\.json"):
        connect(tmp_path / "absent.json", timeout_s=3)
    (tmp_path / "other.json").write_text('{"type": "authorized_user"}')
    with pytest.raises(ValueError, match="service_account"):
        connect(tmp_path / "other.json", timeout_s=3)


def test_the_log_names_no_phone_and_quotes_no_letter(
    provider: Push, connected: Callable[..., Push], phones: Phones, log_lines: list[str]
) -> None:
    letter = a_letter("token-of-maria", body="Garbage at Maple Street 12")
    for kind in ("unregistered", "third_party_auth_error", "cut", "ok"):
        phones.behave("token-of-maria", kind)
        provider.send([letter])
    connected(client_email="nobody@another-town.example").send([letter])

    assert any("push not sent" in line for line in log_lines)
    assert [line for line in log_lines if "token-of-maria" in line or "Maple" in line] == []
