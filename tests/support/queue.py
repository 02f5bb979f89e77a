"""Reports that differ in everything, and what a desk finds of them."""

from typing import Any

from tests.support.callers import Caller
from tests.support.database import Database
from tests.support.moves import crew_moves
from tests.support.reports import SentReport
from tests.support.town import WARD_1, WARD_2, WARD_4


def found(person: Caller, query: str = "", **how: Any) -> list[str]:
    """The ids that a query finds, in its order."""
    return [item["id"] for item in person.get(f"/v1/queue?{query}&limit=100", **how)["items"]]


def four_reports(a_report: Any, crew: Caller, database: Database) -> dict[str, SentReport]:
    """A pothole, a light, a tree and a neighbour."""
    made = {
        "pothole": a_report(
            "pothole", at=WARD_1, description="Señal caída junto a la calle Ávila", address="14 Harbour Road"
        ),
        "light": a_report(
            "streetlight", at=WARD_2, description="Flickers all night", answers={"is_out": True, "pole": "KX 77"}
        ),
        "tree": a_report("fallen-tree", at=WARD_4, description="Across the path"),
        "neighbour": a_report("neighbour", at=WARD_1, description="Music"),
    }
    crew_moves(crew, made["pothole"], "take", "start")
    database.execute("UPDATE report SET priority = 'urgent', source = 'telephone' WHERE id = %s", made["light"].id)
    database.execute("UPDATE report SET held_at = now() WHERE id = %s", made["tree"].id)
    database.execute("UPDATE report SET parent_id = %s WHERE id = %s", made["tree"].id, made["light"].id)
    database.execute(
        "UPDATE report SET assignee_id = (SELECT id FROM person WHERE code = 'dora') WHERE id = %s",
        made["neighbour"].id,
    )
    return made
