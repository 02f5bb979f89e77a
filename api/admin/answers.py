"""What is answered of each item: the shape that is sent, whole and open, with its code and its version."""

from typing import Any

from marshmallow import Schema, fields

from api.fields import Shape
from api.schemas import Problem

_ALWAYS = {"priority", "blur_m", "severity"}  # have a value even where nothing was said

_made: dict[str, type[Shape]] = {}


def answer_of(sent: type[Schema], name: str, **more: fields.Field) -> type[Shape]:
    """A shape for answers with all members of one that is sent, all there, null where nothing is said."""
    if name not in _made:
        members = {key: _answered(key, field) for key, field in sent._declared_fields.items()}
        _made[name] = _shape(name, sent.__doc__ or "", {**more, **members})
    return _made[name]


def _answered(key: str, field: fields.Field) -> fields.Field:
    """The same member in an answer. What may be left out is null instead; lists and flags are always there."""
    is_a_targets = key == "priority" and isinstance(field, fields.String)  # a rule's is a number, and always there
    has_default = isinstance(field, fields.List | fields.Boolean) or (key in _ALWAYS and not is_a_targets)
    common: dict[str, Any] = {"required": True, "allow_none": bool(field.allow_none) and not has_default}
    common |= {"data_key": field.data_key, "attribute": field.attribute}
    kept = {key: field.metadata[key] for key in ("description", "enum", "type", "format") if key in field.metadata}
    if isinstance(field, fields.Nested):
        return fields.Nested(_inner(field), **common)
    if isinstance(field, fields.List):
        return fields.List(_answered_item(field.inner), metadata=kept, **common)
    if isinstance(field, fields.Dict):
        values = field.value_field if isinstance(field.value_field, fields.List) else fields.String()
        return fields.Dict(keys=fields.String(), values=values, metadata=kept, **common)
    if type(field) in (fields.String, fields.Boolean, fields.Integer, fields.Float):
        return type(field)(metadata=kept, **common)
    return type(field)(**{key: value for key, value in common.items() if value is not None}, metadata=kept)


def _answered_item(field: fields.Field) -> fields.Field:
    return fields.Nested(_inner(field)) if isinstance(field, fields.Nested) else fields.String()


def _inner(field: fields.Nested) -> type[Shape]:
    sent = type(field.schema)
    return answer_of(sent, sent.__name__.removesuffix("In") + "ItemOut")


def item_of(sent: type[Shape], one: str, **more: fields.Field) -> type[Shape]:
    """An item as it is in force."""
    own_code = fields.String(required=True, metadata={"description": "Its key; never changes."})
    return answer_of(sent, f"{one}ItemOut", code=own_code, version=version_field(), **more)


def version_field() -> fields.Field:
    """The hash of an item's content."""
    return fields.String(
        required=True, metadata={"description": "For If-Match; it is another one after every change, by whomever."}
    )


class DifferenceOut(Shape):
    """One thing that was added (+), removed (-) or changed (~), as `mendway apply` tells of it."""

    sign = fields.String(required=True, metadata={"enum": ["+", "-", "~"]})
    place = fields.String(required=True, metadata={"description": "As in town.toml: departments.roads.phone"})
    text = fields.String(required=True)


class RemovedOut(Shape):
    """What was removed, or with `dry_run` would be."""

    dry_run = fields.Boolean(required=True)
    differences = fields.List(fields.Nested(DifferenceOut), required=True)


def list_of(item: type[Shape], one: str) -> type[Shape]:
    """A page of items."""
    members: dict[str, fields.Field] = {
        "items": fields.List(fields.Nested(item), required=True),
        "next": fields.String(required=True, allow_none=True),
    }
    return _shape(f"{one}ItemListOut", "One page; `next` is the cursor of the next one, null at the end.", members)


def changed_of(item: type[Shape], one: str) -> type[Shape]:
    """The answer to a change."""
    members = {
        "item": fields.Nested(item, required=True),
        "dry_run": fields.Boolean(required=True, metadata={"description": "Nothing was changed."}),
        "differences": fields.List(fields.Nested(DifferenceOut), required=True),
    }
    return _shape(
        f"{one}ChangedOut", "How it stands now, and what changed by that; with `dry_run` how it would.", members
    )


def stale_of(item: type[Shape], one: str) -> type[Shape]:
    """The problem of a change that is based on what is no longer so."""
    members = {"current": fields.Nested(item, required=True, allow_none=True)}
    said = "Somebody else changed it since; `current` is how it stands now, null when it is gone."
    return type(f"{one}StaleProblem", (Problem,), {"__doc__": said, "__module__": __name__, **members})


def _shape(name: str, said: str, members: dict[str, fields.Field]) -> type[Shape]:
    return type(name, (Shape,), {"__doc__": said, "__module__": __name__, **members})


def shown_differences(found: list[Any]) -> list[dict[str, str]]:
    """Differences for an answer."""
    return [{"sign": one.sign, "place": one.path, "text": one.text} for one in found]
