"""Every refusal is a problem document that a phone can act on, in the caller's language."""

import json
import re
import uuid

import pytest

from api.words import TEXTS
from domain.field_codes import FIELD_CODES
from tests.support.reports import draft


@pytest.mark.parametrize(
    ("language", "title", "message"),
    [
        ("en", "The request is readable but wrong", "may have at most 4000 characters"),
        ("es", "La solicitud se lee, pero no es correcta", "puede tener como máximo 4000 caracteres"),
        ("es-MX,en;q=0.5", "La solicitud se lee, pero no es correcta", "puede tener como máximo 4000 caracteres"),
        ("fr", "The request is readable but wrong", "may have at most 4000 characters"),
    ],
)
def test_a_problem_is_told_in_the_callers_language(resident, language, title, message):
    resident.post("/v1/reports", json=draft(description="x" * 4001), language=language, expect=422)

    problem = resident.last.json
    assert problem["title"] == title
    assert problem["errors"][0] == {
        "pointer": "/description",
        "code": "too-long",
        "params": {"max": 4000},
        "message": message,
    }


def test_a_problem_names_the_request_in_the_log(resident, log_lines):
    resident.post("/v1/reports", json={}, headers={"X-Request-Id": "from-the-phone-1"}, expect=422)

    assert resident.last.json["request_id"] == "from-the-phone-1"
    assert resident.last.headers["x-request-id"] == "from-the-phone-1"
    assert all(json.loads(line)["request_id"] == "from-the-phone-1" for line in log_lines)


@pytest.mark.parametrize("sent", ["short", "x" * 65, "with space 1", 'quote"quote', "ünïcödé-id"])
def test_a_request_id_that_is_odd_is_replaced(client, sent):
    client.get("/healthz", headers={"X-Request-Id": sent.encode().decode("latin-1")})

    assert re.fullmatch(r"[0-9a-f-]{36}", client.last.headers["x-request-id"])


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/v1/nothing", 404, "not-found"),
        ("GET", "/", 404, "not-found"),
        ("GET", "/v1/reports/1/../..", 404, "not-found"),
        ("DELETE", "/v1/reports", 405, "method-not-allowed"),
        ("PATCH", "/v1/categories", 405, "method-not-allowed"),
        ("BREW", "/v1/reports", 405, "method-not-allowed"),
    ],
)
def test_an_address_that_is_not_there_is_a_problem_too(client, method, path, status, slug):
    answer = client.send(method, path, expect=status)

    assert answer.problem == slug
    if status == 405:
        assert answer.headers["allow"] == ", ".join(answer.json["allowed"])


def test_what_is_wrong_for_a_stranger_is_first_of_all_that_he_is_one(client, ask, contract):
    client.send("POST", "/v1/reports", data=b"not json", expect=401)
    client.send("POST", f"/v1/reports/{uuid.uuid4()}/comments", data=b"not json", expect=401)
    client.post(
        "/v1/reports", json=draft(category="dragons"), headers={"Authorization": "Bearer " + "x" * 43}, expect=401
    )

    assert client.last.problem == "token-unknown"


@pytest.mark.parametrize("code", FIELD_CODES)
def test_every_code_is_explained_in_both_languages(code):
    for language in ("en", "es"):
        assert TEXTS[language]["fields"][code].strip()
    assert TEXTS["en"]["fields"][code] != TEXTS["es"]["fields"][code]
