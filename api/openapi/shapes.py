"""Schemas finished so that people understand them and generators make good types of them."""

import copy
import inspect
from typing import Any

from api.fields import Shape
from api.openapi.walk import SCHEMAS, nodes, sent

OR_NULL = "OrNull"
INT32_MAX = 2**31 - 1


def tidy(spec: dict[str, Any]) -> None:
    """Drop a doubled `type` that field and metadata both give; a free object says so in one word."""
    for node in nodes(spec):
        if isinstance(node.get("type"), list):
            node["type"] = list(dict.fromkeys(node["type"]))
        if node.get("additionalProperties") == {}:
            node["additionalProperties"] = True
        if node.get("minLength") == 0:
            del node["minLength"]


def describe_shapes(schemas: dict[str, Any]) -> None:
    """What the class says of itself."""
    said = {shape.__name__: inspect.getdoc(shape) for shape in below(Shape)}
    for name, schema in schemas.items():
        if said.get(name):
            schema.setdefault("description", said[name])
        first = ("type", "description")
        ordered = {key: schema[key] for key in first if key in schema} | schema
        schema.clear()
        schema.update(ordered)


def below(kind: type[Shape]) -> list[type[Shape]]:
    """The class and all that inherit from it."""
    return [kind] + [lower for child in kind.__subclasses__() for lower in below(child)]


def open_answers(spec: dict[str, Any]) -> None:
    """Let answers grow: only what clients send is closed to members that we do not know."""
    closed = sent(spec)
    for name, schema in spec["components"]["schemas"].items():
        if name not in closed:
            schema.pop("additionalProperties", None)


def name_nulls(spec: dict[str, Any]) -> None:
    """No unions: a schema that is null wherever it stands says so itself; of one that is used both ways there is a twin, XOrNull.

    Apple's generator leaves out members that are `anyOf` a schema and null; all generators read a nullable schema.
    """
    schemas = spec["components"]["schemas"]
    nullable, plain = _uses(spec)
    for name in nullable:
        twin = name + OR_NULL if name in plain else name
        schema = copy.deepcopy(schemas[name]) if name in plain else schemas[name]
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
        schemas[twin] = schema
        for node in nullable[name]:
            del node["anyOf"]
            node["$ref"] = SCHEMAS + twin


def _uses(spec: dict[str, Any]) -> tuple[dict[str, list[dict[str, Any]]], set[str]]:
    """The nodes that mean a schema or null, by schema; and the schemas that are also meant without null."""
    nullable: dict[str, list[dict[str, Any]]] = {}
    inside: set[int] = set()
    plain: set[str] = set()
    for node in nodes(spec):
        branches = node.get("anyOf")
        if branches and len(branches) == 2 and branches[1] == {"type": "null"} and "$ref" in branches[0]:
            nullable.setdefault(branches[0]["$ref"].removeprefix(SCHEMAS), []).append(node)
            inside.add(id(branches[0]))
        elif str(node.get("$ref")).startswith(SCHEMAS) and id(node) not in inside:
            plain.add(node["$ref"].removeprefix(SCHEMAS))
    return nullable, plain


def sizes(spec: dict[str, Any]) -> None:
    """How wide a number is: generators would take a big decimal for the one and 32 bits for the other."""
    for node in nodes(spec):
        kinds = node.get("type")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if "number" in kinds:
            node.setdefault("format", "double")
        elif "integer" in kinds:
            node.setdefault("format", "int32" if node.get("maximum", INT32_MAX + 1) <= INT32_MAX else "int64")
