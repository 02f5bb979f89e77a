"""town.toml → a checked plan. Every mistake in it is named, with its place, before anything is done."""

import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy.orm import Session

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
from actions.catalogue.parts import BadTown, Part, language_name
from actions.catalogue.plan import SECTIONS, Plan, Values
from geo.boundaries import AreaSet, Outline, read_areas, read_outline
from geo.readers import UnusableFile

FORMAT = 1
_LONGEST_EDITION = 60


def read_town(session: Session, path: Path) -> Plan:
    """What the file and the area files that it names say. Nothing is stored; `session` only lends PostGIS.

    Raises BadTown with every mistake.
    """
    mistakes: list[str] = []
    values = _parsed(path)
    whole = Part(values, "", mistakes, _languages(values))
    if (given := whole.take("format", required=True)) is not None and given != FORMAT:
        whole.wrong("format", f"this program reads format {FORMAT}")
    town, outline_file = _town(whole)
    coded = {section: whole.coded(section) for section in SECTIONS}
    whole.finish()

    layer_files, layers = _layers(coded["layers"])
    sections: dict[str, dict[str, Values]] = {
        "layers": layers,
        "departments": {code: read_department(part) for code, part in coded["departments"].items()},
        "external_bodies": {code: read_body(part) for code, part in coded["external_bodies"].items()},
        "crews": {code: read_crew(part, coded["departments"]) for code, part in coded["crews"].items()},
        "groups": {code: read_named(part) for code, part in coded["groups"].items()},
    }
    if town["outside"] is not None and town["outside"] not in coded["external_bodies"]:
        mistakes.append(f"town.outside: there is no external body {town['outside']!r}")

    outline = _outline(session, path.parent, outline_file, mistakes)
    areas = _areas(session, path.parent, layer_files, outline, mistakes)
    for layer, found in areas.items():
        layers[layer]["content"] = found.content_hash
    places = Places(set(layers), {layer: found.codes for layer, found in areas.items()})
    sections["categories"] = {
        code: read_category(part, coded["groups"], places) for code, part in coded["categories"].items()
    }
    sections["rules"] = {code: read_rule(part, coded, places) for code, part in coded["rules"].items()}
    sections["staff"] = {code: read_member(part, coded) for code, part in coded["staff"].items()}
    if mistakes or outline is None:
        raise BadTown(mistakes)
    return Plan(town, sections, outline, areas)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadTown([f"{path} is not there."]) from None
    except OSError as fault:
        raise BadTown([f"{path} cannot be read: {fault.strerror}."]) from fault
    except UnicodeDecodeError as fault:
        raise BadTown([f"{path} is not UTF-8 text."]) from fault
    except tomllib.TOMLDecodeError as fault:
        raise BadTown([f"{path} is not TOML: {fault}."]) from fault


def _languages(values: dict[str, Any]) -> list[str]:
    """The town's languages, read first because every text below depends on them; English while they are unreadable."""
    town = values.get("town")
    found = town.get("languages") if isinstance(town, dict) else None
    usable = (
        [item for item in found if isinstance(item, str) and language_name(item)] if isinstance(found, list) else []
    )
    return usable or ["en"]


def _town(whole: Part) -> tuple[Values, str | None]:
    part = whole.inner("town")
    if part is None:
        raise BadTown([*whole.mistakes, "town: missing; the file needs a [town] table"])
    languages = part.texts("languages", required=True)
    for language in languages:
        if language_name(language) is None:
            part.wrong("languages", f"{language!r} is not a language code such as en, es or pt-BR")
    if len(set(languages)) != len(languages) or (part.has("languages") and not languages):
        part.wrong("languages", "must name each language once, the default first")
    town: Values = {
        "code": part.code("code"),
        "name": part.words("name"),
        "time_zone": part.text("time_zone", required=True),
        "languages": languages,
        "outside": part.text("outside"),
    }
    if town["time_zone"] is not None and town["time_zone"] not in available_timezones():
        part.wrong("time_zone", f"{town['time_zone']!r} is not an IANA time zone such as America/New_York")
    outline = part.text("outline", required=True, longest=2_000)
    part.finish()
    return town, outline


def _layers(parts: dict[str, Part]) -> tuple[dict[str, tuple[Part, Values]], dict[str, Values]]:
    files: dict[str, tuple[Part, Values]] = {}
    layers: dict[str, Values] = {}
    for code, part in parts.items():
        layers[code] = {
            "name": part.words("name"),
            "stamp": part.flag("stamp", default=False),
            "edition": part.text("edition", required=True, longest=_LONGEST_EDITION),
            "content": None,
        }
        files[code] = (
            part,
            {
                "file": part.text("file", required=True, longest=2_000),
                "code_field": part.text("code_field", required=True),
                "name_field": part.text("name_field"),
            },
        )
        part.finish()
    return files, layers


def _outline(session: Session, folder: Path, file: str | None, mistakes: list[str]) -> Outline | None:
    if file is None:
        return None
    try:
        return read_outline(session, folder / file)
    except UnusableFile as fault:
        mistakes.extend(f"town.outline: {mistake}" for mistake in fault.mistakes)
        return None


def _areas(
    session: Session,
    folder: Path,
    files: dict[str, tuple[Part, Values]],
    outline: Outline | None,
    mistakes: list[str],
) -> dict[str, AreaSet]:
    town = outline.wkb if outline else None
    found = {}
    for layer, (part, given) in files.items():
        if given["file"] is None or given["code_field"] is None:
            continue
        name_field = given["name_field"] or given["code_field"]
        try:
            found[layer] = read_areas(session, folder / given["file"], given["code_field"], name_field, town=town)
        except UnusableFile as fault:
            mistakes.extend(f"{part.place('file')}: {mistake}" for mistake in fault.mistakes)
    return found
