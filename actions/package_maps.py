"""The map of a package, drawn when it is asked for and kept in the process for who reads it piece by piece."""

import hashlib
import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sqlalchemy.orm import Session

from actions.packages import stops_of
from domain.access import Caller
from domain.errors import MapTooWide
from domain.packages import WorkPackage
from geo import map_tiles
from geo.base_map import BaseMap
from geo.map_tiles import MapStop
from geo.offline_map import LARGEST_BYTES, MapTooLarge, Round, offline_map
from geo.points import LonLat
from geo.readers import UnusableFile

log = logging.getLogger(__name__)

MOST_KEPT = 2  # of at most 20 MB each, in each process


@dataclass(frozen=True)
class MapFile:
    """A PMTiles file, and the hash of its content."""

    content: bytes
    tag: str


_kept: OrderedDict[tuple[object, ...], MapFile] = OrderedDict()
_lock = threading.Lock()


def map_of(session: Session, caller: Caller, package: WorkPackage, base: Path | None) -> MapFile:
    """The map of what this caller sees of a package. Raises MapTooWide when its stops lie too far apart for one file."""
    stops = tuple(
        MapStop(
            row["position"], row["reference"], row["category"], str(row["id"]), LonLat(lon=row["lon"], lat=row["lat"])
        )
        for row in stops_of(session, caller, package)
    )
    if not stops:
        raise MapTooWide(stops=0)
    start = None
    if package.start_lon is not None and package.start_lat is not None:
        start = LonLat(lon=package.start_lon, lat=package.start_lat)
    of = Round(caller.jurisdiction_id, str(package.id), package.name, stops, start)
    base_map = _base_map(base)
    key = (of, map_tiles.stamp(session, caller.jurisdiction_id), base_map)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    made = _drawn(session, of, base_map)
    with _lock:
        _kept[key] = made
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return made


def forget() -> None:
    """Draw every map anew."""
    with _lock:
        _kept.clear()


def _drawn(session: Session, of: Round, base: BaseMap | None) -> MapFile:
    try:
        content = offline_map(session, of, base)
    except MapTooLarge:
        raise MapTooWide(stops=len(of.stops), limit_bytes=LARGEST_BYTES) from None
    return MapFile(content, hashlib.sha256(content).hexdigest()[:32])


def _base_map(path: Path | None) -> BaseMap | None:
    """The city's base map. One that is away or cannot be read is logged and done without: a crew needs its map more."""
    if path is None:
        return None
    try:
        return _opened(path, path.stat().st_mtime_ns)
    except (OSError, UnusableFile) as fault:
        log.warning("the base map cannot be used", extra={"reason": str(fault)})
        return None


@lru_cache(maxsize=2)
def _opened(path: Path, changed_ns: int) -> BaseMap:
    """Opened anew when the file was replaced."""
    return BaseMap(path)
