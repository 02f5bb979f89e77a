"""Pages of docs/ whose examples are run as they are written, in one shell, against a town of `make run`."""

import os
import re
import subprocess
from pathlib import Path

from machine.testing import throw_away_folder
from tests.support.instance import RunningTown


def what_a_page_prints(page: str, folder: Path, *tokens: str) -> str:
    """Run every block for the shell of a page. tokens: the variables that it reads from demo.json, such as DISPATCHER."""
    commands = "".join(re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE))
    commands = re.sub(rf"^({'|'.join(('BASE', *tokens))})=.*$", "", commands, flags=re.MULTILINE)
    with throw_away_folder() as data:
        town = RunningTown(data)
        town.start()
        given = {"BASE": town.demo("base_url"), **{token: town.demo(token.lower()) for token in tokens}}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            env={"PATH": os.environ["PATH"], **given},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        town.stop()
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout
