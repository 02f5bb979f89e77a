"""The whole page of docs/operate.md on one machine: from an empty database to a phone that reports through nginx over TLS."""

import re
import shlex
import signal

import httpx
import pytest

from tests.rules.test_operating_page import BLOCKS
from tests.support.answers import Answer
from tests.support.bare import TOWN_FOLDER
from tests.support.callers import Caller, Resident
from tests.support.proxy import Proxy
from tests.support.reports import draft
from tests.support.serving import start  # noqa: F401 - a fixture


def by_way_of(proxy, **headers):
    """Ask as a phone does, through the proxy."""
    client = proxy.client()

    def ask(method, path, sent, body):
        came = client.request(method, path, headers={**sent, **headers}, content=body)
        return Answer(came.status_code, {k.lower(): v for k, v in came.headers.items()}, came.content)

    return ask


@pytest.fixture
def proxied(nginx_program, applied, start, tmp_path):  # noqa: F811
    """A town behind nginx: (the API, the proxy, the town)."""
    settings = {
        "PUBLIC_URL": "https://311.example.org",
        "TRUSTED_PROXIES": "1",
        "RATE_LIMITS": "registrations=0/3/3600",
    }
    applied.environment |= settings
    serving = start(applied.environment, "serve").wait_until_up()
    folder = tmp_path / "nginx"
    folder.mkdir()
    proxy = Proxy(nginx_program, folder, int(serving.environment["PORT"])).start()
    yield serving, proxy, applied
    proxy.stop()


def test_nginx_accepts_the_configuration(nginx_program, tmp_path):
    said = Proxy(nginx_program, tmp_path, 8311).check()

    assert "test is successful" in said
    assert "[warn]" not in said.replace('the "user" directive', "")


def test_a_phone_reports_through_the_proxy(proxied, contract):
    _, proxy, town = proxied
    phone = Resident(by_way_of(proxy), contract).register()

    phone.post("/v1/reports", json=draft(), expect=201)

    assert "max-age" in phone.last.headers["strict-transport-security"]
    assert town.value("SELECT count(*) FROM report") == 1


def test_without_tls_everybody_is_sent_to_it(proxied):
    _, proxy, _ = proxied

    came = httpx.get(f"http://127.0.0.1:{proxy.plain}/v1/config", headers={"Host": "311.example.org"}, trust_env=False)

    assert (came.status_code, came.headers["location"]) == (308, "https://311.example.org/v1/config")


def test_a_phone_cannot_claim_another_address_to_escape_its_limit(proxied, contract):
    _, proxy, _ = proxied

    for number, expected in enumerate([201, 201, 201, 429, 429]):
        stranger = Resident(by_way_of(proxy, **{"X-Forwarded-For": f"203.0.113.{number}"}), contract)
        body = {"secret": stranger.token, "language": "en"}
        stranger.send("PUT", f"/v1/devices/{stranger.device_id}", json=body, expect=expected)


def test_what_is_too_large_is_told_by_the_api_itself(proxied, contract):
    _, proxy, _ = proxied
    phone = Resident(by_way_of(proxy), contract).register()

    phone.send("POST", "/v1/reports", data=b" " * 300_000, key="k", language="es", expect=413)

    assert phone.last.problem == "body-too-large"
    assert phone.last.headers["content-language"] == "es"


def test_what_is_far_too_large_is_a_problem_document_too(proxied, contract):
    _, proxy, _ = proxied
    phone = Resident(by_way_of(proxy), contract).register()

    phone.send("POST", "/v1/reports", data=b" " * 2_000_000, key="k", expect=413)

    assert phone.last.problem == "body-too-large"


def test_an_admins_boundaries_pass_though_they_are_larger_than_any_report(proxied, contract):
    _, proxy, _ = proxied

    Caller(by_way_of(proxy), contract).send("PUT", "/v1/admin/layers/x/areas", data=b" " * 3_000_000, expect=401)


def test_while_the_api_is_away_phones_are_told_to_come_back(proxied, contract):
    serving, proxy, _ = proxied
    serving.process.send_signal(signal.SIGTERM)
    serving.process.wait(20)

    stranger = Caller(by_way_of(proxy), contract)
    stranger.get("/v1/reports", expect=503)

    assert (stranger.last.content_type, stranger.last.problem) == ("application/problem+json", "away")
    assert (stranger.last.json["retry"], stranger.last.headers["retry-after"]) == ("later", "5")


def test_a_new_program_takes_over_without_a_phone_noticing(proxied, contract):
    serving, proxy, _ = proxied
    stranger = Caller(by_way_of(proxy), contract)
    serving.process.send_signal(signal.SIGHUP)

    asked = 0
    while serving.said().count("Stopped old worker-") < 2:
        stranger.get("/v1/categories", expect=200)
        asked += 1
        assert not serving.has_ended

    assert asked > 50


def test_the_commands_of_the_page_do_what_it_says(second, tmp_path):
    """Those of `First start` and `Backups`, as they stand there, but for where the files are."""
    places = {"/etc/mendway/town": str(TOWN_FOLDER), "/var/backups/mendway": str(tmp_path / "backups")}
    second.environment |= {"PUBLIC_URL": "https://311.example.org", "TRUSTED_PROXIES": "1"}
    second.environment["MENDWAY_SECRET"] = "Wd8-kq3Zr7_TnB5yXc1LmPv0HsJf4GaE"
    lines = [line for block in BLOCKS for line in block.splitlines() if line.startswith("mendway ")]
    first_start = lines[: lines.index("mendway doctor") + 1]
    assert [line.split()[1] for line in first_start] == ["migrate", "apply", "create-admin", "doctor"]
    for line in first_start:
        is_doctor = line.endswith("doctor")
        if is_doctor:
            second.rows("INSERT INTO procrastinate_workers DEFAULT VALUES")  # a worker runs
        said = run(second, line, places)
        assert said.out
        assert not is_doctor or said.out.splitlines()[-1].startswith("Fit")

    second.rows("DELETE FROM procrastinate_workers")
    for line in (line for line in lines if " backup " in line):
        folder = run(second, line, places).out.split(": ")[0]
    before = second.counts()
    (restore,) = (line for line in lines if " restore " in line and "--replace" in line)
    run(second, re.sub(r"/var/backups/mendway/\S+", folder, restore), {})

    assert second.counts() == before


def run(town, line, places):
    for old, new in places.items():
        line = line.replace(old, new)
    return town.mendway(*shlex.split(line, comments=True)[1:])
