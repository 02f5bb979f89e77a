"""The page behind the address in a push: what everybody may see of a report, without any app or script."""

from flask import Blueprint, Response, render_template_string

from api.auth import open_to_all
from api.lists import read_reference
from api.shown import shown_line, shown_report
from api.town import config, language, town
from api.words import in_language, text_of
from core.db import transaction
from domain.access import Caller
from domain.errors import NotFound
from domain.queries import NEWEST_FIRST, Where, page_of_reports, timeline

pages = Blueprint("pages", __name__)
MOST_LINES = 100


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
            raise NotFound()
        lines = timeline(session, found[0]["id"], everything=False, after=0, limit=MOST_LINES)
    report = shown_report(found[0], False, stranger)
    page = render_template_string(
        _PAGE,
        report=report,
        lines=[shown_line(line, False) for line in lines],
        town=in_language(here.name, language(), here.languages),
        language=language(),
        words={name: text_of(language(), "page", name) for name in ("comment", "update")},
        base=config().public_url,
    )
    answer = Response(page, content_type="text/html; charset=utf-8")
    answer.headers["Vary"] = "Accept-Language"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return answer


_PAGE = """<!doctype html>
<html lang="{{ language }}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ report.category.name }} · {{ report.reference }} · {{ town }}</title>
<style>
body{font:1.05rem/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h1{margin-bottom:.2rem}.status{display:inline-block;padding:.15rem .7rem;border-radius:1rem;background:#e7edf5}
.closed{background:#dff3e4}.in_progress{background:#fdf1d3}.what{white-space:pre-wrap}
ol{padding-left:1.2rem}li{margin:.6rem 0}time{color:#57606a;font-size:.9em}
@media (prefers-color-scheme:dark){body{color:#e6e9ee;background:#14171b}.status{color:#1b1f24}time{color:#9aa4b0}}
</style>
<p>{{ town }}</p>
<h1>{{ report.category.name }}</h1>
<p><strong>{{ report.reference }}</strong> · <span class="status {{ report.status.phase }}">{{ report.status.label }}</span>
{% if report.department %}· {{ report.department.name }}{% endif %}</p>
<p class="what">{{ report.description }}</p>
<ol>{% for line in lines %}
<li>{% if line.to_status %}{{ line.to_status.label }}{% elif line.comment %}{{ words.comment }}{% else %}{{ words.update }}{% endif %}
<time datetime="{{ line.at.isoformat() }}">{{ line.at.strftime("%Y-%m-%d %H:%M UTC") }}</time>
{% if line.note %}<br>{{ line.note }}{% endif %}{% if line.comment %}<br>{{ line.comment }}{% endif %}</li>{% endfor %}
</ol></html>"""
