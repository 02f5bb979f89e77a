"""maintenance."""

import argparse
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from actions.catalogue.history import COMMAND
from actions.maintenance import Closure, begin, end
from api.commands.answers import Mistake, open_database, present_town
from api.town import FRESH_S
from core.db import transaction
from domain.base import Jurisdiction
from domain.forms import has_control_characters

LONGEST_TEXT = 1_000


def add_verbs(verbs: Any) -> None:
    """Add this verb to the command line."""
    verb = verbs.add_parser(
        "maintenance",
        help="close the town for maintenance (on), open it again (off), or say how it is (status)",
        description="While it is on, apps are told to come back later, in the words given here; their drafts stay on the phones, and "
        "nothing is taken in. /v1/config, /v1/admin, the health pages and the pages of reports go on answering. "
        f"Every process knows after at most {FRESH_S:g} seconds.",
    )
    verb.add_argument("what", choices=("on", "off", "status"))
    verb.add_argument(
        "--text",
        action="append",
        default=[],
        metavar="LANGUAGE=WORDS",
        help="what people read, such as --text 'en=Back at six.'; for each language of the town, or a usual sentence without it",
    )
    verb.add_argument(
        "--until",
        metavar="TIME",
        help="when it will be over, such as 2026-12-01T06:00 (the town's time unless it has a zone)",
    )
    verb.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    if options.what != "on" and (options.text or options.until):
        raise Mistake("--text and --until are for `mendway maintenance on`.")
    with open_database(), transaction() as session:
        town = present_town(session)
        if options.what == "on":
            begin(session, town, Closure(_texts(options.text, town), _until(options.until, town)), COMMAND)
        elif options.what == "off":
            end(session, town, COMMAND)
        print(_state(town))


def _texts(words: list[str], town: Jurisdiction) -> dict[str, str]:
    found = {}
    for word in words:
        language, equals, text = word.partition("=")
        if language not in town.languages:
            raise Mistake(f"--text: {language!r} is not one of the town's languages, {', '.join(town.languages)}.")
        if not equals or not text.strip() or len(text) > LONGEST_TEXT or has_control_characters(text):
            raise Mistake(f"--text {language}=… needs words, at most {LONGEST_TEXT} characters of them.")
        found[language] = text.strip()
    return found


def _until(word: str | None, town: Jurisdiction) -> datetime | None:
    if word is None:
        return None
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        raise Mistake(f"--until must be a time such as 2026-12-01T06:00, not {word!r}.") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(town.time_zone))
    if moment <= datetime.now(UTC):
        raise Mistake(f"--until {word} has passed.")
    return moment


def _state(town: Jurisdiction) -> str:
    if town.maintenance is None:
        return f"{town.code} is open."
    until = town.maintenance.get("until")
    return f"{town.code} is closed for maintenance since {town.maintenance['since']}" + (
        f", until {until}." if until else "."
    )
