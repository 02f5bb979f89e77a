"""A city's identity provider on loopback: discovery, keys that rotate, tokens of any kind, and it can go away."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

AUDIENCE = "mendway"
_MADE: dict[str, Key] = {}


def made_key(kind: str) -> Key:
    """A fresh enough key: RSA keys take half a second to make, so tests share them by name."""
    if kind not in _MADE:
        family = kind.split("-")[0]
        _MADE[kind] = {
            "RSA": lambda: RSAKey.generate_key(2048),
            "WEAK": lambda: RSAKey.generate_key(1024),
            "EC": lambda: ECKey.generate_key("P-256"),
            "OKP": lambda: OKPKey.generate_key("Ed25519"),
            "oct": lambda: OctKey.generate_key(256),
        }[family]()
    return _MADE[kind]


class Provider:
    """`serve("one", "two")` says which keys it has; `token(sub="ana")` signs; `is_away = True` and nobody answers."""

    def __init__(self) -> None:
        self.keys: dict[str, tuple[str, Key]] = {}
        self.is_away = False
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.documents: dict[str, Any] = {}
        self.serve(one="RS256")

    def serve(self, **algorithms: str) -> None:
        """Have these keys, by their id: for which algorithm each is."""
        kinds = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
        self.keys = {kid: (alg, made_key(f"{kinds[alg[:2]]}-{kid}")) for kid, alg in algorithms.items()}

    def token(self, kid: str | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A good token of the last key, but for what is said otherwise; a claim that is None is left out."""
        kid = kid or list(self.keys)[-1]
        algorithm, key = self.keys[kid]
        return signed(key, {"alg": algorithm, "kid": kid, **(header or {})}, self.claims(**claims))

    def claims(self, **claims: Any) -> dict[str, Any]:
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": AUDIENCE, "sub": "subject-1", "iat": now, "exp": now + 600}
        return {name: value for name, value in (usual | claims).items() if value is not None}

    def answer(self, path: str) -> tuple[int, Any]:
        self.asked.append(path)
        if self.is_away:
            return 503, {}
        if path in self.documents:
            return 200, self.documents[path]
        if path == "/.well-known/openid-configuration":
            return 200, {"issuer": self.issuer, "jwks_uri": self.issuer + "/keys"}
        if path == "/keys":
            return 200, {"keys": [public(kid, alg, key) for kid, (alg, key) in self.keys.items()]}
        return 404, {}

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def public(kid: str, algorithm: str, key: Key) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": kid, "alg": algorithm, "use": "sig"}


def signed(key: Key, header: dict[str, Any], claims: dict[str, Any]) -> str:
    header = {name: value for name, value in header.items() if value is not None}
    return jws.serialize_compact(header, json.dumps(claims), key, algorithms=[header["alg"]])


def _handler(provider: Provider) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, document = provider.answer(self.path)
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
