"""A fuzzer holds a running town to its contract: as a stranger, as a resident, as the desk.

It makes good and bad requests from openapi.yaml and looks at every answer: is the status documented, does the body fit, is
nobody let in without a token, is nothing a surprise (500). Always the same requests, so that a failure is about the change.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Resident
from tests.interop.conftest import HERE
from tests.support.database import Database
from tests.support.live import LiveServer
from tests.support.town import STAFF_TOKENS

SECONDS = 25  # for each kind of caller; what is found in that time is found in the first seconds


@pytest.fixture(scope="module")
def unhurried(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that counts nobody's requests."""
    server = LiveServer({**environment, "RATE_LIMITS": "off"}, tmp_path_factory.mktemp("fuzzed"))
    yield server
    server.kill()


@pytest.fixture
def town(unhurried: LiveServer, database: Database) -> LiveServer:
    return unhurried if unhurried.is_running else unhurried.start()


def test_to_a_stranger_the_town_keeps_its_contract(town: LiveServer, schemathesis_program: Path, tmp_path: Path):
    fuzz(town, schemathesis_program, tmp_path)


def test_to_a_resident_the_town_keeps_its_contract(
    town: LiveServer, schemathesis_program: Path, tmp_path: Path, resident: Resident
):
    fuzz(town, schemathesis_program, tmp_path, resident.token)


@pytest.mark.parametrize("who", ["dora", "adam"], ids=["a dispatcher", "an admin"])
def test_to_the_desk_the_town_keeps_its_contract(
    town: LiveServer, schemathesis_program: Path, tmp_path: Path, a_report, who: str
):
    a_report()

    fuzz(town, schemathesis_program, tmp_path, STAFF_TOKENS[who])


def fuzz(town: LiveServer, program: Path, folder: Path, token: str | None = None) -> None:
    """Raise with everything that the fuzzer and the server's log have to say, if they have anything to say."""
    command = [str(program), "--config-file", str(HERE / "rules/schemathesis.toml"), "run", f"{town.url}/openapi.json"]
    command += ["--max-time", str(SECONDS), *(["--header", f"Authorization: Bearer {token}"] if token else [])]
    said_before = len(town.words())
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS + 120)
    surprises = [line for line in town.words()[said_before:].splitlines() if '"ERROR"' in line]
    if done.returncode != 0 or surprises:
        pytest.fail("\n".join([done.stdout, done.stderr, *surprises[:20]]), pytrace=False)
