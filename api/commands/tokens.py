"""create-token."""

import argparse
from typing import Any

from actions.accounts import create_import_token, create_staff_token
from api.commands.answers import open_database, present_town
from core.db import transaction


def add_verbs(verbs: Any) -> None:
    """Add this verb to the command line."""
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
    verb.set_defaults(run=run)


def _days(word: str) -> int:
    days = int(word)
    if not 1 <= days <= 3660:
        raise argparse.ArgumentTypeError("must be from 1 to 3660")
    return days


def run(options: argparse.Namespace) -> None:
    with open_database(), transaction() as session:
        town = present_town(session)
        if options.staff is not None:
            token = create_staff_token(session, town, options.staff, options.days, label="made by mendway create-token")
        else:
            token = create_import_token(session, town, options.importer, options.days)
    print(token)
