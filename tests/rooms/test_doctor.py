"""`mendway doctor` says in words what is wrong with a deployment, and what to do; it never shows a secret."""

import json
import time
from pathlib import Path

import pytest

from api.commands.doctor.findings import as_size
from core.migrate import newest_revision
from tests.support.health import findings, only, wrong
from tests.support.keeping import config_of, objects


@pytest.mark.slow
def test_a_fit_deployment_is_told_so(whole_town):
    said = whole_town.mendway("doctor")

    assert "WRONG" not in said.out
    assert said.out.splitlines()[-1].startswith("Fit")
    for text in ("PostgreSQL is", "PostGIS is", "The town is testing", "A worker is at work", "can be written, read"):
        assert text in said.out


@pytest.mark.slow
def test_what_is_wrong_makes_it_unfit(whole_town):
    whole_town.rows("DELETE FROM procrastinate_workers")

    said = whole_town.mendway("doctor", expect=1)

    assert "WRONG    No worker runs: nobody is told anything.\n         → systemctl start mendway-worker" in said.out
    assert said.out.splitlines()[-1].startswith("Not fit: 1 thing wrong")
    assert json.loads(whole_town.mendway("doctor", "--json", expect=1).out)["fit"] is False


@pytest.mark.slow
def test_it_leaves_nothing_behind(whole_town, tmp_path):
    before = whole_town.counts()
    whole_town.mendway("doctor")

    assert whole_town.counts() == before
    assert objects(config_of(whole_town), tmp_path) == {}


def test_no_secret_is_shown(fit_town):
    fit_town.environment |= {
        "DATABASE_URL": fit_town.url.replace("mendway@", "mendway:canary-%40password@"),
        "MENDWAY_SECRET": "canary-secret-canary-secret-canary-secret",
        "S3_SECRET_ACCESS_KEY": "canary-s3",
    }

    for how in ([], ["--json"]):
        said = fit_town.mendway("doctor", *how, expect=1)
        assert "canary" not in said.out + said.err


@pytest.mark.parametrize("settings", [{"PORT": "high", "LOG_LEVEL": "loud"}], ids=str)
def test_every_mistake_of_the_configuration_is_told(bare, settings):
    bare.environment |= settings

    found = findings(bare)

    assert [check for check, _ in wrong(found)] == ["configuration", "configuration"]
    assert "PORT" in found[0][2]
    assert "LOG_LEVEL" in found[1][2]


@pytest.mark.parametrize(
    ("settings", "check", "words"),
    [
        pytest.param({"MENDWAY_SECRET": "x" * 40}, "secrets", "can be guessed", id="a secret of one letter"),
        pytest.param(
            {"MENDWAY_SECRET": "please-change-this-before-you-start"}, "secrets", "can be guessed", id="an example"
        ),
        pytest.param({"S3_SECRET_ACCESS_KEY": "minioadmin"}, "secrets", "S3_SECRET_ACCESS_KEY", id="a store's default"),
        pytest.param({"PUBLIC_URL": "http://311.example.org"}, "public address", "in clear", id="no TLS"),
        pytest.param({"TRUSTED_PROXIES": "0"}, "proxies", "every phone", id="a proxy that is not counted"),
        pytest.param({"S3_ENDPOINT": "http://127.0.0.1:9"}, "storage", "S3_ENDPOINT", id="no photo store"),
        pytest.param({"FIREBASE_CREDENTIALS": __file__}, "push account", "service account", id="no service account"),
    ],
)
def test_a_setting_that_endangers_the_town_is_wrong(fit_town, settings, check, words):
    fit_town.environment |= settings

    assert [text for name, text in wrong(findings(fit_town)) if name == check and words in text]


@pytest.mark.parametrize(
    ("settings", "check", "words"),
    [
        pytest.param({"PUBLIC_URL": ""}, "public address", "no phone reaches", id="the default address"),
        pytest.param({"RATE_LIMITS": "off"}, "rate limits", "RATE_LIMITS is off", id="no limits"),
        pytest.param({"HOST": "0.0.0.0"}, "proxies", "claim any address", id="a proxy that can be passed by"),
        pytest.param({"HOST": "0.0.0.0", "TRUSTED_PROXIES": "0"}, "proxies", "without TLS", id="no proxy"),
        pytest.param({}, "push account", "three days", id="no pushes"),
        pytest.param({}, "backups", "No backup has been made", id="no backup"),
    ],
)
def test_what_somebody_should_look_at_is_a_warning(fit_town, settings, check, words):
    fit_town.environment |= settings

    assert [text for level, text in only(findings(fit_town), check) if level == "warning" and words in text]


@pytest.mark.slow
def test_a_bucket_that_is_not_there_is_told(whole_town):
    whole_town.environment["S3_BUCKET"] = "not-there"

    assert "no such bucket" in only(findings(whole_town), "storage")[0][1]


def test_a_database_that_is_away_is_told_and_the_rest_is_checked(fit_town):
    fit_town.environment["DATABASE_URL"] = "postgresql://mendway:canary-password@127.0.0.1:9/x"

    found = findings(fit_town)

    ((level, text),) = only(found, "database")
    assert (level, "cannot be reached" in text, "canary" in text) == ("wrong", True, False)
    assert only(found, "storage")


def test_an_address_that_only_half_of_us_can_read_is_told(fit_town):
    fit_town.environment["DATABASE_URL"] = fit_town.url.replace("mendway@", "mendway:ca%nary@")

    assert "cannot be read by libpq" in only(findings(fit_town), "address of database")[0][1]


@pytest.fixture
def at_revision(fit_town):
    """Has the town's tables say that they are at another revision, for one test."""
    yield lambda revision: fit_town.rows("UPDATE alembic_version SET version_num = %s", revision)
    fit_town.rows("UPDATE alembic_version SET version_num = %s", newest_revision())


@pytest.mark.parametrize(
    ("revision", "level", "words"),
    [("0001", "wrong", "Run `mendway migrate`"), ("9999", "warning", "later program")],
)
def test_tables_of_another_program_are_told(fit_town, at_revision, revision, level, words):
    at_revision(revision)

    ((found, text),) = only(findings(fit_town), "tables")

    assert found == level
    assert words in text


def test_a_database_without_tables_is_told(unmigrated):
    assert only(findings(unmigrated), "tables") == [("wrong", "The database has no tables yet. Run `mendway migrate`.")]


def test_too_few_connections_are_told(fit_town):
    fit_town.environment["WEB_WORKERS"] = "64"

    ((level, text),) = only(findings(fit_town), "connections")

    assert level == "wrong"
    assert "max_connections" in text


@pytest.mark.slow
def test_the_last_backups_age_is_told(whole_town, tmp_path):
    folder = whole_town.mendway("backup", "--to", tmp_path).out.split(": ")[0]
    assert only(findings(whole_town), "backups") == [("ok", f"The last backup is 0 hours old: {folder}. ")]

    note = Path(whole_town.environment["MENDWAY_DATA"]) / "last-backup.json"
    for days, level in ((3, "warning"), (30, "wrong")):
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * 86_400))
        note.write_text(json.dumps({"made_at": at, "place": folder}))
        assert only(findings(whole_town), "backups")[0][0] == level


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"made_at": "yesterday", "place": 1}'])
def test_a_note_of_a_backup_that_cannot_be_read_is_none(fit_town, note):
    data = Path(fit_town.environment["MENDWAY_DATA"])
    data.mkdir(exist_ok=True)
    (data / "last-backup.json").write_text(note)

    assert only(findings(fit_town), "backups")[0][0] == "warning"


def test_the_service_account_is_read_and_must_be_for_few_eyes(fit_town, standin):
    account = standin.data / "service-account.json"
    before = account.stat().st_mode
    fit_town.environment["FIREBASE_CREDENTIALS"] = str(account)
    account.chmod(0o600)
    assert [level for level, _ in only(findings(fit_town), "push account")] == ["ok"]

    account.chmod(0o644)
    try:
        assert [level for level, _ in only(findings(fit_town), "push account")] == ["ok", "wrong"]
    finally:
        account.chmod(before)


def test_sizes_are_told_in_words():
    assert [as_size(size) for size in (999, 1500, 2_500_000, 81_900_000_000, 5e12)] == [
        "999 bytes",
        "1.5 kB",
        "2.5 MB",
        "81.9 GB",
        "5.0 TB",
    ]
