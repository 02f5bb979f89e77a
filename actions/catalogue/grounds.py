"""Where the outline and the areas of a plan come from: files beside a town.toml, or what is in force already."""

from pathlib import Path
from typing import Protocol

from sqlalchemy.orm import Session

from actions.catalogue.mistakes import Mistake
from actions.catalogue.parts import LONGEST_LINK, Part
from actions.catalogue.plan import Plan, Values
from geo.boundaries import AreaSet, Outline, read_areas, read_outline
from geo.readers import UnusableFile


class Ground(Protocol):
    """What the reader asks, in this order: the town's table, each layer's, then what was drawn."""

    def take_town(self, town: Part) -> None: ...

    def take_layer(self, code: str, layer: Part) -> str | None:
        """Take the keys that say where the areas are; a hash of them where it is known already."""

    def draw(self) -> tuple[Outline | None, dict[str, AreaSet], dict[str, set[str]]]:
        """The outline, areas that are new by layer, and the codes of all areas by layer."""


class FilesGround:
    """Files that town.toml names, found relative to it. `session` lends PostGIS; nothing is stored."""

    def __init__(self, session: Session, folder: Path, found: list[Mistake]):
        self.session = session
        self.folder = folder
        self.found = found
        self._outline: str | None = None
        self._files: dict[str, Values] = {}

    def take_town(self, town: Part) -> None:
        self._outline = town.text("outline", required=True, longest=LONGEST_LINK)

    def take_layer(self, code: str, layer: Part) -> None:
        self._files[code] = {
            "file": layer.text("file", required=True, longest=LONGEST_LINK),
            "code_field": layer.text("code_field", required=True),
            "name_field": layer.text("name_field"),
        }

    def draw(self) -> tuple[Outline | None, dict[str, AreaSet], dict[str, set[str]]]:
        outline = self._draw_outline()
        areas: dict[str, AreaSet] = {}
        for layer, given in self._files.items():
            if given["file"] is None or given["code_field"] is None:
                continue
            name_field = given["name_field"] or given["code_field"]
            path, town = self.folder / given["file"], outline.wkb if outline else None
            try:
                areas[layer] = read_areas(self.session, path, given["code_field"], name_field, town=town)
            except UnusableFile as fault:
                self._note(("layers", layer, "file"), fault)
        return outline, areas, {layer: found.codes for layer, found in areas.items()}

    def _draw_outline(self) -> Outline | None:
        if self._outline is None:
            return None
        try:
            return read_outline(self.session, self.folder / self._outline)
        except UnusableFile as fault:
            self._note(("town", "outline"), fault)
            return None

    def _note(self, place: tuple[str, ...], fault: UnusableFile) -> None:
        self.found += [Mistake(place, "unusable-file", {"reason": reason}) for reason in fault.mistakes]


class GroundInForce:
    """The outline and the areas stay as they are."""

    def __init__(self, now: Plan, codes: dict[str, set[str]]):
        self.now = now
        self.codes = codes

    def take_town(self, town: Part) -> None:
        pass

    def take_layer(self, code: str, layer: Part) -> str | None:
        return self.now.sections["layers"][code]["content"] if code in self.now.sections["layers"] else None

    def draw(self) -> tuple[Outline | None, dict[str, AreaSet], dict[str, set[str]]]:
        return self.now.outline, {}, self.codes
