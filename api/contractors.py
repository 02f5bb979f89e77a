"""The page behind a contractor's link: what there is to do, and the buttons that the link allows, in any browser."""

import base64
import hashlib
from functools import lru_cache
from pathlib import Path

import orjson
from flask import Blueprint, Response, render_template_string
from markupsafe import Markup

from api.auth import open_to_all
from api.town import language, town
from api.words import TEXTS, in_language, spoken, text_of

contractors = Blueprint("contractors", __name__)
_FOLDER = Path(__file__).parent


@contractors.get("/w")
@open_to_all
def contractor_page() -> Response:
    """The page; the token stands behind # in its address and never reaches the server by it"""
    here, speaks = town(), spoken(language())
    script = _script(speaks)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = render_template_string(
        (_FOLDER / "contractor_page.html").read_text(),
        language=speaks,
        town=in_language(here.name, language(), here.languages),
        words=TEXTS[speaks]["contractor"],
        script=Markup(script),  # noqa: S704 - ours, and its words are JSON without <
    )
    answer = Response(page, 200, content_type="text/html; charset=utf-8")
    answer.headers.update(
        {
            "Content-Security-Policy": (
                f"default-src 'none'; script-src 'sha256-{digest}'; connect-src 'self'; style-src 'unsafe-inline';"
                " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ),
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex",
            "Cache-Control": "no-cache",
        }
    )
    return answer


@lru_cache(maxsize=8)
def _script(speaks: str) -> str:
    words = {name: text_of(speaks, "contractor", name) for name in TEXTS["en"]["contractor"]}
    safe = orjson.dumps(words).decode().replace("<", "\\u003c")
    return (_FOLDER / "contractor_page.js").read_text().replace("__WORDS__", safe)
