"""What clients read: today's answer must fit into what the release promised. Members and open codes may come, none may go."""

from api.breaking.documents import Pair, Schema, named, same_union, types_of
from api.breaking.sunset import may_go, still_promised


def compare_answer(pair: Pair, place: str, old: Schema, new: Schema) -> None:
    """Say what a client that was made for `old` would stumble over in `new`."""
    pair.schemas(place, old, new, "answer", _compare)


def _compare(pair: Pair, place: str, old: Schema, new: Schema) -> None:
    _types(pair, place, old, new)
    _codes(pair, place, old, new)
    if "format" in old and old["format"] != new.get("format"):
        pair.say(place, f"its format was {old['format']} and is now {new.get('format', 'none')}")
    same_union(pair, place, old, new)
    _members(pair, place, old, new)
    if "items" in old:
        compare_answer(pair, f"{place}[]", old["items"], new.get("items", {}))
    values = old.get("additionalProperties"), new.get("additionalProperties")
    if isinstance(values[0], dict):
        compare_answer(pair, f"{place}.*", values[0], values[1] if isinstance(values[1], dict) else {})


def _types(pair: Pair, place: str, old: Schema, new: Schema) -> None:
    before, now = types_of(old), types_of(new)
    if before and now and "number" in before:
        now = now - {"integer"} | {"number"} if "integer" in now else now
    if before and (not now or now - before):
        what = "may now be null" if now - before == {"null"} else f"was {named(before)} and is now {named(now)}"
        pair.say(place, what)


def _codes(pair: Pair, place: str, old: Schema, new: Schema) -> None:
    """A closed list is a promise that nothing else comes. Open ones (x-extensible-enum) may grow."""
    if "enum" not in old:
        return
    if "enum" not in new:
        pair.say(place, "its list of codes was complete and is not any more")
        return
    fresh = [code for code in new["enum"] if code not in old["enum"]]
    if fresh:
        pair.say(place, f"its list of codes was complete, and now has {', '.join(map(str, fresh))} too")


def _members(pair: Pair, place: str, old: Schema, new: Schema) -> None:
    members = new.get("properties", {})
    for name, member in old.get("properties", {}).items():
        own = f"{place}.{name}"
        if name not in members:
            if not may_go(member, pair.today):
                pair.say(own, f"is gone from the answer{still_promised(member)}")
            continue
        if name in old.get("required", []) and name not in new.get("required", []):
            pair.say(own, "was always there and may now be missing")
        compare_answer(pair, own, member, members[name])
