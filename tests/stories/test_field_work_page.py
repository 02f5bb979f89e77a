"""A crew's software does what docs/field-work.md says, block by block as it is written."""

import os
import re
import subprocess

import pytest

from machine.testing import throw_away_folder
from tests.support.instance import RunningTown
from tests.support.live import ROOT
from tests.support.maps import MapFile

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "field-work.md").read_text()


def test_the_examples_of_the_page_work(tmp_path):
    with throw_away_folder() as folder:
        town = RunningTown(folder)
        town.start()
        commands = "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
        commands = re.sub(r"^(BASE|DISPATCHER|CREW)=.*$", "", commands, flags=re.MULTILINE)
        given = {"BASE": town.demo("base_url"), "DISPATCHER": town.demo("dispatcher"), "CREW": town.demo("crew")}

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
    assert '"url":"' in done.stdout
    found = MapFile((tmp_path / "round.pmtiles").read_bytes())
    assert found.features("stops", 16)
