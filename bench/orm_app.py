"""The same intake, written the straightforward way: a session, queries, objects, one commit.

It checks the token, the key, the form and the place, routes with queries, and writes the same rows as ours.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Flask, Response, request
from geoalchemy2 import WKTElement
from marshmallow import ValidationError
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.orm import Session

from api.residents import ReportIn
from core.config import read_config
from core.ids import new_id
from core.tokens import token_hash
from domain.base import Jurisdiction
from domain.city import Area, Category, CategoryForm, Department, Layer, LayerEdition, Rule
from domain.forms import check_answers
from domain.messages import Announcement
from domain.people import Credential, Person
from domain.reports import Change, IdempotencyKey, Report, ReportEvent

app = Flask("orm")
_DEFER = text(
    "SELECT defer_job('expand_announcement', 'announcements', jsonb_build_object('announcement_id', CAST(:id AS text)))"
)
engine = create_engine(read_config().sqlalchemy_url, pool_size=4)


@app.post("/v1/reports")
def send_report() -> Response:
    """Store a report."""
    raw = request.get_json()
    try:
        body = ReportIn().load(raw)
    except ValidationError as fault:
        return Response(orjson.dumps(fault.messages), 422)
    with Session(engine) as session:
        answer = _store(session, body, hashlib.sha256(orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)).digest())
        session.commit()
    return answer


def _store(session: Session, body: dict[str, Any], fingerprint: bytes) -> Response:
    credential = session.get(Credential, token_hash(request.headers["Authorization"].removeprefix("Bearer ")))
    if credential is None or credential.revoked_at is not None:
        return Response(status=401)
    key = request.headers["Idempotency-Key"]
    earlier = session.get(IdempotencyKey, (credential.device_id, key))
    if earlier is not None:
        return Response(earlier.body, earlier.status)
    place = WKTElement(f"POINT({body['location']['lon']} {body['location']['lat']})", srid=4326)
    town_id = credential.jurisdiction_id
    if not session.scalar(select(func.ST_Covers(Jurisdiction.outline, place)).where(Jurisdiction.id == town_id)):
        return Response(status=422)
    report = _new_report(session, credential, body, place, fingerprint)
    session.add(report)
    session.flush()
    answer = orjson.dumps(
        {"id": report.id, "reference": report.reference, "areas": report.areas, "why": report.routed_by}
    ).decode()
    _add_what_follows(session, credential, report, key, answer)
    return Response(answer, 201, content_type="application/json")


def _new_report(
    session: Session, credential: Credential, body: dict[str, Any], place: WKTElement, fingerprint: bytes
) -> Report:
    category = session.scalars(select(Category).where(Category.code == body["category"])).one()
    form = session.scalars(
        select(CategoryForm).where(CategoryForm.category_id == category.id).where(CategoryForm.retired_at.is_(None))
    ).one()
    public, private = check_answers(form.form, body.get("answers") or {}, "en", "en")
    hits = _areas_at(session, place)
    rule = _best_rule(session, category, [(area.layer_id, area.code) for area, _, _ in hits])
    areas = {
        layer.code: {"id": area.id, "code": area.code, "name": area.name, "edition": edition.edition}
        for area, layer, edition in hits
        if layer.stamp
    }
    now = datetime.now(UTC)
    return Report(
        id=body["id"],
        jurisdiction_id=credential.jurisdiction_id,
        reference=session.execute(text("SELECT report_reference(nextval('report_reference_seq'))")).scalar_one(),
        person_id=credential.person_id,
        device_id=credential.device_id,
        category_id=category.id,
        form_version=form.version,
        status="received",
        visibility="public",
        location=place,
        public_location=place,
        accuracy_m=body["location"].get("accuracy_m"),
        address=body.get("address"),
        description=body["description"],
        answers=public,
        private_answers=private or None,
        captured_at=body.get("captured_at"),
        received_at=now,
        updated_at=now,
        department_id=session.get_one(Department, rule.department_id).id,
        routed_by={"rule": rule.code, "area": None},
        areas=areas,
        area_keys=[f"{layer}:{area['code']}" for layer, area in areas.items()],
        source="app",
        content_hash=fingerprint,
    )


def _areas_at(session: Session, place: WKTElement) -> Any:
    return session.execute(
        select(Area, Layer, LayerEdition)
        .join(Layer, Layer.id == Area.layer_id)
        .join(LayerEdition, LayerEdition.id == Area.edition_id)
        .where(Area.is_current)
        .where(func.ST_Covers(Area.geom, place))
        .order_by(Area.layer_id, Area.code)
    ).all()


def _add_what_follows(session: Session, credential: Credential, report: Report, key: str, answer: str) -> None:
    person = session.get_one(Person, credential.person_id)
    shared = {"jurisdiction_id": report.jurisdiction_id, "report_id": report.id}
    announcement = Announcement(id=new_id(), seq=1, event="received", actor_id=person.id, data={}, **shared)
    session.add_all(
        [
            ReportEvent(
                seq=1, kind="received", to_status="received", actor_id=person.id, actor_role=person.role, **shared
            ),
            Change(kind="received", scope_after={"status": "received"}, **shared),
            announcement,
            IdempotencyKey(
                owner_id=credential.device_id,
                key=key,
                jurisdiction_id=report.jurisdiction_id,
                fingerprint=report.content_hash,
                status=201,
                body=answer,
            ),
        ]
    )
    session.flush()
    session.execute(_DEFER, {"id": str(announcement.id)})


def _best_rule(session: Session, category: Category, hits: list[tuple[int, str]]) -> Rule:
    rules = session.scalars(select(Rule)).all()
    fitting = [
        rule
        for rule in rules
        if rule.category_id in (None, category.id)
        and rule.group_id in (None, category.group_id)
        and (rule.layer_id is None or any(_covers(rule, layer, code) for layer, code in hits))
    ]
    return min(
        fitting,
        key=lambda rule: (
            -rule.priority,
            rule.category_id is None,
            rule.group_id is None,
            rule.layer_id is None,
            rule.code,
        ),
    )


def _covers(rule: Rule, layer: int, code: str) -> bool:
    return rule.layer_id == layer and rule.area_code in (None, code)
