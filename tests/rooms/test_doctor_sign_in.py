"""`mendway doctor` looks at the ways to sign in: the file of claims, the provider, the mail server."""

import pytest

from tests.support.health import findings, only
from tests.support.live import free_port
from tests.support.post import PostOffice
from tests.support.provider import Provider

RULES = """
[[rules]]
claim = "groups"
values = ["desk"]
role = "dispatcher"
departments = ["roads"]
areas = ["wards:1"]
"""


@pytest.fixture
def provider():
    made = Provider()
    yield made
    made.stop()


@pytest.fixture
def town(fit_town, provider, tmp_path):
    """A deployment with a provider and a mail server."""
    (tmp_path / "oidc.toml").write_text(RULES)
    (tmp_path / "oidc.toml").chmod(0o640)
    fit_town.environment |= {
        "OIDC_ISSUER": provider.issuer,
        "OIDC_AUDIENCE": "mendway",
        "OIDC_CLAIMS": str(tmp_path / "oidc.toml"),
    }
    fit_town.claims = tmp_path / "oidc.toml"
    return fit_town


def test_a_provider_that_answers_is_well(town, provider):
    found = findings(town, "--online")

    assert only(found, "sign in") == [("ok", f"Staff sign in through {provider.issuer}; 1 rules say what they are. ")]
    assert only(found, "identity provider") == [("ok", f"{provider.issuer} answers, and serves its keys. ")]
    assert only(found, "claims") == []


def test_nobody_is_asked_without_being_told_to(town, provider):
    findings(town)

    assert provider.asked == []


def test_a_provider_that_is_away_or_another_is_wrong(town, provider):
    provider.is_away = True
    assert only(findings(town, "--online"), "identity provider")[0][0] == "wrong"

    provider.is_away = False
    provider.documents["/.well-known/openid-configuration"] = {"issuer": "https://login.example", "jwks_uri": "x"}
    assert only(findings(town, "--online"), "identity provider")[0][0] == "wrong"


def test_rules_that_send_people_where_there_is_nothing_are_wrong(town):
    town.claims.write_text(RULES.replace('"roads"', '"roadz"').replace("wards:1", "wards:99"))

    told = [text for level, text in only(findings(town), "claims") if level == "wrong"]

    assert "Rule 1 of OIDC_CLAIMS names the department roadz" in told[0]
    assert "Rule 1 of OIDC_CLAIMS names the area wards:99" in told[1]


def test_a_file_of_claims_with_mistakes_is_wrong(town):
    town.claims.write_text('[[rules]]\nclaim = "g"\nvalues = ["v"]\nrole = "boss"')

    ((level, text),) = only(findings(town), "sign in")

    assert level == "wrong"
    assert "rule 1: `role` is one of" in text


def test_a_file_of_claims_that_others_may_write_is_wrong(town):
    town.claims.chmod(0o666)

    assert only(findings(town), "sign in")[1][0] == "wrong"


def test_tokens_of_the_emulator_are_wrong_where_others_get_in(fit_town):
    fit_town.environment |= {"FIREBASE_PROJECT": "p", "FIREBASE_AUTH_EMULATOR_HOST": "127.0.0.1:9099"}

    assert only(findings(fit_town), "sign in")[0][0] == "wrong"


def test_a_mail_server_is_greeted_and_gets_nothing(fit_town):
    server = PostOffice()
    fit_town.environment |= {"SMTP_URL": server.url, "MAIL_FROM": "no-reply@squareton.example"}
    try:
        assert only(findings(fit_town, "--online"), "mail server") == [("ok", "The mail server 127.0.0.1 lets us in. ")]
        assert server.mails == []
    finally:
        server.stop()


def test_a_mail_server_that_is_away_is_wrong(fit_town):
    fit_town.environment |= {"SMTP_URL": f"smtp://127.0.0.1:{free_port()}", "MAIL_FROM": "no-reply@squareton.example"}

    assert only(findings(fit_town, "--online"), "mail server")[0][0] == "wrong"
