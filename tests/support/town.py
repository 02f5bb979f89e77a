"""The town of the tests (tests/town/town.toml), laid out in an empty migrated database."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from actions.catalogue.apply import apply_town
from core.ids import new_id
from core.tokens import token_hash

FILE = Path(__file__).parents[1] / "town" / "town.toml"

WEST, SOUTH, EAST, NORTH = -70.0, 42.0, -69.96, 42.04
MIDDLE_LON, MIDDLE_LAT = -69.98, 42.02


@dataclass(frozen=True)
class Place:
    """A point of the tests' town, with what to expect there."""

    lon: float
    lat: float

    @property
    def json(self) -> dict[str, float]:
        return {"lon": self.lon, "lat": self.lat}


WARD_1 = Place(-69.985, 42.025)  # west: Roads
WARD_2 = Place(-69.975, 42.025)  # east: Public Works
WARD_3 = Place(-69.985, 42.005)
WARD_4 = Place(-69.975, 42.005)
MILL_PARK = Place(-69.9925, 42.0325)  # in ward 1
ROUTE_9 = Place(-69.985, 42.010)  # the state's highway, through wards 3 and 4
THE_BAY = Place(-69.945, 42.02)  # off shore, outside the town
FAR_AWAY = Place(-69.90, 42.02)
SHARED_CORNER = Place(MIDDLE_LON, MIDDLE_LAT)  # of all four wards

STAFF_TOKENS = {
    name: f"mw_staff_{name}_{'x' * 40}" for name in ("ana", "bo", "pia", "dora", "adam", "rod", "wes", "sue", "lia")
}
IMPORTER_KEY = "mw_import_" + "x" * 43
PARTNER_KEY = "mwk_partner_" + "x" * 43


def lay_out_town(sqlalchemy_url: str) -> None:
    """Apply the file to an empty migrated database, as `mendway apply` would, and give its staff the tokens above."""
    engine = create_engine(sqlalchemy_url)
    with Session(engine) as session:
        apply_town(session, FILE)
        _hand_out_tokens(session)
        session.commit()
    engine.dispose()


def _hand_out_tokens(session: Session) -> None:
    for code, token in STAFF_TOKENS.items():
        session.execute(
            text(
                "INSERT INTO credential (token_hash, jurisdiction_id, person_id, label)"
                " SELECT :hash, jurisdiction_id, id, 'tests' FROM person WHERE code = :code"
            ),
            {"hash": token_hash(token), "code": code},
        )
    person = new_id()
    session.execute(
        text(
            "INSERT INTO person (id, jurisdiction_id, role, code) SELECT :id, id, 'resident', 'importer:tests' FROM jurisdiction"
        ),
        {"id": person},
    )
    session.execute(
        text(
            "INSERT INTO partner_key (id, jurisdiction_id, label, person_id, key_hash, scopes)"
            " SELECT :id, id, 'importer of the tests', :person, :hash, '{import}' FROM jurisdiction"
        ),
        {"id": new_id(), "hash": token_hash(IMPORTER_KEY), "person": person},
    )
    session.execute(
        text(
            "INSERT INTO partner_key (id, jurisdiction_id, label, person_id, key_hash, scopes)"
            " SELECT :id, id, 'work orders of the tests', :person, :hash, '{staff}' FROM jurisdiction"
        ),
        {"id": new_id(), "hash": token_hash(PARTNER_KEY), "person": person},
    )
