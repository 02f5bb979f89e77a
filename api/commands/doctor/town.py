"""Checks of the town in the database: is it whole, and who may get in."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from actions.catalogue.in_force import read_in_force, town_row
from api.commands.answers import counted
from api.commands.doctor.findings import Finding, warning, well, wrong
from api.exposure import demo_token_count, ways_in
from api.words import TEXTS
from core.config import Config
from domain.messages import Notification
from domain.people import Credential, PartnerKey, Person
from geo.routing import unowned_categories

SOON = timedelta(days=30)
UNUSED = timedelta(days=180)
_MOST_NAMED = 5
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")


def town(config: Config, session: Session) -> Iterator[Finding]:
    row = town_row(session)
    if row is None:
        yield wrong("There is no town yet: the API answers 503.", "mendway apply town.toml")
        return
    yield well(f"The town is {row.code}, in {', '.join(row.languages)}.")
    try:
        ZoneInfo(row.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield wrong(f"This machine does not know the time zone {row.time_zone}.", "On Debian: apt-get install tzdata")
    own = [language for language in row.languages if language not in TEXTS]
    if own:
        yield warning(
            f"Problems and statuses are in {' and '.join(sorted(TEXTS))} only; who reads {', '.join(own)} gets English there.",
            "Nothing to do; the town's own texts are shown in their language.",
        )


def owners(config: Config, session: Session) -> Iterator[Finding]:
    """Is there somebody for each category, at a place in each area of the town?"""
    row = town_row(session)
    if row is None:
        return
    found = unowned_categories(session, row.id)
    nowhere = [one.category for one in found if one.unowned_count == one.asked_count]
    somewhere = [one.category for one in found if one.unowned_count < one.asked_count]
    if nowhere:
        yield warning(
            f"No department gets reports of {_named(nowhere)}: the desk must hand each on.",
            "Unless that is meant, give each a rule in town.toml, and apply it.",
        )
    if somewhere:
        yield warning(
            f"In parts of the town no department gets reports of {_named(somewhere)}: the desk must hand them on.",
            "Unless that is meant, give each a rule for the whole town (without layer and area), and apply it.",
        )
    if not found:
        yield well("Every category reaches an owner everywhere.")


def languages(config: Config, session: Session) -> Iterator[Finding]:
    row = town_row(session)
    if row is None:
        return
    plan = read_in_force(session, row)
    missing = list(_gaps({"town": plan.town, **plan.sections}, "", row.languages))
    if missing:
        yield wrong(
            f"Texts are missing in a language of the town: {_named(missing)}.",
            "Add them to town.toml and apply it, or add them under /v1/admin.",
        )
    else:
        yield well(f"Every text is there in {', '.join(row.languages)}.")


def _gaps(value: Any, place: str, wanted: list[str]) -> Iterator[str]:
    """Places of texts by language that lack one of them."""
    if isinstance(value, list):
        for number, one in enumerate(value, 1):
            yield from _gaps(one, f"{place}[{number}]", wanted)
    elif isinstance(value, dict):
        if wanted[0] in value and all(isinstance(key, str) and _LANGUAGE.fullmatch(key) for key in value):
            yield from (f"{place}.{language}" for language in wanted if not value.get(language))
        else:
            for key, one in value.items():
                yield from _gaps(one, f"{place}.{key}" if place else str(key), wanted)


def pushes(config: Config, session: Session) -> Iterator[Finding]:
    waiting = session.execute(
        select(func.count(), func.min(Notification.created_at)).where(Notification.state == "waiting")
    ).one()
    if waiting[0] and config.firebase_credentials is None:
        yield warning(
            f"{counted(waiting[0], 'push', 'pushes')} wait for a provider, the oldest since {waiting[1]:%Y-%m-%d %H:%M} UTC.",
            "Set FIREBASE_CREDENTIALS; what has waited for three days is given up.",
        )


def admins(config: Config, session: Session) -> Iterator[Finding]:
    good = select(Credential.person_id).where(Credential.revoked_at.is_(None))
    good = good.where(func.coalesce(Credential.expires_at > func.now(), True))
    count = session.scalar(
        select(func.count()).where(Person.role == "admin").where(Person.active).where(Person.id.in_(good))
    )
    if not count:
        yield warning("No admin has a token.", 'mendway create-admin CODE --name "NAME"')


def demo_tokens(config: Config, session: Session) -> Iterator[Finding]:
    count = demo_token_count(session)
    if not count:
        return
    text = f"{counted(count, 'demo token')} would let in whoever knows them"
    if ways := ways_in(config):
        yield wrong(f"{text}, and {' and '.join(ways)}. The API refuses to start.", "mendway revoke-demo-tokens")
    else:
        yield warning(f"{text}; only this machine is let in.", "mendway revoke-demo-tokens, before the town is real.")


def keys(config: Config, session: Session) -> Iterator[Finding]:
    """Keys of programs: those that end soon, and those that nobody seems to need."""
    now = datetime.now(UTC)
    for key in session.scalars(select(PartnerKey).where(PartnerKey.revoked_at.is_(None)).order_by(PartnerKey.id)):
        name = f"The key {key.label} ({key.id})"
        if key.expires_at is not None and key.expires_at <= now:
            yield warning(f"{name} has expired.", f"mendway revoke-key {key.id}, or make its program a new one.")
        elif key.expires_at is not None and key.expires_at <= now + SOON:
            yield warning(f"{name} ends on {key.expires_at:%Y-%m-%d}.", "Make its program a new one before.")
        elif _last_used(key) < (now - UNUSED).date():
            yield warning(f"{name} has not been used since {_last_used(key)}.", f"mendway revoke-key {key.id}")


def _last_used(key: PartnerKey) -> date:
    return key.last_used_on or key.created_at.date()


def staff_tokens(config: Config, session: Session) -> Iterator[Finding]:
    ending = session.execute(
        select(Person.code, func.max(Credential.expires_at))
        .join(Person, Person.id == Credential.person_id)
        .where(Person.role != "resident")
        .where(Person.active)
        .where(Credential.revoked_at.is_(None))
        .group_by(Person.code)
        .having(func.bool_and(Credential.expires_at.is_not(None)))
        .having(func.max(Credential.expires_at).between(func.now() - UNUSED, func.now() + SOON / 2))
        .order_by(Person.code)
    ).all()
    for code, until in ending:
        yield warning(f"The last token of {code} ends on {until:%Y-%m-%d}.", f"mendway create-token --staff {code}")


def _named(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


CHECKS = (town, owners, languages, pushes, admins, demo_tokens, keys, staff_tokens)
