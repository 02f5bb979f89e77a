"""From the command line to an exit status: which verbs there are, and mistakes as one clear message."""

import argparse
import logging
import os
import sys

import psycopg2
from sqlalchemy.exc import DBAPIError

from actions.accounts import NoSuchStaff
from actions.catalogue.mistakes import BadTown, message_of, reader_language
from api.commands import (
    admins,
    backing_up,
    closing,
    contract,
    database,
    demo,
    maps,
    passwords,
    releases,
    replaying,
    restoring,
    serving,
    tokens,
    town,
)
from api.commands.answers import Mistake
from api.commands.doctor import verb as doctor
from core.config import BadConfiguration
from core.db import DatabaseAway, LockTimeout
from core.logs import JsonLines

WELL, MISTAKEN, MISUSED, INTERRUPTED = 0, 1, 2, 130

SUBJECTS = (
    serving,
    closing,
    doctor,
    backing_up,
    restoring,
    database,
    town,
    maps,
    admins,
    passwords,
    tokens,
    demo,
    replaying,
    contract,
    releases,
)


def parser() -> argparse.ArgumentParser:
    """Every verb with its options."""
    whole = argparse.ArgumentParser(
        prog="mendway",
        description="Commands for who runs Mendway: run it, bring a town in, give it back, hand out tokens, keep the database.",
        epilog="`mendway VERB --help` tells more of each. Settings come from the environment (.env.example lists them); "
        "./mendway takes those of the last `make run` when DATABASE_URL is not set.",
    )
    verbs = whole.add_subparsers(title="verbs", metavar="VERB", required=True)
    for subject in SUBJECTS:
        subject.add_verbs(verbs)
    return whole


def main(words: list[str] | None = None) -> int:
    """Do what the command line says. 0: done; 1: it could not be done, and a message on standard error says why;
    2: the command line is not understood. Answers go to standard output, logs to standard error."""
    options = parser().parse_args(words)
    _log_to_stderr()
    try:
        return options.run(options) or WELL
    except KeyboardInterrupt:
        print("Stopped; nothing of this command was kept.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # who read the answer has seen enough
        return WELL
    except (
        Mistake,
        BadTown,
        NoSuchStaff,
        BadConfiguration,
        DatabaseAway,
        LockTimeout,
        DBAPIError,
        psycopg2.Error,
    ) as fault:
        message = _in_words(fault)
        if message is None:
            raise
        print(message, file=sys.stderr)
        return MISTAKEN


def _in_words(fault: Exception) -> str | None:
    """What to tell a person; None for what nobody expected, which keeps its trace."""
    if isinstance(fault, BadTown):
        return message_of(fault.found, reader_language(os.environ.get("LC_ALL") or os.environ.get("LANG", "")))
    if isinstance(fault, NoSuchStaff):
        known = ", ".join(fault.codes) or "nobody"
        return f"There is no active member of staff of that code. There is {known}."
    if isinstance(fault, LockTimeout):
        return "Somebody else is changing the same thing at this moment. Try again when they are done."
    if isinstance(fault, DatabaseAway):
        return f"The database cannot be reached: {str(fault).strip()}"
    if isinstance(fault, Mistake | BadConfiguration):
        return str(fault)
    original = fault.orig if isinstance(fault, DBAPIError) else fault
    if isinstance(original, psycopg2.errors.UndefinedTable | psycopg2.errors.UndefinedColumn):
        return "The database is not migrated to this version. Run `mendway migrate` first."
    if isinstance(original, psycopg2.OperationalError):
        return f"The database cannot be reached: {str(original).strip()}"
    return None


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
