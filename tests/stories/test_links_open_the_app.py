"""A link to a report opens the town's app where there is one; phones ask which apps may."""

import pytest

from api.town import forget_town


@pytest.fixture(autouse=True)
def fresh_town(database):
    forget_town()


def test_iphones_learn_which_app_opens_reports(client):
    answer = client.send("GET", "/.well-known/apple-app-site-association")

    assert answer.content_type == "application/json"
    assert answer.json == {
        "applinks": {
            "details": [
                {
                    "appIDs": ["ABCDE12345.example.squareton.reports"],
                    "components": [
                        {"/": "/r/*", "comment": "Pages of reports"},
                        {"/": "/m/*", "comment": "Links in mails"},
                    ],
                }
            ]
        }
    }


def test_android_learns_which_app_opens_reports(client):
    answer = client.send("GET", "/.well-known/assetlinks.json")

    (link,) = answer.json
    assert answer.content_type == "application/json"
    assert link["relation"] == ["delegate_permission/common.handle_all_urls"]
    assert link["target"]["namespace"] == "android_app"
    assert link["target"]["package_name"] == "example.squareton.reports"
    assert len(link["target"]["sha256_cert_fingerprints"]) == 1
    assert len(link["target"]["sha256_cert_fingerprints"][0].split(":")) == 32


def test_android_opens_no_other_addresses(client):
    (link,) = client.get("/.well-known/assetlinks.json")

    rules = link["relation_extensions"]["delegate_permission/common.handle_all_urls"]["dynamic_app_link_components"]
    assert [(rule["/"], rule.get("exclude", False)) for rule in rules] == [
        ("/r/*", False),
        ("/m/*", False),
        ("*", True),
    ]


@pytest.mark.parametrize("path", ["apple-app-site-association", "assetlinks.json"])
def test_whoever_asks_gets_it_at_once_without_being_sent_elsewhere(client, database, path):
    """Apple's servers follow no redirect, and ask while the town is closed too."""
    database.execute(
        """UPDATE jurisdiction SET maintenance = '{"text": {}, "since": "2026-01-01T00:00:00Z", "until": null}'"""
    )
    forget_town()

    for headers in ({}, {"Accept": "*/*"}, {"Accept": "text/html", "App-Version": "ios/0.1"}):
        answer = client.send("GET", f"/.well-known/{path}", headers=headers, expect=200)

        assert answer.content_type == "application/json"
        assert answer.headers["cache-control"] == "public, max-age=3600"
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("platform", ["ios", "android"])
def test_a_town_without_an_app_has_no_such_file(client, database, platform):
    path = {"ios": "apple-app-site-association", "android": "assetlinks.json"}[platform]
    database.execute("UPDATE jurisdiction SET app = app - %s", platform)
    forget_town()

    client.get(f"/.well-known/{path}", expect=404)
