"""A database that goes away under an application in this process."""

from dataclasses import replace

from api import town
from core import db
from tests.support.bare import Api


def lose_database(api: Api) -> None:
    """Nobody answers there any more, and what the process has kept of the town has grown old."""
    db.disconnect()
    db.connect(replace(api.app.config["MENDWAY"], database_url="postgresql://nobody@127.0.0.1:9/nothing"))
    assert town._kept is not None, "The process has never seen the town."
    town._kept = (0.0, town._kept[1])
