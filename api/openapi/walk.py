"""Walking through a document: every schema with its place, and who refers to what."""

from collections.abc import Iterator
from typing import Any

SCHEMAS = "#/components/schemas/"


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object inside, the outer before the inner; it may be changed on the way."""
    if isinstance(node, dict):
        yield node
        for value in list(node.values()):
            yield from nodes(value)
    elif isinstance(node, list):
        for value in node:
            yield from nodes(value)


def named_in(node: Any) -> set[str]:
    """The schemas that a piece of the document refers to."""
    return {ref.removeprefix(SCHEMAS) for part in nodes(node) if (ref := str(part.get("$ref"))).startswith(SCHEMAS)}


def reached(spec: dict[str, Any], start: list[Any]) -> set[str]:
    """The schemas that are reached from some pieces of the document, through others too."""
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        fresh = named_in(waiting.pop()) - found
        found |= fresh
        waiting += [spec["components"]["schemas"][name] for name in fresh]
    return found


def sent(spec: dict[str, Any]) -> set[str]:
    """The schemas that clients send."""
    return reached(spec, [operation.get("requestBody") for operation in _operations(spec)])


def answered(spec: dict[str, Any]) -> set[str]:
    """The schemas that answers hold, problems among them."""
    bodies = [operation["responses"] for operation in _operations(spec)]
    return reached(spec, [*bodies, spec["components"].get("responses", {})])


def _operations(spec: dict[str, Any]) -> list[dict[str, Any]]:
    items = [operation for item in spec["paths"].values() for operation in item.values()]
    return [operation for operation in items if isinstance(operation, dict)]
