"""Is it alive, is it ready, what does it offer, and what do its problems mean."""

import inspect
import re
import time
from typing import Any

import orjson
from flask import Blueprint, Response, current_app, render_template_string
from flask_swagger_ui import get_swaggerui_blueprint
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from api.auth import open_to_all
from api.openapi import document
from api.town import config, language
from api.words import problem_text
from core.db import DatabaseAway, transaction
from core.migrate import newest_revision
from core.queue import oldest_due_s
from domain import errors
from media.storage import is_storage_there

meta = Blueprint("meta", __name__)

_FACT = re.compile(r"\{\w+\}")
LATE_QUEUE_S = 120  # a job that has waited this long means that no worker keeps up

docs = get_swaggerui_blueprint("/docs", "/openapi.json", config={"app_name": "Mendway", "validatorUrl": None})


def _slugs() -> dict[str, type[errors.Refusal]]:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.Refusal)]
    return {kind.slug: kind for kind in kinds if kind is not errors.Refusal}


PROBLEMS = _slugs()


@meta.get("/healthz")
@open_to_all
def health() -> Response:
    """The process answers"""
    return _json({"status": "ok"})


@meta.get("/readyz")
@open_to_all
def ready() -> Response:
    """Fit for requests: 503 only when the database is away or not migrated; S3 away or a late queue is `degraded`"""
    try:
        with transaction() as session:
            revision = session.execute(text("SELECT version_num FROM alembic_version")).scalar()
            late_s = oldest_due_s(session)
    except DatabaseAway:
        raise _not_ready("away") from None
    except ProgrammingError:  # a table that is not there
        raise _not_ready("not migrated") from None
    if revision != current_app.config["REVISION"]:
        raise _not_ready("not migrated")
    parts = {"database": "ok", "storage": "ok" if _storage_answers() else "away", "queue": _queue(late_s)}
    status = "ok" if set(parts.values()) == {"ok"} else "degraded"
    return _json({"status": status, **parts, "queue_late_s": round(late_s, 1)})


def _not_ready(database: str) -> errors.Away:
    return errors.Away(headers={"Retry-After": "1", "Cache-Control": "no-store"}, database=database)


def _queue(late_s: float) -> str:
    return "ok" if late_s < LATE_QUEUE_S else "late"


_storage_seen: tuple[float, bool] = (-10.0, False)


def _storage_answers() -> bool:
    """Asked at most every two seconds, so that a health probe cannot flood the store."""
    global _storage_seen
    if time.monotonic() - _storage_seen[0] > 2:
        _storage_seen = (time.monotonic(), is_storage_there(config()))
    return _storage_seen[1]


@meta.get("/openapi.json")
@open_to_all
def openapi() -> Response:
    """The contract, OpenAPI 3.1"""
    return _json(document(current_app))


@meta.get("/problems/<slug>")
@open_to_all
def explain_problem(slug: str) -> Response:
    """What a problem's type means, in the reader's language"""
    kind = PROBLEMS.get(slug)
    if kind is None:
        raise errors.NotFound()
    # Here there are no facts to fill in.
    title, detail = (_FACT.sub("…", part) for part in problem_text(language(), slug, {}))
    page = render_template_string(_PAGE, slug=slug, title=title, detail=detail, kind=kind, language=language())
    return Response(page, content_type="text/html; charset=utf-8")


_PAGE = """<!doctype html>
<html lang="{{ language }}"><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{ title }}</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}
code{background:#eee;padding:.1em .3em}</style>
<h1>{{ title }}</h1><p>{{ detail }}</p>
<p><code>type: /problems/{{ slug }}</code> · <code>status: {{ kind.status }}</code> · <code>retry: {{ kind.retry }}</code></p>
</html>"""


def _json(value: Any, status: int = 200) -> Response:
    answer = Response(orjson.dumps(value), status, content_type="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def revision_of_code() -> str:
    """The migration that this code expects."""
    return newest_revision()
