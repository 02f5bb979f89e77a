"""A backup, and a town that comes back from it: everything byte for byte, phones and readers taken up where they were."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command

from api.commands.manifests import DUMP, KeptFile, Manifest, sha256_of, write
from core.migrate import _settings, newest_revision
from machine.dumps import dump, way_to
from tests.support.keeping import (
    backed_up,
    begin,
    config_of,
    digests,
    locked,
    objects,
    process,
    put,
    waiting_for_locks,
    with_bucket,
)
from tests.support.reports import draft, send_report
from tests.support.server import open_connection, sqlalchemy_url
from tests.support.town import WARD_2
from tests.support.worker import eventually

pytestmark = pytest.mark.slow

PHOTO = bytes(range(256)) * 900
ODD_KEY = "photos/Straße 7 + ½/a&b=c?.jpg"


def test_a_town_comes_back_on_another_machine_as_it_was(first, second, tmp_path):
    put(config_of(first), tmp_path, "photos/1.jpg", PHOTO, ContentType="image/jpeg", Metadata={"made-by": "a phone"})
    put(config_of(first), tmp_path, ODD_KEY, b"", CacheControl="private")
    token = first.mendway("create-token", "--staff", "dora").out.strip()
    with first.api() as api:
        phone, desk = api.resident(), api.holder(token)
        body = draft(description="Ein tiefes Loch – 20 cm\tbreit\n🕳")
        receipt = phone.post("/v1/reports", json=body, key="sent-once", expect=201)
        other = send_report(api.resident(), at=WARD_2)
        phone.post(f"/v1/reports/{other.id}/comments", json={"text": "I saw it too."})
        place = desk.get("/v1/changes")["next"]
    as_it_was, photos = digests(first), objects(config_of(first), tmp_path)

    folder = backed_up(first, tmp_path / "backups")
    with first.api() as api:  # life goes on, and is lost
        send_report(phone.over(api.resident().ask))
    put(config_of(first), tmp_path, "photos/2.jpg", b"too late")
    said = second.mendway("restore", folder)

    assert "2 reports, 2 objects" in said.out
    assert digests(second) == as_it_was
    assert objects(config_of(second), tmp_path) == photos
    assert second.value("SELECT epoch::text FROM jurisdiction") != first.value("SELECT epoch::text FROM jurisdiction")
    assert second.value("SELECT to_regclass('unfinished_restore')") is None
    assert (first.value("SELECT count(*) > 0 FROM rate_count"), second.counts()["rate_count"]) == (True, 0)
    with second.api() as api:
        ask = api.stranger().ask
        # The phone never heard the answer to its report and sends it again.
        assert phone.over(ask).post("/v1/reports", json=body, key="sent-once", expect=201) == receipt
        assert second.value("SELECT count(*) FROM report") == 2
        reader = desk.over(ask)
        reader.get(f"/v1/changes?cursor={place}", expect=410)
        assert reader.last.problem == "cursor-expired"
        assert len(reader.get("/v1/changes")["items"]) == 3
        new = send_report(phone.over(ask))  # numbers, references and the log go on where they were
        assert new.reference not in {receipt["reference"], other.reference}
        assert [item["report_id"] for item in reader.get("/v1/changes")["items"]][-1] == new.id
    assert second.mendway("migrate").out.startswith("The database is at revision")


def test_a_backup_is_of_one_moment_though_reports_come_in(first, second, tmp_path):
    first.environment["RATE_LIMITS"] = "off"
    with first.api() as api:
        phone = api.resident()
        with ThreadPoolExecutor(1) as thread:
            is_over = []

            def go_on():
                while not is_over:
                    send_report(phone)

            going = thread.submit(go_on)
            # The command has connections of its own; here it runs as a process, since the API holds this one's.
            done = process(first, "backup", "--to", tmp_path / "backups")
            is_over.append(True)
            going.result(30)
    folder = Path(done.out.split(": ")[0])
    counts = json.loads((folder / "manifest.json").read_text())["counts"]

    second.mendway("restore", folder)

    assert 0 < counts["report"] < first.value("SELECT count(*) FROM report")
    kept = second.counts()
    assert {table: kept[table] for table in counts} == counts
    assert kept["report"] == kept["report_event"] == kept["change"] == kept["idempotency_key"]


@pytest.mark.parametrize("file", ["database.dump", "an object"])
def test_a_backup_that_was_tampered_with_is_refused_before_anything_is_touched(first, second, tmp_path, file):
    put(config_of(first), tmp_path, "photos/1.jpg", PHOTO)
    folder = backed_up(first, tmp_path / "backups")
    path = folder / file if file == "database.dump" else next((folder / "objects").rglob("?" * 64))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    said = second.mendway("restore", folder, expect=1)

    assert "is damaged; nothing was touched" in said.err
    assert str(path.relative_to(folder)) in said.err
    assert second.counts() == {}
    assert objects(config_of(second), tmp_path) == {}


def test_a_backup_with_a_file_missing_is_refused(first, second, tmp_path):
    folder = backed_up(first, tmp_path / "backups")
    (folder / "database.dump").unlink()

    assert "database.dump cannot be read (No such file" in second.mendway("restore", folder, expect=1).err


def test_a_manifest_cannot_lead_out_of_its_folder(first, second, tmp_path):
    folder = backed_up(first, tmp_path / "backups")
    manifest = json.loads((folder / "manifest.json").read_text())
    shutil.copy(folder / "database.dump", tmp_path / "elsewhere")
    manifest["dump"]["path"] = "../../elsewhere"
    (folder / "manifest.json").write_text(json.dumps(manifest))

    assert "is not in the backup's folder" in second.mendway("restore", folder, expect=1).err


@pytest.mark.parametrize("content", [None, "", "[]", '{"format": 1}', '{"format": 2, "town": "x"}'])
def test_what_is_no_backup_is_refused(second, tmp_path, content):
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)

    assert str(tmp_path) in second.mendway("restore", tmp_path, expect=1).err


def test_a_database_with_a_town_is_refused(first, tmp_path):
    folder = backed_up(first, tmp_path / "backups")
    before = digests(first)

    said = first.mendway("restore", folder, expect=1)

    assert "holds the town testing" in said.err
    assert "--replace" in said.err
    assert digests(first) == before


@pytest.mark.parametrize("how", [[], ["--replace"]])
def test_somebody_elses_database_is_refused_whatever_is_said(first, second, tmp_path, how):
    second.rows("CREATE TABLE invoice (id int)")
    second.rows("CREATE TABLE jurisdiction (id int, code text)")

    said = second.mendway("restore", backed_up(first, tmp_path / "backups"), *how, expect=1)

    assert "tables that are not Mendway's (invoice, jurisdiction" in said.err
    assert set(second.counts()) == {"invoice", "jurisdiction"}


def test_replace_puts_a_town_back_to_what_it_was(first, tmp_path):
    with first.api() as api:
        send_report(api.resident())
    before = digests(first)
    folder = backed_up(first, tmp_path / "backups")
    with first.api() as api:
        send_report(api.resident())
    first.rows("CREATE TABLE of_a_later_program (id uuid REFERENCES report)")  # and an upgrade that went wrong

    first.mendway("restore", folder, "--replace")

    assert digests(first) == before


def test_a_migrated_database_without_a_town_is_as_good_as_an_empty_one(first, bare, store, tmp_path):
    with_bucket(bare, store, "second")
    before = digests(first)

    bare.mendway("restore", backed_up(first, tmp_path / "backups"))

    assert digests(bare) == before


def test_while_mendway_is_at_work_nothing_is_restored(first, tmp_path):
    folder = backed_up(first, tmp_path / "backups")
    with first.api() as api:
        api.resident()

        said = process(first, "restore", folder, "--replace", expect=1)

    assert "Stop API and worker first" in said.err


def test_a_backup_of_a_later_program_is_refused(first, second, tmp_path):
    folder = backed_up(first, tmp_path / "backups")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"revision": "9999"}))

    assert "at revision 9999, which this program" in second.mendway("restore", folder, expect=1).err
    assert second.counts() == {}


def test_a_restore_says_when_the_secret_is_another(first, second, tmp_path):
    folder = backed_up(first, tmp_path / "backups")
    second.environment["MENDWAY_SECRET"] = "another secret of the tests, just as long as the first"

    said = second.mendway("restore", folder)

    assert "MENDWAY_SECRET is not the one of the backup" in said.out


def test_a_restore_that_is_killed_is_run_again(first, bare, store, tmp_path):
    config = with_bucket(bare, store, "second")
    put(config_of(first), tmp_path, "photos/1.jpg", PHOTO)
    before, photos = digests(first), objects(config_of(first), tmp_path)
    folder = backed_up(first, tmp_path / "backups")
    empty = bare.counts()
    with locked(bare, "notice"):
        running = begin(bare, "restore", folder)
        eventually(lambda: waiting_for_locks(bare), 30, "the database's turn")
        running.kill()
        running.wait()
    eventually(lambda: not waiting_for_locks(bare), 10, "its end")
    assert bare.counts() == empty

    bare.mendway("restore", folder)

    assert digests(bare) == before
    assert objects(config, tmp_path) == photos


def test_a_restore_that_ended_before_its_migrations_is_run_again(first, second, tmp_path):
    before = digests(first)
    folder = backed_up(first, tmp_path / "backups")
    second.mendway("restore", folder)
    second.rows("CREATE TABLE unfinished_restore ()")  # what the one transaction leaves until the migrations have run

    second.mendway("restore", folder)

    assert digests(second) == before


def test_a_backup_of_an_older_program_is_brought_forward(unmigrated, bare, store, tmp_path):
    with_bucket(bare, store, "second")
    folder = backup_at_first_revision(unmigrated, tmp_path)

    said = bare.mendway("restore", folder)

    assert said.out.startswith("oldtown is back")
    assert bare.value("SELECT version_num FROM alembic_version") == newest_revision() != "0001"
    assert bare.value("SELECT code FROM jurisdiction") == "oldtown"
    assert bare.value("SELECT to_regclass('unfinished_restore')") is None


def backup_at_first_revision(town, tmp_path):
    """As the program of that time would have made it."""
    command.upgrade(_settings(sqlalchemy_url(town.url)), "0001")
    town.rows(
        "INSERT INTO jurisdiction (code, name, time_zone, languages, outline)"
        " SELECT 'oldtown', '{\"en\": \"Old Town\"}', 'UTC', '{en}', ST_Multi(ST_MakeEnvelope(0, 0, 1, 1, 4326))"
    )
    folder = tmp_path / "old"
    folder.mkdir()
    holder = open_connection(town.url)
    holder.autocommit = False
    with holder.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot(), current_setting('server_version_num')::int / 10000")
        snapshot, server = cursor.fetchone()
        dumped_by = dump(way_to(town.url), server, snapshot, folder / DUMP, tmp_path / "log", lambda _: None)
    holder.close()
    kept = KeptFile(DUMP, (folder / DUMP).stat().st_size, sha256_of(folder / DUMP))
    counts = {"report": 0, "person": 0}
    write(Manifest("oldtown", "2026-01-01T00:00:00Z", "0001", "0.0.1", server, dumped_by, "", counts, kept), folder)
    return folder
