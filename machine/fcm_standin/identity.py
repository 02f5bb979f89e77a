"""Who the stand-in is: a certificate for fcm.googleapis.com that only those who are told will trust, and a service account.

Both are made once and kept in the data folder, so that a worker that is already running can go on after a restart.
"""

import json
import os
import ssl
import uuid
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PROJECT = "mendway-demo"
HOST = "fcm.googleapis.com"


@dataclass(frozen=True)
class ServiceAccount:
    """What the token endpoint must know of the account that it issues tokens to."""

    email: str
    token_uri: str
    public_key: rsa.RSAPublicKey


def write_private(path: Path, text: str) -> None:
    """Replace `path` in one step with a file that only its owner can read."""
    fresh = path.with_suffix(path.suffix + ".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


def tls_context(folder: Path) -> ssl.SSLContext:
    """The server's side of TLS. Writes `ca.pem` (what a client must trust) and `ca-key.pem` on the first call."""
    certificate, key = folder / "ca.pem", folder / "ca-key.pem"
    if certificate.exists() and key.exists():
        authority = trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    else:
        authority = trustme.CA(organization_name="Mendway", organization_unit_name="FCM stand-in on this machine")
        write_private(key, authority.private_key_pem.bytes().decode())
        write_private(certificate, authority.cert_pem.bytes().decode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    return context


def service_account(folder: Path, token_uri: str) -> ServiceAccount:
    """The account in `service-account.json`, made on the first call; the address of the token endpoint is kept right."""
    path = folder / "service-account.json"
    content = json.loads(path.read_text()) if path.exists() else _new_account()
    if content["token_uri"] != token_uri:
        content["token_uri"] = token_uri
        write_private(path, json.dumps(content, indent=2) + "\n")
    key = serialization.load_pem_private_key(content["private_key"].encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return ServiceAccount(content["client_email"], token_uri, key.public_key())


def _new_account() -> dict[str, str]:
    """The same fields as in a file that the Firebase console hands out."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": uuid.uuid4().hex,
        "private_key": encoded.decode(),
        "client_email": f"firebase-adminsdk-demo@{PROJECT}.iam.gserviceaccount.com",
        "client_id": "100000000000000000001",
        "auth_uri": "",
        "token_uri": "",
        "universe_domain": "googleapis.com",
    }
