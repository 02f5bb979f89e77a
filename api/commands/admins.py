"""create-admin, revoke-demo-tokens."""

import argparse
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from actions.accounts import STAFF_PREFIX, NewToken
from actions.admins import NoAdmin, make_admin
from actions.catalogue.apply import hold_the_catalogue
from api.commands.answers import Mistake, counted, open_database, present_town
from api.exposure import revoke_demo_tokens
from core.db import transaction
from core.tokens import new_token

LABEL = "made by mendway create-admin"


def add_verbs(verbs: Any) -> None:
    """Add these verbs to the command line."""
    verb = verbs.add_parser(
        "create-admin",
        help="an admin who is not in town.toml, such as the first one; prints their token",
        description="Make a member of staff of role admin (or make one active again who was made so), and print a fresh token, alone on a "
        "line of standard output. Only its hash is kept: it cannot be shown again. Applying a town.toml leaves them alone.",
    )
    verb.add_argument("code", metavar="CODE", help="what they are called in lists, such as ada")
    verb.add_argument("--name", required=True, metavar="NAME", help='for people, such as "Ada Rivers"')
    verb.add_argument("--days", type=_days, metavar="N", help="good for so many days (default: until it is revoked)")
    verb.set_defaults(run=run_create)
    verb = verbs.add_parser(
        "revoke-demo-tokens",
        help="end every token of load-demo, so that others than this machine may be let in",
        description="End every token that `mendway load-demo` handed out, now. While there are any, the API listens on this machine only. "
        "Safe to repeat.",
    )
    verb.set_defaults(run=run_revoke)


def _days(word: str) -> int:
    days = int(word)
    if not 1 <= days <= 3660:
        raise argparse.ArgumentTypeError("must be from 1 to 3660")
    return days


def run_create(options: argparse.Namespace) -> None:
    token = new_token(STAFF_PREFIX)
    expires_at = datetime.now(UTC) + timedelta(days=options.days) if options.days is not None else None
    with open_database(), transaction() as session:
        hold_the_catalogue(session)
        town = present_town(session)
        try:
            is_new = make_admin(session, town, options.code, options.name, NewToken(LABEL, expires_at), token)
        except NoAdmin as fault:
            raise Mistake(str(fault)) from None
    said = "is made" if is_new else "is active"
    print(f"The admin {options.code} {said}. Their token, which is shown this once:", file=sys.stderr)
    print(token)


def run_revoke(_: argparse.Namespace) -> None:
    with open_database(), transaction() as session:
        count = revoke_demo_tokens(session)
    print(f"{counted(count, 'demo token')} revoked." if count else "There are no demo tokens.")
