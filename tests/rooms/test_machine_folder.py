"""What one instance keeps in its data folder, and how its settings come about."""

import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from core.config import BadConfiguration, read_config
from machine import dotenv
from machine.folder import DataFolder, InUse, is_free
from machine.instance import check_settings, settings_for


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder.at(tmp_path / "data")


def test_keys_are_made_once_and_only_their_owner_may_read_them(data: DataFolder):
    first = data.keys()

    assert data.keys() == first
    assert len(first["secret"]) >= 32
    assert stat.S_IMODE((data.path / "keys.json").stat().st_mode) == 0o600


def test_two_instances_have_other_keys(data: DataFolder, tmp_path: Path):
    assert data.keys()["secret"] != DataFolder.at(tmp_path / "other").keys()["secret"]


def test_a_port_is_remembered(data: DataFolder):
    chosen = data.port("s3")

    assert data.port("s3") == chosen
    assert data.port("page") != chosen


def test_a_port_that_somebody_else_took_meanwhile_is_chosen_anew(data: DataFolder):
    chosen = data.port("s3")
    with socket.socket() as other:
        other.bind(("127.0.0.1", chosen))
        other.listen()

        anew = data.port("s3")

    assert anew != chosen
    assert data.port("s3") == anew


def test_a_taken_port_is_seen():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()

        assert not is_free(other.getsockname()[1])


def test_a_second_start_in_the_same_folder_is_refused_and_told_what_to_do(data: DataFolder):
    handle = data.hold()
    try:
        with pytest.raises(InUse, match=r"MENDWAY_DATA=.* PORT=.* make run"):
            data.hold(patience_s=0.1)
    finally:
        os.close(handle)

    os.close(data.hold())


def test_settings_given_win_over_our_own(data: DataFolder):
    settings = settings_for(data, {"PORT": "8400", "HOST": "", "DATABASE_URL": "postgresql://db/town"}, "mark")

    assert settings["PORT"] == "8400"
    assert settings["HOST"] == "127.0.0.1"
    assert settings["DATABASE_URL"] == "postgresql://db/town"


def test_settings_of_a_start_without_any_are_enough_once_the_servers_are_there(data: DataFolder):
    settings = settings_for(data, {}, "mark")

    check_settings(settings)

    assert (
        read_config({**settings, "DATABASE_URL": "postgresql:///x", "S3_ENDPOINT": "http://127.0.0.1:1"} | _S3).port
        == 8311
    )


_S3 = {"S3_ACCESS_KEY_ID": "a", "S3_SECRET_ACCESS_KEY": "b"}


def test_mistakes_are_named_together_before_anything_starts(data: DataFolder):
    with pytest.raises(BadConfiguration) as refused:
        check_settings(settings_for(data, {"PORT": "http", "DATABASE_URL": "mysql://x", "LOG_LEVEL": "LOUD"}, "mark"))

    assert len(refused.value.mistakes) == 3


def test_an_own_s3_server_needs_its_keys(data: DataFolder):
    with pytest.raises(BadConfiguration, match="S3_SECRET_ACCESS_KEY"):
        check_settings(settings_for(data, {"S3_ENDPOINT": "https://s3.example.org"}, "mark"))


def test_what_is_written_for_operators_reads_the_same_in_a_shell(tmp_path: Path):
    settings = {
        "A": "plain",
        "B": "with 'quotes' \"and\" $HOME `x` # no comment",
        "C": "postgresql://m@/d?host=%2Ftmp&port=1",
    }
    dotenv.write(tmp_path / "env", settings, "about")

    seen = subprocess.run(
        ["sh", "-c", f'. {tmp_path}/env; printf "%s\\n%s\\n%s" "$A" "$B" "$C"'],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert seen.splitlines() == list(settings.values())
    assert dotenv.read(tmp_path / "env") == settings
    assert stat.S_IMODE((tmp_path / "env").stat().st_mode) == 0o600


def test_the_example_of_settings_names_each_setting_once_and_sets_none():
    text = (Path(__file__).parents[2] / ".env.example").read_text()
    names = [
        line[1:].split("=")[0]
        for line in text.splitlines()
        if line.startswith("#") and "=" in line and line[1:2].isupper()
    ]

    assert len(names) == len(set(names))
    assert not dotenv.read(Path(__file__).parents[2] / ".env.example")
