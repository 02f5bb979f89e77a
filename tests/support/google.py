"""Firebase's side of signing in: keys with certificates, tokens, and Google's address for the certificates.

firebase-admin is unchanged: it reaches the address through a proxy, as it would reach Google's.
"""

import json
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from machine.fcm_standin.wire import Listener, Reply, Request, read_request, serve
from tests.support.provider import made_key, signed

PROJECT = "mendway-tests"
HOST = "www.googleapis.com"
PATH = "/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"


class Google:
    """`token(sub="ida")` is a good ID token of the project; `serve("two")` rotates; `is_away = True` and nobody answers."""

    def __init__(self, folder: Path):
        self.asked = 0
        self.is_away = False
        self.max_age_s = 3600
        self.serve("one")
        authority = trustme.CA()
        self.trusted = folder / "google-ca.pem"
        authority.cert_pem.write_to_path(self.trusted)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(HOST).configure_cert(self._context)
        self._listener = Listener(0)
        self._listener.start(self._talk)
        self.proxy_url = f"http://127.0.0.1:{self._listener.port}"

    def environment(self) -> dict[str, str]:
        return {
            "HTTPS_PROXY": self.proxy_url,
            "https_proxy": self.proxy_url,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "REQUESTS_CA_BUNDLE": str(self.trusted),
        }

    def serve(self, *kids: str) -> None:
        """Have these keys, and no other any more."""
        self.kids = kids
        self.certificates = {kid: certificate(kid) for kid in kids}

    def token(self, kid: str | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        now = int(time.time())
        usual = {
            "iss": f"https://securetoken.google.com/{PROJECT}",
            "aud": PROJECT,
            "sub": "ida",
            "user_id": "ida",
            "auth_time": now,
            "iat": now,
            "exp": now + 3600,
            "email": "ida@home.example",
            "firebase": {"sign_in_provider": "password"},
        }
        kid = kid or self.kids[-1]
        said = {name: value for name, value in (usual | claims).items() if value is not None}
        return signed(made_key(f"RSA-google-{kid}"), {"alg": "RS256", "kid": kid, **(header or {})}, said)

    def stop(self) -> None:
        self._listener.stop()

    def _talk(self, connection: socket.socket) -> None:
        with connection.makefile("rb", buffering=0) as raw:
            request = read_request(raw)
        if request is None or self.is_away:
            return
        assert request.target == f"{HOST}:443", request.target
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with self._context.wrap_socket(connection.dup(), server_side=True) as secured:
            serve(secured, self._answer)

    def _answer(self, request: Request) -> Reply:
        assert request.path == PATH, request.path
        self.asked += 1
        caching = {"Cache-Control": f"public, max-age={self.max_age_s}, must-revalidate, no-transform"}
        return Reply(200, json.dumps(self.certificates).encode(), headers=caching)


def certificate(kid: str) -> str:
    """A certificate of a key of that name, signed by itself, as Google's are."""
    key = serialization.load_pem_private_key(made_key(f"RSA-google-{kid}").as_pem(private=True), None)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "securetoken.system.gserviceaccount.com")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=14))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
