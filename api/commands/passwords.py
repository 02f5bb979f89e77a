"""set-password."""

import argparse
import getpass
import sys
from typing import Any

from actions.accounts import NoSuchStaff, codes_of_staff, staff_member
from actions.catalogue.history import COMMAND
from actions.sign_in import set_password
from api.commands.answers import Mistake, open_database, present_town
from api.words import FALLBACK, field_text
from core.db import transaction
from domain.errors import Invalid, NotFound
from domain.forms import has_control_characters
from identity.passwords import LONGEST, SHORTEST


def add_verbs(verbs: Any) -> None:
    """Add this verb to the command line."""
    verb = verbs.add_parser(
        "set-password",
        help="the password that a member of staff signs in with",
        description="Set the password of a member of staff, whatever it was before; all their sessions end. Asks for it twice at a "
        "terminal, else takes the first line of standard input. At least 12 characters.",
    )
    verb.add_argument("code", metavar="CODE", help="whose: the code in town.toml, such as ana")
    verb.add_argument("--email", metavar="ADDRESS", help="an address to sign in by, beside the code")
    verb.set_defaults(run=run_set)


def run_set(options: argparse.Namespace) -> None:
    password = _asked() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    _check(password, options.email)
    with open_database(), transaction() as session:
        town = present_town(session)
        try:
            person = staff_member(session, town.id, options.code)
        except NotFound:
            raise NoSuchStaff(codes_of_staff(session, town)) from None
        try:
            set_password(session, person, password, COMMAND, options.email)
        except Invalid as fault:
            error = fault.errors[0]
            raise Mistake(f"{error.pointer[1:]} {field_text(FALLBACK, error.code, error.params)}.") from None
    print(f"{options.code} signs in with this password from now on; sessions of before have ended.")


def _asked() -> str:
    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        raise Mistake("The two are not the same.")
    return first


def _check(password: str, email: str | None) -> None:
    if not SHORTEST <= len(password) <= LONGEST or len(password.strip()) < SHORTEST:
        raise Mistake(f"A password has {SHORTEST} to {LONGEST} characters.")
    if has_control_characters(password):
        raise Mistake("The password holds control characters.")
    if email is not None and ("@" not in email.strip("@") or any(letter.isspace() for letter in email)):
        raise Mistake(f"{email[:80]!r} is not a mail address.")
