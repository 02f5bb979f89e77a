"""town.toml, or the same as values → a checked plan. Every mistake is named, with its place, before anything is done."""

import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy.orm import Session

from actions.catalogue.app import read_app, read_notice
from actions.catalogue.clocks import read_calendar, read_target
from actions.catalogue.grounds import FilesGround, Ground
from actions.catalogue.items import (
    Places,
    read_body,
    read_category,
    read_crew,
    read_department,
    read_member,
    read_named,
    read_rule,
)
from actions.catalogue.lines import with_lines
from actions.catalogue.mistakes import BadTown, Mistake, language_name
from actions.catalogue.moderation import read_moderation
from actions.catalogue.parts import Part
from actions.catalogue.plan import SECTIONS, Plan, Values
from actions.catalogue.workflow import read_reason, read_status, read_template, read_workflow

FORMAT = 1
_LONGEST_EDITION = 60
_ZONES = available_timezones()


def read_town(session: Session, path: Path) -> Plan:
    """What the file and the area files that it names say. Nothing is stored; `session` only lends PostGIS.

    Raises BadTown with every mistake.
    """
    text = _text(path)
    values = _parsed(path, text)
    found: list[Mistake] = []
    try:
        return read_values(values, FilesGround(session, path.parent, found), found)
    except BadTown as fault:
        raise BadTown(with_lines(fault.found, text)) from None


def read_values(values: Values, ground: Ground, found: list[Mistake]) -> Plan:
    """What the values say, shaped as a town.toml; `ground` knows the outline and the areas. Mistakes go into `found`.

    Raises BadTown with all of them.
    """
    whole = Part(values, (), found, _languages(values))
    if (given := whole.take("format", required=True)) is not None and given != FORMAT:
        whole.wrong("format", "unknown-format", format=FORMAT)
    town = _town(whole, ground)
    town["app"] = read_app(whole)
    town["workflow"] = read_workflow(whole)
    coded = {section: whole.coded(section) for section in SECTIONS}
    town["moderation"] = read_moderation(whole, coded["categories"])
    whole.finish()

    sections: dict[str, dict[str, Values]] = {
        "layers": {code: _layer(code, part, ground) for code, part in coded["layers"].items()},
        "departments": {code: read_department(part) for code, part in coded["departments"].items()},
        "external_bodies": {code: read_body(part) for code, part in coded["external_bodies"].items()},
        "crews": {code: read_crew(part, coded["departments"]) for code, part in coded["crews"].items()},
        "groups": {code: read_named(part) for code, part in coded["groups"].items()},
    }
    if town["outside"] is not None and town["outside"] not in coded["external_bodies"]:
        params = {"what": "body", "value": town["outside"]}
        found.append(Mistake(("town", "outside"), "unknown-body", params, "no-such"))

    outline, areas, codes = ground.draw()
    for layer, drawn in areas.items():
        sections["layers"][layer]["content"] = drawn.content_hash
    stamped = {code for code, at in sections["layers"].items() if at["stamp"]}
    places = Places(set(coded["layers"]), codes, stamped)
    sections["categories"] = {
        code: read_category(part, coded["groups"], places) for code, part in coded["categories"].items()
    }
    sections["rules"] = {code: read_rule(part, coded, places) for code, part in coded["rules"].items()}
    sections["staff"] = {code: read_member(part, coded, places) for code, part in coded["staff"].items()}
    sections["notices"] = {code: read_notice(part) for code, part in coded["notices"].items()}
    sections["statuses"] = {code: read_status(code, part) for code, part in coded["statuses"].items()}
    sections["reasons"] = {code: read_reason(code, part) for code, part in coded["reasons"].items()}
    sections["templates"] = {code: read_template(part, coded) for code, part in coded["templates"].items()}
    sections["calendars"] = {code: read_calendar(part) for code, part in coded["calendars"].items()}
    sections["targets"] = {
        code: read_target(part, coded, sections["calendars"]) for code, part in coded["targets"].items()
    }
    if found or outline is None:
        raise BadTown(found)
    return Plan(town, sections, outline, areas)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadTown([Mistake((), "file-missing", {"path": str(path)})]) from None
    except OSError as fault:
        params = {"path": str(path), "reason": fault.strerror}
        raise BadTown([Mistake((), "file-unreadable", params)]) from fault
    except UnicodeDecodeError as fault:
        raise BadTown([Mistake((), "not-utf-8", {"path": str(path)})]) from fault


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:  # it names line and column
        raise BadTown([Mistake((), "not-toml", {"path": str(path), "reason": str(fault)})]) from fault


def _languages(values: dict[str, Any]) -> list[str]:
    """The town's languages, read first because every text below depends on them; English while they are unreadable."""
    town = values.get("town")
    found = town.get("languages") if isinstance(town, dict) else None
    usable = (
        [item for item in found if isinstance(item, str) and language_name(item)] if isinstance(found, list) else []
    )
    return usable or ["en"]


def _town(whole: Part, ground: Ground) -> Values:
    part = whole.inner("town")
    if part is None:
        raise BadTown([*whole.found, Mistake(("town",), "required", says="town-needed")])
    languages = part.texts("languages", required=True)
    for language in languages:
        if language_name(language) is None:
            part.wrong("languages", "unknown-language", value=language)
    if len(set(languages)) != len(languages) or (part.has("languages") and not languages):
        part.wrong("languages", "languages-not-once")
    town: Values = {
        "code": part.code("code"),
        "name": part.words("name"),
        "time_zone": part.text("time_zone", required=True),
        "languages": languages,
        "outside": part.text("outside"),
    }
    if town["time_zone"] is not None and town["time_zone"] not in _ZONES:
        part.wrong("time_zone", "unknown-time-zone", value=town["time_zone"])
    ground.take_town(part)
    part.finish()
    return town


def _layer(code: str, part: Part, ground: Ground) -> Values:
    values = {
        "name": part.words("name"),
        "stamp": part.flag("stamp", default=False),
        "edition": part.text("edition", required=True, longest=_LONGEST_EDITION),
        "content": ground.take_layer(code, part),
    }
    part.finish()
    return values
