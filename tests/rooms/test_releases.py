"""How a release of the contract is cut, and what the check says about it."""

import re
from pathlib import Path

import pytest
import yaml

from api.commands.answers import Mistake
from api.commands.main import main
from api.commands.releases import check_contract, last_release, release_contract
from tests.rooms.test_breaking import Contract


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout with an openapi.yaml and room for releases."""
    write(tmp_path)
    return tmp_path


def write(folder, version="1.0.0", change=lambda contract: None):
    contract = Contract()
    contract.document["info"]["version"] = version
    change(contract)
    (folder / "openapi.yaml").write_text(yaml.safe_dump(contract.document))


def check(folder):
    return check_contract(folder / "openapi.yaml", folder / "releases")


def release(folder, **how):
    return release_contract(folder / "openapi.yaml", folder / "releases", **how)


def test_before_the_first_release_nothing_can_be_broken(folder):
    assert check(folder) == "No contract has been released yet."


def test_a_release_keeps_the_very_bytes(folder):
    assert release(folder) == "releases/1.0.0/openapi.yaml is written; commit it."

    assert (folder / "releases/1.0.0/openapi.yaml").read_bytes() == (folder / "openapi.yaml").read_bytes()
    assert check(folder) == "openapi.yaml (1.0.0) keeps what release 1.0.0 promised."


def test_a_broken_promise_is_named_and_cannot_be_released(folder):
    release(folder)
    write(folder, "1.1.0", lambda contract: contract.gives.pop("name"))

    for attempt in (check, release):
        with pytest.raises(
            Mistake, match=re.escape("- GET /v1/trees/{tree_id}, answer 200.name: is gone from the answer")
        ):
            attempt(folder)
    assert not (folder / "releases/1.1.0").exists()


def test_an_addition_needs_a_higher_version(folder):
    release(folder)
    write(folder, "1.0.0", lambda contract: contract.gives.update(age={"type": "integer"}))

    with pytest.raises(Mistake, match="raise VERSION"):
        check(folder)

    write(folder, "1.1.0", lambda contract: contract.gives.update(age={"type": "integer"}))
    assert check(folder) == "openapi.yaml (1.1.0) keeps what release 1.0.0 promised."


def test_a_release_is_never_written_over_by_accident(folder):
    release(folder)
    write(folder, change=lambda contract: contract.gives.pop("name"))

    with pytest.raises(Mistake, match="is there already"):
        release(folder)

    assert "is written" in release(folder, again=True)
    assert check(folder) == "openapi.yaml (1.0.0) keeps what release 1.0.0 promised."


def test_ten_comes_after_nine(folder):
    for version in ("1.9.0", "1.10.0", "1.2.0"):
        write(folder, version)
        (folder / "releases" / version).mkdir(parents=True)
        (folder / "releases" / version / "openapi.yaml").write_bytes((folder / "openapi.yaml").read_bytes())

    assert last_release(folder / "releases") == "1.10.0"


def test_the_committed_contract_keeps_the_committed_promises(capsys):
    assert main(["check-contract"]) == 0, capsys.readouterr().err
