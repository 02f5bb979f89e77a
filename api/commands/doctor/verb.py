"""The verb itself: all checks, one after the other, and how they are told."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from typing import Any

from api.commands.answers import counted
from api.commands.doctor import database, outside, settings, sign_in, town
from api.commands.doctor.findings import Check, DatabaseCheck, Finding, well, wrong
from core.config import BadConfiguration, Config, read_config
from core.db import DatabaseAway, connect, disconnect, transaction

_SIGNS = {"ok": "ok     ", "warning": "warning", "wrong": "WRONG  "}


def add_verbs(verbs: Any) -> None:
    """Add this verb to the command line."""
    verb = verbs.add_parser(
        "doctor",
        help="check this deployment, and say in words what is wrong and what to do",
        description="Check configuration, database, town, worker, photo store, pushes, backups and keys. The only thing that is written "
        "is a small object in the bucket, which is taken away again. Exit status 0: fit for the public (there may be warnings); "
        "1: something is wrong.",
    )
    verb.add_argument("--json", action="store_true", help="for a program to read")
    verb.add_argument(
        "--online",
        action="store_true",
        help="also ask Firebase for a token, PUBLIC_URL for an answer and its certificate, the identity provider for its keys, and the "
        "mail server whether it lets us in",
    )
    verb.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    findings = list(examine(options.online))
    is_fit = all(finding.level != "wrong" for finding in findings)
    if options.json:
        print(json.dumps({"fit": is_fit, "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        _tell(findings)
    return 0 if is_fit else 1


def examine(online: bool) -> Iterator[Finding]:
    """Every finding, in the order of the checks."""
    try:
        config = read_config()
    except BadConfiguration as fault:
        for mistake in fault.mistakes:
            yield replace(
                wrong(mistake, "Set it in the environment; .env.example says what it means."), check="configuration"
            )
        return
    yield replace(well("Every setting can be read."), check="configuration")
    yield from _examined((*settings.CHECKS, *sign_in.CHECKS), config)
    yield from _examined_database(config)
    yield from _examined(outside.CHECKS, config)
    if online:
        yield from _examined((*outside.ONLINE_CHECKS, *sign_in.ONLINE_CHECKS), config)


def _examined(checks: Iterable[Check], config: Config) -> Iterator[Finding]:
    for check in checks:
        for finding in check(config):
            yield replace(finding, check=_name(check))


def _examined_database(config: Config) -> Iterator[Finding]:
    connect(config, pool_size=1)
    try:
        found = list(_each(database.BEFORE_TABLES, config))
        yield from found
        if not any(finding.check == "tables" and finding.level == "wrong" for finding in found):
            yield from _each((*database.WITH_TABLES, *town.CHECKS, *sign_in.WITH_TABLES), config)
    except DatabaseAway as fault:
        yield replace(
            wrong(
                f"The database cannot be reached: {str(fault).strip()}",
                "Is it running, and is DATABASE_URL right? What is in the database could not be checked.",
            ),
            check="database",
        )
    finally:
        disconnect()


def _each(checks: Iterable[DatabaseCheck], config: Config) -> Iterator[Finding]:
    for check in checks:
        with transaction() as session:
            found = [replace(finding, check=_name(check)) for finding in check(config, session)]
        yield from found


def _name(check: Check | DatabaseCheck) -> str:
    return check.__name__.replace("_", " ")


def _tell(findings: list[Finding]) -> None:
    for finding in findings:
        print(f"{_SIGNS[finding.level]}  {finding.text}")
        if finding.todo:
            print(f"         {'' if finding.level == 'ok' else '→ '}{finding.todo}")
    count = {level: sum(finding.level == level for finding in findings) for level in _SIGNS}
    warnings = counted(count["warning"], "warning")
    if count["wrong"]:
        print(f"\nNot fit: {counted(count['wrong'], 'thing')} wrong, {warnings}.")
    else:
        print(f"\nFit, with {warnings}." if count["warning"] else "\nFit.")
    sys.stdout.flush()
