"""Push through Firebase Cloud Messaging: the only file that knows it.

`connect` once in a process, then `send` letters; each gets an `Outcome` that says what to do next. Nothing is raised for a
letter that did not go, and nothing is retried here: when to try again is decided by whoever keeps the letters.

A letter may arrive twice (a connection can break after FCM has taken it). Every copy carries the notification's id as collapse
key, tag, apns-collapse-id and web push topic, so the second replaces the first on the phone. FCM keeps at most four collapse
keys for a phone that is away, and does not say which ("Non-collapsible and collapsible messages", read 2026-11): a phone that
comes back asks the API what it missed.

To reach the stand-in instead of Google only the environment differs: HTTPS_PROXY, NO_PROXY, REQUESTS_CA_BUNDLE, and the
credentials file.
"""

import logging
import threading
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any

import firebase_admin
from firebase_admin import credentials, exceptions, messaging
from google.auth.credentials import TokenState
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import Request
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProxyError

from notifications.letters import Kind, Letter, Outcome

log = logging.getLogger(__name__)

MOST_LETTERS = 500  # what one call of firebase-admin's send_each takes
# send_each has a thread for each letter; those beyond this wait for a connection instead of opening and dropping one.
MOST_CONNECTIONS = 100
MAX_TTL_S = (
    28 * 24 * 3600
)  # FCM keeps a message at most 28 days (Firebase, "Set the lifespan of a message", read 2026-11)
# After a 429 that names no time (Firebase, "Best practices when sending FCM messages at scale").
QUOTA_WAIT_S = 60.0
LONGEST_WAIT_S = 24 * 3600.0  # whatever a header says

# By class, the most particular first: several of FCM's errors are children of a general one that means less.
_MEANINGS: tuple[tuple[type[exceptions.FirebaseError], Kind, str], ...] = (
    (messaging.UnregisteredError, "dead", "unregistered"),
    # Not dead: with another project's credentials by mistake every phone of the town answers this, and retiring cannot be undone.
    (messaging.SenderIdMismatchError, "refused", "sender-id-mismatch"),
    (messaging.QuotaExceededError, "retry", "quota-exceeded"),
    # The town's APNs or web push key: a person must mend it, and what waits then goes out.
    (messaging.ThirdPartyAuthError, "retry", "third-party-auth-error"),
    (exceptions.InvalidArgumentError, "refused", "invalid-argument"),
    (exceptions.ResourceExhaustedError, "retry", "quota-exceeded"),
    (exceptions.UnavailableError, "retry", "unavailable"),
    (exceptions.InternalError, "retry", "internal"),
    (exceptions.DeadlineExceededError, "retry", "timeout"),
    (exceptions.UnauthenticatedError, "retry", "credentials"),
    (exceptions.PermissionDeniedError, "retry", "permission-denied"),
    # A 404 without FCM's own code is not about the phone: a wrong project, or a front end in trouble.
    (exceptions.NotFoundError, "retry", "not-found"),
)


class Push:
    """A connection to FCM. Threads may share it."""

    def __init__(self, credentials_path: Path | str, timeout_s: float):
        """Read the service account. Raises OSError or ValueError when the file is not one."""
        certificate = credentials.Certificate(str(credentials_path))
        options = {"httpTimeout": timeout_s}
        self._app = firebase_admin.initialize_app(certificate, options, name=f"push-{uuid.uuid4()}")
        self._google = certificate.get_credential()
        self._ask_for_token = partial(Request(), timeout=timeout_s)
        self._refreshing = threading.Lock()
        _leave_retries_to_us(self._app)

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Send up to 500 letters at once; one outcome for each, in their order.

        Waits for the slowest answer, at most the timeout for every 100 letters.
        Raises ValueError for more than 500, and for nothing else.
        """
        if len(letters) > MOST_LETTERS:
            raise ValueError(f"At most {MOST_LETTERS} letters at once.")
        messages = [_message(letter) for letter in letters]
        try:
            return self._send_each(messages)
        except ValueError:
            # firebase-admin writes every message down before it sends the first, so nothing has gone yet.
            are_good = [_is_valid(message) for message in messages]
        good = [message for message, is_good in zip(messages, are_good, strict=True) if is_good]
        outcomes = iter(self._send_each(good))
        return [next(outcomes) if is_good else Outcome("refused", "invalid-argument") for is_good in are_good]

    def try_credentials(self) -> str | None:
        """Fetch a bearer token, as a send would; None when that works, else why not: `credentials`, `unreachable`."""
        try:
            self._refresh_token()
        except (GoogleAuthError, exceptions.FirebaseError) as fault:
            return _reason_for_all(fault)
        return None

    def close(self) -> None:
        """Let go of the connections. Not from a thread that runs an event loop: firebase-admin starts one to close its own."""
        firebase_admin.delete_app(self._app)

    def _send_each(self, messages: list[messaging.Message]) -> list[Outcome]:
        if not messages:
            return []
        try:
            self._refresh_token()
            answers = messaging.send_each(messages, app=self._app).responses
        except (GoogleAuthError, exceptions.FirebaseError) as fault:
            # Nothing is known of any letter; some may have gone. A second copy replaces the first on the phone.
            outcome = Outcome("retry", _reason_for_all(fault))
            log.warning(
                "push not sent",
                extra={"reason": outcome.reason, "letters": len(messages), "fault": type(fault).__name__},
            )
            return [outcome] * len(messages)
        return [_outcome(answer) for answer in answers]

    def _refresh_token(self) -> None:
        """Fetch a bearer token when the present one runs out. google-auth would do so in each of the threads at once."""
        with self._refreshing:
            if self._google.token_state is not TokenState.FRESH:
                self._google.refresh(self._ask_for_token)


def connect(credentials_path: Path | str, timeout_s: float) -> Push:
    """A `Push` that sends as the service account in `credentials_path` and waits at most `timeout_s` for one answer.

    Talks to nobody yet. Raises OSError or ValueError when the file is not a service account.
    """
    return Push(credentials_path, timeout_s)


def _leave_retries_to_us(app: firebase_admin.App) -> None:
    """Take away firebase-admin's own retries: on a 429 it sleeps for Retry-After, up to four times, and the whole batch with it.

    There is no public setting for it in 7.7, so this reaches for its session. If a later version keeps that elsewhere, push
    still works, only slower when FCM pushes back; tests/rooms/test_push.py then says so.
    """
    try:
        session = messaging._get_messaging_service(app)._client.session
    except AttributeError:
        log.warning("push keeps the retries of firebase-admin")
        return
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=MOST_CONNECTIONS, pool_block=True, max_retries=0)
    session.mount("https://fcm.googleapis.com", adapter)


def _message(letter: Letter) -> messaging.Message:
    """A letter in FCM's terms, for whatever kind of phone it turns out to be."""
    key, ttl_s = letter.notification_id, max(0, min(letter.ttl_s, MAX_TTL_S))
    message = messaging.Message(
        data=dict(letter.data),
        notification=messaging.Notification(title=letter.title, body=letter.body),
        android=messaging.AndroidConfig(
            collapse_key=key, priority="high", ttl=ttl_s, notification=messaging.AndroidNotification(tag=key)
        ),
        apns=messaging.APNSConfig(
            headers={"apns-collapse-id": key, "apns-priority": "10", "apns-expiration": str(int(time.time()) + ttl_s)},
            payload=messaging.APNSPayload(messaging.Aps(thread_id=letter.thread, sound="default")),
        ),
        webpush=messaging.WebpushConfig(
            # A topic has at most 32 characters (RFC 8030, 5.4): a UUID without its dashes.
            headers={"Topic": key.replace("-", "")[:32], "TTL": str(ttl_s), "Urgency": "high"},
            notification=messaging.WebpushNotification(tag=key),
            fcm_options=_opens(letter.data.get("url", "")),
        ),
    )
    # Set afterwards: `Message(token=…)` warns for each letter that tokens give way to installation ids. Phones still send both.
    if letter.target_kind == "fcm_fid":
        message.fid = letter.target_value
    else:
        message.token = letter.target_value
    return message


def _opens(url: str) -> messaging.WebpushFCMOptions | None:
    """What a browser opens when the card is tapped; Firebase takes https only."""
    return messaging.WebpushFCMOptions(link=url) if url.startswith("https://") else None


def _is_valid(message: messaging.Message) -> bool:
    """Whether firebase-admin can write it down; one that it cannot keeps all others of the same call from going."""
    try:
        str(message)
    except ValueError:
        return False
    return True


def _outcome(answer: messaging.SendResponse) -> Outcome:
    fault = answer.exception
    if fault is None:
        sent = Outcome("sent", "sent", message_id=answer.message_id)
        return sent if answer.message_id else Outcome("retry", "unknown")
    kind, reason = _meaning(fault)
    wait_s = _retry_after_s(fault) if kind == "retry" else None
    if wait_s is None and reason == "quota-exceeded":
        wait_s = QUOTA_WAIT_S
    return Outcome(kind, reason, wait_s)


def _meaning(fault: exceptions.FirebaseError) -> tuple[Kind, str]:
    for error, kind, reason in _MEANINGS:
        if isinstance(fault, error):
            if reason == "invalid-argument" and _is_about_the_target(fault):
                return "dead", "invalid-target"
            if reason == "unavailable" and fault.http_response is None:
                return "retry", _how_it_broke(fault)
            return kind, reason
    log.warning("push answer not understood", extra={"fault": type(fault).__name__, "code": str(fault.code)})
    return "retry", "unknown"


def _is_about_the_target(fault: exceptions.FirebaseError) -> bool:
    """Whether FCM says that the address is none. It has no code for that, only a field or a sentence.

    Source: Firebase, "FCM error codes" (read 2026-11).
    """
    error = _error_document(fault)
    fields = [
        violation.get("field") for detail in error.get("details", ()) for violation in detail.get("fieldViolations", ())
    ]
    text = str(error.get("message"))
    return "message.token" in fields or "message.fid" in fields or "is not a valid FCM registration token" in text


def _error_document(fault: exceptions.FirebaseError) -> dict[str, Any]:
    try:
        error = fault.http_response.json()["error"]
    except (AttributeError, ValueError, KeyError, TypeError):
        return {}
    return error if isinstance(error, dict) else {}


def _how_it_broke(fault: exceptions.FirebaseError) -> str:
    """unreachable: no connection came about, so nothing was sent. cut: it broke later, and FCM may have the message."""
    reason = fault.cause.args[0] if fault.cause is not None and fault.cause.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    if isinstance(reason, ProxyError):  # urllib3 calls everything so that breaks behind a proxy
        reason = reason.original_error
    is_tunnel_refused = type(reason) is OSError
    return "unreachable" if is_tunnel_refused or isinstance(reason, NewConnectionError | ConnectTimeoutError) else "cut"


def _reason_for_all(fault: Exception) -> str:
    if isinstance(fault, exceptions.FirebaseError):
        fault = fault.cause or fault
    if isinstance(fault, TransportError):
        return "unreachable"  # the token endpoint, not FCM
    return "credentials" if isinstance(fault, GoogleAuthError) else "unknown"


def _retry_after_s(fault: exceptions.FirebaseError) -> float | None:
    """Seconds from a Retry-After header, which may also be a date. None without one, or with one that cannot be read."""
    value = "" if fault.http_response is None else fault.http_response.headers.get("Retry-After", "")
    if value.strip().isdigit():
        return min(float(value), LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(0.0, (until - datetime.now(UTC)).total_seconds()), LONGEST_WAIT_S)
