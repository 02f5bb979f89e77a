"""Giving a town back: town.toml and its area files, such that applying them to an empty database makes the same town."""

from dataclasses import dataclass
from typing import Any

import tomlkit
from sqlalchemy.orm import Session
from tomlkit import TOMLDocument
from tomlkit.items import InlineTable, Table

from actions.catalogue.in_force import layer_ids, read_in_force, town_row
from actions.catalogue.mistakes import BadTown, Mistake
from actions.catalogue.plan import SECTIONS, TABLES, Plan, Values
from actions.catalogue.read import FORMAT
from geo.editions import areas_in_force
from geo.writers import geojson

_OUTLINE = "areas/outline.geojson"
_QUESTION_KEYS = ("code", "type", "required", "private", "label", "help", "min", "max", "max_length", "choices", "when")


@dataclass(frozen=True)
class ExportedFile:
    """One file of an export; `path` is relative to its folder."""

    path: str
    content: bytes


def export_town(session: Session) -> list[ExportedFile]:
    """Every file of the town in force; the same town gives the same bytes. Raises BadTown when there is none."""
    row = town_row(session)
    if row is None:
        raise BadTown([Mistake((), "no-town")])
    plan = read_in_force(session, row)
    layers = layer_ids(session, row.id)
    files = [
        ExportedFile("town.toml", town_toml(plan).encode()),
        ExportedFile(_OUTLINE, geojson([({}, plan.outline.wkb)])),
    ]
    for code in plan.sections["layers"]:
        areas = areas_in_force(session, layers[code])
        shapes = [({"code": area.code, "name": area.name}, area.wkb) for area in areas]
        files.append(ExportedFile(_file_of(code), geojson(shapes)))
    return files


def town_toml(plan: Plan) -> str:
    """The plan as town.toml, in the order and manner that people write it."""
    document = tomlkit.document()
    document["format"] = FORMAT
    document["town"] = _town(plan.town)
    if plan.town["app"]:
        document["app"] = _app(plan.town["app"])
    for name in TABLES[1:]:
        if plan.town[name]:
            document[name] = _plain(plan.town[name])
    for section in SECTIONS:
        if plan.sections[section]:
            _add_section(document, section, plan.sections[section])
    return tomlkit.dumps(document)


def _file_of(layer: str) -> str:
    # The outline has its own file beside the layers', and a layer may be called outline too.
    return f"areas/layer-{layer}.geojson" if layer == "outline" else f"areas/{layer}.geojson"


def _town(town: Values) -> Table:
    table = tomlkit.table()
    for key in ("code", "name", "time_zone", "languages"):
        table[key] = _value(town[key])
    table["outline"] = _OUTLINE
    if town["outside"] is not None:
        table["outside"] = town["outside"]
    return table


def _app(app: Values) -> Table:
    table = tomlkit.table()
    for key in ("map_style", "emergency"):
        if app[key]:
            table[key] = _on_lines(app[key]) if key == "emergency" else app[key]
    for key in ("privacy", "ios", "android"):
        if app[key] is not None:
            inner = tomlkit.table()
            for name, value in app[key].items():
                if value not in (None, []):
                    inner[name] = _value(value)
            table[key] = inner
    return table


def _plain(values: Values) -> Table:
    table = tomlkit.table()
    for key, value in values.items():
        if value not in (None, []):
            table[key] = _value(value)
    return table


def _add_section(document: TOMLDocument, section: str, items: dict[str, Values]) -> None:
    outer = tomlkit.table(is_super_table=True)
    for code, values in items.items():
        outer[code] = _category(values) if section == "categories" else _item(section, code, values)
    document[section] = outer


def _item(section: str, code: str, values: Values) -> Table:
    table = tomlkit.table()
    for key, value in values.items():
        if value is not None and key != "content":
            table[key] = _value(value)
    if section == "layers":
        table["file"] = _file_of(code)
        table["code_field"] = "code"
        table["name_field"] = "name"
    return table


def _category(values: Values) -> Table:
    table = tomlkit.table()
    for key in ("group", "name", "description", "public", "blur_m", "areas", "stop"):
        if values[key] not in (None, []):
            table[key] = _value(values[key])
    if values["questions"]:
        questions = tomlkit.aot()
        for question in values["questions"]:
            questions.append(_question(question))
        table["questions"] = questions
    return table


def _question(question: Values) -> Table:
    table = tomlkit.table()
    for key in _QUESTION_KEYS:
        if question[key] in (None, []):
            continue
        if key == "choices":
            table[key] = _on_lines(question[key])
        else:
            table[key] = _value(question[key])
    return table


def _on_lines(items: list[Values]) -> Any:
    """A list with one item a line, so that a changed choice is a changed line."""
    array = tomlkit.array()
    array.multiline(True)
    for item in items:
        array.append(_value(item))
    return array


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return _inline(value)
    if isinstance(value, list):
        array = tomlkit.array()
        for item in value:
            array.append(_value(item))
        return array
    return value


def _inline(values: Values) -> InlineTable:
    table = tomlkit.inline_table()
    for key, value in values.items():
        if value is not None:
            table[key] = _value(value)
    return table
