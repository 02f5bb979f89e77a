"""The order in which phones show groups and categories."""

from collections.abc import Callable
from typing import Any

from flask import Response
from marshmallow import fields
from sqlalchemy.orm import Session

from actions.catalogue.change import as_values, change_held, held_town, in_order, seen_town, version_of
from actions.catalogue.mistakes import Mistake
from actions.catalogue.plan import Plan, Values
from api.admin.answers import changed_of, stale_of, version_field
from api.admin.audience import ITEM_ETAG, NEEDED_VERSION, ChangeQuery, administration
from api.admin.changing import answer, as_error, doer, explained, made_change, refuse_unseen
from api.admin.shapes import OrderIn
from api.auth import may
from api.fields import Shape
from api.idempotency import Made
from api.reading import canonical_body
from core.db import transaction
from domain.errors import Invalid
from domain.rights import Right


class OrderItemOut(Shape):
    """All codes in their order."""

    codes = fields.List(fields.String(), required=True)
    version = version_field()


OrderChangedOut = changed_of(OrderItemOut, "Order")
OrderStaleProblem = stale_of(OrderItemOut, "Order")


@administration.get("/group-order")
@may(Right.ADMINISTER)
@administration.response(200, OrderItemOut, headers=ITEM_ETAG)
def read_group_order() -> Any:
    """Read the order of groups"""
    return _read("groups")


@administration.put("/group-order")
@may(Right.ADMINISTER)
@administration.arguments(OrderIn)
@administration.arguments(ChangeQuery, location="query")
@administration.response(200, OrderChangedOut, headers=ITEM_ETAG)
@administration.alt_response(412, schema=OrderStaleProblem, description=OrderStaleProblem.__doc__)
@administration.doc(parameters=[NEEDED_VERSION])
def put_group_order(body: Values, query: dict[str, Any]) -> Response:
    """Put groups into another order"""
    return _put("groups", body, query["dry_run"])


@administration.get("/category-order")
@may(Right.ADMINISTER)
@administration.response(200, OrderItemOut, headers=ITEM_ETAG)
def read_category_order() -> Any:
    """Read the order of categories"""
    return _read("categories")


@administration.put("/category-order")
@may(Right.ADMINISTER)
@administration.arguments(OrderIn)
@administration.arguments(ChangeQuery, location="query")
@administration.response(200, OrderChangedOut, headers=ITEM_ETAG)
@administration.alt_response(412, schema=OrderStaleProblem, description=OrderStaleProblem.__doc__)
@administration.doc(parameters=[NEEDED_VERSION])
def put_category_order(body: Values, query: dict[str, Any]) -> Response:
    """Put categories into another order"""
    return _put("categories", body, query["dry_run"])


def _shown(plan: Plan, section: str) -> dict[str, Any]:
    codes = list(plan.sections[section])
    return {"codes": codes, "version": version_of(codes)}


def _read(section: str) -> Any:
    with transaction() as session:
        order = _shown(seen_town(session).now, section)
    return order, 200, {"ETag": f'"{order["version"]}"'}


def _put(section: str, body: Values, dry_run: bool) -> Response:
    def make(session: Session) -> Made:
        held = held_town(session)
        present = _shown(held.now, section)
        wanted = body.get("codes")
        refuse_unseen(present["codes"], present, _is(wanted, present["codes"]), dry_run=dry_run)
        if not isinstance(wanted, list) or sorted(map(str, wanted)) != sorted(present["codes"]):
            code = "required" if wanted is None else "not-the-whole-order"
            raise Invalid([as_error(Mistake(("codes",), code, {"known": present["codes"]}), [((), "")])])
        values = as_values(held.now)
        values[section] = in_order(values.get(section, {}), wanted)
        with explained([]):
            changed = change_held(session, held, values, doer(), dry_run=dry_run)
        return made_change(OrderChangedOut, _shown(changed.plan, section), changed, 200, dry_run=dry_run)

    return answer(make, canonical_body(), dry_run=dry_run)


def _is(wanted: Any, present: Any) -> Callable[[], bool]:
    return lambda: bool(wanted == present)
