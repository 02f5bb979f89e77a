"""What the command line of `mendway replay` offers."""

import argparse
import json
import os
from collections.abc import Mapping as Environment
from dataclasses import dataclass
from pathlib import Path

from replay.crews import Movers
from replay.faults import CannotStart

DESCRIPTION = """Send a city's published requests to a running Mendway as residents' phones would, let crews resolve those that the
city closed, then read every acknowledged report back and compare. A start with the same ledger goes on where the last one
stopped, and makes no report twice."""

EPILOG = """A token may be written as @FILE, to keep it out of the list of processes.
Exit status: 0 all is well; 1 an acknowledged report is missing or differs; 2 the replay cannot start;
3 the server gave no answer for longer than --patience: start again with the same ledger."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `mendway replay` to a parser."""
    environment = os.environ
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("csv", type=Path, metavar="CSV", help="the city's requests; may be gzipped")
    parser.add_argument("--mapping", type=Path, required=True, metavar="FILE.toml", help="what the columns mean")
    parser.add_argument(
        "--server", default=_server(environment), metavar="URL", help="where Mendway answers (%(default)s)"
    )
    parser.add_argument("--limit", type=_count, metavar="N", help="read at most this many rows")
    parser.add_argument("--every", type=_count, default=1, metavar="N", help="read only every N-th row")
    parser.add_argument(
        "--phones", type=_count, default=200, metavar="N", help="how many phones there are (%(default)s)"
    )
    parser.add_argument(
        "--concurrency", type=_count, default=8, metavar="N", help="phones that send at the same time (%(default)s)"
    )
    parser.add_argument(
        "--crews", type=_count, default=8, metavar="N", help="crews that work at the same time (%(default)s)"
    )
    parser.add_argument("--language", default="en", help="the phones' language (%(default)s)")
    parser.add_argument(
        "--importer-key",
        default=environment.get("MENDWAY_IMPORTER_KEY"),
        metavar="KEY",
        help="may send times in the past; without it reports are received now",
    )
    parser.add_argument(
        "--crew-token",
        action="append",
        default=[],
        metavar="[DEPARTMENT=]TOKEN",
        help="the crew that resolves a department's reports, or everybody's; may be repeated",
    )
    parser.add_argument(
        "--desk-token",
        metavar="TOKEN",
        help="the dispatcher who resolves what no crew was named for; with neither, nobody does",
    )
    parser.add_argument(
        "--pushes-url", metavar="URL", help="page of the FCM stand-in, to count the pushes that arrived"
    )
    parser.add_argument(
        "--push-wait", type=float, default=300, metavar="S", help="wait at most this long for pushes (%(default)s)"
    )
    parser.add_argument(
        "--patience", type=float, default=120, metavar="S", help="repeat a request this long (%(default)s)"
    )
    parser.add_argument(
        "--ledger", type=Path, metavar="FILE", help="what was acknowledged (<data>/replay/<CSV>.ledger.jsonl)"
    )
    parser.add_argument("--seed", help="of ids and secrets, for a new ledger (random)")
    parser.add_argument(
        "--verify", action=argparse.BooleanOptionalAction, default=True, help="read every acknowledged report back"
    )
    parser.add_argument(
        "--only-verify", action="store_true", help="send nothing; check what the ledger says was acknowledged"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the figures as Markdown")


@dataclass(frozen=True)
class Tokens:
    """The secrets among the options."""

    importer_key: str | None
    movers: Movers


def read_tokens(options: argparse.Namespace) -> Tokens:
    """The tokens themselves, read from files where the options name files. Raises CannotStart."""
    for_all: str | None = None
    by_department: dict[str, str] = {}
    for given in options.crew_token:
        department, equals, token = given.partition("=")
        # A token itself may end in "=", never hold one in the middle: base64.
        if equals and token.strip("="):
            by_department[department] = _token(token)
        else:
            for_all = _token(given)
    desk, key = options.desk_token, options.importer_key
    return Tokens(_token(key) if key else None, Movers(by_department, for_all, _token(desk) if desk else None))


def ledger_path(options: argparse.Namespace) -> Path:
    """Where the ledger is: named, or in the data folder under the name of the CSV."""
    if options.ledger:
        return options.ledger
    stem = options.csv.name.removesuffix(".gz").removesuffix(".csv")
    return _data() / "replay" / f"{stem}.ledger.jsonl"


def pushes_url(options: argparse.Namespace) -> str | None:
    """The stand-in's page: named, or noted in the data folder by the stand-in of this machine's instance."""
    if options.pushes_url is not None or options.server != _server(os.environ):
        return options.pushes_url or None
    try:
        noted = json.loads((_data() / "fcm" / "addresses.json").read_text(encoding="utf-8"))
        return str(noted["page_url"])
    except (OSError, ValueError, KeyError):
        return None


def _data() -> Path:
    return Path(os.environ.get("MENDWAY_DATA") or "./.data")


def _token(given: str) -> str:
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise CannotStart(f"The token file {given[1:]} cannot be read: {fault}") from None


def _server(environment: Environment[str, str]) -> str:
    return environment.get("PUBLIC_URL") or f"http://127.0.0.1:{environment.get('PORT') or 8311}"


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
