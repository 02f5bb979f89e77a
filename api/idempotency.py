"""One answer per key: comments, moves and every other create but the hot one, which does the same inside its statement."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

import orjson
from flask import Response, request
from marshmallow import Schema
from sqlalchemy import text
from sqlalchemy.orm import Session

from api.auth import caller
from api.reading import canonical_body, idempotency_key
from core.db import transaction
from domain.errors import KeyReused

_CLAIM = text(
    """
    INSERT INTO idempotency_key (owner_id, key, jurisdiction_id, fingerprint, status, body)
    VALUES (:owner, :key, :town, :fingerprint, 0, '') ON CONFLICT DO NOTHING
    """
)
_EARLIER = text("SELECT fingerprint, status, body, etag FROM idempotency_key WHERE owner_id = :owner AND key = :key")
_KEEP = text(
    "UPDATE idempotency_key SET status = :status, body = :body, etag = :etag WHERE owner_id = :owner AND key = :key"
)


def answered_once(schema: type[Schema], status: int) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Run a view in one transaction with its key, and keep the answer as text beside the key.

    The view gets the session first. A retry gets the first answer byte for byte; a copy that comes at the same time waits
    for the first on the key's row (core.db.LOCK_WAIT_MS, then 409). A refusal rolls back, which frees the key.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(view)
        def once(*args: Any, **kwargs: Any) -> Response:
            values = {"owner": caller().key_owner, "key": idempotency_key()}
            fingerprint = _fingerprint()
            with transaction() as session:
                if not _claim(session, values, fingerprint):
                    return _replay(session, values, fingerprint)
                result = view(session, *args, **kwargs)
                body = orjson.dumps(schema().dump(result), default=_plain).decode()
                etag = _etag(result)
                session.execute(_KEEP, {**values, "status": status, "body": body, "etag": etag})
            return _answer(status, body, etag)

        return once

    return decorate


def _fingerprint() -> bytes:
    """What makes two requests the same: method, address, If-Match left out (a retry may have read a newer one), body."""
    return hashlib.sha256(f"{request.method} {request.path}\0".encode() + canonical_body()).digest()


def _claim(session: Session, values: dict[str, Any], fingerprint: bytes) -> bool:
    claimed = session.execute(_CLAIM, {**values, "fingerprint": fingerprint, "town": caller().jurisdiction_id})
    return claimed.rowcount == 1  # type: ignore[attr-defined]


def _replay(session: Session, values: dict[str, Any], fingerprint: bytes) -> Response:
    earlier = session.execute(_EARLIER, values).one()
    if bytes(earlier.fingerprint) != fingerprint:
        raise KeyReused()
    return _answer(earlier.status, earlier.body, earlier.etag)


def _answer(status: int, body: str, etag: str | None) -> Response:
    answer = Response(body, status, content_type="application/json")
    if etag is not None:
        answer.headers["ETag"] = etag
    return answer


def _etag(result: Any) -> str | None:
    version = result.get("version") if isinstance(result, dict) else None
    return f'"{version}"' if version is not None else None


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)
