"""import-map: streets and assets that crews' maps show."""

import argparse
from pathlib import Path
from typing import Any

from actions.catalogue.parts import is_code
from api.commands.answers import Mistake, open_database, present_town
from core.db import transaction
from domain.packages import FEATURE_KINDS
from geo.map_features import forget_features, keep_features
from geo.readers import UnusableFile, read_features


def add_verbs(verbs: Any) -> None:
    """Add this verb to the command line."""
    verb = verbs.add_parser(
        "import-map",
        help="read streets or assets that crews' maps show from GeoJSON, Shapefile (also zipped) or GeoPackage",
        description="Read lines, points or polygons that crews see on their maps without a network: streets, lamps, hydrants. "
        "They are shown only; which department owns a place is a matter of areas (import-areas). "
        "What the layer had before is replaced.",
    )
    verb.add_argument(
        "kind", choices=FEATURE_KINDS, help="street: a line with a name; asset: something that stands there"
    )
    verb.add_argument("layer", metavar="LAYER", help="a code of your own, such as centre-lines or lights")
    verb.add_argument("file", type=Path, nargs="?", metavar="FILE", help=".geojson, .shp, .zip or .gpkg")
    verb.add_argument("--name-field", metavar="FIELD", help="the field with each feature's name")
    verb.add_argument("--table", metavar="TABLE", help="which layer of a file that holds several")
    verb.add_argument("--crs", metavar="CRS", help="for a file that does not say, such as EPSG:2249")
    verb.add_argument("--remove", action="store_true", help="take the layer off the maps")
    verb.set_defaults(run=run_import)


def run_import(options: argparse.Namespace) -> None:
    if not is_code(options.layer):
        raise Mistake(f"{options.layer!r} is not a code: small letters, digits, single - or _ between them.")
    if (options.file is None) != options.remove:
        raise Mistake("Name a file, or --remove.")
    with open_database(), transaction() as session:
        town = present_town(session)
        if options.remove:
            count = forget_features(session, town.id, options.kind, options.layer)
            print(f"{options.layer} is off the maps; it had {count:,} features.")
            return
        try:
            features = read_features(options.file, options.table)
            count = keep_features(
                session, town.id, options.kind, options.layer, features, options.name_field, options.crs
            )
        except UnusableFile as fault:
            raise Mistake("\n".join(fault.mistakes)) from fault
        print(f"{options.layer}: {count:,} features are on the maps.")
