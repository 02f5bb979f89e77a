"""`mendway doctor --online` asks Firebase for a token, and the public address for an answer and its certificate."""

import json
import socket
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.support.health import findings, only


def test_firebase_is_asked_for_a_token_only_when_told_to(fit_town, standin):
    fit_town.environment |= standin.environment()
    assert only(findings(fit_town), "firebase") == []

    assert only(findings(fit_town, "--online"), "firebase") == [("ok", "Firebase accepts the service account. ")]


def test_an_account_that_google_does_not_know_is_wrong(fit_town, standin, tmp_path):
    account = json.loads((standin.data / "service-account.json").read_text())
    stranger = tmp_path / "account.json"
    stranger.write_text(json.dumps(account | {"client_email": "stranger@example.org"}))
    fit_town.environment |= standin.environment() | {"FIREBASE_CREDENTIALS": str(stranger)}

    assert only(findings(fit_town, "--online"), "firebase")[0][0] == "wrong"


class Answers(BaseHTTPRequestHandler):
    body = b'{"status": "ok", "database": "ok", "town": {"code": "testing"}}'

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_):
        pass


@pytest.fixture
def tls(tmp_path):
    """A server at https://localhost with a certificate of its own: (port, certificate, days)."""
    servers = []

    def begin(days):
        key, certificate = tmp_path / f"{days}.key", tmp_path / f"{days}.pem"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate]
        command += ["-days", str(days), "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        subprocess.run(command, check=True, capture_output=True)
        server = HTTPServer(("127.0.0.1", 0), Answers)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server.server_address[1], certificate

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("days", "level"), [(90, "ok"), (14, "warning"), (3, "wrong")])
def test_how_long_the_certificate_is_good_is_told(fit_town, tls, days, level):
    port, certificate = tls(days)
    fit_town.environment |= {
        "PUBLIC_URL": f"https://localhost:{port}",
        "SSL_CERT_FILE": str(certificate),
        "NO_PROXY": "*",
    }

    found = findings(fit_town, "--online")

    assert only(found, "public answer") == [("ok", f"https://localhost:{port}/readyz answers. ")]
    ((told, text),) = only(found, "certificate")
    assert told == level
    assert "certificate of localhost is good for" in text


def test_a_certificate_that_phones_do_not_trust_is_wrong(fit_town, tls):
    port, _ = tls(90)
    fit_town.environment |= {"PUBLIC_URL": f"https://localhost:{port}", "NO_PROXY": "*"}

    found = findings(fit_town, "--online")

    assert "Phones will not trust" in only(found, "certificate")[0][1]
    assert only(found, "public answer")[0][0] == "wrong"


def test_an_address_of_another_town_is_wrong(fit_town, tls, monkeypatch):
    port, certificate = tls(90)
    monkeypatch.setattr(Answers, "body", Answers.body.replace(b"testing", b"elsewhere"))
    fit_town.environment |= {
        "PUBLIC_URL": f"https://localhost:{port}",
        "SSL_CERT_FILE": str(certificate),
        "NO_PROXY": "*",
    }

    assert (
        "answers for the town elsewhere; the database here holds testing"
        in only(findings(fit_town, "--online"), "public answer")[-1][1]
    )


def test_an_address_that_does_not_answer_as_we_do_is_wrong(fit_town, tls, monkeypatch):
    port, certificate = tls(90)
    monkeypatch.setattr(Answers, "body", b"<h1>It works!</h1>")
    fit_town.environment |= {
        "PUBLIC_URL": f"https://localhost:{port}",
        "SSL_CERT_FILE": str(certificate),
        "NO_PROXY": "*",
    }

    assert "not as Mendway does" in only(findings(fit_town, "--online"), "public answer")[0][1]


def test_an_address_where_nobody_answers_is_wrong(fit_town):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        fit_town.environment |= {"PUBLIC_URL": f"https://localhost:{probe.getsockname()[1]}", "NO_PROXY": "*"}

    found = findings(fit_town, "--online")

    assert [level for level, _ in only(found, "public answer") + only(found, "certificate")] == ["wrong", "wrong"]
