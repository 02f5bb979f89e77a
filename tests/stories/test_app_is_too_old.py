"""An app below the town's minimum is told to update; what it wanted to send stays on the phone and goes later."""

import pytest

from api.town import forget_town
from tests.support.reports import draft

OLD, GOOD = "ios/1.3.9", "ios/1.4.0"


@pytest.fixture(autouse=True)
def fresh_town(database):
    forget_town()


def test_an_app_that_is_too_old_is_told_where_to_get_a_newer_one(resident, database):
    before = database.counts()

    refused = resident.send("POST", "/v1/reports", json=draft(), key="k", headers={"App-Version": OLD}, expect=403)

    assert refused.problem == "app-too-old"
    assert refused.json["retry"] == "later"
    assert refused.json["store"] == "https://apps.example/squareton-ios"
    assert refused.json["minimum"] == "1.4.0"
    assert refused.json["newest"] == "1.6.2"
    assert refused.json["sent"] == "1.3.9"
    assert "https://apps.example/squareton-ios" in refused.json["detail"]
    assert database.counts() == before


def test_after_the_update_the_same_report_goes_under_the_same_key(resident):
    body = draft()
    resident.send("POST", "/v1/reports", json=body, key="k", headers={"App-Version": OLD}, expect=403)

    receipt = resident.send("POST", "/v1/reports", json=body, key="k", headers={"App-Version": GOOD}, expect=201)

    assert receipt.json["id"] == body["id"]


def test_the_problem_speaks_the_readers_language(client):
    client.get("/v1/categories", headers={"App-Version": OLD}, language="es", expect=403)

    assert client.last.json["title"] == "Esta aplicación es demasiado antigua"


@pytest.mark.parametrize("path", ["/v1/config", "/healthz", "/readyz", "/openapi.json", "/problems/app-too-old"])
def test_an_old_app_can_always_learn_what_to_do(client, path):
    client.get(path, headers={"App-Version": OLD}, expect=200)


@pytest.mark.parametrize(
    "version", ["ios/1.4.0", "ios/1.4", "iOS/1.10", "ios/2", "android/1.4.0.1", "ios/1.4.0 (build 77)", "android/1.4+3"]
)
def test_an_app_that_is_new_enough_is_served(client, version):
    client.get("/v1/categories", headers={"App-Version": version})


@pytest.mark.parametrize("version", ["ios/1.3", "IOS/0.0.1", "android/1.3.99", "ios/1.3.9 (iPhone 8; es)", "ios/0"])
def test_one_that_is_not_is_refused(client, version):
    client.get("/v1/categories", headers={"App-Version": version}, expect=403)


@pytest.mark.parametrize(
    "version",
    [
        "",
        " ",
        "1.0.0",
        "ios",
        "ios/",
        "ios/-1",
        "ios/1..2",
        "ios/99999999999999999999",
        "ios/1.2.3.4.5",
        "windows/1",
        "ios/１.０",
        "ios/1e9",
        "ios/NaN",
        "ios/0x10",
        "../../etc/passwd",
        "ios/" + "1" * 10_000,
        "ios/1.0" + " " * 5_000,
        "ios/1.0, android/1.0",
    ],
)
def test_a_header_that_says_nothing_is_no_error(client, version):
    client.get("/v1/categories", headers={"App-Version": version.encode("utf-8").decode("latin-1")}, expect=200)


def test_without_a_minimum_every_app_is_served(client, database):
    database.execute("UPDATE jurisdiction SET app = app #- '{ios,minimum}'")
    forget_town()

    client.get("/v1/categories", headers={"App-Version": "ios/0.1"})
