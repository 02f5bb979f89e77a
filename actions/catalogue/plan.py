"""A town's catalogue as plain values: what a town.toml says, and, in the same shape, what is in force."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import orjson

from geo.boundaries import AreaSet, Outline

Values = dict[str, Any]

SECTIONS = (
    "layers",
    "departments",
    "external_bodies",
    "crews",
    "groups",
    "categories",
    "rules",
    "staff",
    "notices",
    "statuses",
    "reasons",
    "templates",
    "calendars",
    "targets",
)
TABLES = ("app", "workflow", "moderation")  # of the town, beside [town]; empty where the file has none
ORDERED = ("groups", "categories")  # their order in the file is the order in which phones show them


@dataclass
class Plan:
    """`town` and each item of `sections` hold every key that the file may have, None where it is not given."""

    town: Values
    sections: dict[str, dict[str, Values]]
    outline: Outline
    areas: dict[str, AreaSet] = field(default_factory=dict)  # by layer; empty for what is in force


def form_of(category: Values) -> Values:
    """What a phone fills in, without what only concerns the office."""
    return {key: category[key] for key in ("name", "description", "group", "stop", "questions")}


def form_version(form: Values) -> str:
    """A form's version is its content: the same questions in the same words are the same version for ever."""
    return hashlib.sha256(orjson.dumps(form, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
