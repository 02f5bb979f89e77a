"""GeoJSON in and out: boundaries are larger than what phones send, and go to the reader of area files as they came."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import marshmallow as ma
from flask import Response, g, request
from marshmallow import fields

from api.fields import Facts, Shape
from api.reading import JSON_TYPE
from domain.errors import BodyTooLarge, Unreadable, WrongContentType

GEOJSON = "application/geo+json"
LARGEST_DRAWING_BYTES = 64 * 1024**2
_SPACE = b"\xef\xbb\xbf \t\r\n"


class _GeoJson(Shape):
    """GeoJSON may carry members that nobody knows (RFC 7946, 6.1)."""

    class Meta:
        unknown = ma.INCLUDE


class GeometryIn(_GeoJson):
    """A Polygon or a MultiPolygon, in degrees unless the collection names another CRS."""

    type = fields.String(required=True, metadata={"enum": ["Polygon", "MultiPolygon"]})
    coordinates = fields.List(fields.Raw(), required=True)


class FeatureIn(_GeoJson):
    """One area: its code and its name are among the properties."""

    type = fields.String(required=True, metadata={"enum": ["Feature"]})
    properties = Facts(required=True, allow_none=True)
    geometry = fields.Nested(GeometryIn, required=True)


class DrawingIn(_GeoJson):
    """A FeatureCollection (RFC 7946)."""

    type = fields.String(required=True, metadata={"enum": ["FeatureCollection"]})
    features = fields.List(fields.Nested(FeatureIn), required=True)

    def load(self, data: Any, **_: Any) -> Any:
        return data  # the reader of area files looks into it


class GeometryOut(Shape):
    """A MultiPolygon in degrees."""

    type = fields.String(required=True)
    coordinates = fields.List(fields.Raw(), required=True)


class FeatureOut(Shape):
    """One area."""

    type = fields.String(required=True)
    properties = Facts(required=True)
    geometry = fields.Nested(GeometryOut, required=True)


class DrawingOut(Shape):
    """A FeatureCollection (RFC 7946) in EPSG:4326."""

    type = fields.String(required=True)
    features = fields.List(fields.Nested(FeatureOut), required=True)


def takes_a_drawing(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let the body be as large as boundaries are, and keep it as the bytes that came.

    Raises BodyTooLarge, WrongContentType, Unreadable for what is no JSON object at all.
    """

    @wraps(view)
    def taken(*args: Any, **kwargs: Any) -> Any:
        if request.mimetype not in (GEOJSON, JSON_TYPE):
            raise WrongContentType()
        request.max_content_length = LARGEST_DRAWING_BYTES
        raw = request.get_data(cache=False)
        if len(raw) > LARGEST_DRAWING_BYTES - (request.content_length is None):
            raise BodyTooLarge(limit_bytes=LARGEST_DRAWING_BYTES)
        if not raw.lstrip(_SPACE).startswith(b"{"):
            raise Unreadable()
        g.drawing, g.body = raw, {}
        return view(*args, **kwargs)

    return taken


@contextmanager
def drawn_file(name: str) -> Iterator[tuple[Path, bytes]]:
    """The body as a file of this name, for as long as the block lasts, and a hash of it."""
    with TemporaryDirectory(prefix="mendway-") as folder:
        path = Path(folder) / name
        path.write_bytes(g.drawing)
        yield path, hashlib.sha256(g.drawing).digest()


def geojson_answer(content: bytes, version: str) -> Response:
    """A drawing with its version."""
    answer = Response(content, content_type=GEOJSON)
    answer.headers["ETag"] = f'"{version}"'
    return answer
