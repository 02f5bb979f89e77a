"""Lists of codes: those that clients send are closed and have a name; those in answers may grow.

A generator makes a closed type of an `enum` and then fails on the first new code. So an answer's codes are a plain string
with the codes of today beside it, except where the list is complete for ever (`x-name` in the field's metadata).
"""

from typing import Any

from api.openapi.walk import SCHEMAS, answered, nodes, sent

TODAY = "x-extensible-enum"  # as other public APIs call it


def name_codes(spec: dict[str, Any]) -> None:
    """Give every closed list of codes a schema of its own, and open the others."""
    schemas = spec["components"]["schemas"]
    closed, before = sent(spec), set(schemas)
    for name, schema in list(schemas.items()):
        for member, node in list(schema.get("properties", {}).items()):
            for part in nodes(node):
                if "enum" in part:
                    _finish(schemas, part, f"{name}{_camel(member)}", is_closed=name in closed)
    for item in spec["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                for parameter in operation.get("parameters", []):
                    if "enum" in parameter.get("schema", {}):
                        parameter["schema"] |= {"x-name": name} if (name := parameter.pop("x-name", None)) else {}
                        own = _camel(operation["operationId"]) + _camel(parameter["name"])
                        _finish(schemas, parameter["schema"], own, is_closed=True)
    in_answers = answered(spec)
    for name in schemas.keys() - before:
        schemas[name]["description"] = "No code will be added." if name in in_answers else "What may be sent."


def _finish(schemas: dict[str, Any], node: dict[str, Any], own_name: str, is_closed: bool) -> None:
    codes = [code for code in node.pop("enum") if code is not None]
    name = node.pop("x-name", None)
    if name is None and not is_closed:
        node[TODAY] = codes
        node["description"] = " ".join(filter(None, [node.get("description"), _so_far(codes)]))
        return
    made = {"type": "string", "enum": codes}
    name = name or own_name
    if schemas.setdefault(name, made)["enum"] != codes:
        raise ValueError(f"{name} names two different lists of codes: {schemas[name]['enum']} and {codes}")
    is_null = "null" in node.pop("type", [])
    target = {"$ref": SCHEMAS + name}
    node.update({"anyOf": [target, {"type": "null"}]} if is_null else target)


def _so_far(codes: list[str]) -> str:
    return f"So far: {', '.join(codes)}." if len(codes) <= 12 else "Codes may be added."


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.replace("-", "_").split("_"))
