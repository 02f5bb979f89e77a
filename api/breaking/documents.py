"""Two documents side by side: references followed, places named."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Schema = dict[str, Any]
SIDE_BY_SIDE = ("description", "deprecated", "x-sunset", "default")  # what may stand beside a $ref


@dataclass
class Pair:
    """The released document and today's."""

    old: dict[str, Any]
    new: dict[str, Any]
    today: date
    faults: list[str] = field(default_factory=list)
    seen: set[tuple[str, str, str]] = field(default_factory=set)

    def say(self, place: str, words: str) -> None:
        """Keep one fault, once."""
        if (fault := f"{place}: {words}") not in self.faults:
            self.faults.append(fault)

    def schemas(
        self, place: str, old: Schema, new: Schema, way: str, compare: Callable[["Pair", str, Schema, Schema], None]
    ) -> None:
        """Compare two schemas, each pair of named ones once for each way (they may hold themselves)."""
        before, now = (str(schema.get("$ref", "")).rpartition("/")[2] for schema in (old, new))
        if before != now:
            self.say(place, _renamed(before, now))
        if (before or now) and (way, before, now) in self.seen:
            return
        self.seen.add((way, before, now))
        compare(self, place, resolved(self.old, old), resolved(self.new, new))


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """What a reference means; what stands beside it counts too."""
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        node = {**found, **{name: node[name] for name in SIDE_BY_SIDE if name in node}}
    return node


def types_of(schema: Schema) -> set[str]:
    """Its types; empty when it may be anything."""
    kinds = schema.get("type", [])
    return set(kinds) if isinstance(kinds, list) else {kinds}


def named(kinds: set[str]) -> str:
    """Types as words."""
    return " or ".join(sorted(kinds)) or "anything"


def same_union(pair: Pair, place: str, old: Schema, new: Schema) -> None:
    """Unions are not looked into: they stay as they are."""
    for kind in ("anyOf", "oneOf", "allOf", "not"):
        if old.get(kind) != new.get(kind):
            pair.say(place, f"its {kind} has changed")


def _renamed(old: str, new: str) -> str:
    if not old:
        return f"its schema had no name and is now called {new}; generated clients have a type for it"
    return f"its schema was called {old} and {f'is now called {new}' if new else 'has no name now'}; generated clients name a type so"
