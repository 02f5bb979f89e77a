"""apply, export-town, import-areas."""

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from actions.catalogue.apply import apply_town
from actions.catalogue.areas import LayerFile, areas_of_layer, draw_outline, import_areas
from actions.catalogue.differences import Difference
from actions.catalogue.export import ExportedFile, export_town
from api.commands.answers import Mistake, counted, open_database
from core.db import transaction
from geo.boundaries import AreaSet, Survey

_MOST_TOLD = 200
_WORTH_TELLING_M2 = 1.0  # smaller gaps and overlaps are rounding


def add_verbs(verbs: Any) -> None:
    """Add these verbs to the command line."""
    _add_apply(verbs)
    _add_export(verbs)
    _add_import(verbs)


def _add_apply(verbs: Any) -> None:
    verb = verbs.add_parser(
        "apply",
        help="put a town.toml in force: departments, categories, rules, layers, staff",
        description="Put a town.toml and the area files that it names in force, in one transaction; repeat it as often as you like. "
        "What the file no longer names becomes inactive. Every mistake in the file is named, and then nothing is changed.",
    )
    verb.add_argument("file", type=Path, metavar="FILE", help="the town.toml; its area files are found relative to it")
    verb.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    verb.add_argument(
        "--allow-outside", action="store_true", help="also when the new outline leaves reports outside the town"
    )
    verb.set_defaults(run=run_apply)


def _add_export(verbs: Any) -> None:
    verb = verbs.add_parser(
        "export-town",
        help="write the town in force as town.toml with its area files",
        description="Write town.toml and areas/*.geojson, such that applying them to an empty database makes the same town. "
        "The same town gives the same bytes.",
    )
    verb.add_argument("--out", type=Path, default=Path("town"), metavar="DIR", help="where to (default: %(default)s)")
    verb.set_defaults(run=run_export)


def _add_import(verbs: Any) -> None:
    verb = verbs.add_parser(
        "import-areas",
        help="read one layer of areas from GeoJSON, Shapefile (also zipped) or GeoPackage",
        description="Read a layer of areas from a file in any coordinate reference system that it declares, and put it in force as a "
        "new edition; the edition before is kept for the reports that it routed. The town's town.toml does not learn of it: "
        "`mendway export-town` writes one that does.",
    )
    verb.add_argument("layer", metavar="LAYER", help="the layer's code, such as wards; made when it is not there")
    verb.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="FILE",
        help=".geojson, .shp, .zip or .gpkg; not needed for --outline alone",
    )
    verb.add_argument("--code-field", metavar="FIELD", help="the field with each area's code")
    verb.add_argument("--name-field", metavar="FIELD", help="the field with each area's name")
    verb.add_argument("--edition", metavar="LABEL", help="what this edition is called (default: today's date)")
    verb.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="[LANGUAGE=]NAME",
        help="the layer's own name, in all languages or in one; may be repeated",
    )
    verb.add_argument(
        "--stamp",
        action=argparse.BooleanOptionalAction,
        help="every report keeps which of these areas it fell in (default: as it is, no for a new layer)",
    )
    verb.add_argument("--table", metavar="NAME", help="which layer of a file that holds several")
    verb.add_argument(
        "--crs", metavar="EPSG:N", help="the coordinate reference system, for a file that does not say it"
    )
    verb.add_argument("--outline", action="store_true", help="make all areas together the town's outline")
    verb.add_argument("--allow-outside", action="store_true", help="also when that leaves reports outside the town")
    verb.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    verb.set_defaults(run=run_import)


def run_apply(options: argparse.Namespace) -> None:
    with open_database(), transaction() as session:
        applied = apply_town(session, options.file, dry_run=options.dry_run, allow_outside=options.allow_outside)
    plan = applied.plan
    print(
        f"{options.file}: the town {plan.town['code']}, outline of {counted(plan.outline.vertex_count, 'vertex', 'vertices')}"
    )
    for layer, found in plan.areas.items():
        _tell_areas(f"layer {layer}", found)
    _tell_differences(applied.differences, options.dry_run)


def run_export(options: argparse.Namespace) -> None:
    with open_database(), transaction() as session:
        files = export_town(session)
    for file in files:
        _write(options.out, file)
    print(f"{options.out}: {', '.join(file.path for file in files)}")


def _write(folder: Path, file: ExportedFile) -> None:
    path = folder / file.path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(path.name + ".new")
        new.write_bytes(file.content)
        os.replace(new, path)  # whoever reads at this moment gets the old file or the new one, never half
    except OSError as fault:
        raise Mistake(f"{path} cannot be written: {fault.strerror}.") from fault


def run_import(options: argparse.Namespace) -> None:
    if options.file is None and not options.outline:
        raise Mistake("Name a FILE to import, or say --outline to draw the town's outline from areas that are there.")
    with open_database(), transaction() as session:
        if options.file is None:
            areas = areas_of_layer(session, options.layer)
            lines: list[str] = []
        else:
            with _Bar(options.file.name) as bar:
                imported = import_areas(
                    session,
                    options.layer,
                    _layer_file(options),
                    dry_run=options.dry_run,
                    within_town=not options.outline,
                    progress=bar.show,
                )
            areas, lines = imported.found.areas, imported.differences
            _tell_areas(f"layer {options.layer}, edition {imported.edition}", imported.found)
        if options.outline:
            outline, is_new = draw_outline(session, areas, dry_run=options.dry_run, allow_outside=options.allow_outside)
            if is_new:
                vertices = counted(outline.vertex_count, "vertex", "vertices")
                lines.append(f"~ town.outline: {counted(len(areas), 'area')} together, {vertices}")
    _tell_differences(lines, options.dry_run)


def _layer_file(options: argparse.Namespace) -> LayerFile:
    names = {}
    for word in options.name:
        language, equals, name = word.partition("=")
        names[language if equals else ""] = name if equals else word
    return LayerFile(
        path=options.file,
        code_field=options.code_field,
        name_field=options.name_field,
        table=options.table,
        crs=options.crs,
        edition=options.edition,
        names=names or None,
        stamp=options.stamp,
    )


class _Bar:
    """A progress bar on standard error while somebody looks at it."""

    def __init__(self, name: str):
        self.bar = tqdm(desc=name, unit=" areas", file=sys.stderr, disable=not sys.stderr.isatty(), leave=False)

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def show(self, done: int, total: int) -> None:
        self.bar.total = total
        self.bar.update(done - self.bar.n)


def _tell_areas(title: str, found: AreaSet) -> None:
    fields = f"code from {found.code_field}, name from {found.name_field}"
    sizes = f"{counted(len(found.areas), 'area')}, {counted(found.vertex_count, 'vertex', 'vertices')}"
    print(f"  {title}: {sizes}, {found.source} ({fields})")
    for repair in found.repairs:
        print(f"    repaired {repair}")
    if found.survey is not None and (fit := _fit(found.survey)):
        print(f"    {fit}")


def _fit(survey: Survey) -> str:
    parts = (
        (survey.gap_m2, "of the town in no area"),
        (survey.beyond_m2, "of them outside the town"),
        (survey.overlap_m2, "in two areas at once"),
    )
    return "; ".join(f"{size:,.0f} m² {what}" for size, what in parts if size >= _WORTH_TELLING_M2)


def _tell_differences(lines: Iterable[Difference | str], is_dry_run: bool) -> None:
    told = [str(line) for line in lines]
    if not told:
        print("There is nothing to change.")
        return
    print("\n".join(told[:_MOST_TOLD]))
    if len(told) > _MOST_TOLD:
        print(f"… and {len(told) - _MOST_TOLD} more")
    counts = (("added", "+"), ("changed", "~"), ("removed", "-"))
    numbers = ", ".join(f"{sum(line.startswith(sign) for line in told)} {word}" for word, sign in counts)
    print(f"{numbers}; " + ("a dry run: nothing was changed." if is_dry_run else "done."))
