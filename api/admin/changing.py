"""From a request to a change of the town: which version was seen, what is wrong with the body, what comes back."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from flask import Response, request
from marshmallow import Schema
from sqlalchemy.orm import Session

from actions.catalogue.change import Changed, Held, change_held, version_of
from actions.catalogue.history import Doer
from actions.catalogue.mistakes import BadTown, Mistake, Steps, brief
from actions.catalogue.plan import Values
from api.admin.answers import shown_differences
from api.auth import caller
from api.forms import forms
from api.idempotency import Made, as_response, dumped, first_answer
from api.lists import cursor_to, place_of
from api.town import forget_town
from core.db import transaction
from domain.errors import FieldError, Invalid, ItemStale, KeyMissing, Refusal, StillNeeded, VersionMissing

Make = Callable[[Session], Made]
Bases = Sequence[tuple[Steps, str]]

_VERSION = re.compile(r'(?:W/)?"([^"]*)"')


def doer() -> Doer:
    """The caller, as the history names who did it."""
    return Doer("api", caller().known_id)


def answer(make: Make, content: bytes, *, dry_run: bool) -> Response:
    """What `make` makes, in one transaction; the first answer again for a key that came before. A dry run needs no key."""
    if dry_run or "Idempotency-Key" not in request.headers:
        with transaction() as session:
            made = make(session)
        response = as_response(made)
    else:
        response = first_answer(make, content)
    forms.forget()
    forget_town()
    return response


def refuse_unseen(present: Any, current: Any, is_already_so: Callable[[], bool], *, dry_run: bool) -> None:
    """Refuse a change of what the caller has not seen as it is, but for one that is done already: a retry.

    present: what is in force, None where there is nothing. current: the same, as the problem shows it.
    Raises VersionMissing, ItemStale; KeyMissing for a new item without an Idempotency-Key.
    """
    seen = seen_version()
    if present is None:
        if seen is not None:
            raise ItemStale(current=None)
        if not dry_run and "Idempotency-Key" not in request.headers:
            raise KeyMissing()
        return
    if seen is None:
        raise VersionMissing()
    version = version_of(present)
    if seen != version and not is_already_so():
        raise ItemStale(headers={"ETag": f'"{version}"'}, current=current)


def seen_version() -> str | None:
    """The version in If-Match, None without one. One that is no version of ours is none that is in force."""
    header = request.headers.get("If-Match", "").strip()
    if header in ("", "*"):
        return None
    found = _VERSION.fullmatch(header)
    return found[1] if found else header


def would_change_nothing(session: Session, held: Held, values: Values) -> bool:
    """Whether the town is like that already."""
    try:
        return not change_held(session, held, values, doer(), dry_run=True).differences
    except (BadTown, Refusal):
        return False


@contextmanager
def explained(bases: Bases) -> Iterator[None]:
    """Mistakes as errors with pointers into the body. `bases`: which places of the town the body is, and where in it."""
    try:
        yield
    except BadTown as fault:
        raise Invalid([as_error(mistake, bases) for mistake in fault.found]) from fault


@contextmanager
def explained_as_needed() -> Iterator[None]:
    """What is against a removal: who names it, what is open in it."""
    try:
        yield
    except BadTown as fault:
        places = [mistake.place for mistake in fault.found]
        raise StillNeeded([as_error(mistake, ()) for mistake in fault.found], needed_by=places) from fault


def as_error(mistake: Mistake, bases: Bases) -> FieldError:
    """A mistake as an error: a pointer into the body, or behind # into the whole town."""
    params = {name: brief(value) if name == "value" else value for name, value in mistake.params.items()}
    return FieldError(_pointer(mistake, bases), mistake.code, params, mistake.says)


def _pointer(mistake: Mistake, bases: Bases) -> str:
    for base, prefix in bases:
        if mistake.path[: len(base)] == base:
            return prefix + replace(mistake, path=mistake.path[len(base) :]).pointer
    return f"#{mistake.pointer}" if mistake.path else ""


def made_change(schema: type[Schema], item: dict[str, Any], changed: Changed, status: int, *, dry_run: bool) -> Made:
    """The answer to a change, with the version for the next one."""
    differences = shown_differences(changed.differences)
    made = dumped(schema, {"item": item, "dry_run": dry_run, "differences": differences}, 200 if dry_run else status)
    return made if dry_run else replace(made, etag=f'"{item["version"]}"')


def page_of(items: list[dict[str, Any]], question: str, query: dict[str, Any]) -> dict[str, Any]:
    """One page of a list that is in memory. A page begins behind the last code of the one before, wherever that is now;
    where that was when it is gone, so that none is left out."""
    key = place_of({"admin": question}, query.get("cursor"))
    begin = 0
    if key is not None:
        at, code = key
        codes = [item["code"] for item in items]
        begin = codes.index(code) + 1 if code in codes else max(at - 1, 0)
    shown = items[begin : begin + query["limit"]]
    end = begin + len(shown)
    following = cursor_to({"admin": question}, [end, shown[-1]["code"]]) if shown and end < len(items) else None
    return {"items": shown, "next": following}
