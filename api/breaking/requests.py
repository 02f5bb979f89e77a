"""What clients send: what the release took, today's program must take and understand in the same way."""

from typing import Any

from api.breaking.documents import Pair, Schema, named, same_union, types_of
from api.breaking.sunset import may_go, still_promised

AT_MOST = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")
AT_LEAST = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")
EXACTLY = ("pattern", "format", "multipleOf", "uniqueItems", "const")


def compare_request(pair: Pair, place: str, old: Schema, new: Schema) -> None:
    """Say what a client that was made for `old` sends and `new` would refuse or read differently."""
    pair.schemas(place, old, new, "request", _compare)


def _compare(pair: Pair, place: str, old: Schema, new: Schema) -> None:
    _types(pair, place, old, new)
    _codes(pair, place, old, new)
    _limits(pair, place, old, new)
    if "default" in old and old["default"] != new.get("default", _NOTHING):
        now = _shown(new["default"]) if "default" in new else "nothing"
        pair.say(place, f"its default was {_shown(old['default'])} and is now {now}")
    same_union(pair, place, old, new)
    _members(pair, place, old, new)
    if "items" in old or "items" in new:
        compare_request(pair, f"{place}[]", old.get("items", {}), new.get("items", {}))


_NOTHING = object()


def _types(pair: Pair, place: str, old: Schema, new: Schema) -> None:
    before, now = types_of(old), types_of(new)
    if "number" in now:
        now = now | {"integer"}
    if now and (not before or before - now):
        what = "may no longer be null" if before - now == {"null"} else f"was {named(before)} and is now {named(now)}"
        pair.say(place, what)


def _codes(pair: Pair, place: str, old: Schema, new: Schema) -> None:
    if "enum" not in new:
        return
    if "enum" not in old:
        pair.say(place, f"took any value and now only takes {', '.join(map(str, new['enum']))}")
        return
    gone = [code for code in old["enum"] if code not in new["enum"]]
    if gone:
        pair.say(place, f"no longer takes {', '.join(map(str, gone))}")


def _limits(pair: Pair, place: str, old: Schema, new: Schema) -> None:
    for name in AT_MOST:
        if name in new and new[name] < old.get(name, float("inf")):
            pair.say(place, f"its {name} was {old.get(name, 'none')} and is now {new[name]}")
    for name in AT_LEAST:
        if name in new and new[name] > old.get(name, float("-inf") if name.endswith("inimum") else 0):
            pair.say(place, f"its {name} was {old.get(name, 'none')} and is now {new[name]}")
    for name in EXACTLY:
        if name in new and new[name] != old.get(name):
            pair.say(place, f"its {name} was {old.get(name, 'none')} and is now {new[name]}")


def _members(pair: Pair, place: str, old: Schema, new: Schema) -> None:
    before, now = old.get("properties", {}), new.get("properties", {})
    takes_all = new.get("additionalProperties", True) is not False
    for name, member in before.items():
        own = f"{place}.{name}"
        if name in now:
            compare_request(pair, own, member, now[name])
        elif not takes_all and not may_go(member, pair.today):
            pair.say(own, f"is no longer taken{still_promised(member)}")
    for name in new.get("required", []):
        if name not in old.get("required", []):
            pair.say(f"{place}.{name}", "is now required" if name in before else "is new and required")
    if not takes_all and old.get("additionalProperties", True) is not False and "object" in types_of(old):
        pair.say(place, "took members that are not listed and no longer does")


def _shown(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
