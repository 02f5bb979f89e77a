"""A longitude and a latitude, checked; nothing else."""

from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True)
class LonLat:
    """A place in EPSG:4326 degrees, always longitude first."""

    lon: float
    lat: float

    @property
    def is_on_earth(self) -> bool:
        """Whether both numbers are finite and in range."""
        return isfinite(self.lon) and isfinite(self.lat) and abs(self.lon) <= 180 and abs(self.lat) <= 90

    @property
    def swapped(self) -> "LonLat":
        """The place that was meant if the two numbers were exchanged."""
        return LonLat(lon=self.lat, lat=self.lon)


@dataclass(frozen=True)
class Box:
    """West, south, east, north in EPSG:4326 degrees; west may exceed east where the box crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    @property
    def is_on_earth(self) -> bool:
        """Whether all corners are in range and south is not above north."""
        corners = LonLat(self.west, self.south), LonLat(self.east, self.north)
        return all(corner.is_on_earth for corner in corners) and self.south <= self.north
