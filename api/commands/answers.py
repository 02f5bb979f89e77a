"""What the verbs share: opening the database, finding the town, saying no in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from actions.catalogue.in_force import town_row
from core.config import Config, read_config
from core.db import connect, disconnect
from domain.base import Jurisdiction


class Mistake(Exception):
    """Something the person at the keyboard can put right; the text says what."""


@contextmanager
def open_database() -> Iterator[Config]:
    """The configured database, for the length of one command. Raises BadConfiguration."""
    config = read_config()
    connect(config, pool_size=1)
    try:
        yield config
    finally:
        disconnect()


def present_town(session: Session) -> Jurisdiction:
    """The town of this database. Raises Mistake when there is none yet."""
    town = town_row(session)
    if town is None:
        raise Mistake("There is no town in this database yet; `mendway apply town.toml` makes one.")
    return town


def counted(count: int, one: str, many: str | None = None) -> str:
    """ "1 area", "2 areas"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
