"""One answer per key: comments, moves and every other create but the hot one, which does the same inside its statement."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

import orjson
from flask import Response, request
from marshmallow import Schema
from sqlalchemy import text
from sqlalchemy.orm import Session

from api.auth import caller
from api.languages import is_an_earlier_answer
from api.reading import canonical_body, idempotency_key
from core.db import transaction
from domain.errors import KeyReused

_CLAIM = text(
    """
    INSERT INTO idempotency_key (owner_id, key, jurisdiction_id, fingerprint, status, body, path)
    VALUES (:owner, :key, :town, :fingerprint, 0, '', :path) ON CONFLICT DO NOTHING
    """
)
_EARLIER = text("SELECT fingerprint, status, body, etag FROM idempotency_key WHERE owner_id = :owner AND key = :key")
_KEEP = text(
    "UPDATE idempotency_key SET status = :status, body = :body, etag = :etag WHERE owner_id = :owner AND key = :key"
)


@dataclass(frozen=True)
class Made:
    """What a request made: the answer as it is kept beside the key."""

    body: str
    status: int
    etag: str | None = None


def answered_once(schema: type[Schema], status: int) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Run a view in one transaction with its key, and keep the answer as text beside the key.

    The view gets the session first. A retry gets the first answer byte for byte; a copy that comes at the same time waits
    for the first on the key's row (core.db.LOCK_WAIT_MS, then 409). A refusal rolls back, which frees the key.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(view)
        def once(*args: Any, **kwargs: Any) -> Response:
            return first_answer(
                lambda session: dumped(schema, view(session, *args, **kwargs), status), canonical_body()
            )

        return once

    return decorate


def first_answer(
    make: Callable[[Session], Made], content: bytes, reveal: Callable[[str], str] | None = None
) -> Response:
    """What `make` makes, or what it made when the key came before.

    content: with method and address, what makes two requests the same. reveal: puts a secret into the answer that is kept
    without it.
    """
    values = {"owner": caller().key_owner, "key": idempotency_key()}
    fingerprint = _fingerprint(content)
    with transaction() as session:
        if _claim(session, values, fingerprint):
            made = make(session)
            session.execute(_KEEP, {**values, "status": made.status, "body": made.body, "etag": made.etag})
        else:
            made = _earlier(session, values, fingerprint)
            is_an_earlier_answer()
    return as_response(Made(reveal(made.body), made.status, made.etag) if reveal else made)


def dumped(schema: type[Schema], result: Any, status: int) -> Made:
    """A result as it is answered."""
    return Made(orjson.dumps(schema().dump(result), default=_plain).decode(), status, _etag(result))


def _fingerprint(content: bytes) -> bytes:
    """What makes two requests the same: method, address, If-Match left out (a retry may have read a newer one), body."""
    return hashlib.sha256(f"{request.method} {request.path}\0".encode() + content).digest()


def _claim(session: Session, values: dict[str, Any], fingerprint: bytes) -> bool:
    # An address may hold a NUL, which no text of the database can.
    whose = {"town": caller().jurisdiction_id, "path": request.path.replace("\0", "")}
    claimed = session.execute(_CLAIM, {**values, "fingerprint": fingerprint, **whose})
    return claimed.rowcount == 1  # type: ignore[attr-defined]


def _earlier(session: Session, values: dict[str, Any], fingerprint: bytes) -> Made:
    earlier = session.execute(_EARLIER, values).one()
    if bytes(earlier.fingerprint) != fingerprint:
        raise KeyReused()
    return Made(earlier.body, earlier.status, earlier.etag)


def as_response(made: Made) -> Response:
    """The answer itself."""
    answer = Response(made.body, made.status, content_type="application/json")
    if made.etag is not None:
        answer.headers["ETag"] = made.etag
    return answer


def _etag(result: Any) -> str | None:
    version = result.get("version") if isinstance(result, dict) else None
    return f'"{version}"' if version is not None else None


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)
