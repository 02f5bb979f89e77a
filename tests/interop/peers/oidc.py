"""oidc-provider: a certified OpenID provider for Node.js, with people who sign in."""

import base64
import hashlib
import json
import re
import secrets
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from tests.interop.peers.installed import installed, run
from tests.interop.peers.node import Node
from tests.support.live import free_port
from tests.support.worker import eventually

ASKED = Path(__file__).parents[1] / "oidc"
FILES = ("package.json", "package-lock.json", ".npmrc")
BACK = "http://127.0.0.1:9/back"
RESOURCE = "https://311.squareton.example"


def packages(node: Node) -> Path:
    """The folder with node_modules. No script of a package runs. Raises NotHere."""

    def make(folder: Path) -> None:
        for name in FILES:
            shutil.copy(ASKED / name, folder / name)
        run([*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, PATH=node.path)

    made_from = "".join((ASKED / name).read_text() for name in FILES)
    return installed("oidc", made_from, make)


class CertifiedProvider:
    """A running provider. `rotate` begins it anew with other keys, at the same address."""

    def __init__(self, node: Node, modules: Path, folder: Path):
        self._command = [node.command("node"), str(ASKED / "provider.mjs")]
        self._modules, self._folder, self._port = modules, folder, free_port()
        self.issuer = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._keys: list[tuple[str, Key]] = []

    def rotate(self, generation: str, keeps_old: bool = True) -> None:
        """Sign with fresh keys from now on; serve those of before beside them, or not."""
        made: list[Key] = [RSAKey.generate_key(2048), ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519")]
        fresh = [(f"{generation}-{key.key_type}", key) for key in made]
        self._keys = fresh + (self._keys if keeps_old else [])
        self.stop()
        self.start()

    def start(self) -> None:
        told = [{**key.as_dict(private=True), "kid": kid, "use": "sig"} for kid, key in self._keys]
        file = self._folder / "keys.json"
        file.write_text(json.dumps({"keys": told}))
        with (self._folder / "provider.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, str(self._port), str(file), str(self._modules)], stdout=log, stderr=log
            )
        eventually(self._answers, 20, f"the provider ({self._folder / 'provider.log'})")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.issuer}/jwks").status_code == 200
        return False

    def sign_in(self, who: str, algorithm: str = "RS256", resource: str | None = None) -> dict[str, Any]:
        """What the token endpoint gives somebody who signs in as in a browser: id_token, access_token.

        resource: whom the access token is for; it is a JWT then.
        """
        verifier = secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "client_id": f"desk-{algorithm}",
            "response_type": "code",
            "redirect_uri": BACK,
            "scope": "openid reports" if resource else "openid",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **({"resource": resource} if resource else {}),
        }
        with httpx.Client(base_url=self.issuer) as browser:
            code = self._code(browser, browser.get("/auth", params=asked), who)
            told = {"client_id": asked["client_id"], "grant_type": "authorization_code", "redirect_uri": BACK}
            answer = browser.post("/token", data={**told, "code": code, "code_verifier": verifier})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def _code(self, browser: httpx.Client, answer: httpx.Response, who: str) -> str:
        """Follow the provider from page to page, filling in what it asks."""
        for _ in range(12):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if target.startswith(BACK):
                    return parse_qs(urlsplit(target).query)["code"][0]
                answer = browser.get(target)
                continue
            action = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            assert action and prompt, answer.text
            answer = browser.post(action[1], data={"prompt": prompt[1], "login": who, "password": "any"})
        raise AssertionError(f"The provider never came back: {answer.text}")
