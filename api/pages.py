"""The page behind the address in a push: what everybody may see of a report, without any app or script."""

import re
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template_string, request

from api.auth import open_to_all
from api.lists import read_reference
from api.problems import CONTENT_TYPE
from api.shown import shown_line, shown_report
from api.town import Town, config, language, town
from api.words import TEXTS, in_language, text_of
from core.db import transaction
from domain.access import Caller
from domain.errors import NotFound
from domain.queries import NEWEST_FIRST, Where, page_of_reports, timeline

pages = Blueprint("pages", __name__)
MOST_LINES = 500
_MAIL_CODE = re.compile(r"([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    # The address is for those who were given it. What a resident wrote may be corrected or withdrawn by the city at any time,
    # and a search engine would keep it; everything public is in the API, whole and up to date.
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-cache",  # a browser asks each time: the report may have been made private since
    "Referrer-Policy": "no-referrer",  # a store need not know who looked at which report
}
_APPLE_STORES = ("apps.apple.com", "itunes.apple.com")


@pages.get("/r/<reference>")
@open_to_all
def report_page(reference: str) -> Response:
    """A public report as a page; 404 for a private one, as for one that is not there"""
    here = town()
    stranger = Caller(here.id)
    with transaction() as session:
        asked = Where("reference = :reference", {"reference": read_reference(reference)})
        found = page_of_reports(session, "public_report", here.id, [asked], NEWEST_FIRST, None, 1).rows
        if not found:
            return _missing(here)
        lines = timeline(session, found[0]["id"], everything=False, after=0, limit=MOST_LINES)
    report = shown_report(found[0], False, stranger)
    address = f"{config().public_url}/r/{report['reference']}"
    return _page(_REPORT, here, 200, report=report, lines=[shown_line(line, False) for line in lines], address=address)


@pages.get("/m/<code>")
@open_to_all
def mail_page(code: str) -> Response:
    """Where a link in a mail leads when no app opens it: the code to type on the phone that asked

    Nothing is looked up: programs that look at mails before their readers do use no link up, and learn nothing.
    """
    if not _MAIL_CODE.fullmatch(code):
        raise NotFound()
    return _page(_MAIL, town(), 200, code=code, title=text_of(language(), "page", "mail_title"))


def _missing(here: Town) -> Response:
    """A page for people with a browser, who may have come from a push about their own private report; else a problem."""
    wishes = request.accept_mimetypes
    if wishes["text/html"] <= wishes[CONTENT_TYPE]:
        raise NotFound(headers={"Vary": "Accept"})
    answer = _page(_MISSING, here, 404)
    answer.headers["Vary"] = "Accept"
    return answer


def _page(template: str, here: Town, status: int, **more: Any) -> Response:
    stores = {name: (here.app.get(name) or {}).get("store") for name in ("ios", "android")}
    page = render_template_string(
        _HEAD + template + _FOOT,
        town=in_language(here.name, language(), here.languages),
        language=language(),
        words={name: text_of(language(), "page", name) for name in TEXTS["en"]["page"]},
        stores=stores,
        apple_id=_apple_id(stores["ios"]),
        zone=ZoneInfo(here.time_zone),
        **more,
    )
    answer = Response(page, status, content_type="text/html; charset=utf-8")
    answer.headers.update(_HEADERS)
    return answer


def _apple_id(store: str | None) -> str | None:
    """The number of an app in Apple's store, for which Safari itself offers to open it.

    Source: Apple, "Promoting apps with Smart App Banners" (read 2026-11).
    """
    address = urlsplit(store or "")
    found = re.search(r"/id(\d{5,15})(?:/|$)", address.path) if address.hostname in _APPLE_STORES else None
    return found[1] if found else None


_HEAD = """<!doctype html>
<html lang="{{ language }}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
{% if report %}<title>{{ report.category.name }} · {{ report.reference }} · {{ town }}</title>
<link rel="canonical" href="{{ address }}">
{% if apple_id %}<meta name="apple-itunes-app" content="app-id={{ apple_id }}, app-argument={{ address }}">
{% endif %}{% elif title %}<title>{{ title }} · {{ town }}</title>
{% else %}<title>{{ words.missing_title }} · {{ town }}</title>
{% endif %}<style>
body{font:1.05rem/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h1{margin-bottom:.2rem}.status{display:inline-block;padding:.15rem .7rem;border-radius:1rem;background:#e7edf5}
.closed{background:#dff3e4}.in_progress{background:#fdf1d3}.what{white-space:pre-wrap}a{color:#0b57a4}
ol{padding-left:1.2rem}li{margin:.6rem 0}time{color:#57606a;font-size:.9em}
@media (prefers-color-scheme:dark){body{color:#e6e9ee;background:#14171b}.status{color:#1b1f24}time{color:#9aa4b0}a{color:#8ab8f0}}
</style>
<p>{{ town }}</p>
"""
_REPORT = """<h1>{{ report.category.name }}</h1>
<p><strong>{{ report.reference }}</strong> · <span class="status {{ report.status.phase }}">{{ report.status.label }}</span>
{% if report.department %}· {{ report.department.name }}{% endif %}</p>
<p class="what" dir="auto">{{ report.description }}</p>
<ol>{% for line in lines %}
<li>{% if line.to_status %}{{ line.to_status.label }}{% elif line.comment %}{{ words.comment }}{% else %}{{ words.update }}{% endif %}
<time datetime="{{ line.at.isoformat() }}">{{ line.at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z") }}</time>
{% for said in (line.note, line.comment) if said %}<div class="what" dir="auto">{{ said }}</div>{% endfor %}</li>{% endfor %}
</ol>
"""
_MISSING = """<h1>{{ words.missing_title }}</h1>
<p>{{ words.missing }}</p>
"""
_MAIL = """<h1>{{ words.mail_title }}</h1>
<p>{{ words.mail }}</p>
<p><strong>{{ code }}</strong></p>
"""
_FOOT = """{% if stores.ios or stores.android %}<p>
{% if stores.ios %}<a href="{{ stores.ios }}">{{ words.app_ios }}</a>{% endif %}
{% if stores.android %}<a href="{{ stores.android }}">{{ words.app_android }}</a>{% endif %}</p>
{% endif %}</html>"""
