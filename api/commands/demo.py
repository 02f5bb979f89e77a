"""load-demo."""

import argparse
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from actions.accounts import create_staff_token, is_good_token, rekey_device
from actions.catalogue.apply import apply_town, hold_the_catalogue
from actions.catalogue.in_force import town_row
from actions.devices import NewDevice, register
from actions.past import is_empty_of_reports, load_past
from actions.past_lives import PastLine, PastReport
from api.commands.answers import Mistake, counted, open_database
from api.exposure import DEMO_LABEL, ways_in
from core.config import Config
from core.db import transaction
from core.tokens import new_token, token_hash
from domain.base import Jurisdiction
from domain.changes import number_changes
from domain.people import Credential, Device, Person
from geo.points import LonLat

TOWN = Path(__file__).parents[2] / "demo" / "town.toml"
SEED = 311
PHONE = UUID("01930000-0000-7000-8000-0000000de300")  # the demo resident's device
PUSH = {"kind": "fcm_token", "value": "demo-phone"}
STAFF = ("crew", "dispatcher", "admin")


def add_verbs(verbs: Any) -> None:
    """Add this verb to the command line."""
    verb = verbs.add_parser(
        "load-demo",
        help="the demo town with its history, and tokens to try it with",
        description="Load the demo town, a year and a half of reports that nobody is told of, and a token each for a resident, a crew, a "
        "dispatcher and an admin, into an empty database; the tokens are written to demo.json in MENDWAY_DATA. A second run "
        "changes nothing but writes that file again. A database with another town is left alone.",
    )
    verb.add_argument("--reports", type=int, default=3000, metavar="N", help="how many reports (%(default)s)")
    verb.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    began = time.monotonic()
    with open_database() as config:
        if ways := ways_in(config):
            raise Mistake(
                f"The demo town comes with tokens for everybody, so it stays on this machine, but {' and '.join(ways)}. "
                "Keep both at 127.0.0.1, or do without the demo town (for `make run`: MENDWAY_DEMO=no)."
            )
        with transaction() as session:
            hold_the_catalogue(session)
            town = town_row(session)
            if town is not None and town.code != _demo_code():
                print(f"This database holds the town {town.code}; the demo town is not loaded.")
                return
            is_new = town is None
            if town is None:
                apply_town(session, TOWN)
                town = town_row(session)
            if town is None:
                raise RuntimeError("The demo town was applied and is not there.")
            tokens = _tokens(session, town, _kept(config))
            written = _history(session, town, options.reports) if is_new and is_empty_of_reports(session) else 0
        _number_all()
        path = _write(config, tokens)
    if is_new:
        print(f"The demo town is loaded, with {counted(written, 'report')}, in {time.monotonic() - began:.1f} s.")
    else:
        print("The demo town is there.")
    print(f"Tokens are in {path}.")


def _demo_code() -> str:
    import tomllib

    return str(tomllib.loads(TOWN.read_text(encoding="utf-8"))["town"]["code"])


def _history(session: Session, town: Jurisdiction, count: int) -> int:
    from demo.history import historical_reports

    reporter = session.scalar(select(Device.person_id).where(Device.id == PHONE))
    told = [_past(report) for report in historical_reports(SEED, count, until=datetime.now(UTC))]
    return load_past(session, town, told, reporter).written


def _past(report: Any) -> PastReport:
    lines = [PastLine(move.at, move.by, move.status, move.note, move.reason, move.expected_at) for move in report.moves]
    lines += [PastLine(comment.at, "resident", comment=comment.text) for comment in report.comments]
    return PastReport(
        id=report.id,
        category=report.category,
        place=LonLat(report.lon, report.lat),
        accuracy_m=report.accuracy_m,
        address=report.address,
        description=report.description,
        answers=report.answers,
        captured_at=report.captured_at,
        received_at=report.received_at,
        lines=sorted(lines, key=lambda line: line.at),
        follower_count=report.followers_count,
    )


def _number_all() -> None:
    """Give the change log its numbers now, so that readers need not wait for the worker."""
    while True:
        with transaction() as session:
            if not number_changes(session, waits=True):
                return


def _tokens(session: Session, town: Jurisdiction, kept: dict[str, Any]) -> dict[str, str]:
    """A token for each role: the one in demo.json while it is good, else a fresh one."""
    tokens = {}
    for role in ("resident", *STAFF):
        token = kept.get(role)
        if isinstance(token, str) and is_good_token(session, token):
            tokens[role] = token
        elif role == "resident":
            tokens[role] = _resident(session, town)
        else:
            tokens[role] = create_staff_token(session, town, _first(session, town, role), None, DEMO_LABEL)
    return tokens


def _resident(session: Session, town: Jurisdiction) -> str:
    """The demo resident's phone with a fresh token; its pushes go to the page of the FCM stand-in."""
    device = session.get(Device, PHONE)
    if device is not None:
        return rekey_device(session, town, device.person_id, PHONE, DEMO_LABEL)
    secret = new_token("mwd")
    register(session, town.id, NewDevice(PHONE, token_hash(secret), town.languages[0], town.time_zone, PUSH))
    session.execute(update(Credential).where(Credential.device_id == PHONE).values(label=DEMO_LABEL))
    return secret


def _first(session: Session, town: Jurisdiction, role: str) -> str:
    code = session.scalar(
        select(Person.code)
        .where(Person.jurisdiction_id == town.id)
        .where(Person.role == role)
        .where(Person.active)
        .order_by(Person.code)
        .limit(1)
    )
    if code is None:
        raise Mistake(f"The demo town has nobody of role {role}.")
    return code


def _path(config: Config) -> Path:
    return config.data / "demo.json"


def _kept(config: Config) -> dict[str, Any]:
    try:
        found = json.loads(_path(config).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(config: Config, tokens: dict[str, str]) -> Path:
    """demo.json, readable by its owner only. What others have added to it stays."""
    path = _path(config)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(
            json.dumps({**_kept(config), "base_url": config.public_url, **tokens}, indent=2) + "\n", encoding="utf-8"
        )
        new.replace(path)
    except OSError as fault:
        raise Mistake(f"{path} cannot be written: {fault.strerror}.") from fault
    return path
