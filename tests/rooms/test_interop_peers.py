"""An outside program that cannot be had: a skip for who works here, a failure on CI. And it is installed once."""

from pathlib import Path

import pytest

from tests.interop.peers import NotHere, installed, needed
from tests.interop.peers.installed import run


def nowhere() -> Path:
    raise NotHere("there is no such program")


def test_a_peer_that_cannot_be_had_is_a_skip(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="there is no such program"):
        needed(nowhere)


def test_on_ci_it_is_a_failure(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="there is no such program"):
        needed(nowhere)


def test_a_peer_is_installed_once_and_again_when_its_lock_changes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(installed, "CACHE", tmp_path)
    made = []

    def make(folder: Path) -> None:
        made.append(folder)

    for lock in ("1.0", "1.0", "1.1"):
        installed.installed("a-peer", lock, make)

    assert made == [tmp_path / "a-peer", tmp_path / "a-peer"]


def test_half_an_installation_is_begun_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(installed, "CACHE", tmp_path)

    def breaks(folder: Path) -> None:
        (folder / "half").touch()
        raise NotHere("the network is away")

    with pytest.raises(NotHere):
        installed.installed("a-peer", "1.0", breaks)

    folder = installed.installed("a-peer", "1.0", lambda folder: None)
    assert not (folder / "half").exists()


def test_what_an_installer_says_is_passed_on():
    with pytest.raises(NotHere, match="no such package"):
        run(["sh", "-c", "echo no such package >&2; exit 1"])
    with pytest.raises(NotHere):
        run(["no-such-program-anywhere"])
