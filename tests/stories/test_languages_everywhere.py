"""Whoever says in Accept-Language what they read is answered in it, wherever there are words; and no header breaks anything."""

import html
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import httpx
import pytest
import yaml

from api.meta import PROBLEMS
from api.words import TEXTS
from domain.status import LABELS, REASONS
from tests.stories.test_admin_changes_the_town import CODES, ITEMS
from tests.support.admin import make
from tests.support.answers import Answer
from tests.support.callers import Caller
from tests.support.live import ROOT
from tests.support.moves import crew_moves
from tests.support.reports import draft
from tests.support.town import FILE, WARD_1

CONTRACT = yaml.safe_load((ROOT / "openapi.yaml").read_text())["paths"]
OPERATIONS = [
    (method.upper(), path) for path, item in CONTRACT.items() for method, part in item.items() if "operationId" in part
]
# All but the one that is a file of tiles.
READS = [path for method, path in OPERATIONS if method == "GET" and not path.endswith("/map")]
# As phones and browsers send it, and as nobody should; what each is answered in.
WISHES = {
    "es-MX, en;q=0.5": "es",
    "es_MX": "es",  # as Java spells it
    "fr, es;q=0.1": "es",
    "es, " + "x-a, " * 2000 + "x": "es",
    "fr": "en",
    "*": "en",
    ";;;,,,q=banana=;\t{language}%s \x7f ¡español!": "en",
    "x" * 10_000: "en",
}


# --- asking everything there is ---


@pytest.fixture
def ask_for(
    client: Caller, resident: Caller, crew: Caller, dispatcher: Caller, admin: Caller, a_report: Callable[..., Any]
) -> Callable[..., Answer]:
    """Reads a path of the contract as somebody who may: ask_for("/v1/admin/keys/{key_id}", "es")."""
    report = a_report(at=WARD_1)
    crew_moves(crew, report, "take", "start")
    known = {
        "device_id": resident.device_id,
        "report_id": report.id,
        "key_id": admin.post("/v1/admin/keys", json={"label": "a partner", "scopes": ["import"]})["id"],
        "question": "size",
        "bulk_id": dispatcher.post(
            "/v1/bulk-actions", json={"action": "priority", "priority": "low", "reports": [report.id]}, expect=202
        )["id"],
    }
    known["package_id"] = crew.post("/v1/work/packages", json={"name": "x", "reports": [report.id]}, expect=201)["id"]
    known["filter_id"] = dispatcher.post("/v1/queue/filters", json={"name": "x", "query": {}}, expect=201)["id"]
    for section in ("calendars", "targets", "statuses", "reasons", "templates"):
        make(admin, f"{section}/{CODES.get(section, 'thing')}", ITEMS[section])
    questions = {
        "/v1/routing": f"?lon={WARD_1.lon}&lat={WARD_1.lat}&category=pothole",
        "/v1/queue/counts": "?by=status,department",
    }
    askers = {
        "/v1/admin": admin,
        "/v1/work": crew,
        "/v1/work/links": dispatcher,
        "/v1/queue": dispatcher,
        "/v1/templates": dispatcher,
        "/v1/triage": dispatcher,
        "/v1/changes": dispatcher,
        "/v1/bulk-actions": dispatcher,
        "/v1/moderation": admin,
        "/v1/sessions": dispatcher,
        "/v1/categories": resident,
    }

    def address(path: str) -> str:
        for name in re.findall(r"\{(\w+)\}", path):
            found = known.get(name) or _a_code(admin, path)
            path = path.replace("{" + name + "}", found)
        return path + questions.get(path, "")

    addresses = {path: address(path) for path in READS}

    def ask(path: str, language: str) -> Answer:
        fitting = [start for start in askers if path.startswith(start)]
        own = askers[max(fitting, key=len)] if fitting else resident
        return own.ask(
            "GET", addresses[path], {"Authorization": f"Bearer {own.token}", "Accept-Language": language}, None
        )

    return ask


def _a_code(admin: Caller, path: str) -> str:
    """Of something that is in the town: /v1/admin/crews/{code}."""
    section = path.split("/")[3]
    codes = [item["code"] for item in admin.get(f"/v1/admin/{section}")["items"]]
    return "pothole" if section == "categories" else codes[0]


def pairs(node: Any) -> Iterator[tuple[str, str]]:
    """Whatever a document has in English and Spanish."""
    if isinstance(node, dict):
        if isinstance(node.get("en"), str) and isinstance(node.get("es"), str):
            yield node["en"], node["es"]
        for inner in node.values():
            yield from pairs(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from pairs(inner)


@cache
def in_two_languages() -> set[tuple[str, str]]:
    """Every text of the town and of the program that is not the same in both languages."""
    texts = [(LABELS["en"][status], LABELS["es"][status]) for status in LABELS["en"]]
    texts += [(TEXTS["en"]["why"][name], TEXTS["es"]["why"][name]) for name in TEXTS["en"]["why"]]
    texts += [(REASONS["en"][code], REASONS["es"][code]) for code in REASONS["en"]]
    texts += pairs(ITEMS)
    texts += pairs(tomllib.loads(FILE.read_text()))
    return {pair for pair in texts if pair[0] != pair[1]}


def differing(one: Any, other: Any) -> Iterator[tuple[str, str]]:
    """The texts in which two answers differ."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for name in one.keys() - {"next"}:  # a cursor knows when it was made
            yield from differing(one[name], other[name])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            yield from differing(a, b)
    elif one != other:
        yield one, other


def says_its_language(answer: Answer, language: str) -> bool:
    varies = [name.strip().lower() for name in answer.headers.get("vary", "").split(",")]
    return answer.headers.get("content-language") == language and "accept-language" in varies


# --- answers ---


def test_every_answer_with_words_is_in_the_readers_language_and_says_so(ask_for):
    english = {path: ask_for(path, "en") for path in READS}
    spanish = {path: ask_for(path, "es") for path in READS}

    words = {path: set(differing(english[path].json, spanish[path].json)) for path in READS}
    with_words = {path for path in READS if words[path]}
    for path in with_words:
        assert says_its_language(english[path], "en"), path
        assert says_its_language(spanish[path], "es"), path
    assert {pair for found in words.values() for pair in found if not _is_known(*pair)} == set()
    assert with_words >= {
        "/v1/config",
        "/v1/categories",
        "/v1/reports",
        "/v1/reports/{report_id}",
        "/v1/reports/{report_id}/timeline",
        "/v1/routing",
        "/v1/work",
        "/v1/work/{report_id}",
    }


def _is_known(english: str, spanish: str) -> bool:
    """Whether these are the same text of ours, or a code of the language that is answered in."""
    if (english, spanish) in in_two_languages() or (english, spanish) == ("en", "es"):
        return True
    filled = ((_pattern(en), _pattern(es)) for en, es in in_two_languages() if "{" in en)
    return any(en.fullmatch(english) and es.fullmatch(spanish) for en, es in filled)


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(template)))


@pytest.mark.slow
def test_whatever_the_header_says_every_read_answers_in_the_best_language(ask_for):
    for path in READS:
        plain = {language: ask_for(path, language) for language in ("en", "es")}
        for header, language in WISHES.items():
            answer = ask_for(path, header)

            assert answer.status == 200, (path, header)
            assert list(differing(answer.json, plain[language].json)) == [], (path, header)
            assert answer.headers.get("content-language") == plain[language].headers.get("content-language"), path


def test_what_was_kept_in_one_language_is_not_taken_for_another(resident, a_report):
    a_report()
    for path in ("/v1/config", "/v1/categories", "/v1/reports?mine=true"):
        tag = resident.send("GET", path, language="en").headers["etag"]

        spanish = resident.send("GET", path, language="es", headers={"If-None-Match": tag}, expect=200)
        again = resident.send("GET", path, language="en", headers={"If-None-Match": tag}, expect=304)

        assert spanish.headers["etag"] != tag
        assert "Accept-Language" in again.headers["vary"], path


def test_a_retry_gets_the_first_answer_and_claims_no_other_language(resident, a_report):
    path = f"{a_report().path}/comments"
    comment = {"text": "It is still there.", "id": "8f5f3c1e-3c55-4f4f-9a55-0a4be9b3a001"}
    for address, body in ((path, comment), ("/v1/reports", draft())):
        first = resident.send("POST", address, json=body, key=f"once-{address}", language="es")
        again = resident.send("POST", address, json=body, key=f"once-{address}", language="en")

        assert again.body == first.body
        assert again.headers.get("content-language") in (None, "es")


# --- problems ---


@pytest.mark.parametrize("method", sorted({method for method, _ in OPERATIONS}))
def test_a_problem_of_every_operation_is_in_the_readers_language(client, method):
    for path in (path for its_method, path in OPERATIONS if its_method == method and path != "/v1/config"):
        address = re.sub(r"\{\w+\}", "00000000-0000-4000-8000-000000000000", path) + "?limit=none&lon=x"
        for header, language in (("es-MX, en;q=0.5", "es"), ("fr", "en"), ("\x7f;q=", "en")):
            answer = client.ask(method, address, {"Accept-Language": header, "Content-Type": "application/json"}, b"{")

            assert 400 <= answer.status < 500, answer
            title, detail = TEXTS[language]["problems"][answer.problem]
            assert answer.json["title"] == title
            assert _pattern(detail).fullmatch(answer.json["detail"])
            for error in answer.json.get("errors", []):
                assert _pattern(TEXTS[language]["fields"][error["code"]]).fullmatch(error["message"])
            assert says_its_language(answer, language), path


@pytest.mark.parametrize(
    ("method", "path", "more", "slug"),
    [
        ("GET", "/nothing-here", {}, "not-found"),
        ("GET", "/v1/nothing-here", {}, "not-found"),
        ("DELETE", "/v1/categories", {}, "method-not-allowed"),
        ("GET", "/r/222-2222", {}, "not-found"),
        ("GET", "/problems/none", {}, "not-found"),
        (
            "PUT",
            "/v1/devices/00000000-0000-4000-8000-000000000000",
            {"Content-Type": "text/plain"},
            "wrong-content-type",
        ),
        ("GET", "/v1/reports", {"Authorization": "Bearer nobody"}, "token-unknown"),
        ("GET", "/v1/categories", {"App-Version": "ios/0.1"}, "app-too-old"),
    ],
)
def test_a_problem_that_comes_before_any_route_is_too(client, method, path, more, slug):
    for language in ("es", "en"):
        answer = client.ask(method, path, {"Accept-Language": language, **more}, b"{}")

        assert answer.problem == slug
        assert answer.json["title"] == TEXTS[language]["problems"][slug][0]
        assert says_its_language(answer, language)


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_page_of_every_problem_is_in_the_readers_language(client, language):
    for slug in PROBLEMS:
        page = client.send("GET", f"/problems/{slug}", language=language)

        title, detail = (re.sub(r"\{\w+\}", "…", part) for part in TEXTS[language]["problems"][slug])
        assert title in html.unescape(page.text)
        assert detail in html.unescape(page.text)
        assert f'<html lang="{language}">' in page.text
        assert says_its_language(page, language)


# --- over a real connection ---


@pytest.mark.parametrize(
    "header",
    [
        b"es, " + b"x-a, " * 2000 + b"x",
        b"x" * 10_000,
        b"es\xff\xfe\xc3\x28",
        "¡español!".encode(),
        b"es\tx",
        b"es,\x80" * 1000,
    ],
    ids=lambda header: repr(header[:20]),
)
def test_the_server_takes_any_header_that_http_allows(live_server, header):
    answer = httpx.get(f"{live_server.url}/v1/config", headers=[(b"Accept-Language", header)], timeout=10)

    assert answer.status_code == 200
    assert answer.headers["content-language"] in ("en", "es")
