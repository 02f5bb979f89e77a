"""The town of the tests (tests/town/town.toml), laid out in an empty migrated database."""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

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

STAFF_TOKENS = {name: f"mw_staff_{name}_{'x' * 40}" for name in ("ana", "bo", "pia", "dora", "adam")}
IMPORTER_KEY = "mw_import_" + "x" * 43


def lay_out_town(sqlalchemy_url: str) -> None:
    """Apply the file to the database and give its staff the tokens above."""
    engine = create_engine(sqlalchemy_url)
    with Session(engine) as session:
        _Loader(session, tomllib.loads(FILE.read_text())).load()
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
        text("INSERT INTO person (id, jurisdiction_id, role, name) SELECT :id, id, 'admin', 'Importer' FROM jurisdiction"),
        {"id": person},
    )
    session.execute(
        text(
            "INSERT INTO credential (token_hash, jurisdiction_id, person_id, scopes, label)"
            " SELECT :hash, id, :person, '{import}', 'importer of the tests' FROM jurisdiction"
        ),
        {"hash": token_hash(IMPORTER_KEY), "person": person},
    )


class _Loader:
    """town.toml into tables, one insert after the other."""

    def __init__(self, session: Session, town: dict[str, Any]):
        self.session = session
        self.file = town
        self.ids: dict[tuple[str, str], int] = {}
        self.town_id = 0

    def load(self) -> None:
        town = self.file["town"]
        self.town_id = self._insert(
            "jurisdiction",
            {"code": town["code"], "name": town["name"], "time_zone": town["time_zone"], "languages": town["languages"]},
            outline=self._areas(town["outline"])[0][2],
        )
        for code, body in self.file["external_bodies"].items():
            self._named("external_body", code, body)
        self._set_outside(town["outside"])
        for code, department in self.file["departments"].items():
            self._named("department", code, department)
        for code, crew in self.file["crews"].items():
            self._named("crew", code, {"name": crew["name"], "department_id": self.ids["department", crew["department"]]})
        for position, (code, group) in enumerate(self.file["groups"].items()):
            self._named("category_group", code, {**group, "position": position})
        for position, (code, category) in enumerate(self.file["categories"].items()):
            self._category(position, code, category)
        for code, layer in self.file["layers"].items():
            self._layer(code, layer)
        for code, rule in self.file["rules"].items():
            self._rule(code, rule)
        for code, person in self.file["staff"].items():
            self._person(code, person)

    def _insert(self, table: str, values: dict[str, Any], **shapes: str) -> int:
        columns = ", ".join([*values, *shapes])
        marks = [f":{name}" for name in values]
        marks += [f"ST_Multi(ST_SetSRID(ST_GeomFromGeoJSON(:{name}), 4326))" for name in shapes]
        ready = {key: json.dumps(value) if isinstance(value, dict) else value for key, value in values.items()}
        statement = f"INSERT INTO {table} ({columns}) VALUES ({', '.join(marks)}) RETURNING id"
        return self.session.execute(text(statement), ready | shapes).scalar_one()

    def _named(self, table: str, code: str, values: dict[str, Any]) -> None:
        self.ids[table, code] = self._insert(table, {"jurisdiction_id": self.town_id, "code": code, **values})

    def _set_outside(self, code: str) -> None:
        self.session.execute(
            text("UPDATE jurisdiction SET outside_body_id = :body"), {"body": self.ids["external_body", code]}
        )

    def _areas(self, file: str) -> list[tuple[str, str, str]]:
        features = json.loads((FILE.parent / file).read_text())["features"]
        return [(f["properties"]["code"], f["properties"]["name"], json.dumps(f["geometry"])) for f in features]

    def _category(self, position: int, code: str, category: dict[str, Any]) -> None:
        values = {
            "group_id": self.ids["category_group", category["group"]] if "group" in category else None,
            "is_public": category["public"],
            "blur_m": category.get("blur_m", 0),
            "areas": category.get("areas", []),
            "position": position,
        }
        self._named("category", code, values)
        form = {
            "name": category["name"],
            "description": category.get("description"),
            "group": category.get("group"),
            "stop": category.get("stop"),
            "questions": category.get("questions", []),
        }
        version = hashlib.sha256(json.dumps(form, sort_keys=True).encode()).hexdigest()[:16]
        self._insert(
            "category_form",
            {
                "jurisdiction_id": self.town_id,
                "category_id": self.ids["category", code],
                "version": version,
                "form": form,
            },
        )

    def _layer(self, code: str, layer: dict[str, Any]) -> None:
        self._named("layer", code, {"name": layer["name"], "stamp": layer["stamp"]})
        edition = self._insert(
            "layer_edition",
            {
                "jurisdiction_id": self.town_id,
                "layer_id": self.ids["layer", code],
                "edition": layer["edition"],
                "content_hash": code,
            },
        )
        for area, name, shape in self._areas(layer["file"]):
            values = {
                "jurisdiction_id": self.town_id,
                "layer_id": self.ids["layer", code],
                "edition_id": edition,
                "code": area,
                "name": name,
                "size_m2": 0.0,
            }
            self._insert("area", values, geom=shape)
        self.session.execute(text("UPDATE area SET size_m2 = ST_Area(geom::geography)"))

    def _rule(self, code: str, rule: dict[str, Any]) -> None:
        layer, _, area = rule.get("area", rule.get("layer", "")).partition(":")
        values = {
            "jurisdiction_id": self.town_id,
            "code": code,
            "priority": rule.get("priority", 0),
            "category_id": self.ids.get(("category", rule.get("category", ""))),
            "group_id": self.ids.get(("category_group", rule.get("group", ""))),
            "layer_id": self.ids.get(("layer", layer)),
            "area_code": area or None,
            "department_id": self.ids.get(("department", rule.get("department", ""))),
            "external_body_id": self.ids.get(("external_body", rule.get("body", ""))),
        }
        self._insert("rule", values)

    def _person(self, code: str, person: dict[str, Any]) -> None:
        crew = self.file["crews"].get(person.get("crew", ""))
        department = person.get("department") or (crew["department"] if crew else None)
        values = {
            "id": new_id(),
            "jurisdiction_id": self.town_id,
            "code": code,
            "name": person["name"],
            "role": person["role"],
            "crew_id": self.ids["crew", person["crew"]] if crew else None,
            "department_id": self.ids["department", department] if department else None,
        }
        columns = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        self.session.execute(text(f"INSERT INTO person ({columns}) VALUES ({marks})"), values)
