"""Answers that a client keeps, and asks about again by their ETag."""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Response, request

from api.town import language


@dataclass(frozen=True)
class Body:
    """A JSON body, written once."""

    raw: bytes
    etag: str


def body_of(document: dict[str, Any]) -> Body:
    """A document as it is sent."""
    raw = orjson.dumps(document, default=str)
    return Body(raw, hashlib.sha256(raw).hexdigest()[:32])


def cached_json(document: dict[str, Any]) -> Response:
    """An answer that the client may keep and ask about again by its ETag; it differs by language and by caller."""
    return cached(body_of(document))


def cached(body: Body, *, fresh_s: int | None = None) -> Response:
    """The same for a body that is written already.

    fresh_s: it is the same for every caller, and anybody may keep it so long without asking.
    """
    # Not make_conditional(): it would also answer an If-Match, with a 412 that is no problem document.
    is_known = request.if_none_match.contains_weak(body.etag)
    answer = Response(status=304) if is_known else Response(body.raw, content_type="application/json")
    answer.set_etag(body.etag)
    answer.headers["Cache-Control"] = "private, no-cache" if fresh_s is None else f"public, max-age={fresh_s}"
    answer.headers["Vary"] = "Accept-Language, Authorization" if fresh_s is None else "Accept-Language"
    answer.headers["Content-Language"] = language()
    return answer
