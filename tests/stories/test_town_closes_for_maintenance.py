"""While the town is closed for maintenance nothing is taken in and nothing is lost: drafts stay on the phones."""

from datetime import UTC, datetime, timedelta

import pytest

from api.town import forget_town
from tests.support.away import lose_database
from tests.support.reports import draft

SOON = (datetime.now(UTC) + timedelta(hours=2)).isoformat(timespec="seconds")


def test_a_phone_is_told_to_come_back_and_its_report_goes_through_afterwards(applied):
    with applied.api() as api:
        phone = api.resident()
    before = applied.counts()
    body = draft()
    soon = (datetime.now(UTC) + timedelta(hours=2)).isoformat(timespec="seconds")
    applied.mendway(
        "maintenance", "on", "--until", soon, "--text", "en=Back at six.", "--text", "es=Volvemos a las seis."
    )

    with applied.api() as api:
        closed = api.holder(phone.token).send("POST", "/v1/reports", json=body, key="k", language="es", expect=503)
    applied.mendway("maintenance", "off")
    with applied.api() as api:
        receipt = api.holder(phone.token).send("POST", "/v1/reports", json=body, key="k", expect=201)

    assert closed.problem == "maintenance"
    assert closed.json["retry"] == "later"
    assert closed.json["detail"] == "Volvemos a las seis."
    assert 7000 < int(closed.headers["retry-after"]) <= 7200
    assert receipt.json["id"] == body["id"]
    after = applied.counts()
    assert after["report"] == before["report"] + 1
    assert after["idempotency_key"] == before["idempotency_key"] + 1


@pytest.mark.parametrize(
    ("language", "text"), [("en", "being worked on"), ("es", "está en obras"), ("fr", "being worked on")]
)
def test_without_words_of_its_own_the_town_says_the_usual(applied, language, text):
    applied.mendway("maintenance", "on")

    with applied.api() as api:
        closed = api.stranger().send("GET", "/v1/categories", language=language, expect=503)

    assert text in closed.json["detail"]
    assert closed.headers["retry-after"] == "300"


def test_words_in_one_language_are_better_than_none(applied):
    applied.mendway("maintenance", "on", "--text", "en=Back at six.")

    with applied.api() as api:
        assert api.stranger().send("GET", "/v1/reports", language="es", expect=503).json["detail"] == "Back at six."


def test_config_pages_and_probes_go_on_answering(applied):
    applied.mendway("maintenance", "on", "--until", SOON, "--text", "en=Back at six.")

    with applied.api() as api:
        stranger = api.stranger()
        told = stranger.get("/v1/config")["maintenance"]
        for path in ("/healthz", "/readyz", "/openapi.json", "/problems/maintenance"):
            stranger.get(path, expect=200)
        for path in ("/v1/reports", "/v1/work", "/v1/changes", "/v1/routing?lon=1&lat=1&category=x", "/v1/devices"):
            stranger.get(path, expect=503)
        stranger.get("/v1/admin/departments", expect=401)

    assert told["text"] == "Back at six."
    assert told["until"] == SOON.replace("+00:00", ".000Z")
    assert told["since"].endswith("Z")


def test_the_answer_stays_the_same_when_the_database_goes_away(applied):
    applied.mendway("maintenance", "on", "--text", "en=Back at six.", "--text", "es=Volvemos a las seis.")

    with applied.api() as api:
        stranger = api.stranger()
        stranger.get("/v1/config")
        lose_database(api)

        closed = stranger.send("GET", "/v1/categories", language="es", expect=503)
        told = stranger.get("/v1/config", language="es")["maintenance"]

    assert (closed.problem, closed.json["text"]) == ("maintenance", "Volvemos a las seis.")
    assert told["text"] == "Volvemos a las seis."


@pytest.mark.parametrize(
    ("until", "wait"),
    [
        pytest.param("2026-01-01T01:00:00Z", "30", id="a time that has passed asks for a little patience"),
        pytest.param("2099-01-01T00:00:00Z", "86400", id="far away: a phone looks again each day"),
    ],
)
def test_how_long_a_phone_waits(database, client, until, wait):
    closed = f'{{"text": {{}}, "since": "2026-01-01T00:00:00Z", "until": "{until}"}}'
    database.execute("UPDATE jurisdiction SET maintenance = %s", closed)
    forget_town()

    assert client.send("GET", "/v1/categories", expect=503).headers["retry-after"] == wait
    assert client.last.json["until"] == until


def test_closing_and_opening_stand_in_the_history(applied):
    applied.mendway("maintenance", "on")
    applied.mendway("maintenance", "off")
    applied.mendway("maintenance", "off")

    lines = applied.rows("SELECT before, after FROM catalogue_change WHERE code = 'maintenance' ORDER BY id")

    assert [(line["before"] is None, line["after"] is None) for line in lines] == [(True, False), (False, True)]


def test_the_command_says_how_it_is(applied):
    assert applied.mendway("maintenance", "status").out == "testing is open.\n"
    assert "closed for maintenance since" in applied.mendway("maintenance", "on", "--until", SOON).out
    assert f"until {SOON.replace('+00:00', 'Z')}" in applied.mendway("maintenance", "status").out
    assert applied.mendway("maintenance", "off").out == "testing is open.\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--until", "2020-01-01T00:00Z"], "has passed"),
        (["--until", "tonight"], "must be a time"),
        (["--text", "fr=Bientôt"], "not one of the town's languages, en, es"),
        (["--text", "en="], "needs words"),
        (["--text", "Back at six."], "not one of the town's languages"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_changes_nothing(applied, words, complaint):
    assert complaint in applied.mendway("maintenance", "on", *words, expect=1).err
    assert applied.mendway("maintenance", "status").out == "testing is open.\n"


def test_a_time_without_a_zone_is_the_towns(applied):
    said = applied.mendway("maintenance", "on", "--until", "2099-07-01T06:00").out

    assert "until 2099-07-01T10:00:00Z" in said
