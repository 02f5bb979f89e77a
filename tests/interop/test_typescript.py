"""A TypeScript app: a client made from openapi.yaml type-checks with everything strict, and walks a resident's journey.

openapi-typescript writes types only and openapi-fetch is a thin `fetch` over them: what they accept is what the contract says.
(@hey-api/openapi-ts, which writes whole clients, asks for a newer Node.js than the distributions that Mendway runs on have.)
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.interop.conftest import HERE
from tests.interop.peers.node import Node
from tests.support.live import ROOT, LiveServer
from tests.support.town import WARD_1

APP = HERE / "typescript"


@pytest.fixture
def app(tmp_path: Path, npm_packages: Path) -> Path:
    """The app's folder, with what npm installed."""
    for file in APP.iterdir():
        shutil.copy(file, tmp_path / file.name)
    shutil.copy(npm_packages / "package.json", tmp_path / "package.json")
    (tmp_path / "node_modules").symlink_to(npm_packages / "node_modules")
    return tmp_path


def run(node: Node, app: Path, program: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a program of node_modules, or node itself, does in the app's folder."""
    command = node.command("node") if program == "node" else str(app / "node_modules/.bin" / program)
    return subprocess.run(
        [command, *words], cwd=app, env={"PATH": node.path, **environment}, capture_output=True, text=True, timeout=120
    )


def build(node: Node, app: Path) -> subprocess.CompletedProcess[str]:
    """Make the client from the contract and compile the app with it."""
    made = run(node, app, "openapi-typescript", str(ROOT / "openapi.yaml"), "--output", "schema.d.ts")
    assert made.returncode == 0, made.stdout + made.stderr
    return run(node, app, "tsc", "--project", "tsconfig.json")


def test_an_app_type_checks_and_walks_the_whole_journey(node_js: Node, app: Path, live_server: LiveServer):
    built = build(node_js, app)
    assert built.returncode == 0, built.stdout

    walked = run(
        node_js, app, "node", "made/journey.js", BASE_URL=live_server.url, LON=str(WARD_1.lon), LAT=str(WARD_1.lat)
    )

    assert walked.returncode == 0, walked.stderr
    saw = json.loads(walked.stdout)
    assert saw["reference"]
    assert saw == {
        "push": "fcm_token",
        "pothole": "Bache",
        "group": saw["group"],
        "answers": {"size": "small"},
        "statuses": [201, 201],
        "isSame": True,
        "phase": "open",
        "reference": saw["reference"],
        "department": "Vías",
        "reused": ["/problems/idempotency-key-reused", "keep and show"],
        "wrong": ["/problems/invalid", "/category", "unknown-category"],
        "followed": 204,
        "comment": "Sigue creciendo.",
        "kinds": saw["kinds"],
        "mine": [True],
        "unchanged": 304,
    }
    assert saw["kinds"][0] == "received Recibido"
    assert "comment" in saw["kinds"]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("description:", "descripton:"),
        ('case "later":', 'case "latest":'),
        ("receipt.department?.name", "receipt.department.name"),
        ('"/v1/reports/{report_id}/follow"', '"/v1/reports/{report_id}/folow"'),
        ("body: { text:", "body: { txt:"),
    ],
    ids=[
        "a member misspelt",
        "a retry that does not exist",
        "a null forgotten",
        "an address misspelt",
        "another member",
    ],
)
def test_the_compiler_finds_an_apps_mistakes(node_js: Node, app: Path, right: str, wrong: str):
    text = (app / "journey.ts").read_text()
    assert right in text
    (app / "journey.ts").write_text(text.replace(right, wrong))

    assert build(node_js, app).returncode != 0
