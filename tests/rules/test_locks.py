"""What is committed about dependencies says what to install, never where somebody once downloaded it."""

import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCK_NAMES = re.compile(
    r"\.lock$|^package-lock\.json$|^npm-shrinkwrap\.json$|^pnpm-lock\.yaml$|^Pipfile\.lock$|^requirements.*\.(txt|in)$"
)
AN_ADDRESS = re.compile(r"https?://|--(extra-)?index-url|--find-links|file://", re.IGNORECASE)


def lock_files() -> list[Path]:
    found = []
    for folder, below, names in os.walk(ROOT):
        below[:] = [name for name in below if not name.startswith(".") and name != "node_modules"]
        found += [Path(folder) / name for name in names if LOCK_NAMES.search(name)]
    return found


@pytest.mark.parametrize("file", lock_files(), ids=lambda file: file.name)
def test_no_lock_file_holds_the_address_of_an_index(file: Path):
    found = [line for line in file.read_text().splitlines() if AN_ADDRESS.search(line)]

    assert not found, f"{file.name} says where packages came from: {found[:3]}"


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
