"""The town that this process serves, and the caller's language; both needed by every answer."""

import time
from dataclasses import dataclass, field
from typing import Any

from flask import current_app, has_request_context, request
from sqlalchemy import select

from actions.reasons import Life, life_of
from api.context import this_context
from api.words import FALLBACK, best_language, fall_back_to
from core.config import Config
from core.db import DatabaseAway, transaction
from domain.base import Jurisdiction
from domain.errors import Away

FRESH_S = 15.0  # a change of the town's name or languages shows after at most this long
RETRY_S = 1.0  # how often the town is asked for while the database is away


@dataclass(frozen=True)
class Town:
    """What answers need to know of the town."""

    id: int
    code: str
    name: dict[str, str]
    time_zone: str
    languages: tuple[str, ...]
    outside_body_id: int | None
    epoch: str  # cursors of before a restore are good for nothing
    app: dict[str, Any] = field(default_factory=dict)  # what apps are told, as in town.toml
    maintenance: dict[str, Any] | None = None
    workflow: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)  # what the town itself calls statuses
    reasons: dict[str, dict[str, Any]] = field(default_factory=dict)  # its own: {for, name, public}


_kept: tuple[float, Town] | None = None  # until when it is good, and the town


def town() -> Town:
    """The town, kept for a few seconds; as it was last seen while the database is away.

    Raises Away while none is set up, DatabaseAway when this process never saw one.
    """
    global _kept
    last = _kept
    if last is not None and time.monotonic() < last[0]:
        return last[1]
    if last is not None:
        # One request asks; the others go by the last one, also when the database keeps that one waiting.
        _kept = (time.monotonic() + RETRY_S, last[1])
    try:
        with transaction() as session:
            row = session.scalar(select(Jurisdiction).order_by(Jurisdiction.id).limit(1))
            life = life_of(session, row.id) if row is not None else Life()
    except DatabaseAway:
        if last is None:
            raise
        return last[1]
    if row is None:
        raise Away(headers={"Retry-After": "10"})
    found = Town(
        row.id,
        row.code,
        row.name,
        row.time_zone,
        tuple(row.languages),
        row.outside_body_id,
        str(row.epoch),
        row.app,
        row.maintenance,
        row.workflow,
        life.labels,
        life.reasons,
    )
    _kept = (time.monotonic() + FRESH_S, found)
    fall_back_to(found.languages)
    return found


def town_if_known() -> Town | None:
    """The town; None while none is set up, or when this process never saw one because the database is away."""
    try:
        return town()
    except (Away, DatabaseAway):
        return None


def forget_town() -> None:
    """Look it up afresh next time."""
    global _kept
    _kept = None


def language() -> str:
    """The language of this answer: what the caller likes best among the town's, English while there is no town."""
    if not has_request_context():
        return FALLBACK
    kept = this_context()
    if "language" not in kept:
        wishes = request.headers.get("Accept-Language", "")
        try:
            kept.language = best_language(wishes, town().languages)
        except (Away, DatabaseAway):
            kept.language = best_language(wishes, (FALLBACK, "es"))
    return kept.language


def config() -> Config:
    """The configuration that the application was made with."""
    return current_app.config["MENDWAY"]
