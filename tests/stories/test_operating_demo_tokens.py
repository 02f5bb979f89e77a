"""While there are demo tokens, nobody but this machine is let in, whichever way the server is started."""

import socket

import pytest

from api.exposure import ways_in
from core.config import read_config
from machine.web import get
from tests.support.serving import start  # noqa: F401 - a fixture
from tests.support.worker import eventually

SENTENCE = "Demo tokens exist"
CURE = "mendway revoke-demo-tokens"


@pytest.fixture
def demo(applied):
    """A town with a token as load-demo hands it out."""
    token = applied.mendway("create-token", "--staff", "adam").out.strip()
    applied.rows("UPDATE credential SET label = 'demo'")
    applied.demo_token = token
    return applied


@pytest.mark.parametrize(
    ("settings", "is_open"),
    [
        ({}, False),
        ({"HOST": "127.0.0.1"}, False),
        ({"HOST": "127.0.0.2"}, False),
        ({"HOST": "::1"}, False),
        ({"HOST": "localhost"}, False),
        ({"PUBLIC_URL": "http://localhost:8311"}, False),
        ({"PUBLIC_URL": "http://[::1]:8311"}, False),
        ({"HOST": "0.0.0.0"}, True),
        ({"HOST": "::"}, True),
        ({"HOST": "10.0.0.7"}, True),
        ({"PUBLIC_URL": "https://311.example.org"}, True),
        ({"PUBLIC_URL": "http://localhost.example.org"}, True),
        ({"PUBLIC_URL": "http://127.0.0.1.example.org"}, True),
        ({"PUBLIC_URL": "http://10.0.0.7:8311"}, True),
    ],
)
def test_who_is_let_in_by_which_settings(bare, settings, is_open):
    assert bool(ways_in(read_config(bare.environment | settings))) == is_open


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [{"HOST": "0.0.0.0"}, {"HOST": "::"}, {"PUBLIC_URL": "https://311.example.org"}], ids=str
)
def test_serve_refuses_to_let_others_in(demo, start, settings):  # noqa: F811
    serving = start(demo.environment, "serve", **settings)

    said = serving.end()

    assert (serving.process.returncode, said.count("\n")) == (1, 1)
    assert said.startswith(SENTENCE)
    assert CURE in said


@pytest.mark.slow
@pytest.mark.parametrize("way", ["--host", "--host=", "GRANIAN_HOST", "HOST"])
def test_so_does_granian_by_itself(demo, start, way):  # noqa: F811
    words = ["granian", "--interface", "wsgi", "--no-ws", "--workers", "1", "api.wsgi:app"]
    words[1:1] = {"--host": ["--host", "0.0.0.0"], "--host=": ["--host=0.0.0.0"]}.get(way, [])
    given = {"GRANIAN_HOST": {"GRANIAN_HOST": "0.0.0.0"}, "HOST": {"HOST": "0.0.0.0", "GRANIAN_HOST": "0.0.0.0"}}
    serving = start(demo.environment, *words, **given.get(way, {}), GRANIAN_PORT=str(a_port()))

    said = serving.end()

    assert SENTENCE in said
    assert CURE in said
    assert get(f"http://127.0.0.1:{serving.environment['GRANIAN_PORT']}/healthz")[0] == 0


def a_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.slow
def test_a_server_that_says_in_no_way_where_it_listens_is_found_out_before_its_first_answer(demo, start, tmp_path):  # noqa: F811
    port = a_port()
    script = (
        "from werkzeug.serving import make_server; from api.wsgi import app;"
        f"make_server('0.0.0.0', {port}, app).serve_forever()"
    )
    (tmp_path / "another_server.py").write_text(script)
    start(demo.environment, "another_server", PYTHONPATH=str(tmp_path))
    eventually(lambda: get(f"http://127.0.0.1:{port}/healthz")[0] == 503, 20, "a refusal")
    assert get(f"http://127.0.0.1:{port}/v1/changes", demo.demo_token)[0] == 503

    demo.mendway("revoke-demo-tokens")

    assert get(f"http://127.0.0.1:{port}/healthz")[0] == 200


@pytest.mark.slow
def test_on_this_machine_they_are_welcome(demo, start):  # noqa: F811
    serving = start(demo.environment, "serve", HOST="127.0.0.2").wait_until_up()

    assert get(f"{serving.url}/v1/changes", demo.demo_token)[0] == 200


@pytest.mark.slow
def test_once_they_are_revoked_others_are_let_in(demo, start):  # noqa: F811
    assert demo.mendway("revoke-demo-tokens").out == "1 demo token revoked.\n"
    assert demo.mendway("revoke-demo-tokens").out == "There are no demo tokens.\n"

    serving = start(demo.environment, "serve", HOST="0.0.0.0").wait_until_up()

    assert get(f"{serving.url}/v1/changes", demo.demo_token)[0] == 401


@pytest.mark.slow
def test_while_it_cannot_be_told_it_waits_instead_of_letting_anybody_in(demo, start):  # noqa: F811
    words = ["granian", "--interface", "wsgi", "--no-ws", "--workers", "1", "--host", "0.0.0.0", "api.wsgi:app"]
    serving = start(
        demo.environment, *words, GRANIAN_PORT=str(a_port()), DATABASE_URL="postgresql://mendway@127.0.0.1:9/x"
    )

    eventually(lambda: "waiting for the database" in serving.said(), 20, "the word")

    assert get(f"http://127.0.0.1:{serving.environment['GRANIAN_PORT']}/healthz", timeout_s=1)[0] == 0


@pytest.mark.parametrize("settings", [{"HOST": "0.0.0.0"}, {"PUBLIC_URL": "https://311.example.org"}], ids=str)
def test_load_demo_hands_nothing_out_where_others_are_let_in(bare, settings):
    bare.environment |= settings

    said = bare.mendway("load-demo", "--reports", "10", expect=1)

    assert "stays on this machine" in said.err
    assert "MENDWAY_DEMO=no" in said.err
    assert bare.counts()["credential"] == bare.counts()["jurisdiction"] == 0


def test_every_token_of_load_demo_is_known_as_one(bare):
    bare.mendway("load-demo", "--reports", "3")

    assert bare.value("SELECT array_agg(DISTINCT label) FROM credential") == ["demo"]
    assert bare.mendway("revoke-demo-tokens").out == "4 demo tokens revoked.\n"
