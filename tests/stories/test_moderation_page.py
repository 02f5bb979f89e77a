"""The desk's software does what docs/moderation.md says, block by block as it is written."""

import os
import re
import subprocess

import pytest

from actions.bulk.start import MOST_REPORTS, UNDO_DAYS
from actions.bulk.work import MOST_AT_ONCE
from actions.retain import BULK_DAYS
from api.bulk_shapes import TOLD
from domain.moderation import HOLD_AFTER_FLAGS
from machine.testing import throw_away_folder
from tests.support.instance import RunningTown
from tests.support.live import ROOT

PAGE = (ROOT / "docs" / "moderation.md").read_text()


@pytest.mark.slow
def test_the_examples_of_the_page_work(tmp_path):
    with throw_away_folder() as folder:
        town = RunningTown(folder)
        town.start()
        commands = "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
        commands = re.sub(r"^(BASE|DISPATCHER|ADMIN)=.*$", "", commands, flags=re.MULTILINE)
        given = {"BASE": town.demo("base_url"), "DISPATCHER": town.demo("dispatcher"), "ADMIN": town.demo("admin")}

        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            env={"PATH": os.environ["PATH"], **given},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        town.stop()

    assert done.returncode == 0, done.stderr + done.stdout
    assert "[…]" in done.stdout
    assert '"kind":"redacted"' in done.stdout
    assert '"outcome":"done"' in done.stdout


def test_its_numbers_and_its_table_are_the_programs():
    assert f"Up to {MOST_REPORTS:,} reports" in PAGE
    assert f"within {UNDO_DAYS} days and once" in PAGE
    assert f"{MOST_AT_ONCE} reports are locked at once" in PAGE
    assert f"kept for {BULK_DAYS} days" in PAGE
    assert f"({HOLD_AFTER_FLAGS} without it)" in PAGE
    for action, told in TOLD.items():
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{action}` |"))
        assert {name for name in told if f"`{name}`" in row} == told
