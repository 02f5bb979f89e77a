"""What apps are told of the town: the tables [app] and [notices.<code>] of town.toml."""

import re
from typing import Any

from actions.catalogue.parts import Part
from actions.catalogue.plan import Values
from domain.city import SEVERITIES

_VERSION = re.compile(r"\d{1,5}(\.\d{1,5}){0,3}")
_IOS_ID = re.compile(r"[A-Z0-9]{10}\.[A-Za-z0-9.-]{1,155}")
_PACKAGE = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)+")
_FINGERPRINT = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){31}")
_LONGEST_POLICY = 20_000
_LONGEST_NOTICE = 1_000


def read_app(town: Part) -> Values:
    """The table [app] with every key, None where nothing is said; empty when there is no such table."""
    part = town.inner("app")
    if part is None:
        return {}
    values: Values = {
        "map_style": part.address("map_style"),
        "privacy": _privacy(part),
        "emergency": _emergency(part),
        "ios": _ios(part),
        "android": _android(part),
    }
    part.finish()
    return values


def read_notice(part: Part) -> Values:
    values: Values = {
        "text": part.words("text", longest=_LONGEST_NOTICE),
        "severity": part.one_of("severity", SEVERITIES, required=False) or "info",
        "link": part.address("link"),
        "from": part.moment("from"),
        "until": part.moment("until"),
    }
    if values["from"] and values["until"] and values["from"] >= values["until"]:
        part.wrong("until", "not-after")
    part.finish()
    return values


def _privacy(app: Part) -> Values | None:
    part = app.inner("privacy")
    if part is None:
        return None
    values: Values = {
        "version": part.text("version", required=True, longest=40),
        "text": part.words("text", longest=_LONGEST_POLICY),
        "link": part.address("link"),
    }
    part.finish()
    return values


def _emergency(app: Part) -> list[Values]:
    found: list[Values] = []
    for part in app.parts("emergency"):
        values: Values = {
            "code": part.code("code"),
            "number": part.text("number", required=True, longest=40),
            "name": part.words("name"),
        }
        if values["code"] is not None and values["code"] in [earlier["code"] for earlier in found]:
            part.wrong("code", "duplicate", "duplicate-number", value=values["code"])
        part.finish()
        found.append(values)
    return found


def _ios(app: Part) -> Values | None:
    part = app.inner("ios")
    if part is None:
        return None
    values = {**_versions(part), "ids": part.texts("ids")}
    for number, item in enumerate(values["ids"]):
        if not _IOS_ID.fullmatch(item):
            part.wrong(("ids", number), "not-an-ios-id", value=item)
    part.finish()
    return values


def _android(app: Part) -> Values | None:
    part = app.inner("android")
    if part is None:
        return None
    values = {**_versions(part), "package": part.text("package"), "fingerprints": part.texts("fingerprints")}
    if values["package"] is not None and not _PACKAGE.fullmatch(values["package"]):
        part.wrong("package", "not-a-package", value=values["package"])
    for number, item in enumerate(values["fingerprints"]):
        if not _FINGERPRINT.fullmatch(item):
            part.wrong(("fingerprints", number), "not-a-fingerprint", value=item)
    if values["fingerprints"] and values["package"] is None:
        part.wrong("package", "required", "package-needed")
    part.finish()
    return values


def _versions(part: Part) -> Values:
    """The oldest version that is still served, the newest there is, and where to get it."""
    found: dict[str, Any] = {key: part.text(key, longest=20) for key in ("minimum", "newest")}
    for key, version in found.items():
        if version is not None and not _VERSION.fullmatch(version):
            part.wrong(key, "not-a-version", value=version)
            found[key] = None
    found["store"] = part.address("store")
    if found["minimum"] and found["store"] is None:
        part.wrong("store", "required", "store-needed")
    if found["minimum"] and found["newest"] and version_key(found["minimum"]) > version_key(found["newest"]):
        part.wrong("minimum", "minimum-above-newest")
    return found


def version_key(version: str) -> tuple[int, ...]:
    """A version to compare by: 1.10 is after 1.9, and 1.4 is 1.4.0."""
    numbers = [int(number) for number in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
