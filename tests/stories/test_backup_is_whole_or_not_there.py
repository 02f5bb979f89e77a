"""A backup is whole or it is not there, for its owner's eyes only, and no larger than it must be."""

import json
import shutil

import pytest

from machine.processes import is_running, pids
from tests.support.instance import words
from tests.support.keeping import backed_up, begin, config_of, locked, objects, put, waiting_for_locks
from tests.support.worker import eventually

pytestmark = pytest.mark.slow

PHOTO = bytes(range(256)) * 900


def test_only_its_owner_may_read_a_backup(first, tmp_path):
    put(config_of(first), tmp_path, "photos/1.jpg", PHOTO)

    folder = backed_up(first, tmp_path / "backups")

    for path in (tmp_path / "backups", folder, *folder.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    manifest = (folder / "manifest.json").read_text()
    for secret in ("MENDWAY_SECRET", "S3_SECRET_ACCESS_KEY", "S3_ACCESS_KEY_ID"):
        assert first.environment[secret] not in manifest


def test_the_newest_backups_are_kept_and_nobody_elses_removed(first, tmp_path):
    backups = tmp_path / "backups"
    other = backups / "elsewhere-20200101T000000Z"
    other.mkdir(parents=True)
    backed_up(first, backups)
    manifest = json.loads(next(backups.glob("testing-*/manifest.json")).read_text())
    (other / "manifest.json").write_text(json.dumps(manifest | {"town": "elsewhere"}))
    (backups / "notes").mkdir()
    (backups / "notes.part").mkdir()

    newest = [backed_up(first, backups, "--keep", "2") for _ in range(3)]

    assert {path.name for path in backups.iterdir()} == {
        ".lock",
        "notes",
        "notes.part",
        other.name,
        newest[1].name,
        newest[2].name,
    }


def test_what_has_not_changed_is_not_fetched_again(first, second, tmp_path):
    put(config_of(first), tmp_path, "photos/1.jpg", PHOTO)
    put(config_of(first), tmp_path, "photos/2.jpg", b"as it was")
    one = backed_up(first, tmp_path / "backups")
    put(config_of(first), tmp_path, "photos/2.jpg", b"as it is")
    photos = objects(config_of(first), tmp_path)

    two = backed_up(first, tmp_path / "backups")

    links = {path.stat().st_nlink for path in (two / "objects").rglob("?" * 64)}
    assert links == {1, 2}
    shutil.rmtree(one)
    second.mendway("restore", two)
    assert objects(config_of(second), tmp_path) == photos


def test_a_file_that_went_bad_since_is_fetched_again(first, tmp_path):
    put(config_of(first), tmp_path, "photos/1.jpg", PHOTO)
    one = backed_up(first, tmp_path / "backups")
    next((one / "objects").rglob("?" * 64)).write_bytes(b"rotten")

    two = backed_up(first, tmp_path / "backups")

    assert next((two / "objects").rglob("?" * 64)).read_bytes() == PHOTO


def test_without_the_photo_store_there_is_no_backup_that_looks_whole(first, tmp_path):
    first.environment["S3_ENDPOINT"] = "http://127.0.0.1:9"

    said = first.mendway("backup", "--to", tmp_path / "backups", expect=1)

    assert "There is no new backup" in said.err
    assert [path.name for path in (tmp_path / "backups").iterdir()] == [".lock"]


def test_without_a_town_there_is_nothing_to_back_up(bare, tmp_path):
    assert "no town in this database" in bare.mendway("backup", "--to", tmp_path, expect=1).err


def test_a_backup_that_is_killed_leaves_nothing_that_looks_whole(first, second, tmp_path):
    backups = tmp_path / "backups"
    with locked(first, "notice"):
        running = begin(first, "backup", "--to", backups)
        eventually(lambda: waiting_for_locks(first), 30, "pg_dump's start")
        running.kill()
        running.wait()

        (half,) = [path for path in backups.iterdir() if path.is_dir()]
        assert half.name.endswith(".part")
        eventually(
            lambda: not [pid for pid in pids() if str(half) in words(pid) and is_running(pid)], 10, "pg_dump's end"
        )
    assert "cut off" in second.mendway("restore", half, expect=1).err

    whole = backed_up(first, backups)

    assert not half.exists()
    assert "is back" in second.mendway("restore", whole).out


def test_two_backups_into_one_folder_do_not_meet(first, tmp_path):
    with locked(first, "notice"):
        running = begin(first, "backup", "--to", tmp_path / "backups")
        eventually(lambda: waiting_for_locks(first), 30, "pg_dump's start")

        said = first.mendway("backup", "--to", tmp_path / "backups", expect=1)

    assert "Another backup" in said.err
    assert running.wait(60) == 0


def test_what_pg_dump_says_is_told_and_its_password_is_not(first, tmp_path):
    first.environment["DATABASE_URL"] = first.url.replace("mendway@", "mendway:canary-password@")
    with locked(first, "notice"):
        running = begin(first, "backup", "--to", tmp_path / "backups")
        eventually(lambda: waiting_for_locks(first), 30, "pg_dump's start")
        (dumping,) = [pid for pid in pids() if "--snapshot=" in words(pid) and str(tmp_path) in words(pid)]
        told = words(dumping)
        first.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'pg_dump' AND datname = current_database()"
        )
        out, err = running.communicate(timeout=60)

    assert "canary" not in told + out + err
    assert running.returncode == 1
    assert "There is no new backup: pg_dump failed" in err
    assert [path.name for path in (tmp_path / "backups").iterdir()] == [".lock"]
