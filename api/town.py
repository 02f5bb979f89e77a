"""The town that this process serves, and the caller's language; both needed by every answer."""

import time
from dataclasses import dataclass

from flask import current_app, g, has_request_context, request
from sqlalchemy import select

from api.words import FALLBACK, best_language
from core.config import Config
from core.db import DatabaseAway, transaction
from domain.base import Jurisdiction
from domain.errors import Away

FRESH_S = 15.0  # a change of the town's name or languages shows after at most this long


@dataclass(frozen=True)
class Town:
    """What answers need to know of the town."""

    id: int
    code: str
    name: dict[str, str]
    time_zone: str
    languages: tuple[str, ...]
    outside_body_id: int | None


_kept: tuple[float, Town] | None = None


def town() -> Town:
    """The town, kept for a few seconds. Raises Away while none is set up."""
    global _kept
    if _kept is not None and time.monotonic() - _kept[0] < FRESH_S:
        return _kept[1]
    with transaction() as session:
        row = session.scalar(select(Jurisdiction).order_by(Jurisdiction.id).limit(1))
    if row is None:
        raise Away(headers={"Retry-After": "10"})
    found = Town(row.id, row.code, row.name, row.time_zone, tuple(row.languages), row.outside_body_id)
    _kept = (time.monotonic(), found)
    return found


def forget_town() -> None:
    """Look it up afresh next time."""
    global _kept
    _kept = None


def language() -> str:
    """The language of this answer: what the caller likes best among the town's, English while there is no town."""
    if not has_request_context():
        return FALLBACK
    if "language" not in g:
        try:
            g.language = best_language(request.headers.get("Accept-Language", ""), town().languages)
        except (Away, DatabaseAway):
            g.language = best_language(request.headers.get("Accept-Language", ""), (FALLBACK, "es"))
    return g.language


def config() -> Config:
    """The configuration that the application was made with."""
    return current_app.config["MENDWAY"]
