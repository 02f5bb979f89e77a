"""Files with shapes: GeoJSON, Shapefile (also zipped) and GeoPackage, as they are; nothing is moved or repaired here."""

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyogrio
from pyogrio.errors import CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

LARGEST_BYTES = 1024**3  # what a zip may unpack to, and what a plain file may weigh
MOST_MEMBERS = 1_000
READ_BY = {"GeoJSON", "ESRI Shapefile", "GPKG"}
INSIDE_ZIPS = (".shp", ".geojson", ".json", ".gpkg")
_PEEK_BYTES = 64 * 1024
_CRS_MEMBER = re.compile(rb'"crs"\s*:\s*\{[^{}]*"properties"\s*:\s*\{[^{}]*"name"\s*:\s*"([^"]+)"')
_MEANS_DEGREES = re.compile(r"CRS:?84|4326|4979")


class UnusableFile(Exception):
    """A file that no areas can be taken from; `mistakes` has one sentence for each thing that is wrong."""

    def __init__(self, *mistakes: str):
        super().__init__("\n".join(mistakes))
        self.mistakes = list(mistakes)


@dataclass(frozen=True)
class Features:
    """What a file holds: columns of values and, in the same order, shapes as two-dimensional WKB in the file's own CRS."""

    source: str  # the file's name, for messages
    driver: str
    crs: str | None  # "EPSG:2249", or WKT; None when the file does not say
    columns: dict[str, list[Any]]
    shapes: list[bytes | None]

    def __len__(self) -> int:
        return len(self.shapes)


def read_features(path: Path, table: str | None = None) -> Features:
    """Everything in one layer of the file. `table` names the layer where a file or zip holds several.

    A zip is read where it lies, never unpacked to disk. Raises UnusableFile.
    """
    if not path.is_file():
        raise UnusableFile(f"{path} is not there." if not path.exists() else f"{path} is not a file.")
    if path.stat().st_size > LARGEST_BYTES:
        raise UnusableFile(f"{path.name} is larger than {LARGEST_BYTES // 1024**2} MB.")
    source, table = _openable(path, table)
    with _named_faults(path.name):
        layer = _layer(source, path.name, table)
        meta, _, shapes, columns = pyogrio.raw.read(source, layer=layer, force_2d=True, datetime_as_string=True)
        driver = pyogrio.read_info(source, layer=layer)["driver"]
    if driver not in READ_BY:
        raise UnusableFile(f"{path.name} is {driver}; GeoJSON, Shapefile and GeoPackage are read.")
    crs = meta["crs"]
    if driver == "GeoJSON":
        _refuse_unknown_crs(path, source, crs)
    names = [str(name) for name in meta["fields"]]
    return Features(
        source=path.name,
        driver=driver,
        crs=crs,
        columns={name: column.tolist() for name, column in zip(names, columns, strict=True)},
        shapes=[] if shapes is None else shapes.tolist(),
    )


def _openable(path: Path, table: str | None) -> tuple[str, str | None]:
    """What GDAL is told to open, after a look at the first bytes: left to itself it would follow links to other files."""
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith(b"PK"):
        return _member_of_zip(path, table)
    if head.startswith((b"\x00\x00\x27\x0a", b"SQLite format 3\x00")) or head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(
        b"{"
    ):
        return str(path.resolve()), table
    if not head:
        raise UnusableFile(f"{path.name} is empty.")
    if path.suffix.lower() in {".dbf", ".shx", ".prj", ".cpg"}:
        raise UnusableFile(f"{path.name} is one part of a Shapefile; name the .shp, or a .zip with all its parts.")
    raise UnusableFile(f"{path.name} is not GeoJSON, a Shapefile (.shp or .zip) or a GeoPackage.")


def _member_of_zip(path: Path, table: str | None) -> tuple[str, str | None]:
    """The one file inside that can be read. The whole zip is checked first, so that a damaged one yields nothing at all."""
    with _named_faults(path.name), zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        _refuse_hostile(path.name, members)
        if (broken := archive.testzip()) is not None:
            raise UnusableFile(f"{path.name} is damaged: {broken} does not match its checksum.")
    names = [member.filename for member in members]
    usable = [
        name for name in names if PurePosixPath(name).suffix.lower() in INSIDE_ZIPS and not name.startswith("__MACOSX/")
    ]
    chosen = [name for name in usable if table in {name, PurePosixPath(name).stem}] or usable
    if not chosen:
        raise UnusableFile(
            f"{path.name} holds no .shp, .geojson or .gpkg, only {', '.join(sorted(names)[:8]) or 'nothing'}."
        )
    if len(chosen) > 1:
        raise UnusableFile(
            f"{path.name} holds several layers; say which one with --table: {', '.join(sorted(usable))}."
        )
    inner = chosen[0]
    is_the_table = table in {inner, PurePosixPath(inner).stem}
    return f"/vsizip/{{{path.resolve()}}}/{inner}", None if is_the_table else table


def _refuse_hostile(name: str, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MOST_MEMBERS:
        raise UnusableFile(f"{name} holds {len(members)} files; at most {MOST_MEMBERS} are looked at.")
    if sum(member.file_size for member in members) > LARGEST_BYTES:
        raise UnusableFile(f"{name} would unpack to more than {LARGEST_BYTES // 1024**2} MB.")
    for member in members:
        parts = PurePosixPath(member.filename.replace("\\", "/")).parts
        if ".." in parts or parts[:1] == ("/",):
            raise UnusableFile(f"{name} holds a file whose name leads out of the zip: {member.filename!r}.")
        if member.flag_bits & 1:
            raise UnusableFile(f"{name} is locked with a password.")


def _layer(source: str, name: str, table: str | None) -> str | None:
    """The layer to read: the named one, the only one, or the only one with polygons."""
    layers = {str(layer): kind for layer, kind in pyogrio.list_layers(source)}
    if table is not None:
        if table not in layers:
            raise UnusableFile(f"{name} has no layer {table!r}; it has {', '.join(sorted(layers))}.")
        return table
    with_shapes = [layer for layer, kind in layers.items() if kind is not None]
    if not with_shapes:
        raise UnusableFile(f"{name} holds no shapes.")
    polygons = [layer for layer in with_shapes if "Polygon" in str(layers[layer])]
    chosen = with_shapes if len(with_shapes) == 1 else polygons
    if len(chosen) != 1:
        raise UnusableFile(
            f"{name} holds several layers; say which one with --table: {', '.join(sorted(with_shapes))}."
        )
    return chosen[0]


def _refuse_unknown_crs(path: Path, source: str, crs: str | None) -> None:
    """GDAL silently takes EPSG:4326 for a GeoJSON file whose `crs` member it does not know; that would move the town."""
    if source.startswith("/vsizip/"):
        with zipfile.ZipFile(path) as archive, archive.open(source.rsplit("}/", 1)[1]) as file:
            head, tail = file.read(_PEEK_BYTES), b""
    else:
        with path.open("rb") as plain:
            head = plain.read(_PEEK_BYTES)
            plain.seek(max(0, path.stat().st_size - _PEEK_BYTES))
            tail = plain.read()
    found = _CRS_MEMBER.search(head) or _CRS_MEMBER.search(tail)
    declared = found[1].decode("utf-8", "replace") if found else None
    if declared and crs == "EPSG:4326" and not _MEANS_DEGREES.search(declared):
        raise UnusableFile(f"{path.name} names a coordinate reference system that is not known: {declared}.")


@contextmanager
def _named_faults(name: str) -> Iterator[None]:
    """Turn what GDAL and zipfile raise into one sentence; their warnings are about things checked later."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except UnicodeDecodeError as fault:
        raise UnusableFile(f"{name} holds text that is not {fault.encoding.upper()}; save it as UTF-8.") from fault
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as fault:
        raise UnusableFile(f"{name} is not a zip that can be read: {fault}.") from fault
    except (DataSourceError, DataLayerError, FeatureError, FieldError, GeometryError, CRSError) as fault:
        reason = re.sub(r"; It might help.*", "", str(fault), flags=re.DOTALL).replace("/vsizip/", "").rstrip(".")
        reason = re.sub(r"[^\s'\"{}]*/" + re.escape(name), name, reason)  # the folder may be one that nobody knows
        raise UnusableFile(f"{name} cannot be read: {reason}.") from fault
