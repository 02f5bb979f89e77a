"""The sections of the catalogue that are kept by code: list, read, put and remove one item of each."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response
from marshmallow import fields
from sqlalchemy.orm import Session

from actions.catalogue.change import Held, as_values, change_held, held_town, seen_town, version_of, without_nulls
from actions.catalogue.mistakes import Mistake
from actions.catalogue.plan import Values
from api.admin import shapes
from api.admin.answers import RemovedOut, changed_of, item_of, list_of, shown_differences, stale_of
from api.admin.audience import ITEM_ETAG, NEEDED_VERSION, NEW_KEY, SEEN_VERSION, ChangeQuery, administration
from api.admin.changing import (
    answer,
    as_error,
    doer,
    explained,
    explained_as_needed,
    made_change,
    page_of,
    refuse_unseen,
    would_change_nothing,
)
from api.auth import may
from api.fields import Shape
from api.idempotency import Made, dumped
from api.lists import PageQuery
from api.reading import canonical_body
from api.schemas import Problem
from core.db import transaction
from domain.errors import Invalid, NotFound
from domain.rights import Right

STILL_NEEDED = "It is still needed: `errors` says by whom."


def _plain(values: Values) -> Values:
    return values


@dataclass(frozen=True)
class Section:
    """One section of town.toml, what it is called, and how its items look."""

    name: str
    path: str
    one: str  # in names: external_body
    words: str  # in summaries: "an external body"
    several: str  # in names and summaries: external_bodies
    sent: type[Shape]
    more: dict[str, fields.Field] | None = None  # members of answers that are not sent
    shown: Callable[[Values], Values] = _plain
    kept: tuple[str, ...] = ()  # what a change of the item leaves as it is
    begins_elsewhere: str | None = None  # the sentence for who would make a new one here

    @property
    def title(self) -> str:
        """In names of schemas: ExternalBody."""
        return "".join(word.capitalize() for word in self.one.split("_"))

    def item(self, code: str, values: Values) -> dict[str, Any]:
        """An item as it is answered."""
        return {"code": code, "version": version_of(values), **self.shown(values)}


def _with_moments(values: Values) -> Values:
    moments = {key: datetime.fromisoformat(values[key]) if values[key] else None for key in ("from", "until")}
    return {**values, **moments}


def _with_origin(values: Values) -> Values:
    return {"origin": "town", **values}


SECTIONS = (
    Section("departments", "departments", "department", "a department", "departments", shapes.DepartmentIn),
    Section(
        "external_bodies",
        "external-bodies",
        "external_body",
        "an external body",
        "external bodies",
        shapes.ExternalBodyIn,
    ),
    Section("crews", "crews", "crew", "a crew", "crews", shapes.CrewIn),
    Section("groups", "groups", "group", "a group of categories", "groups", shapes.GroupIn),
    Section("categories", "categories", "category", "a category with its form", "whole categories", shapes.CategoryIn),
    Section("rules", "rules", "rule", "a rule", "rules", shapes.RuleIn),
    Section(
        "staff",
        "staff",
        "staff_member",
        "a member of staff",
        "staff",
        shapes.StaffIn,
        more={
            "origin": fields.String(
                required=True,
                metadata={
                    "enum": ["town", "command", "oidc"],
                    "description": "command: made by `mendway create-admin`; oidc: the city's identity provider says what "
                    "they are; town.toml leaves both alone.",
                },
            )
        },
        shown=_with_origin,
    ),
    Section("notices", "notices", "notice", "a notice", "notices", shapes.NoticeIn, shown=_with_moments),
    Section("statuses", "statuses", "status", "what a status is called and who sees it", "statuses", shapes.StatusIn),
    Section("reasons", "reasons", "reason", "a reason", "reasons", shapes.ReasonIn),
    Section("calendars", "calendars", "calendar", "a working calendar", "calendars", shapes.CalendarIn),
    Section("targets", "targets", "target", "a service target", "service targets", shapes.TargetIn),
    Section("templates", "templates", "template", "a template of an answer", "templates", shapes.TemplateIn),
    Section(
        "layers",
        "layers",
        "layer",
        "a layer, but for its areas",
        "layers",
        shapes.LayerIn,
        more={"edition": fields.String(required=True, metadata={"description": "Of its areas."})},
        kept=("edition",),
        begins_elsewhere="new-layer-needs-areas",
    ),
)
BY_NAME = {section.name: section for section in SECTIONS}


@dataclass(frozen=True)
class Shapes:
    """The answers of one section."""

    item: type[Shape]
    page: type[Shape]
    changed: type[Shape]
    stale: type[Shape]


def _shapes(section: Section) -> Shapes:
    item = item_of(section.sent, section.title, **(section.more or {}))
    one = section.title
    return Shapes(item, list_of(item, one), changed_of(item, one), stale_of(item, one))


SHAPES = {section.name: _shapes(section) for section in SECTIONS}


def put_item(section: Section, code: str, body: Values, dry_run: bool) -> Response:
    """Make an item, or change one that was seen as it is."""

    def make(session: Session) -> Made:
        held = held_town(session)
        present = held.item(section.name, code)
        values = as_values(held.now)
        kept = {key: present[key] for key in section.kept} if present is not None else {}
        values[section.name][code] = {**without_nulls(body), **kept}
        current = SHAPES[section.name].item().dump(section.item(code, present)) if present is not None else None
        refuse_unseen(present, current, lambda: would_change_nothing(session, held, values), dry_run=dry_run)
        place = (section.name, code)
        if present is None and section.begins_elsewhere:
            raise Invalid([as_error(Mistake(place, "required", says=section.begins_elsewhere), [(place, "")])])
        with explained([(place, "")]):
            changed = change_held(session, held, values, doer(), dry_run=dry_run)
        item = section.item(code, changed.plan.sections[section.name][code])
        status = 200 if present is not None else 201
        return made_change(SHAPES[section.name].changed, item, changed, status, dry_run=dry_run)

    return answer(make, canonical_body(), dry_run=dry_run)


def remove_item(section: Section, code: str, dry_run: bool) -> Response:
    """Take an item that was seen as it is out of force."""

    def make(session: Session) -> Made:
        held = held_town(session)
        present = held.item(section.name, code)
        if present is None:
            raise NotFound()
        current = SHAPES[section.name].item().dump(section.item(code, present))
        refuse_unseen(present, current, lambda: False, dry_run=dry_run)
        values = as_values(held.now)
        del values[section.name][code]
        with explained_as_needed():
            changed = change_held(session, held, values, doer(), dry_run=dry_run)
        result = {"dry_run": dry_run, "differences": shown_differences(changed.differences)}
        return dumped(RemovedOut, result, 200)

    return answer(make, b"", dry_run=dry_run)


def items_of(section: Section, held: Held) -> list[dict[str, Any]]:
    """Every item in force, in its order."""
    return [section.item(code, values) for code, values in deepcopy(held.now.sections[section.name]).items()]


def _add_routes(section: Section) -> None:
    made = SHAPES[section.name]
    many = section.several.replace(" ", "_")

    def list_all(query: dict[str, Any]) -> Any:
        with transaction() as session:
            return page_of(items_of(section, seen_town(session)), section.name, query)

    def read(code: str) -> Any:
        with transaction() as session:
            values = seen_town(session).item(section.name, code)
        if values is None:
            raise NotFound()
        item = section.item(code, values)
        return item, 200, {"ETag": f'"{item["version"]}"'}

    def put(body: Values, query: dict[str, Any], code: str) -> Response:
        return put_item(section, code, body, query["dry_run"])

    def remove(query: dict[str, Any], code: str) -> Response:
        return remove_item(section, code, query["dry_run"])

    _name(list_all, f"list_{many}", f"All {section.several} in force, in their order")
    _name(read, f"read_{section.one}", f"Read {section.words}")
    _name(put, f"put_{section.one}", f"Make or change {section.words}")
    _name(remove, f"remove_{section.one}", f"Remove {section.words}; what refers to it keeps it")

    one = f"/{section.path}/<code>"
    put = administration.doc(parameters=[SEEN_VERSION, NEW_KEY])(put)
    put = administration.alt_response(412, schema=made.stale, description=made.stale.__doc__)(put)
    if not section.begins_elsewhere:
        put = administration.alt_response(201, schema=made.changed, description="Made", headers=ITEM_ETAG)(put)
    put = administration.response(200, made.changed, headers=ITEM_ETAG)(put)
    put = administration.arguments(ChangeQuery, location="query")(put)
    put = administration.arguments(section.sent)(put)
    administration.put(one)(may(Right.ADMINISTER)(put))

    remove = administration.doc(parameters=[NEEDED_VERSION])(remove)
    remove = administration.alt_response(412, schema=made.stale, description=made.stale.__doc__)(remove)
    remove = administration.alt_response(409, schema=Problem, description=STILL_NEEDED)(remove)
    remove = administration.response(200, RemovedOut)(remove)
    remove = administration.arguments(ChangeQuery, location="query")(remove)
    administration.delete(one)(may(Right.ADMINISTER)(remove))

    read = administration.response(200, made.item, headers=ITEM_ETAG)(read)
    administration.get(one)(may(Right.ADMINISTER)(read))

    list_all = administration.response(200, made.page)(list_all)
    list_all = administration.arguments(PageQuery, location="query")(list_all)
    administration.get(f"/{section.path}")(may(Right.ADMINISTER)(list_all))


def _name(view: Callable[..., Any], name: str, said: str) -> None:
    """A view's name becomes its operationId, its docstring the summary."""
    view.__name__ = view.__qualname__ = name
    view.__doc__ = said


for _section in SECTIONS:
    _add_routes(_section)
