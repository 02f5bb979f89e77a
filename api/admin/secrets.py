"""Secrets that are shown once: worked out from what the caller brings along, so that a retry sees them and nobody keeps them."""

from collections.abc import Callable

import orjson
from flask import Response
from sqlalchemy.orm import Session

from api.auth import bearer_hash, bearer_token
from api.idempotency import Made, first_answer
from api.reading import canonical_body, idempotency_key
from api.town import config
from core.tokens import derived_token


def once_with_secret(
    make: Callable[[Session, str], Made],
    prefix: str,
    member: str,
    purpose: str,
    more: Callable[[str], dict[str, str]] = lambda raw: {},
) -> Response:
    """What `make` makes of a fresh secret, answered with the secret as `member`; a retry gets the same.

    more: further members that hold the secret. The answer is kept without any of them. Another bearer token would work out
    another secret, so for that it is another request.
    """
    raw = derived_token(prefix, config().secret, bearer_token(), f"{purpose} {idempotency_key()}")

    def reveal(body: str) -> str:
        return orjson.dumps({**orjson.loads(body), member: raw, **more(raw)}).decode()

    return first_answer(lambda session: make(session, raw), canonical_body() + bearer_hash(), reveal)
