"""Marshmallow fields with our codes, and the parent of all schemas."""

import re
from datetime import UTC, datetime
from math import isfinite
from typing import Any
from uuid import UUID

import marshmallow as ma
from marshmallow import fields

from domain.forms import has_control_characters

_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+")  # whether it works only a mail to it can tell
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")

fields.Field.default_error_messages.update(required="required", null="required", validator_failed="wrong-type")


def _wrong(expected: str) -> str:
    return f"wrong-type:expected={expected}"


# Marshmallow's own words are no codes, and a phone could do nothing with them.
for _kind, _faults, _expected in (
    (fields.String, ("invalid", "invalid_utf8"), "string"),
    (fields.Boolean, ("invalid",), "boolean"),
    (fields.Integer, ("invalid", "too_large"), "integer"),
    (fields.Float, ("invalid", "too_large", "special"), "number"),
    (fields.List, ("invalid",), "list"),
    (fields.Dict, ("invalid",), "object"),
    (fields.Nested, ("type",), "object"),
):
    _kind.default_error_messages = {**_kind.default_error_messages, **dict.fromkeys(_faults, _wrong(_expected))}


class Shape(ma.Schema):
    """A JSON object whose fields are all known."""

    class Meta:
        unknown = ma.RAISE

    error_messages: dict[str, str] = {"unknown": "unknown-field", "type": _wrong("object")}


class Words(fields.String):
    """Text without control characters, counted in code points."""

    default_error_messages = {"invalid": _wrong("string"), "invalid_utf8": _wrong("string")}

    def __init__(self, *, longest: int, shortest: int = 0, **kwargs: Any):
        super().__init__(metadata={"maxLength": longest, "minLength": shortest, **kwargs.pop("metadata", {})}, **kwargs)
        self.longest, self.shortest = longest, shortest

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if len(text) > self.longest:
            raise ma.ValidationError(f"too-long:max={self.longest}")
        if len(text.strip()) < self.shortest:
            raise ma.ValidationError(f"too-short:min={self.shortest}")
        if has_control_characters(text):
            raise ma.ValidationError("control-character")
        return text


class Line(Words):
    """Text of one line."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if "\n" in text or "\t" in text:
            raise ma.ValidationError("control-character")
        return text


class MailAddress(Line):
    """Something with an @ in the middle."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not _MAIL.fullmatch(text):
            raise ma.ValidationError("not-an-email")
        return text


class Id(fields.UUID):
    """A UUID in its usual spelling of 36 characters."""

    default_error_messages = {"invalid_uuid": "not-a-uuid"}

    def _validated(self, value: Any) -> UUID:
        # Python's UUID() takes dashes anywhere and digits of any script.
        if not isinstance(value, UUID) and (not isinstance(value, str) or not _UUID.fullmatch(value)):
            raise self.make_error("invalid_uuid")
        return super()._validated(value)


class Number(fields.Float):
    """A finite JSON number in a range; text and booleans are not numbers."""

    default_error_messages = {"invalid": "not-a-number", "too_large": "not-a-number", "special": "not-a-number"}

    def __init__(self, *, low: float, high: float, **kwargs: Any):
        super().__init__(metadata={"minimum": low, "maximum": high}, **kwargs)
        self.low, self.high = low, high

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise self.make_error("invalid")
        if value < self.low:
            raise ma.ValidationError(f"too-small:min={self.low:g}")
        if value > self.high:
            raise ma.ValidationError(f"too-large:max={self.high:g}")
        return float(value)


class QueryNumber(Number):
    """A number in a query string."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise self.make_error("invalid") from None
        return super()._deserialize(number, attr, data, **kwargs)


class Count(fields.Integer):
    """A whole number in a range, from a query string."""

    default_error_messages = {"invalid": _wrong("integer"), "too_large": _wrong("integer")}

    def __init__(self, *, low: int, high: int, **kwargs: Any):
        super().__init__(metadata={"minimum": low, "maximum": high}, **kwargs)
        self.low, self.high = low, high

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        number = super()._deserialize(value, attr, data, **kwargs)
        if number is None or number < self.low:
            raise ma.ValidationError(f"too-small:min={self.low}")
        if number > self.high:
            raise ma.ValidationError(f"too-large:max={self.high}")
        return number


class Flag(fields.Boolean):
    """True or false in a query string."""

    default_error_messages = {"invalid": _wrong("boolean")}
    truthy = {"true", "1", True}
    falsy = {"false", "0", False}


class YesNo(fields.Boolean):
    """True or false in a body; nothing that only looks like it."""

    default_error_messages = {"invalid": _wrong("boolean")}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class OneOf(fields.String):
    """One of a few codes."""

    default_error_messages = {"invalid": _wrong("string")}

    def __init__(self, choices: tuple[str, ...], **kwargs: Any):
        super().__init__(metadata={"enum": [str(choice) for choice in choices], **kwargs.pop("metadata", {})}, **kwargs)
        self.choices = choices

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text not in self.choices:
            raise ma.ValidationError(f"not-offered:choices={', '.join(self.choices)}")
        return text


class Moment(fields.Field):
    """A time as in RFC 3339: zone required on the way in, UTC with Z to the millisecond on the way out."""

    default_error_messages = {"invalid": "not-a-time"}

    def __init__(self, **kwargs: Any):
        super().__init__(metadata={"type": "string", "format": "date-time", **kwargs.pop("metadata", {})}, **kwargs)

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else rfc3339(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        return read_moment(value)


def read_moment(value: Any) -> datetime:
    """A moment with its zone. Raises ValidationError, code not-a-time."""
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ma.ValidationError("not-a-time")
    try:
        # Python keeps microseconds and refuses a leap second; both are read as the standard allows.
        # In UTC, because the first and the last day that there are can fall off the calendar on the way there.
        return datetime.fromisoformat(re.sub(r":60(?=[.Zz+-])", ":59", value.upper())).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ma.ValidationError("not-a-time") from None


def rfc3339(moment: datetime) -> str:
    """A moment in UTC with Z, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Facts(fields.Dict):
    """A JSON object whose inside somebody else checks."""

    default_error_messages = {"invalid": _wrong("object")}
