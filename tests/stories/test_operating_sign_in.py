"""Settings of the ways to sign in that are half, or dangerous, are named before anybody gets in by them."""

import pytest

from api.exposure import Exposed, refuse_unsigned_tokens, stay_inside, ways_in
from core.config import BadConfiguration, read_config
from tests.support.live import free_port

EMULATOR = {"FIREBASE_PROJECT": "p", "FIREBASE_AUTH_EMULATOR_HOST": "127.0.0.1:9099"}


def mistakes(environment, **settings):
    with pytest.raises(BadConfiguration) as caught:
        read_config({**environment, **settings})
    return caught.value.mistakes


@pytest.fixture
def claims(tmp_path):
    (tmp_path / "oidc.toml").write_text('code = "staff"')
    return str(tmp_path / "oidc.toml")


def test_a_provider_is_set_as_a_whole_or_not_at_all(environment, claims):
    (told,) = mistakes(environment, OIDC_ISSUER="https://login.example")
    assert told.startswith("OIDC_AUDIENCE and OIDC_CLAIMS must be set too")
    (told,) = mistakes(environment, OIDC_ISSUER="https://login.example", OIDC_CLAIMS=claims)
    assert told.startswith("OIDC_AUDIENCE must be set too")

    whole = {"OIDC_ISSUER": "https://login.example/", "OIDC_CLAIMS": claims, "OIDC_AUDIENCE": "one two"}
    config = read_config({**environment, **whole})
    assert config.oidc_issuer == "https://login.example/"  # as it is: issuers are compared letter by letter
    assert config.oidc_audiences == ("one", "two")


def test_a_provider_over_an_open_line_is_refused_but_on_this_machine(environment, claims):
    rest = {"OIDC_CLAIMS": claims, "OIDC_AUDIENCE": "one"}
    (told,) = mistakes(environment, OIDC_ISSUER="http://login.example", **rest)
    assert "https://" in told

    assert read_config({**environment, "OIDC_ISSUER": "http://127.0.0.1:9", **rest}).oidc_issuer


def test_mail_is_set_as_a_whole_or_not_at_all(environment):
    assert "MAIL_FROM must be set too" in mistakes(environment, SMTP_URL="smtp://mail.example")[0]
    assert "SMTP_URL must be set too" in mistakes(environment, MAIL_FROM="a@b.example")[0]
    assert "SMTP_URL" in mistakes(environment, SMTP_URL="mail.example", MAIL_FROM="a@b.example")[0]
    assert "MAIL_FROM" in mistakes(environment, SMTP_URL="smtp://mail.example", MAIL_FROM="nobody")[0]


@pytest.mark.parametrize(
    "settings", [{"PUBLIC_URL": "https://311.example.org"}, {"HOST": "0.0.0.0", "PUBLIC_URL": "http://127.0.0.1:8311"}]
)
def test_no_server_that_others_reach_takes_unsigned_tokens(environment, settings):
    config = read_config({**environment, **EMULATOR, **settings})

    with pytest.raises(Exposed, match="FIREBASE_AUTH_EMULATOR_HOST"):
        refuse_unsigned_tokens(config, ways_in(config))
    with pytest.raises(Exposed, match="FIREBASE_AUTH_EMULATOR_HOST"):
        stay_inside(config)


def test_serve_says_why_it_does_not_start(own_town):
    own_town.environment |= {**EMULATOR, "PUBLIC_URL": "https://311.example.org", "PORT": str(free_port())}

    said = own_town.mendway("serve", expect=1)

    assert "FIREBASE_AUTH_EMULATOR_HOST is set" in said.err


def test_serve_names_the_mistakes_of_the_claims(own_town, tmp_path):
    (tmp_path / "oidc.toml").write_text('[[rules]]\nclaim = "g"\nvalues = ["v"]\nrole = "boss"')
    own_town.environment |= {
        "OIDC_ISSUER": "https://login.example",
        "OIDC_AUDIENCE": "mendway",
        "OIDC_CLAIMS": str(tmp_path / "oidc.toml"),
        "PORT": str(free_port()),
    }

    assert "rule 1: `role` is one of" in own_town.mendway("serve", expect=1).err


def test_on_this_machine_the_emulator_may_be_tried(environment):
    config = read_config({**environment, **EMULATOR, "PUBLIC_URL": "http://127.0.0.1:8311"})

    refuse_unsigned_tokens(config, ways_in(config))
