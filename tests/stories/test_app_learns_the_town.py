"""An app asks once what it needs to know of the town, and asks again for nothing when nothing changed."""

import json
import time

import pytest
import shapely

from actions.catalogue.app import version_key
from api.town import forget_town
from tests.support.away import lose_database
from tests.support.callers import Caller
from tests.support.town import EAST, NORTH, SOUTH, WEST


def told(client: Caller, **how) -> dict:
    forget_town()  # as the process does by itself after some seconds
    return client.get("/v1/config", **how)


def test_one_answer_without_a_token_says_it_all(client: Caller):
    config = told(client)

    assert config["town"] == {"code": "testing", "name": "Squareton"}
    assert config["time_zone"] == "America/New_York"
    assert config["languages"] == [{"code": "en", "name": "English"}, {"code": "es", "name": "Español"}]
    assert config["box"] == {"west": WEST, "south": SOUTH, "east": EAST, "north": NORTH}
    assert config["features"]["comments"] is True
    assert config["features"]["photos"] is False
    assert config["sign_in_methods"] == ["device", "recovery_code", "password"]
    assert config["sign_in"] == {"firebase_project": None, "oidc_issuer": None, "oidc_audiences": []}
    assert config["map"] == {"style": "https://tiles.squareton.example/style.json"}
    assert config["privacy"]["version"] == "3"
    assert config["privacy"]["link"] == "https://squareton.example/privacy"
    assert config["emergency"] == [{"code": "emergency", "number": "911", "name": "Emergency"}]
    assert config["apps"]["ios"] == {
        "minimum": "1.4.0",
        "newest": "1.6.2",
        "store": "https://apps.example/squareton-ios",
    }
    assert config["apps"]["android"]["newest"] == "1.10.0"
    assert config["maintenance"] is None


def test_texts_come_in_the_readers_language_and_else_in_the_towns_first(client: Caller):
    spanish, french = told(client, language="es-MX"), told(client, language="fr")

    assert spanish["language"] == "es"
    assert spanish["town"]["name"] == "Villacuadrada"
    assert spanish["emergency"][0]["name"] == "Emergencias"
    assert spanish["privacy"]["text"].startswith("Lo que comunica")
    assert spanish["notices"][0]["text"].startswith("Se acerca")
    assert french["language"] == "en"


def test_the_outline_is_the_towns(client: Caller):
    config = told(client)

    outline = shapely.geometry.shape(config["outline"])

    assert config["outline"]["type"] == "MultiPolygon"
    assert config["outline_tolerance_m"] == 0
    assert outline.equals(shapely.box(WEST, SOUTH, EAST, NORTH))


def test_the_limits_are_those_that_are_enforced(client: Caller, resident, a_report):
    limits = told(client)["limits"]
    report = a_report(description="x" * limits["description_length"], address="y" * limits["address_length"])
    resident.post(f"{report.path}/comments", json={"text": "z" * limits["comment_length"]})

    contact = {name: "x" * limits[f"contact_{name}_length"] for name in ("name", "phone")}
    a_report(contact={**contact, "email": "a@" + "b" * (limits["contact_email_length"] - 2)})

    a_report_too_long = {**report.sent, "id": report.id, "description": "x" * (limits["description_length"] + 1)}
    resident.post("/v1/reports", json=a_report_too_long, expect=422)
    resident.post(f"{report.path}/comments", json={"text": "z" * (limits["comment_length"] + 1)}, expect=422)
    client.get(f"/v1/reports?limit={limits['page_size']}")
    client.get(f"/v1/reports?limit={limits['page_size'] + 1}", expect=422)


def test_notices_show_while_they_last(client: Caller, database):
    assert [notice["code"] for notice in told(client)["notices"]] == ["storm"]

    database.execute("UPDATE notice SET starts_at = now() + interval '1 hour' WHERE code = 'storm'")
    database.execute("UPDATE notice SET ends_at = now() + interval '1 hour' WHERE code = 'long-past'")

    assert [notice["code"] for notice in told(client)["notices"]] == ["long-past"]


def test_asked_again_it_says_that_nothing_changed_until_a_notice_begins(client: Caller, database):
    told(client)
    tag = client.last.headers["etag"]

    again = client.send("GET", "/v1/config", headers={"If-None-Match": tag}, expect=304)
    database.execute("UPDATE notice SET active = false WHERE code = 'storm'")
    forget_town()
    changed = client.send("GET", "/v1/config", headers={"If-None-Match": tag}, expect=200)

    assert again.body == b""
    assert again.headers["cache-control"] == "public, max-age=60"
    assert again.headers["vary"] == "Accept-Language"
    assert changed.headers["etag"] != tag


def test_a_notice_begins_and_ends_by_itself(client: Caller, database):
    database.execute("UPDATE notice SET starts_at = now() + interval '0.4 s', ends_at = NULL WHERE code = 'storm'")
    told(client)
    before = client.last.headers["etag"]
    time.sleep(0.5)

    client.send("GET", "/v1/config", headers={"If-None-Match": before}, expect=200)

    assert [notice["code"] for notice in client.last.json["notices"]] == ["storm"]


def test_the_answer_is_made_once_for_each_language(client: Caller):
    answers = [told(client, language="es")] + [client.get("/v1/config", language=how) for how in ("es-MX", "es", "en")]

    assert answers[0] == answers[1] == answers[2]
    assert answers[3]["language"] == "en"


def test_while_the_database_is_away_the_town_is_told_as_it_was_last_seen(applied):
    with applied.api() as api:
        stranger = api.stranger()
        before = stranger.get("/v1/config")
        lose_database(api)

        assert stranger.get("/v1/config") == before
        assert stranger.get("/v1/config", language="es")["town"]["name"] == "Villacuadrada"
        assert stranger.send("GET", "/v1/categories", language="es", expect=503).problem == "away"
        assert stranger.last.headers["content-language"] == "es"


def test_a_town_that_speaks_what_nobody_has_a_name_for_says_its_code(applied):
    applied.rows("UPDATE jurisdiction SET languages = '{es,en,zh-Hans,tlh,quc}'")

    with applied.api() as api:
        names = {one["code"]: one["name"] for one in api.stranger().get("/v1/config", language="tlh")["languages"]}

    assert names["zh-Hans"].startswith("中文")
    assert names["tlh"] == "tlh"
    assert list(names) == ["es", "en", "zh-Hans", "tlh", "quc"]


@pytest.mark.parametrize("has_account", [True, False])
def test_a_town_without_an_account_at_firebase_promises_no_pushes(applied, tmp_path, has_account):
    account = tmp_path / "account.json"
    account.write_text("{}")
    applied.environment |= {"FIREBASE_CREDENTIALS": str(account)} if has_account else {}

    with applied.api() as api:
        assert api.stranger().get("/v1/config")["features"]["push"] is has_account


def test_nobody_needs_a_good_token_for_it(client: Caller):
    client.get("/v1/config", headers={"Authorization": "Bearer nonsense"}, expect=200)


@pytest.mark.parametrize(
    ("older", "newer"), [("1.9", "1.10"), ("1.4.0", "1.4.0.1"), ("0.9.9", "1"), ("1.4", "1.4.1"), ("2", "10")]
)
def test_versions_compare_number_by_number(older: str, newer: str):
    assert version_key(older) < version_key(newer)
    assert version_key(older + ".0") == version_key(older)


def test_a_town_with_a_long_coast_is_told_in_few_bytes_and_true_to_some_metres(applied):
    ring = shapely.Point(-69.98, 42.02).buffer(0.05, quad_segs=20_000)
    applied.rows(
        "UPDATE jurisdiction SET outline = ST_Multi(ST_GeomFromGeoJSON(%s))", json.dumps(shapely.geometry.mapping(ring))
    )

    with applied.api() as api:
        config = api.stranger().get("/v1/config")

    drawn = shapely.geometry.shape(config["outline"])
    assert len(json.dumps(config)) < 60_000
    assert 0 < config["outline_tolerance_m"] <= 10
    assert drawn.is_valid
    assert drawn.hausdorff_distance(ring) * 111_320 <= config["outline_tolerance_m"] + 0.2


def test_a_town_that_says_nothing_of_apps_has_an_answer_all_the_same(applied):
    applied.rows("UPDATE jurisdiction SET app = '{}'")

    with applied.api() as api:
        config = api.stranger().get("/v1/config")

    assert config["apps"] == {"ios": None, "android": None}
    assert config["privacy"] is None
    assert config["emergency"] == []
