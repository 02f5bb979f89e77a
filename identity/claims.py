"""What a city's identity provider says of somebody, and which role that gives them here: the file that OIDC_CLAIMS names."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.config import BadConfiguration
from domain.rights import Right, holders

ROLES = holders(Right.SIGN_IN)
_CODE = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_AREA = re.compile(r"[^:\s]+:\S+")
_KNOWN = {"": {"code", "name", "rules"}, "rules": {"claim", "values", "role", "departments", "areas", "crew"}}

Place = tuple[str, ...]
"""Where a claim stands: its name, or the names on the way down to it."""


@dataclass(frozen=True)
class Part:
    """What somebody is here. No departments: all of them; no areas: everywhere; as in town.toml."""

    role: str
    departments: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    crew: str | None = None


@dataclass(frozen=True)
class Rule:
    """Whoever has one of `values` in the claim at `place` gets `part`."""

    place: Place
    values: frozenset[str]
    part: Part


@dataclass(frozen=True)
class ClaimRules:
    """The whole file: where the code of somebody in town.toml stands, where their name does, and the rules in their order."""

    code: Place | None
    name: Place
    rules: tuple[Rule, ...]

    def part_of(self, claims: Mapping[str, Any]) -> Part | None:
        """What the first rule that fits gives; None when none does."""
        return next((rule.part for rule in self.rules if not rule.values.isdisjoint(_words(claims, rule.place))), None)

    def code_of(self, claims: Mapping[str, Any]) -> str | None:
        """The code in town.toml of whom the claims are about, if it is in them."""
        found = _words(claims, self.code) if self.code is not None else []
        code = found[0].strip().lower() if len(found) == 1 else ""
        return code if _CODE.fullmatch(code) else None

    def name_of(self, claims: Mapping[str, Any]) -> str | None:
        """What they are called."""
        found = _words(claims, self.name)
        name = (
            " ".join("".join(letter if letter.isprintable() else " " for letter in found[0]).split()) if found else ""
        )
        return name[:200] or None


def _words(claims: Mapping[str, Any], place: Place) -> list[str]:
    """The texts at a place: one, or a list of them. Anything else says nothing."""
    value: Any = claims
    for name in place:
        value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def read_mapping(path: Path) -> ClaimRules:
    """The file. Raises BadConfiguration with every mistake in it."""
    try:
        read = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise BadConfiguration([f"OIDC_CLAIMS: {path}: {fault}."]) from None
    mistakes = [f"OIDC_CLAIMS: {path}: {line}." for line in _mistakes(read)]
    if mistakes:
        raise BadConfiguration(mistakes)
    return ClaimRules(
        code=_place(read["code"]) if "code" in read else None,
        name=_place(read.get("name", "name")),
        rules=tuple(_rule(rule) for rule in read.get("rules", [])),
    )


def _rule(read: dict[str, Any]) -> Rule:
    part = Part(read["role"], tuple(read.get("departments", ())), tuple(read.get("areas", ())), read.get("crew"))
    return Rule(_place(read["claim"]), frozenset(read["values"]), part)


def _place(value: str | list[str]) -> Place:
    return (value,) if isinstance(value, str) else tuple(value)


def _mistakes(read: dict[str, Any]) -> Iterator[str]:
    yield from _unknown(read, "")
    for name in ("code", "name"):
        if name in read and not _is_place(read[name]):
            yield f"`{name}` is the name of a claim, or the list of names that lead to it"
    rules = read.get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        yield "rules are written as [[rules]]"
        return
    if not rules and "code" not in read:
        yield "it lets nobody in: it has neither `code` nor [[rules]]"
    for number, rule in enumerate(rules, 1):
        yield from (f"rule {number}: {line}" for line in _mistakes_of_rule(rule))


def _mistakes_of_rule(rule: dict[str, Any]) -> Iterator[str]:
    yield from _unknown(rule, "rules")
    if not _is_place(rule.get("claim")):
        yield "`claim` is the name of a claim, or the list of names that lead to it"
    if not _is_list(rule.get("values"), re.compile(r".+")) or not rule["values"]:
        yield "`values` is a list of texts"
    if rule.get("role") not in ROLES:
        yield f"`role` is one of {', '.join(ROLES)}"
    if not _is_list(rule.get("departments", []), _CODE):
        yield "`departments` is a list of codes of town.toml"
    if not _is_list(rule.get("areas", []), _AREA):
        yield "`areas` is a list of areas such as wards:5"
    crew = rule.get("crew")
    if (rule.get("role") == "crew") != (crew is not None):
        yield "`crew` goes with the role crew, and that role with a crew"
    elif crew is not None and not _is_list([crew], _CODE):
        yield "`crew` is a code of town.toml"
    if crew is not None and rule.get("departments"):
        yield "a crew's department is that of town.toml; leave `departments` out"


def _unknown(read: dict[str, Any], where: str) -> Iterator[str]:
    for name in sorted(read.keys() - _KNOWN[where]):
        yield f"`{name}` is not known; known are {', '.join(sorted(_KNOWN[where]))}"


def _is_place(value: Any) -> bool:
    return (isinstance(value, str) and value != "") or (_is_list(value, re.compile(r".+")) and bool(value))


def _is_list(value: Any, each: re.Pattern[str]) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and each.fullmatch(one) for one in value)
