"""What is committed about dependencies says what to install, never where somebody once downloaded it."""

import json
import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCK_NAMES = re.compile(
    r"\.lock$|^package-lock\.json$|^npm-shrinkwrap\.json$|^pnpm-lock\.yaml$|^Pipfile\.lock$|^requirements.*\.(txt|in)$"
)
NPM_NAMES = ("package-lock.json", "npm-shrinkwrap.json")
AN_ADDRESS = re.compile(r"https?://|--(extra-)?index-url|--find-links|file://", re.IGNORECASE)


def lock_files() -> list[Path]:
    found = []
    for folder, below, names in os.walk(ROOT):
        below[:] = [name for name in below if not name.startswith(".") and name != "node_modules"]
        found += [Path(folder) / name for name in names if LOCK_NAMES.search(name)]
    return found


@pytest.mark.parametrize("file", lock_files(), ids=lambda file: file.name)
def test_no_lock_file_holds_the_address_of_an_index(file: Path):
    text = without_thanks(json.loads(file.read_text())) if file.name in NPM_NAMES else file.read_text()
    found = [line for line in text.splitlines() if AN_ADDRESS.search(line)]

    assert not found, f"{file.name} says where packages came from: {found[:3]}"


def without_thanks(lock):
    """A lock of npm's without the addresses where authors ask for money, which say nothing about where packages come from."""
    for package in lock["packages"].values():
        package.pop("funding", None)
    return json.dumps(lock, indent=1)


def npm_locks():
    return [file for file in lock_files() if file.name in NPM_NAMES]


@pytest.mark.parametrize("file", npm_locks(), ids=lambda file: file.parent.name)
def test_every_npm_package_in_a_lock_has_its_hash_and_not_its_address(file: Path):
    packages = {name: package for name, package in json.loads(file.read_text())["packages"].items() if name}

    assert [name for name, package in packages.items() if "integrity" not in package] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


@pytest.mark.parametrize("file", npm_locks(), ids=lambda file: file.parent.name)
def test_npm_is_asked_for_exact_versions_and_keeps_addresses_out_of_its_lock(file: Path):
    asked = json.loads((file.parent / "package.json").read_text())
    versions = {**asked.get("dependencies", {}), **asked.get("devDependencies", {})}

    assert [f"{name} {version}" for name, version in versions.items() if not re.fullmatch(r"[\d.]+", version)] == []
    assert "omit-lockfile-registry-resolved=true" in (file.parent / ".npmrc").read_text()


def test_every_package_in_the_lock_has_hashes():
    text = (ROOT / "requirements.lock").read_text()
    blocks = re.split(r"^(?=\S.*==)", text, flags=re.MULTILINE)[1:]

    without = [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block]

    assert len(blocks) > 50
    assert not without


def test_everything_asked_for_is_in_the_lock():
    asked = {
        re.split(r"[\[~=<> ;#]", line)[0].lower().replace("_", "-")
        for line in (ROOT / "requirements.in").read_text().splitlines()
        if line and not line.startswith("#")
    }
    locked = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))

    assert asked <= locked, "run `make lock`"
