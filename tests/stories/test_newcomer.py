"""Somebody has cloned Mendway and does what the README says."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from machine.testing import throw_away_folder
from tests.support.instance import RunningTown
from tests.support.live import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def town() -> Iterator[RunningTown]:
    with throw_away_folder() as folder:
        running = RunningTown(folder)
        running.start()
        yield running
        if running.process is not None and running.process.poll() is None:
            running.stop()


def readme_commands() -> str:
    """The README's block of commands to try."""
    return "".join(re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE))


def test_the_readmes_examples_work_and_the_phone_hears_of_the_repair(town: RunningTown, tmp_path: Path) -> None:
    commands = readme_commands().replace("http://127.0.0.1:8311", f"http://127.0.0.1:{town.port}")
    commands = commands.replace(".data/demo.json", str(town.data / "demo.json"))
    since = heard(town)

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )

    assert done.returncode == 0, done.stderr + done.stdout
    assert '"Bache"' in done.stdout  # the categories, in Spanish
    assert '"code":"resolved"' in done.stdout.replace(" ", "")
    until = time.monotonic() + 15
    while len(heard(town)) < len(since) + 2 and time.monotonic() < until:
        time.sleep(0.1)
    titles = [message["title"] for message in heard(town)[len(since) :]]
    assert len(titles) == 2, titles  # it began, and it is done
    assert all("othole" in title for title in titles)


def heard(town: RunningTown) -> list[dict[str, str]]:
    """What the demo resident's phone has received."""
    messages = httpx.get(town.demo("phone_page") + "messages", params={"token": "demo-phone"}).json()
    return [arrival["message"]["notification"] for arrival in messages["arrivals"]]


def test_the_page_behind_a_push_opens_without_an_app(town: RunningTown) -> None:
    report = httpx.get(f"http://127.0.0.1:{town.port}/v1/reports?limit=1").json()["items"][0]

    page = httpx.get(f"http://127.0.0.1:{town.port}/r/{report['reference']}", headers={"Accept-Language": "es"})

    assert page.status_code == 200
    assert report["reference"] in page.text
    assert "<script" not in page.text


def test_demo_json_has_a_token_for_each_role(town: RunningTown) -> None:
    for role, path in [
        ("resident", "/v1/reports?mine=true"),
        ("crew", "/v1/work"),
        ("dispatcher", "/v1/work"),
        ("admin", "/v1/work"),
    ]:
        answer = httpx.get(town.demo("base_url") + path, headers={"Authorization": f"Bearer {town.demo(role)}"})
        assert answer.status_code == 200, (role, answer.text)


def test_a_second_start_takes_seconds_and_keeps_the_data(town: RunningTown) -> None:
    before = httpx.get(f"http://127.0.0.1:{town.port}/v1/reports?limit=100").json()["items"]
    assert town.stop() == 0
    assert town.programs() == []

    began = time.monotonic()
    town.start()

    assert time.monotonic() - began < 30
    assert httpx.get(f"http://127.0.0.1:{town.port}/v1/reports?limit=100").json()["items"] == before


def test_operators_commands_find_the_running_town(town: RunningTown) -> None:
    exported = town.data / "exported"

    done = subprocess.run(
        [str(ROOT / "mendway"), "export-town", "--out", str(exported)],
        env={**town.environment, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert "[categories.pothole]" in (exported / "town.toml").read_text()
