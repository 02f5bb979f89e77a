"""docs/workflow.md says how it is: its table is the program's, its examples work."""

import re
import subprocess

import pytest

from domain.rights import Right, holders
from domain.status import MAY_BE_HIDDEN, MOVES, REPORTER
from tests.support.callers import Resident
from tests.support.live import ROOT, LiveServer
from tests.support.town import STAFF_TOKENS, WARD_1

PAGE = (ROOT / "docs" / "workflow.md").read_text()
WHO = {
    "desk": set(holders(Right.MOVE)),
    "crew": set(holders(Right.DO_WORK)),
    "reporter": {REPORTER},
}


def rows():
    lines = [line for line in PAGE.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_table_of_moves_is_the_programs():
    written = {
        (now.strip("`"), to.strip("`")): (
            set().union(*(WHO[name] for name in who.split(", "))),
            set(demands.split(", ")) - {""},
        )
        for now, to, who, demands in rows()
    }

    demanded = {"note": "needs_note", "reason": "needs_reason", "date": "needs_expected_at"}
    assert written == {
        (now.value, move.to.value): (
            set(move.by),
            {word for word, name in demanded.items() if getattr(move, name)},
        )
        for now, moves in MOVES.items()
        for move in moves
    }


def test_the_page_names_what_can_be_hidden():
    (sentence,) = re.findall(r"`public = false` keeps (.*?) from the public", PAGE, re.DOTALL)

    assert re.findall(r"`(\w+)`", sentence) == [status.value for status in MAY_BE_HIDDEN]


@pytest.mark.slow
def test_the_examples_of_the_page_work(live_server: LiveServer, resident: Resident):
    commands = "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
    commands = commands.replace("http://127.0.0.1:8311", live_server.url)
    commands = commands.replace('"lon": -30.516677, "lat": 41.499759', f'"lon": {WARD_1.lon}, "lat": {WARD_1.lat}')
    tokens = {"admin": STAFF_TOKENS["adam"], "dispatcher": STAFF_TOKENS["dora"], "resident": resident.token}
    for role, token in tokens.items():
        commands = commands.replace(f"$(token {role})", token)

    done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr + done.stdout
    assert "'code': 'reopened'" in done.stdout
    assert "\nhigh\n" in done.stdout


@pytest.mark.parametrize("address", sorted(set(re.findall(r"`(?:POST|PUT|DELETE) (/v1/[^`]+)`", PAGE))))
def test_every_address_on_the_page_is_one(contract, address):
    assert address in contract.document["paths"]
