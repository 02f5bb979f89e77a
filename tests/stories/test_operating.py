"""Whoever operates it can see how it is, in health probes, logs and problems."""

import json
import re
from dataclasses import replace

import pytest

from api import meta
from api.words import TEXTS
from machine.testing import start_s3, throw_away_folder
from media.storage import ensure_bucket


@pytest.fixture(autouse=True)
def forget_the_store(monkeypatch):
    """A process asks the photo store at most every two seconds; here each test asks anew."""
    monkeypatch.setattr(meta, "_storage_seen", (-10.0, False))


def test_it_says_that_it_is_alive(client):
    assert client.get("/healthz") == {"status": "ok"}
    assert client.last.headers["cache-control"] == "no-store"


def test_it_is_ready_though_the_photo_store_is_away(client):
    answer = client.get("/readyz", expect=200)

    assert (answer["status"], answer["database"], answer["storage"], answer["queue"]) == (
        "degraded",
        "ok",
        "away",
        "ok",
    )


def test_it_takes_reports_though_the_photo_store_is_away(a_report):
    assert a_report().receipt["status"]["code"] == "received"


@pytest.mark.slow
def test_with_a_photo_store_all_is_well(client, app, config, monkeypatch):
    with throw_away_folder() as folder:
        s3 = start_s3(folder)
        whole = replace(
            config, s3_endpoint=s3.endpoint, s3_access_key_id=s3.access_key, s3_secret_access_key=s3.secret_key
        )
        ensure_bucket(whole)
        monkeypatch.setitem(app.config, "MENDWAY", whole)
        try:
            assert client.get("/readyz")["status"] == "ok"
        finally:
            s3.stop()


def test_it_is_ready_though_the_queue_is_late(client, a_report, database):
    a_report()
    database.execute("UPDATE procrastinate_events SET at = now() - interval '10 minutes'")

    answer = client.get("/readyz", expect=200)

    assert (answer["status"], answer["queue"]) == ("degraded", "late")
    assert answer["queue_late_s"] > 500


def test_a_database_of_another_version_is_not_ready(client, database):
    revision = database.value("SELECT version_num FROM alembic_version")
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    try:
        client.get("/readyz", expect=503)
        assert client.last.json["database"] == "not migrated"
    finally:
        database.execute("UPDATE alembic_version SET version_num = %s", revision)
    client.get("/readyz", expect=200)


def test_a_surprise_is_noted_with_its_place_and_told_without_its_inside(app, client, log_lines, monkeypatch):
    def surprise(**_):
        raise ValueError("canary: what a resident typed")

    monkeypatch.setitem(app.view_functions, "meta.health", surprise)

    client.get("/healthz", expect=500)

    assert client.last.problem == "unexpected"
    assert client.last.json["retry"] == "later"
    assert client.last.json["request_id"] in client.last.json["detail"]
    assert "canary" not in client.last.text
    noted = next(json.loads(line) for line in log_lines if json.loads(line)["level"] == "error")
    assert (noted["event"], noted["fault"]) == ("unexpected", "ValueError")
    assert noted["request_id"] == client.last.json["request_id"]
    assert any("surprise" in step for step in noted["trace"])
    assert not any("canary" in line for line in log_lines)


def test_a_refusal_is_no_error_in_the_log(resident, log_lines):
    resident.post("/v1/reports", json={}, expect=422)

    assert {json.loads(line)["level"] for line in log_lines} == {"info"}


@pytest.mark.parametrize("slug", sorted(meta.PROBLEMS))
def test_every_problem_is_explained_at_its_address_in_both_languages(client, slug):
    for language in ("en", "es"):
        page = client.send("GET", f"/problems/{slug}", language=language, expect=200)

        title, detail = TEXTS[language]["problems"][slug]
        assert page.content_type == "text/html"
        assert f'lang="{language}"' in page.text
        assert f"/problems/{slug}" in page.text
        assert title.strip()
        assert detail.strip()
    assert TEXTS["en"]["problems"][slug] != TEXTS["es"]["problems"][slug]


def test_a_problem_that_is_none_is_not_found(client):
    client.get("/problems/dragons", expect=404)


def test_the_texts_name_no_problem_that_is_none():
    for language, texts in TEXTS.items():
        assert texts["problems"].keys() == set(meta.PROBLEMS), language


def test_the_contract_is_served_and_so_is_a_page_to_browse_it(client):
    document = client.get("/openapi.json")
    page = client.send("GET", "/docs/")

    assert document["openapi"].startswith("3.1")
    assert page.content_type == "text/html"
    # Nothing is loaded from elsewhere: a city's network may not reach it, and nobody should learn who reads.
    for address in re.findall(r"""(?:src|href)=["']([^"']+)""", page.text):
        assert not re.match(r"(https?:)?//", address), address
        if not address.startswith(("data:", "#")):
            client.send("GET", f"/docs/{address.removeprefix('./').removeprefix('/docs/')}", expect=200)


def test_no_answer_is_guessed_to_be_something_else(client):
    for path in ("/healthz", "/v1/reports", "/problems/not-found", "/nothing"):
        answer = client.ask("GET", path, {}, None)
        assert answer.headers["x-content-type-options"] == "nosniff"
