"""What would change: two plans compared, as lines that people can read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from actions.catalogue.plan import ORDERED, SECTIONS, Plan, Values

_QUIET = {"content"}  # hashes mean nothing to people; the areas are told of in words


@dataclass(frozen=True)
class Difference:
    """One thing that is added (+), removed (-) or changed (~)."""

    sign: str
    path: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.sign} {self.path}" + (f": {self.text}" if self.text else "")


def differences(now: Plan | None, wanted: Plan) -> list[Difference]:
    """How `wanted` differs from what is in force, section by section; everything is new where nothing is."""
    if now is None:
        town = [Difference("+", "town", _shown(wanted.town["code"]))]
        return [*town, *_sections({section: {} for section in SECTIONS}, wanted)]
    found = [Difference("~", f"town.{path}", text) for path, text in _changes(now.town, wanted.town)]
    if now.outline.content_hash != wanted.outline.content_hash:
        found.append(Difference("~", "town.outline", f"another outline, of {wanted.outline.vertex_count:,} vertices"))
    return [*found, *_sections(now.sections, wanted)]


def _sections(before: dict[str, dict[str, Values]], wanted: Plan) -> Iterator[Difference]:
    for section in SECTIONS:
        old, new = before[section], wanted.sections[section]
        for code, values in new.items():
            if code not in old:
                yield Difference("+", f"{section}.{code}", _summary(section, code, values, wanted))
                continue
            for path, text in _changes(old[code], values):
                yield Difference("~", f"{section}.{code}.{path}", text)
            if section == "layers" and old[code]["content"] != values["content"]:
                yield Difference("~", f"layers.{code}.areas", _areas_of(code, wanted))
        for code in old:
            if code not in new:
                yield Difference("-", f"{section}.{code}")
        if section in ORDERED:
            yield from _order(section, list(old), list(new))


def _order(section: str, old: list[str], new: list[str]) -> Iterator[Difference]:
    kept_before = [code for code in old if code in new]
    kept_after = [code for code in new if code in old]
    if kept_before != kept_after:
        yield Difference("~", section, f"order {', '.join(kept_before)} → {', '.join(kept_after)}")


def _summary(section: str, code: str, values: Values, wanted: Plan) -> str:
    if section == "layers":
        return _areas_of(code, wanted)
    if section == "rules":
        where = values["area"] or values["layer"] or "the whole town"
        what = values["category"] or values["group"] or "everything"
        return f"{what} in {where} → {values['department'] or values['body']}"
    if section == "calendars":
        return _shown(values["hours"])
    if section == "targets":
        within = f"{values['hours']} h" if values["hours"] is not None else f"{values['days']} days"
        return f"{values['category'] or values['group'] or 'everything'} within {within}"
    name = next((values[key] for key in ("text", "name", "label") if values.get(key)), "")
    return _shown(next(iter(name.values()), "") if isinstance(name, dict) else name)


def _areas_of(layer: str, wanted: Plan) -> str:
    found = wanted.areas[layer]
    return f"{len(found.areas)} areas, {found.vertex_count:,} vertices, edition {wanted.sections['layers'][layer]['edition']}"


def _changes(old: Values, new: Values) -> Iterator[tuple[str, str]]:
    before, after = dict(_leaves("", old)), dict(_leaves("", new))
    for path in [*before, *(path for path in after if path not in before)]:
        if path.rsplit(".", 1)[-1] in _QUIET or before.get(path) == after.get(path):
            continue
        yield path, f"{_shown(before.get(path))} → {_shown(after.get(path))}"


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every single value with its place; items of a list are called by their code, so that an insert is not seen as a
    change of all that follow."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}" if path else key, inner)
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        yield f"{path}.order", [item["code"] for item in value]
        for item in value:
            yield from _leaves(f"{path}.{item['code']}", {key: inner for key, inner in item.items() if key != "code"})
    else:
        yield path, value


def _shown(value: Any) -> str:
    return "nothing" if value in (None, [], {}) else orjson.dumps(value).decode()
