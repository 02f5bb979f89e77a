"""A crew's tablet in the field: MapLibre shows a round's map from one file, in a browser whose network is gone."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.interop.conftest import HERE
from tests.interop.peers.node import Node
from tests.support.maps import write_lamps_and_lanes
from tests.support.town import WARD_1, Place


@pytest.fixture
def reader(tmp_path: Path, map_packages: Path) -> Path:
    """The folder of the page and its driver, with what npm installed."""
    for name in ("page.html", "read.mjs"):
        shutil.copy(HERE / "map" / name, tmp_path / name)
    shutil.copy(map_packages / "package.json", tmp_path / "package.json")
    (tmp_path / "node_modules").symlink_to(map_packages / "node_modules")
    return tmp_path


def test_maplibre_shows_the_round_without_a_network(
    node_js: Node, chromium_program: Path, reader: Path, dispatcher, a_report, own_town
):
    reports = [a_report("pothole", at=WARD_1), a_report("pothole", at=Place(-69.9845, 42.0255))]
    for kind, layer, path in write_lamps_and_lanes(reader):
        own_town.mendway("import-map", kind, layer, path, "--name-field", "label")
    made = dispatcher.post(
        "/v1/work/packages", json={"name": "North", "reports": [report.id for report in reports]}, expect=201
    )
    (reader / "round.pmtiles").write_bytes(dispatcher.send("GET", made["map"], expect=200).body)

    done = subprocess.run(
        [
            node_js.command("node"),
            "read.mjs",
            str(chromium_program),
            "round.pmtiles",
            "round.png",
            str(WARD_1.lon),
            str(WARD_1.lat),
        ],
        cwd=reader,
        env={"PATH": node_js.path, "HOME": str(reader)},
        capture_output=True,
        text=True,
        timeout=180,
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["asked"], told["faults"]) == ([], [])
    assert (told["opened"]["minZoom"], told["opened"]["maxZoom"]) == (12, 16)
    for zoom, seen in told["seen"].items():
        assert {one["reference"] for one in seen["stops"]} <= {report.reference for report in reports}, zoom
        assert "route" in seen, zoom
    for zoom in ("12", "13", "14", "15", "16"):
        seen = told["seen"][zoom]
        assert {one["reference"] for one in seen["stops"]} == {report.reference for report in reports}, zoom
        assert ("wards", "1") in {(one["layer"], one["code"]) for one in told["seen"]["12"]["town_areas"]}
        assert {one["name"] for one in seen["town_streets"]} == {"lanes 1"}, zoom
        assert ("town_assets" in seen) is (int(zoom) >= 14), zoom
    assert (reader / "round.png").stat().st_size > 5_000
