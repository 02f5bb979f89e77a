"""Gives every street a name of its own, in the manner of its quarter."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from demo.ground import SQUARE, Ground
from demo.plane import Metres
from demo.streets import AVENUE, Street

SHORT_M = 260.0  # a street that is shorter is a court or a close


def names() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "names.toml").read_text(encoding="utf-8"))


def named(streets: list[Street], land: Ground, seed: int) -> list[Street]:
    """The same streets with names; no two are alike."""
    chance = Random(f"names {seed}")
    pools = {quarter: chance.sample(pool, len(pool)) for quarter, pool in names()["streets"].items()}
    kinds: dict[str, list[str]] = names()["kinds"]
    taken: set[str] = set()
    done = []
    for street in streets:
        name = street.name
        while not name or name in taken:
            quarter = _quarter(street, land)
            pool = pools[quarter]
            pool.append(pool.pop(0))  # a name may come again, with another kind of street
            kind = "short" if quarter != "avenues" and street.line.length < SHORT_M else quarter
            name = f"{pool[-1]} {chance.choice(kinds[kind])}"
        taken.add(name)
        done.append(replace(street, name=name))
    return done


def _quarter(street: Street, land: Ground) -> str:
    if street.kind == AVENUE:
        return "avenues"
    middle = street.line.interpolate(0.5, normalized=True)
    x, y = middle.x, middle.y
    if _near((x, y), SQUARE, 750):
        return "old_town"
    if land.shore.distance(middle) < 320:
        return "shore"
    if y > 1500:
        return "north"
    return "west" if x < land.river.interpolate(0.7, normalized=True).x else "east"


def _near(a: Metres, b: Metres, within_m: float) -> bool:
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 < within_m**2
