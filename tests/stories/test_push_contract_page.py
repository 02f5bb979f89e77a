"""The address in a push is a page that anybody can read, without an app or a script, and tells nobody more than the list does."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from api.town import forget_town
from api.words import TEXTS
from tests.support.moves import assigned, desk_moves, resolved

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
EVIL = """<script>alert(1)</script>"><img src=x onerror=alert(2)>{{ 7*7 }}{% raise %}</p></body>"""


@pytest.fixture
def open_page(client):
    """Opens an address as a browser does: open_page("4F7-KMZ2", language="es")."""

    def open_(reference, language="en", expect=200, **headers):
        answer = client.ask("GET", f"/r/{reference}", {**BROWSER, "Accept-Language": language, **headers}, None)
        assert answer.status == expect, answer
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        return answer

    return open_


def hide(database, report):
    database.execute("UPDATE report SET visibility = 'private' WHERE id = %s", report.id)


# --- what is on it ---


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Squareton", "Pothole", "Resolved", "Roads", "Filled with asphalt."]),
        ("es-MX", ["Villacuadrada", "Bache", "Resuelto", "Vías", "Filled with asphalt."]),
        ("fr", ["Squareton", "Pothole", "Resolved", "Roads"]),
    ],
)
def test_the_page_tells_what_became_of_a_report_in_the_readers_language(open_page, a_report, crew, language, words):
    report = a_report(description="A hole at the corner.")
    resolved(crew, report)

    page = open_page(report.reference, language)

    speaks = "es" if language.startswith("es") else "en"
    assert f'<html lang="{speaks}">' in page.text
    assert page.headers["content-language"] == speaks
    assert report.reference in re.search("<title>(.*)</title>", page.text)[1]
    for word in [*words, report.reference, "A hole at the corner."]:
        assert word in page.text


def test_the_address_in_the_push_is_the_one_of_the_page(open_page, a_report, resident, crew, run_jobs, phones, config):
    report = a_report()
    resolved(crew, report)
    run_jobs()

    url = phones.heard(resident.push_token)[-1]["data"]["url"]

    assert url == f"{config.public_url}/r/{report.reference}"
    assert f'<link rel="canonical" href="{url}">' in open_page(url.rpartition("/")[2]).text


def test_a_reference_may_be_typed_as_it_was_heard(open_page, a_report):
    report = a_report()

    for heard in (report.reference.lower(), report.reference.replace("-", ""), report.reference.replace("-", "%20")):
        assert report.reference in open_page(heard).text


def test_times_are_those_of_the_town(open_page, a_report):
    report = a_report()
    received_at = datetime.fromisoformat(report.receipt["received_at"])

    page = open_page(report.reference)

    assert received_at.astimezone(ZoneInfo("America/New_York")).strftime("%Y-%m-%d %H:%M E") in page.text


def test_nothing_is_fetched_and_no_script_runs(open_page, a_report):
    page = open_page(a_report().reference)

    assert not re.search(r"<script|\bsrc=|@import|url\(|\son\w+=|<iframe|<form", page.text)
    assert re.findall(r'<link [^>]*rel="(\w+)"', page.text) == ["canonical"]
    assert page.headers["content-security-policy"].startswith("default-src 'none';")


def test_what_people_write_stays_text(open_page, a_report, resident, dispatcher):
    report = a_report(description=EVIL)
    resident.post(f"{report.path}/comments", json={"text": EVIL})
    desk_moves(dispatcher, report, "needs_information", note=EVIL)

    page = open_page(report.reference)

    assert "<script" not in page.text
    assert "<img" not in page.text
    assert page.text.count("&lt;script&gt;alert(1)&lt;/script&gt;&#34;&gt;&lt;img") == 3
    assert page.text.count("{{ 7*7 }}") == 3


def test_the_page_has_nothing_that_a_stranger_may_not_see(open_page, a_report, dispatcher, other_resident):
    canary = "canary-7d1"
    report = a_report(
        "streetlight",
        address=f"{canary} street",
        contact={"name": canary, "email": f"{canary}@example.org", "phone": "555-0142"},
        answers={"is_out": True, "pole": canary},
    )
    assigned(dispatcher, report, crew="roads-north")

    page = open_page(report.reference)

    for secret in (canary, "555-0142", "-69.98", "42.02", "Roads North", "Dora"):
        assert secret not in page.text


def test_search_engines_keep_no_copy_and_browsers_ask_again(open_page, a_report):
    for answer in (open_page(a_report().reference), open_page("222-2222", expect=404)):
        assert answer.headers["x-robots-tag"] == "noindex"
        assert answer.headers["cache-control"] == "no-cache"


# --- what is not there ---


@pytest.mark.parametrize("language", ["en", "es"])
def test_who_finds_nothing_reads_why_in_their_language(open_page, language):
    page = open_page("222-2222", language, expect=404)

    assert f'<html lang="{language}">' in page.text
    assert f"<title>{TEXTS[language]['page']['missing_title']} · " in page.text
    assert TEXTS[language]["page"]["missing"] in page.text
    assert page.headers["content-language"] == language


@pytest.mark.parametrize("accept", [BROWSER["Accept"], "application/json", "*/*"])
def test_a_private_report_looks_like_one_that_is_not_there(client, a_report, database, accept):
    report = a_report()
    hide(database, report)

    def ask(reference):
        answer = client.ask("GET", f"/r/{reference}", {"Accept": accept, "X-Request-Id": "the-same-id"}, None)
        return answer.status, answer.headers, answer.body.replace(reference.encode(), b"")

    assert ask(report.reference) == ask("222-2222")
    assert ask(report.reference)[0] == 404


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/problem+json", ""])
def test_a_program_that_finds_nothing_gets_a_problem(client, accept):
    answer = client.send("GET", "/r/222-2222", headers={"Accept": accept}, expect=404)

    assert answer.problem == "not-found"


@pytest.mark.parametrize(
    "reference", ["x", "%00", "%FF%FE", "..", "%2e%2e%2f", "-", "²²²-²²²²", "a" * 5000, "'--", "%25s"]
)
def test_any_other_reference_finds_nothing(client, reference):
    answer = client.ask("GET", f"/r/{reference}", BROWSER, None)

    assert answer.status == 404, answer


def test_the_page_offers_the_towns_apps(open_page, a_report, database):
    report = a_report()
    assert 'href="https://apps.example/squareton-ios"' in open_page(report.reference).text

    database.execute("UPDATE jurisdiction SET app = '{}'")
    forget_town()

    assert "apps.example" not in open_page(report.reference).text


def test_an_iphone_offers_to_open_the_app_at_the_report(open_page, a_report, database, config):
    report = a_report()
    store = "https://apps.apple.com/us/app/squareton/id1234567890"
    database.execute("UPDATE jurisdiction SET app = jsonb_set(app, '{ios,store}', to_jsonb(%s::text))", store)
    forget_town()

    page = open_page(report.reference)

    address = f"{config.public_url}/r/{report.reference}"
    assert f'<meta name="apple-itunes-app" content="app-id=1234567890, app-argument={address}">' in page.text
