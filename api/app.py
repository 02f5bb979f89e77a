"""The HTTP side, read from top to bottom: its table of contents."""

import logging
import re
import time
from typing import Any

import orjson
from flask import Flask, Response, g
from flask.json.provider import JSONProvider
from flask_smorest import Api
from werkzeug.middleware.proxy_fix import ProxyFix

from actions import submit
from api import limits, meta
from api.admin.routes import administration
from api.auth import open_to_all, refuse_undeclared_routes
from api.bulk import bulk
from api.categories import catalogue
from api.changes import changes
from api.configuration import configuration
from api.context import this_context, this_request
from api.contractors import contractors
from api.crews import crews
from api.deprecation import set_up_deprecation
from api.desk.routes import desk
from api.devices import devices
from api.flags import flagging
from api.gate import set_up_gate
from api.history import history
from api.identities import identities
from api.languages import tell_language
from api.magic_links import magic_links
from api.moderation import moderation
from api.openapi.about import VERSION, spec_options
from api.packages import packages
from api.pages import pages
from api.problems import set_up_problems
from api.queue.routes import queue
from api.recovery import recovery
from api.residents import residents
from api.routing import routing
from api.schemas import Problem
from api.sign_in import accounts
from api.voices import voices
from api.vouching import set_up_vouchers
from api.well_known import well_known
from api.work_links import work_links
from core import db, logs
from core.config import Config
from core.ids import new_id

log = logging.getLogger("api")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

AUDIENCES = (
    configuration,
    devices,
    recovery,
    accounts,
    identities,
    magic_links,
    catalogue,
    residents,
    voices,
    routing,
    crews,
    packages,
    work_links,
    desk,
    bulk,
    history,
    flagging,
    moderation,
    queue,
    changes,
    administration,
)


class FastJson(JSONProvider):
    """orjson instead of the standard library: a third of the time for long lists."""

    def dumps(self, obj: Any, **_: Any) -> str:
        return orjson.dumps(obj, default=str).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return orjson.loads(s)


def create_app(config: Config, pool_size: int = 4) -> Flask:
    """The application, with its database opened."""
    app = Town("mendway", static_folder=None)
    app.config["MENDWAY"] = config
    app.config["MAX_CONTENT_LENGTH"] = config.max_body_bytes
    app.config["REVISION"] = meta.revision_of_code()
    app.url_map.strict_slashes = False
    app.json = FastJson(app)
    app.json_provider_class = FastJson

    db.prepare(f"{submit.PREPARED} ({submit.STATEMENT_TYPES})", submit.STATEMENT)
    db.connect(config, pool_size)

    if config.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.trusted_proxies, x_proto=0)  # type: ignore[method-assign]

    set_up_vouchers(app, config)
    set_up_problems(app)
    set_up_requests(app)
    set_up_gate(app)
    register_routes(app)
    set_up_deprecation(app)
    refuse_undeclared_routes(app)
    return app


def register_routes(app: Flask) -> None:
    """Every audience's routes, the contract, and the pages about the program itself."""
    app.config.update(
        API_TITLE="Mendway",
        API_VERSION=VERSION,
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS=spec_options(),
    )
    Api.ERROR_SCHEMA = Problem
    api = OwnErrors(app)
    app.extensions["mendway-api"] = api
    for audience in AUDIENCES:
        api.register_blueprint(audience)
    app.register_blueprint(meta.meta)
    app.register_blueprint(meta.docs)
    app.register_blueprint(pages)
    app.register_blueprint(contractors)
    app.register_blueprint(well_known)
    for name in [name for name in app.view_functions if name.startswith("swagger_ui.")]:
        app.view_functions[name] = open_to_all(app.view_functions[name])


class Town(Flask):
    """Flask without looking at every view for a coroutine on every request: ours are all plain functions."""

    def ensure_sync(self, func: Any) -> Any:
        return func


class OwnErrors(Api):
    """flask-smorest without its error handlers; `api.problems` has ours."""

    def _register_error_handlers(self) -> None:
        pass


def set_up_requests(app: Flask) -> None:
    """A request id and one log line for each request; nothing of its content."""

    @app.before_request
    def begin() -> None:
        environ = this_request().environ
        sent = environ.get("HTTP_X_REQUEST_ID", "")
        logs.request_id.set(sent if _REQUEST_ID.fullmatch(sent) else str(new_id()))
        g.began = time.perf_counter()
        # A body in chunks does not say its length. Werkzeug reads none of it until it is told that the server marks the end.
        if "CONTENT_LENGTH" not in environ and "HTTP_TRANSFER_ENCODING" in environ:
            environ["wsgi.input_terminated"] = True

    @app.after_request
    def end(answer: Response) -> Response:
        asked, kept = this_request(), this_context()
        limits.tell(answer, kept)
        tell_language(answer, kept)
        answer.headers.add("X-Request-Id", logs.request_id.get() or "")
        answer.headers.add("X-Content-Type-Options", "nosniff")
        log.info(
            "request",
            extra={
                "method": asked.method,
                # The route, not the address: addresses can hold places and ids.
                "route": asked.url_rule.rule if asked.url_rule else None,
                "status": answer.status_code,
                "ms": round((time.perf_counter() - kept.get("began", time.perf_counter())) * 1000, 1),
            },
        )
        return answer
