"""Reading requests strictly: JSON that is JSON, fields that we know, errors with a pointer to each."""

import re
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, NoReturn

import marshmallow as ma
import orjson
from flask import request
from webargs.flaskparser import FlaskParser

from api.context import this_context, this_request
from domain.errors import BodyTooLarge, FieldError, Invalid, KeyMissing, Unreadable, VersionMissing, WrongContentType

JSON_TYPE = "application/json"
MOST_TAKEN_OFF_BYTES = 1024 * 1024
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_VERSION = re.compile(r'(?:W/)?"(\d{1,9})"')


def read_json() -> Any:
    """The body as JSON, read once.

    Raises WrongContentType, BodyTooLarge, Unreadable (malformed, not UTF-8, NaN, Infinity, half a surrogate pair).
    """
    kept = this_context()
    if "body" not in kept:
        kept.body = _parsed(this_request())
    return kept.body


def _parsed(asked: Any) -> Any:
    if asked.mimetype != JSON_TYPE:
        raise WrongContentType()
    limit, announced = asked.max_content_length, asked.content_length
    if limit is not None and (announced or 0) > limit:
        _take_off_the_line()
        raise BodyTooLarge(limit_bytes=limit)
    raw = asked.get_data(cache=False)
    # Of a body in chunks werkzeug reads as much as the limit and leaves the rest: one that fills it is over it.
    if limit is not None and len(raw) > limit - (announced is None):
        raise BodyTooLarge(limit_bytes=limit)
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as fault:
        raise Unreadable(line=fault.lineno, column=fault.colno) from None


def _take_off_the_line() -> None:
    """Read what will not be used. A proxy that is still sending it when the connection ends never sees the answer."""
    left = min(request.content_length or 0, MOST_TAKEN_OFF_BYTES)
    while left > 0 and (piece := request.environ["wsgi.input"].read(min(left, 65_536))):
        left -= len(piece)


def canonical_body() -> bytes:
    """The body in one spelling, so that a retry with other spaces or order is the same request."""
    return orjson.dumps(read_json(), option=orjson.OPT_SORT_KEYS)


class Reader(FlaskParser):
    """Webargs with our rules: strict bodies, and errors as field pointers."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "json": ma.RAISE, "query": ma.RAISE}

    def use_args(self, argmap: Any, *args: Any, location: str | None = None, **kwargs: Any) -> Any:
        """Webargs for query strings. A JSON body is loaded directly: webargs' generality costs a tenth of a report's time."""
        if location != "json":
            return super().use_args(argmap, *args, location=location, **kwargs)
        return partial(_with_body, argmap)

    def handle_error(
        self, error: ma.ValidationError, req: Any, schema: ma.Schema, *, error_status_code: Any, error_headers: Any
    ) -> NoReturn:
        location, messages = next(iter(error.messages_dict.items()))
        raise Invalid(field_errors(messages, "?" if location == "query" else "/"))


reader = Reader()


def _with_body(schema: ma.Schema, view: Callable[..., Any]) -> Callable[..., Any]:
    """The view with the loaded body as its first argument."""

    @wraps(view)
    def loaded(*args: Any, **kwargs: Any) -> Any:
        try:
            body = schema.load(read_json())
        except ma.ValidationError as error:
            raise Invalid(field_errors(error.messages)) from None
        return view(body, *args, **kwargs)

    return loaded


def field_errors(messages: Any, path: str = "/") -> list[FieldError]:
    """Marshmallow's nested messages as a flat list. Our fields write them as `code:name=value;name=value`."""
    if isinstance(messages, dict):
        found = []
        for name, inner in messages.items():
            own = path.rstrip("/") if name == "_schema" else _joined(path, str(name))
            found.extend(field_errors(inner, own))
        return found
    return [_field_error(path.rstrip("/") if path != "/" else "", message) for message in messages]


def _joined(path: str, name: str) -> str:
    if path == "?":
        return "?" + name
    return path.rstrip("/") + "/" + name.replace("~", "~0").replace("/", "~1")


def _field_error(pointer: str, message: str) -> FieldError:
    code, _, rest = message.partition(":")
    params = dict(pair.split("=", 1) for pair in rest.split(";") if "=" in pair)
    return FieldError(pointer, code, {name: _number_or_text(value) for name, value in params.items()})


def _number_or_text(value: str) -> Any:
    try:
        return int(value)
    except ValueError:
        return value


def idempotency_key() -> str:
    """The Idempotency-Key header. Raises KeyMissing when it is missing or not 1 to 200 visible ASCII characters."""
    key = request.headers.get("Idempotency-Key", "").strip().strip('"')
    if not _KEY.fullmatch(key):
        raise KeyMissing()
    return key


def expected_version() -> int:
    """The version in If-Match. Raises VersionMissing."""
    found = _VERSION.fullmatch(request.headers.get("If-Match", "").strip())
    if found is None:
        raise VersionMissing()
    return int(found.group(1))
