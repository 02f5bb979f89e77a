"""What an app needs to know of the town before anything else, in one answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from babel import Locale, UnknownLocaleError
from flask import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import open_to_all
from api.blueprints import CONTENT_ETAG, IF_NONE_MATCH, Audience
from api.cached import Body, body_of, cached
from api.config_shapes import ConfigOut
from api.gate import PLATFORMS, maintenance_text
from api.lists import PageQuery
from api.openapi.about import VERSION
from api.residents import CommentIn, ReportIn
from api.schemas import Contact
from api.town import Town, config, language, town
from api.words import in_language
from core.db import DatabaseAway, transaction
from domain.city import Notice
from domain.forms import LONGEST_TEXT
from geo.outline import SmallOutline, small_outline
from media.limits import PHOTO_BYTES, PHOTO_COUNT, PHOTO_LONG_EDGE_PX

configuration = Audience("configuration", __name__, description="What an app needs to know of the town first")

KEEP_S = 60  # how long a phone goes by what it has without asking


@dataclass(frozen=True)
class Kept:
    """What was looked up for a town as api.town keeps it, and the answers made of it: by language, until when they are good."""

    town: Town
    outline: SmallOutline
    notices: Sequence[Notice]
    answers: dict[str, tuple[datetime, Body]] = field(default_factory=dict)


_kept: Kept | None = None


@configuration.get("/config")
@open_to_all
@configuration.response(200, ConfigOut, headers=CONTENT_ETAG)
@configuration.alt_response(304, description="What the client has is still good")
@configuration.doc(parameters=[IF_NONE_MATCH])
def read_config() -> Response:
    """The town: languages, outline, limits, notices, versions of its apps"""
    return cached(_answer(_look_up()), fresh_s=KEEP_S)


def _look_up() -> Kept:
    """As fresh as the town is kept; of the town that was last seen while the database is away."""
    global _kept
    here, last = town(), _kept
    if last is not None and last.town is here:
        return last
    try:
        with transaction() as session:
            outline = small_outline(session, here.id, last.outline if last is not None else None)
            _kept = Kept(here, outline, _notices(session, here.id))
    except DatabaseAway:
        if last is None:
            raise
        return last
    return _kept


def _answer(kept: Kept) -> Body:
    """In the caller's language; made anew when a notice begins or ends."""
    now = datetime.now(UTC)
    good_until, body = kept.answers.get(language(), (now, None))
    if body is None or now >= good_until:
        body = body_of(ConfigOut().dump(_shown(kept, now)))
        kept.answers[language()] = (_next_change(kept.notices, now), body)
    return body


def _next_change(notices: Sequence[Notice], now: datetime) -> datetime:
    moments = [moment for notice in notices for moment in (notice.starts_at, notice.ends_at) if moment is not None]
    return min((moment for moment in moments if moment > now), default=datetime.max.replace(tzinfo=UTC))


def _notices(session: Session, town_id: int) -> Sequence[Notice]:
    return session.scalars(
        select(Notice).where(Notice.jurisdiction_id == town_id).where(Notice.active).order_by(Notice.code)
    ).all()


def _shown(kept: Kept, now: datetime) -> dict[str, Any]:
    here, app = kept.town, kept.town.app
    privacy = app.get("privacy")
    return {
        "town": {"code": here.code, "name": _words(here.name)},
        "contract_version": VERSION,
        "time_zone": here.time_zone,
        "language": language(),
        "languages": [{"code": code, "name": _own_name(code)} for code in here.languages],
        "box": kept.outline.box,
        "outline": kept.outline.shape,
        "outline_tolerance_m": kept.outline.tolerance_m,
        "features": _features(),
        "limits": _limits(),
        "sign_in_methods": _sign_in_methods(),
        "sign_in": _sign_in(),
        "map": {"style": app.get("map_style")},
        "privacy": {**privacy, "text": _words(privacy["text"])} if privacy else None,
        "emergency": [{**number, "name": _words(number["name"])} for number in app.get("emergency") or []],
        "notices": [_notice(notice) for notice in kept.notices if _is_in_force(notice, now)],
        "apps": {platform: app.get(platform) for platform in PLATFORMS},
        "maintenance": _maintenance(here),
    }


def _sign_in_methods() -> list[str]:
    """Ways that there are always, and those that this deployment has been given."""
    given = {
        "firebase": config().firebase_project,
        "magic_link": config().smtp_url,
        "oidc": config().oidc_issuer,
    }
    return ["device", "recovery_code", "password", *(name for name, setting in given.items() if setting)]


def _sign_in() -> dict[str, Any]:
    """What apps need to know of those who vouch for people."""
    return {
        "firebase_project": config().firebase_project,
        "oidc_issuer": config().oidc_issuer,
        "oidc_audiences": list(config().oidc_audiences),
    }


def _features() -> dict[str, bool]:
    return {
        "anonymous_reports": True,
        "comments": True,
        "following": True,
        "push": config().firebase_credentials is not None,
        "recovery_codes": True,
        "photos": False,  # there is no route that takes one yet
    }


def _limits() -> dict[str, int]:
    """From the very fields that are checked against them."""
    report, comment, contact = ReportIn().fields, CommentIn().fields, Contact().fields
    return {
        "photo_count": PHOTO_COUNT,
        "photo_long_edge_px": PHOTO_LONG_EDGE_PX,
        "photo_bytes": PHOTO_BYTES,
        "description_length": report["description"].metadata["maxLength"],
        "comment_length": comment["text"].metadata["maxLength"],
        "address_length": report["address"].metadata["maxLength"],
        **{f"contact_{name}_length": part.metadata["maxLength"] for name, part in contact.items()},
        "answer_length": LONGEST_TEXT,
        "body_bytes": config().max_body_bytes,
        "page_size": PageQuery().fields["limit"].metadata["maximum"],
    }


def _notice(notice: Notice) -> dict[str, Any]:
    plain = {name: getattr(notice, name) for name in ("code", "severity", "link", "starts_at", "ends_at")}
    return {**plain, "text": _words(notice.text)}


def _is_in_force(notice: Notice, now: datetime) -> bool:
    return (notice.starts_at is None or notice.starts_at <= now) and (notice.ends_at is None or now < notice.ends_at)


def _maintenance(here: Town) -> dict[str, Any] | None:
    if here.maintenance is None:
        return None
    until = here.maintenance.get("until")
    return {
        "text": maintenance_text(here.maintenance, here.languages),
        "since": datetime.fromisoformat(here.maintenance["since"]),
        "until": datetime.fromisoformat(until) if until else None,
    }


def _words(words: dict[str, str]) -> str | None:
    return in_language(words, language(), town().languages)


def _own_name(code: str) -> str:
    """The language's name in that language; its code where nobody has told us."""
    try:
        name = Locale.parse(code, sep="-").display_name or code
    except (UnknownLocaleError, ValueError):
        return code
    return name[:1].upper() + name[1:]
