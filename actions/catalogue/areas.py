"""Importing one layer of areas from a file, and drawing the town's outline from a layer."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.catalogue.apply import hold_the_catalogue
from actions.catalogue.guards import outline_objections, taken_edition
from actions.catalogue.history import IMPORT_AREAS, OUTLINE, TOWN, Doer, note_change
from actions.catalogue.in_force import town_row
from actions.catalogue.mistakes import BadTown, Mistake
from actions.catalogue.parts import is_code
from domain.base import Jurisdiction
from domain.city import Category, Layer, Rule
from geo.boundaries import AreaSet, NewArea, Outline, joined, read_areas, read_outline
from geo.editions import (
    EditionTaken,
    areas_in_force,
    as_outline,
    edition_in_force,
    edition_labels,
    outline_of,
    put_in_force,
    refuse_taken_edition,
)
from geo.readers import UnusableFile
from geo.surfaces import Progress

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LayerFile:
    """What to import, and how to read it. What is None is found out, or stays as it is."""

    path: Path
    code_field: str | None = None
    name_field: str | None = None
    table: str | None = None
    crs: str | None = None
    edition: str | None = None
    names: dict[str, str] | None = None  # the layer's own name by language; "" stands for all
    stamp: bool | None = None


@dataclass(frozen=True)
class Imported:
    """What an import found, and what it changed or would change."""

    found: AreaSet
    edition: str
    differences: list[str]


def import_areas(
    session: Session,
    layer_code: str,
    file: LayerFile,
    *,
    dry_run: bool = False,
    within_town: bool = True,
    progress: Progress | None = None,
    doer: Doer = IMPORT_AREAS,
) -> Imported:
    """Make the areas in the file the layer's edition in force; the layer is made when there is none of that code.

    within_town: refuse areas that are nowhere near the town. Raises BadTown naming all that is wrong; then nothing
    has changed.
    """
    hold_the_catalogue(session)
    town = _town(session)
    if not is_code(layer_code):
        raise BadTown([Mistake((), "not-a-code", {"value": layer_code}, "not-a-layer-code")])
    try:
        found = read_areas(
            session,
            file.path,
            file.code_field,
            file.name_field,
            town=outline_of(session, town.id) if within_town else None,
            table=file.table,
            crs=file.crs,
            progress=progress,
        )
    except UnusableFile as fault:
        raise BadTown(Mistake((), "unusable-file", {"reason": reason}) for reason in fault.mistakes) from fault
    layer = _layer(session, town, layer_code)
    before = areas_in_force(session, layer.id) if layer else []
    label = _label(session, town, layer, file.edition, found.content_hash)
    wanted = _layer_values(town, layer, layer_code, file)
    _object(session, town, layer, layer_code, label, found)
    lines = [*_layer_differences(session, layer, layer_code, wanted, label), *_area_differences(before, found.areas)]
    if lines and not dry_run:
        told_before = _told(session, layer)
        layer = _put_layer(session, town, layer, layer_code, wanted)
        present = edition_in_force(session, layer.id)
        if present is None or (present.edition, present.content_hash) != (label, found.content_hash):
            put_in_force(session, layer, label, found)
        note_change(session, town.id, doer, "layers", layer_code, told_before, _told(session, layer))
        log.info("areas imported", extra={"layer": layer_code, "edition": label, "areas": len(found.areas)})
    return Imported(found, label, lines)


def draw_outline(
    session: Session, areas: Sequence[NewArea], *, dry_run: bool = False, allow_outside: bool = False
) -> tuple[Outline, bool]:
    """Make all these areas together the town's outline; says also whether it differs from the present one.

    Raises BadTown when reports would be left outside and that is not allowed.
    """
    outline = joined(session, areas)
    return outline, put_outline(session, outline, dry_run=dry_run, allow_outside=allow_outside)


def outline_from(session: Session, path: Path) -> Outline:
    """The outline that a file draws. Raises BadTown."""
    try:
        return read_outline(session, path)
    except UnusableFile as fault:
        raise BadTown(Mistake((), "unusable-file", {"reason": reason}) for reason in fault.mistakes) from fault


def put_outline(
    session: Session,
    outline: Outline,
    *,
    dry_run: bool = False,
    allow_outside: bool = False,
    doer: Doer = IMPORT_AREAS,
) -> bool:
    """Make this the town's outline; whether it differs from the present one. Raises BadTown like `draw_outline`."""
    hold_the_catalogue(session)
    town = _town(session)
    present = outline_of(session, town.id)
    if not allow_outside and (against := outline_objections(session, town, present, outline.wkb)):
        raise BadTown(against)
    if present == outline.wkb:
        return False
    if not dry_run:
        town.outline = as_outline(outline.wkb)
        before = {"outline": Outline(present, 0, []).content_hash}
        note_change(session, town.id, doer, TOWN, OUTLINE, before, {"outline": outline.content_hash})
        log.info("outline drawn", extra={"vertices": outline.vertex_count})
    return True


def areas_of_layer(session: Session, layer_code: str) -> list[NewArea]:
    """The areas of a layer that are in force. Raises BadTown when there are none."""
    town = _town(session)
    layer = _layer(session, town, layer_code)
    areas = areas_in_force(session, layer.id) if layer else []
    if not areas:
        raise BadTown([Mistake((), "unknown-layer", {"value": layer_code}, "layer-without-areas")])
    return areas


def _town(session: Session) -> Jurisdiction:
    town = town_row(session)
    if town is None:
        raise BadTown([Mistake((), "no-town")])
    return town


def _layer(session: Session, town: Jurisdiction, code: str) -> Layer | None:
    return session.scalar(select(Layer).where(Layer.jurisdiction_id == town.id).where(Layer.code == code))


def _label(session: Session, town: Jurisdiction, layer: Layer | None, asked: str | None, content: str) -> str:
    """The edition's name: the one asked for; the present one while the areas are the same; else today's date."""
    if asked:
        return asked
    present = edition_in_force(session, layer.id) if layer else None
    if present is not None and present.content_hash == content:
        return present.edition
    today = datetime.now(ZoneInfo(town.time_zone)).date().isoformat()
    taken = edition_labels(session, layer.id) if layer else set()
    labels = [today, *(f"{today}.{number}" for number in range(2, len(taken) + 3))]
    return next(label for label in labels if label not in taken)


def _layer_values(town: Jurisdiction, layer: Layer | None, code: str, file: LayerFile) -> dict:
    plain = code.replace("-", " ").replace("_", " ").capitalize()
    before = layer.name if layer else {}
    given = file.names or {}
    for language in given:
        if language and language not in town.languages:
            params = {"value": language, "known": list(town.languages)}
            raise BadTown([Mistake((), "other-language", params, "name-in-other-language")])
    names = {one: given.get(one) or given.get("") or before.get(one) or plain for one in town.languages}
    stamp = file.stamp if file.stamp is not None else (layer.stamp if layer else False)
    return {"name": names, "stamp": stamp, "active": True}


def _object(session: Session, town: Jurisdiction, layer: Layer | None, code: str, label: str, found: AreaSet) -> None:
    """Refuse an edition whose name is taken, and areas that leave a rule or a category pointing at nothing."""
    if layer is None:
        return
    against = []
    try:
        refuse_taken_edition(session, layer.id, label, found.content_hash)
    except EditionTaken:
        against.append(taken_edition(code, label))
    for rule in session.scalars(select(Rule).where(Rule.layer_id == layer.id).order_by(Rule.code)):
        if rule.area_code is not None and rule.area_code not in found.codes:
            params = {"area": f"{code}:{rule.area_code}"}
            against.append(Mistake(("rules", rule.code), "loses-its-area", params, "rule-loses-its-area"))
    for category in session.scalars(
        select(Category).where(Category.jurisdiction_id == town.id).where(Category.active).order_by(Category.code)
    ):
        against += [
            Mistake(("categories", category.code), "loses-its-area", {"area": place}, "category-loses-its-area")
            for place in category.areas
            if place.startswith(f"{code}:") and place.partition(":")[2] not in found.codes
        ]
    if against:
        raise BadTown(against)


def _layer_differences(session: Session, layer: Layer | None, code: str, wanted: dict, label: str) -> Iterator[str]:
    if layer is None or not layer.active:
        yield f"+ layers.{code}: edition {label}"
        return
    for key in ("name", "stamp"):
        if getattr(layer, key) != wanted[key]:
            yield f"~ layers.{code}.{key}: {getattr(layer, key)} → {wanted[key]}"
    present = edition_in_force(session, layer.id)
    if present is None or present.edition != label:
        yield f"~ layers.{code}.edition: {present.edition if present else 'nothing'} → {label}"


def _area_differences(before: list[NewArea], after: list[NewArea]) -> list[str]:
    old, new = {area.code: area for area in before}, {area.code: area for area in after}
    if not old:
        return []
    lines = [f"+ area {code} ({new[code].name})" for code in sorted(new.keys() - old.keys())]
    lines += [f"- area {code} ({old[code].name})" for code in sorted(old.keys() - new.keys())]
    for code in sorted(old.keys() & new.keys()):
        if old[code].name != new[code].name:
            lines.append(f"~ area {code}: {old[code].name} → {new[code].name}")
        if old[code].wkb != new[code].wkb:
            lines.append(f"~ area {code}: another shape, {old[code].size_m2:,.0f} → {new[code].size_m2:,.0f} m²")
    return lines


def _put_layer(session: Session, town: Jurisdiction, layer: Layer | None, code: str, wanted: dict) -> Layer:
    if layer is None:
        layer = Layer(jurisdiction_id=town.id, code=code, **wanted)
        session.add(layer)
    else:
        for key, value in wanted.items():
            setattr(layer, key, value)
    session.flush()
    return layer


def _told(session: Session, layer: Layer | None) -> dict | None:
    """A layer as the history tells of it, and as the plan does: of its areas the edition and a hash."""
    if layer is None or not layer.active:
        return None
    session.flush()
    edition = edition_in_force(session, layer.id)
    label, content = (edition.edition, edition.content_hash) if edition is not None else (None, None)
    return {"name": layer.name, "stamp": layer.stamp, "edition": label, "content": content}
