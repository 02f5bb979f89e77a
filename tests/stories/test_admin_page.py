"""An admin does what docs/administration.md says."""

import json
import re
import subprocess

import pytest

from tests.support.contract import Contract
from tests.support.live import ROOT, LiveServer
from tests.support.town import STAFF_TOKENS

PAGE = (ROOT / "docs" / "administration.md").read_text()


@pytest.mark.slow
def test_the_examples_of_the_page_work(live_server: LiveServer):
    commands = "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
    commands = commands.replace("http://127.0.0.1:8311", live_server.url)
    commands = re.sub(r"^ADMIN=.*$", f"ADMIN={STAFF_TOKENS['adam']}", commands, flags=re.MULTILINE)

    done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr + done.stdout
    said = done.stdout
    assert '"555-0142\\" → \\"555-0143\\""' in said
    assert '"needed_by":["rules.wrecks.department"]' in said
    assert "no existe el departamento 'ferries'" in said
    assert '"revoked_at":"20' in said
    history = json.loads(said[said.rindex('{"items"') :])
    assert [line["by"] for line in history["items"]] == ["adam", "adam"]


ADDRESSES = [
    address for cell in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE) for address in re.findall(r"`(.+?)`", cell)
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_on_the_page_is_one(contract: Contract, address: str):
    paths = {re.sub(r"\{\w+\}", "{}", path) for path in contract.document["paths"]}

    assert "/v1/admin/" + re.sub(r"\{\w+\}", "{}", address) in paths


def test_every_address_of_administration_is_on_the_page(contract: Contract):
    there = {re.sub(r"\{\w+\}", "{}", address) for address in ADDRESSES}
    paths = [path.removeprefix("/v1/admin/") for path in contract.document["paths"] if path.startswith("/v1/admin/")]

    for path in paths:
        plain = re.sub(r"\{\w+\}", "{}", path)
        assert any(plain == one or plain.startswith(f"{one}/") for one in there), path
