"""Configuration: read from the environment once, every mistake named together."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from core.config import BadConfiguration, Config, read_config
from tests.support.live import ROOT

ENOUGH = {
    "DATABASE_URL": "postgresql://mendway@/mendway?host=/tmp/socket&port=5432",
    "MENDWAY_SECRET": "x" * 32,
    "S3_ENDPOINT": "http://127.0.0.1:8333",
    "S3_ACCESS_KEY_ID": "key",
    "S3_SECRET_ACCESS_KEY": "secret",
}


class Watched(dict):
    """An environment that remembers what it was asked for."""

    def __init__(self, *values):
        super().__init__(*values)
        self.asked: set[str] = set()

    def get(self, name, default=None):
        self.asked.add(name)
        return super().get(name, default)


def mistakes(**changes: str) -> list[str]:
    with pytest.raises(BadConfiguration) as caught:
        read_config({**ENOUGH, **changes})
    return caught.value.mistakes


def test_what_is_not_set_has_a_default():
    config = read_config(ENOUGH)

    assert (config.host, config.port, config.public_url) == ("127.0.0.1", 8311, "http://127.0.0.1:8311")
    assert config.s3_public_endpoint == "http://127.0.0.1:8333"
    assert (config.s3_bucket, config.s3_region) == ("mendway", "us-east-1")
    assert config.data == Path("./.data")
    assert config.firebase_credentials is None
    assert (config.log_level, config.web_workers) == ("INFO", 2)


def test_every_mistake_is_named_at_once():
    with pytest.raises(BadConfiguration) as caught:
        read_config({"PORT": "high", "LOG_LEVEL": "loud", "MENDWAY_SECRET": "short", "S3_ENDPOINT": "photos"})

    told = str(caught.value)
    for name in (
        "DATABASE_URL",
        "MENDWAY_SECRET",
        "S3_ENDPOINT",
        "S3_ACCESS_KEY_ID",
        "S3_SECRET_ACCESS_KEY",
        "PORT",
        "LOG_LEVEL",
    ):
        assert name in told
    assert len(caught.value.mistakes) == 7


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "80.5"),
        ("PORT", "٨٣١١"),
        ("WEB_WORKERS", "0"),
        ("WEB_WORKERS", "65"),
        ("MAX_BODY_BYTES", "10"),
        ("DATABASE_URL", "mysql://db/x"),
        ("DATABASE_URL", "mendway"),
        ("S3_ENDPOINT", "s3://bucket"),
        ("S3_PUBLIC_ENDPOINT", "ftp://x"),
        ("PUBLIC_URL", "311.example.org"),
        ("MENDWAY_SECRET", "x" * 31),
        ("LOG_LEVEL", "TRACE"),
        ("FIREBASE_CREDENTIALS", "/nowhere/at/all.json"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name, value):
    (told,) = mistakes(**{name: value})

    assert name in told


@pytest.mark.parametrize("name", ENOUGH)
def test_what_is_needed_and_not_set_is_named(name):
    (told,) = mistakes(**{name: "  "})

    assert name in told


def test_a_mistake_tells_no_secret():
    told = " ".join(mistakes(DATABASE_URL="postgres-ish://mendway:canary-password@db/x", MENDWAY_SECRET="canary"))

    assert "canary" not in told


def test_sqlalchemy_is_told_the_driver():
    url = read_config({**ENOUGH, "DATABASE_URL": "postgres://u:p@db:5432/x"}).sqlalchemy_url

    assert url == "postgresql+psycopg2://u:p@db:5432/x"


def test_a_public_url_ends_without_a_slash():
    assert read_config({**ENOUGH, "PUBLIC_URL": "https://311.example.org/"}).public_url == "https://311.example.org"


def test_the_credentials_of_firebase_are_a_file(tmp_path):
    file = tmp_path / "account.json"
    file.write_text("{}")

    assert read_config({**ENOUGH, "FIREBASE_CREDENTIALS": str(file)}).firebase_credentials == file


def test_the_configuration_cannot_change_while_it_runs():
    with pytest.raises(AttributeError):
        read_config(ENOUGH).port = 1  # type: ignore[misc]


def test_the_example_lists_every_setting_and_nothing_else():
    asked = Watched(ENOUGH)
    read_config(asked)
    listed = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    only_for_make = {"MENDWAY_DEMO", "MENDWAY_PG_BIN"}

    assert listed - only_for_make == asked.asked
    assert len(asked.asked) == len(fields(Config))


def test_the_example_names_the_defaults():
    text = (ROOT / ".env.example").read_text()
    values = dict(re.findall(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", text, re.MULTILINE))
    config = read_config(ENOUGH)

    assert values["HOST"] == config.host
    assert int(values["PORT"]) == config.port
    assert int(values["WEB_WORKERS"]) == config.web_workers
    assert int(values["MAX_BODY_BYTES"]) == config.max_body_bytes
    assert (values["S3_BUCKET"], values["S3_REGION"]) == (config.s3_bucket, config.s3_region)
    assert values["LOG_LEVEL"] == config.log_level
