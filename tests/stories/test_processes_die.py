"""Machines lose power and processes are killed, in the middle of everything."""

import csv
import json
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.history import historical_reports
from machine.testing import throw_away_folder
from tests.support.instance import RunningTown
from tests.support.live import ROOT

pytestmark = pytest.mark.slow

REPORTS = 1_500
KILLS = ("api", "worker", "postgres", "api", "worker", "stand-in", "postgres")


@pytest.fixture
def town() -> Iterator[RunningTown]:
    with throw_away_folder() as folder:
        running = RunningTown(folder)
        running.start()
        yield running
        running.stop()


def add_plain_category(town: RunningTown, folder: Path) -> str:
    """Have the running town take reports of anything, without questions, as a city would: by applying its file again."""
    copy = folder / "town"
    shutil.copytree(ROOT / "demo" / "areas", copy / "areas")
    words = '{ en = "Anything", es = "Cualquier cosa" }'
    category = f'\n[categories.anything]\ngroup = "streets"\nname = {words}\ndescription = {words}\n'
    (copy / "town.toml").write_text(
        (ROOT / "demo" / "town.toml").read_text() + category + "public = true\nblur_m = 0\n"
    )
    command = [str(ROOT / "mendway"), "apply", str(copy / "town.toml")]
    subprocess.run(command, env=town.environment, check=True, capture_output=True, timeout=60)
    return "anything"


def write_past(folder: Path, category: str) -> tuple[Path, Path]:
    """A city's file of requests, all of them closed, and its mapping."""
    past = folder / "requests.csv"
    with past.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "kind", "lon", "lat", "opened", "closed", "status", "text"])
        for number, old in enumerate(historical_reports(5, REPORTS, until=datetime(2026, 6, 1, tzinfo=UTC))):
            opened = old.received_at.strftime("%Y-%m-%dT%H:%M:%S")
            rows.writerow([number, "any", old.lon, old.lat, opened, opened, "Closed", f"Row {number}"])
    mapping = folder / "mapping.toml"
    mapping.write_text(
        f"""
format = 1
time_zone = "UTC"
[columns]
id = "id"
category = "kind"
lon = "lon"
lat = "lat"
opened = "opened"
closed = "closed"
status = "status"
[report]
description = "{{text}}"
[closed]
statuses = ["Closed"]
note = "Done."
[categories]
default = "{category}"
"""
    )
    return past, mapping


def test_a_replay_survives_sigkill_of_api_worker_and_database_and_loses_no_report_and_no_push(
    town: RunningTown, tmp_path: Path
) -> None:
    past, mapping = write_past(tmp_path, add_plain_category(town, tmp_path))
    figures = tmp_path / "figures.json"
    key = [str(ROOT / "mendway"), "create-token", "--importer", "the past"]
    made = subprocess.run(key, env=town.environment, check=True, capture_output=True, text=True)
    command = [str(ROOT / "mendway"), "replay", str(past), "--mapping", str(mapping), "--phones", "50"]
    command += ["--importer-key", made.stdout.strip()]
    command += ["--server", f"http://127.0.0.1:{town.port}", "--desk-token", town.demo("dispatcher")]
    command += ["--pushes-url", town.demo("phone_page"), "--ledger", str(tmp_path / "ledger"), "--json", str(figures)]
    log = (tmp_path / "replay.log").open("wb")
    replay = subprocess.Popen(command, env=town.environment, stdout=log, stderr=log, cwd=tmp_path)

    killed = []
    chance = random.Random(7)
    for part in KILLS:
        time.sleep(1 + chance.random())
        if replay.poll() is None:
            killed.append((part, town.kill(part)))
            town.wait_until_ready()

    assert replay.wait(420) == 0, (tmp_path / "replay.log").read_text()[-3000:]
    assert all(count > 0 for _, count in killed), killed
    assert {"api", "worker", "postgres"} <= {part for part, _ in killed}, killed
    said = json.loads(figures.read_text())
    assert said["pushes"]["delivered"] >= said["pushes"]["owed"] > 0, said["pushes"]
