"""check-contract and release-contract: what was promised, and is it kept."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from api.breaking import breaks
from api.commands.answers import Mistake

ROOT = Path(__file__).parents[2]
RELEASES = ROOT / "releases"
FILE = ROOT / "openapi.yaml"

Version = tuple[int, ...]


def add_verbs(verbs: Any) -> None:
    """Add these verbs to the command line."""
    check = verbs.add_parser(
        "check-contract",
        help="does openapi.yaml keep what the last release promised",
        description="Compare openapi.yaml with the last release's. Within /v1 we only add. Needs no database.",
    )
    check.set_defaults(run=lambda options: print(check_contract(FILE, RELEASES)))
    release = verbs.add_parser(
        "release-contract",
        help="keep openapi.yaml as the contract of a release",
        description="Keep openapi.yaml under releases/<its version>/, as what later ones are compared with. Needs no database.",
    )
    release.add_argument("--again", action="store_true", help="overwrite that release; only while nobody has seen it")
    release.set_defaults(run=lambda options: print(release_contract(FILE, RELEASES, options.again)))


def check_contract(file: Path, releases: Path) -> str:
    """A sentence that all is well. Raises Mistake with every broken promise."""
    last = last_release(releases)
    if last is None:
        return "No contract has been released yet."
    return _checked(file, releases, last)


def _checked(file: Path, releases: Path, last: str) -> str:
    old, new = _read(releases / last / FILE.name), _read(file)
    faults = breaks(old, new, datetime.now(UTC).date())
    if faults:
        raise Mistake(
            f"{file.name} breaks what release {last} promised (within /v1 we only add; CONTRIBUTING.md, Contract):\n"
            + "\n".join(f"  - {fault}" for fault in faults)
        )
    now = new["info"]["version"]
    if old != new and _numbers(now) <= _numbers(last):
        raise Mistake(
            f"{file.name} differs from the contract released as {last} but calls itself {now}:"
            " raise VERSION in api/openapi/about.py and run `make openapi`."
        )
    return f"{file.name} ({now}) keeps what release {last} promised."


def release_contract(file: Path, releases: Path, again: bool = False) -> str:
    """Keep the contract as a release, and say so. Raises Mistake."""
    version = _read(file)["info"]["version"]
    kept = releases / version / FILE.name
    if kept.exists() and not again:
        raise Mistake(f"Release {version} is there already and stays as it is. Raise VERSION in api/openapi/about.py.")
    last = last_release(releases, but=version)
    if last is not None:
        _checked(file, releases, last)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(file.read_bytes())
    return f"{kept.relative_to(releases.parent)} is written; commit it."


def last_release(releases: Path, but: str = "") -> str | None:
    """The highest version that has a contract, leaving out `but`."""
    found = [folder.parent.name for folder in releases.glob(f"*/{FILE.name}") if folder.parent.name != but]
    return max(found, key=_numbers, default=None)


def _numbers(version: str) -> Version:
    try:
        return tuple(int(part) for part in version.split("."))
    except ValueError:
        raise Mistake(f"{version!r} is not a version like 1.2.0.") from None


def _read(file: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - either is a safe one
