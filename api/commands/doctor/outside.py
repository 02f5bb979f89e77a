"""Checks of what the town depends on elsewhere: the store for photos; with --online Firebase and the public address."""

import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from actions.catalogue.in_force import town_row
from api.commands.doctor.findings import DAY_S, Finding, warning, well, wrong
from core.config import Config
from core.db import DatabaseAway, connect, disconnect, transaction
from media.storage import Bucket, StorageFailed

PATIENCE_S = 10.0
LONGEST_ANSWER = 2_000_000  # bytes
CERTIFICATE_SOON_DAYS, CERTIFICATE_NOW_DAYS = 21, 5


def storage(config: Config) -> Iterator[Finding]:
    try:
        Bucket(config, tries=1).try_out()
    except StorageFailed as fault:
        todo = "Are S3_ENDPOINT, the keys and S3_BUCKET right, and may this key write and delete? `mendway migrate` makes the bucket."
        yield wrong(f"Photos cannot be kept at {config.s3_endpoint}: {fault}.", todo)
    else:
        yield well(f"The bucket {config.s3_bucket} can be written, read and cleared.")


def firebase(config: Config) -> Iterator[Finding]:
    """Does Google give this account a token? Nothing is sent."""
    if config.firebase_credentials is None:
        return
    from notifications import push  # Firebase's library takes a quarter of a second to load

    try:
        connected = push.connect(config.firebase_credentials, PATIENCE_S)
    except (OSError, ValueError):
        return  # said by the check of the file
    reason = connected.try_credentials()
    connected.close()
    if reason is None:
        yield well("Firebase accepts the service account.")
    elif reason == "unreachable":
        yield wrong(
            "Firebase cannot be reached.", "Let this machine reach oauth2.googleapis.com and fcm.googleapis.com."
        )
    else:
        yield wrong(f"Firebase does not accept the service account ({reason}).", "Make a fresh key for it.")


def public_answer(config: Config) -> Iterator[Finding]:
    """Is it this program that answers at PUBLIC_URL, and for this town?"""
    url = f"{config.public_url}/readyz"
    try:
        status, parts = _ask(url)
    except OSError as fault:
        yield wrong(
            f"{url} does not answer: {getattr(fault, 'reason', fault)}.", "Is the proxy up, and does DNS name it?"
        )
        return
    if status != 200 or "database" not in parts:
        yield wrong(f"{url} answers {status}, not as Mendway does.", "Does the proxy hand all paths on, unchanged?")
    elif parts["status"] != "ok":
        yield warning(f"{url} says {parts}.", "See the other findings.")
    else:
        yield well(f"{url} answers.")
        yield from _whose_answer(config)


def _whose_answer(config: Config) -> Iterator[Finding]:
    connect(config, pool_size=1)
    try:
        with transaction() as session:
            ours = town_row(session)
    except DatabaseAway:
        return  # said by another check
    finally:
        disconnect()
    _, told = _ask(f"{config.public_url}/v1/config")
    town = told.get("town")
    code = town.get("code") if isinstance(town, dict) else None
    if ours is not None and code not in (None, ours.code):
        yield wrong(
            f"{config.public_url} answers for the town {code}; the database here holds {ours.code}.",
            "Do PUBLIC_URL and DATABASE_URL belong together?",
        )


def _ask(url: str) -> tuple[int, dict[str, Any]]:
    """Status, and the members of a JSON answer. Raises OSError when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:  # noqa: S310 - read_config lets only http(s) pass
            status, body = answer.status, answer.read(LONGEST_ANSWER)
    except urllib.error.HTTPError as fault:
        return fault.code, {}
    try:
        parts = json.loads(body)
    except ValueError:
        return status, {}
    return status, parts if isinstance(parts, dict) else {}


def certificate(config: Config) -> Iterator[Finding]:
    parts = urlsplit(config.public_url)
    if parts.scheme != "https" or parts.hostname is None:
        return
    try:
        days = days_left(parts.hostname, parts.port or 443)
    except ssl.SSLCertVerificationError as fault:
        yield wrong(f"Phones will not trust the certificate of {parts.hostname}: {fault.verify_message}.", "Renew it.")
    except OSError as fault:
        yield wrong(f"{parts.hostname} does not speak TLS: {fault}.", "Is the proxy up, and does DNS name it?")
    else:
        text = f"The certificate of {parts.hostname} is good for {days:.0f} days."
        if days < CERTIFICATE_NOW_DAYS:
            yield wrong(text, "Renew it now, and see why that did not happen by itself.")
        elif days < CERTIFICATE_SOON_DAYS:
            yield warning(text, "See whether it renews itself: systemctl list-timers")
        else:
            yield well(text)


def days_left(host: str, port: int) -> float:
    """How long the certificate is good for. Raises OSError, of which ssl.SSLCertVerificationError when it is not good now."""
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), timeout=PATIENCE_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        ends = str((secured.getpeercert() or {})["notAfter"])
    return (ssl.cert_time_to_seconds(ends) - datetime.now(UTC).timestamp()) / DAY_S


CHECKS = (storage,)
ONLINE_CHECKS = (firebase, public_answer, certificate)
