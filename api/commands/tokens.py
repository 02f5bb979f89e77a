"""create-token, list-keys, rotate-key, revoke-key."""

import argparse
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from actions.accounts import create_staff_token
from actions.catalogue.history import COMMAND
from actions.keys import MAY_IMPORT, OLD_GOOD_FOR_H, PREFIX, NewKey, keys_of, make_key, one_key, revoke_key, rotate_key
from api.commands.answers import Mistake, open_database, present_town
from core.db import transaction
from core.tokens import new_token
from domain.errors import KeyRevoked, NotFound
from domain.people import PartnerKey

MOST_HOURS = 30 * 24


def add_verbs(verbs: Any) -> None:
    """Add these verbs to the command line."""
    _add_create(verbs)
    _add_list(verbs)
    _add_rotate(verbs)
    _add_revoke(verbs)


def _add_create(verbs: Any) -> None:
    verb = verbs.add_parser(
        "create-token",
        help="a bearer token for a member of staff, or a key for an importer",
        description="Print a fresh token, alone on a line of standard output. Only its hash is kept: it cannot be shown again. "
        "Tokens that were handed out before stay good.",
    )
    whose = verb.add_mutually_exclusive_group(required=True)
    whose.add_argument("--staff", metavar="CODE", help="whose: the code in town.toml, such as ana")
    whose.add_argument(
        "--importer", metavar="LABEL", help="for the header Importer-Key: reports may say when they were received"
    )
    verb.add_argument("--days", type=_days, metavar="N", help="good for so many days (default: until it is revoked)")
    verb.set_defaults(run=run_create)


def _add_list(verbs: Any) -> None:
    verb = verbs.add_parser(
        "list-keys",
        help="the keys of importers and other programs",
        description="One line for each key that there ever was: its id, whether it is good, its scopes, when it was last used, its "
        "label. The keys themselves are not kept and cannot be shown.",
    )
    verb.set_defaults(run=run_list)


def _add_rotate(verbs: Any) -> None:
    verb = verbs.add_parser(
        "rotate-key",
        help="a fresh key in place of one that a program has",
        description="Print a fresh key in place of the one with this id, alone on a line of standard output. The one before stays good "
        "for some hours, so that the program can change over.",
    )
    verb.add_argument("id", type=UUID, metavar="ID", help="as `mendway list-keys` shows it")
    verb.add_argument(
        "--hours",
        type=_hours,
        default=OLD_GOOD_FOR_H,
        metavar="N",
        help="how long the one before stays good (default: %(default)s; 0: not at all)",
    )
    verb.set_defaults(run=run_rotate)


def _add_revoke(verbs: Any) -> None:
    verb = verbs.add_parser(
        "revoke-key",
        help="end a key now",
        description="End the key with this id, and the one before it if it was rotated, now and for good. Safe to repeat.",
    )
    verb.add_argument("id", type=UUID, metavar="ID", help="as `mendway list-keys` shows it")
    verb.set_defaults(run=run_revoke)


def _days(word: str) -> int:
    days = int(word)
    if not 1 <= days <= 3660:
        raise argparse.ArgumentTypeError("must be from 1 to 3660")
    return days


def _hours(word: str) -> int:
    hours = int(word)
    if not 0 <= hours <= MOST_HOURS:
        raise argparse.ArgumentTypeError(f"must be from 0 to {MOST_HOURS}")
    return hours


def run_create(options: argparse.Namespace) -> None:
    with open_database(), transaction() as session:
        town = present_town(session)
        if options.staff is not None:
            token = create_staff_token(session, town, options.staff, options.days, label="made by mendway create-token")
        else:
            token = new_token(PREFIX)
            expires_at = datetime.now(UTC) + timedelta(days=options.days) if options.days is not None else None
            make_key(session, town.id, NewKey(options.importer, (MAY_IMPORT,), expires_at), token, COMMAND)
    print(token)


def run_list(options: argparse.Namespace) -> None:
    with open_database(), transaction() as session:
        keys = keys_of(session, present_town(session).id)
    if not keys:
        print("There are no keys; `mendway create-token --importer LABEL` makes one.")
    for key in keys:
        used = f"last used {key.last_used_on}" if key.last_used_on else "never used"
        print(f"{key.id}  {_state(key)}  {','.join(key.scopes)}  {used}  {key.label}")


def _state(key: PartnerKey) -> str:
    now = datetime.now(UTC)
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    if key.expires_at is not None and key.expires_at <= now:
        return f"expired {key.expires_at:%Y-%m-%d}"
    return f"good until {key.expires_at:%Y-%m-%d}" if key.expires_at is not None else "good"


def run_rotate(options: argparse.Namespace) -> None:
    token = new_token(PREFIX)
    with open_database(), transaction() as session:
        key = _key(session, options.id)
        try:
            rotate_key(session, key, token, COMMAND, options.hours)
        except KeyRevoked:
            raise Mistake("This key was revoked; make a new one with `mendway create-token --importer`.") from None
    print(token)


def run_revoke(options: argparse.Namespace) -> None:
    with open_database(), transaction() as session:
        key = _key(session, options.id)
        revoke_key(session, key, COMMAND)
        label = key.label
    print(f"The key {options.id} ({label}) is revoked.")


def _key(session: Session, key_id: UUID) -> PartnerKey:
    try:
        return one_key(session, present_town(session).id, key_id)
    except NotFound:
        raise Mistake(f"There is no key {key_id}; `mendway list-keys` shows those that there are.") from None
