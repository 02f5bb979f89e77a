"""Plain HTTP to the FCM stand-in, as firebase-admin would speak it."""

import base64
import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from machine.fcm_standin import StandIn
from machine.fcm_standin.identity import PROJECT

SEND = f"/v1/projects/{PROJECT}/messages:send"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
LOOPBACK = httpx.Client(verify=False, trust_env=False)  # no certificates to load, no proxy to ask


def assertion(standin: StandIn, key: Any = None, algorithm: str = "RS256", **claims: Any) -> str:
    """What a server signs to get a token."""
    account = json.loads((standin.data / "service-account.json").read_text())
    key = key or serialization.load_pem_private_key(account["private_key"].encode(), None)
    now = int(time.time())
    usual = {"iss": account["client_email"], "aud": account["token_uri"], "iat": now, "exp": now + 3600, "scope": SCOPE}
    said = ({"alg": algorithm}, {**usual, **claims})
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in said]
    signature = key.sign(b".".join(parts), padding.PKCS1v15(), hashes.SHA256())
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def ask_for_token(standin: StandIn, signed: str, grant: str = JWT_GRANT) -> httpx.Response:
    return LOOPBACK.post(standin.page_url + "token", data={"grant_type": grant, "assertion": signed})


@contextmanager
def stranger(standin: StandIn) -> Iterator[httpx.Client]:
    """Somebody who found the way to what they take for Google, and has no token."""
    trust = ssl.create_default_context(cafile=str(standin.data / "ca.pem"))
    with httpx.Client(
        base_url="https://fcm.googleapis.com", proxy=standin.proxy_url, verify=trust, trust_env=False
    ) as client:
        yield client


@contextmanager
def signed_in(standin: StandIn) -> Iterator[httpx.Client]:
    """A server with a good token."""
    with stranger(standin) as client:
        token = ask_for_token(standin, assertion(standin)).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def push(fcm: httpx.Client, target: str, tag: str | None = None, title: str = "Pothole: resolved") -> httpx.Response:
    """Send one message to one phone."""
    message: dict[str, Any] = {
        "token": target,
        "notification": {"title": title, "body": "Thank you."},
        "data": {"v": "1"},
    }
    if tag:
        message["android"] = {"collapse_key": tag, "notification": {"tag": tag}}
    return fcm.post(SEND, json={"message": message})
