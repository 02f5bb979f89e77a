"""docs/sign-in.md says what is so: its commands work, its file of claims can be read, its addresses are there."""

import json
import re
import subprocess
import tomllib

import pytest

from api.commands.main import parser
from identity.claims import Part, read_mapping
from identity.passwords import LONGEST, SHORTEST
from tests.support.live import ROOT, LiveServer
from tests.support.town import STAFF_TOKENS

PAGE = (ROOT / "docs" / "sign-in.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_somebody_signs_in_as_the_page_says(live_server: LiveServer, tmp_path):
    commands = BLOCKS[0].replace("http://127.0.0.1:8311", live_server.url)
    commands = re.sub(r"^ADMIN=.*$", f"ADMIN={STAFF_TOKENS['adam']}", commands, flags=re.MULTILINE)

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr + done.stdout
    assert '"label":"tablet 7"' in done.stdout
    assert json.loads((tmp_path / "work.json").read_text())["items"] == []


@pytest.mark.slow
def test_a_server_takes_tokens_of_eight_thousand_characters(live_server: LiveServer):
    import httpx

    answer = httpx.get(f"{live_server.url}/v1/work", headers={"Authorization": "Bearer eyJ" + "x" * 8180})

    assert answer.status_code == 401
    assert answer.json()["type"] == "/problems/token-unknown"


def test_the_file_of_claims_can_be_read(tmp_path):
    (text,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    (tmp_path / "oidc.toml").write_text(text)

    rules = read_mapping(tmp_path / "oidc.toml")

    assert len(rules.rules) == len(tomllib.loads(text)["rules"]) == 4
    assert rules.part_of({"realm_access": {"roles": ["roads-office"]}}) == Part("dispatcher", ("roads",))
    assert rules.part_of({"groups": ["crew-roads-north"]}) == Part("crew", crew="roads-north")
    assert rules.code_of({"employee_number": "ana"}) == "ana"


def test_every_setting_is_one():
    known = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", PAGE)) | set(re.findall(r"^(OIDC_\w+)=", PAGE, re.MULTILINE))

    assert {"OIDC_CLAIMS", "SMTP_URL", "FIREBASE_PROJECT", "RATE_LIMITS"} <= named <= known


def test_every_address_is_one(contract):
    addresses = re.findall(r"`(GET|POST|PUT|DELETE) (/v1/[^`]*)`", PAGE)

    assert len(addresses) >= 8
    for method, path in addresses:
        assert method.lower() in contract.document["paths"].get(path, {}), f"{method} {path}"


def test_every_command_is_one():
    for line in re.findall(r"`mendway ([^`]+)`", PAGE):
        parser().parse_args([*line.split(), *(["--staff", "ana"] if line == "create-token" else [])])


def test_the_page_names_the_limits_of_passwords():
    assert f"{SHORTEST} to {LONGEST:,} characters" in PAGE
