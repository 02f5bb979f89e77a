"""Firebase's own emulator of its sign-in (firebase-tools): accounts that are made over its API, and tokens that are not signed."""

import json
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import httpx

from tests.interop.peers.installed import installed, run
from tests.interop.peers.node import Node
from tests.support.live import free_port
from tests.support.worker import eventually

ASKED = Path(__file__).parents[1] / "firebase"
FILES = ("package.json", "package-lock.json", ".npmrc")
START_S = 90  # it looks for news of itself first, and waits for that where there is no network


def packages(node: Node) -> Path:
    """The folder with node_modules, 240 MB. No script of a package runs. Raises NotHere."""

    def make(folder: Path) -> None:
        for name in FILES:
            shutil.copy(ASKED / name, folder / name)
        run([*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, PATH=node.path)

    made_from = "".join((ASKED / name).read_text() for name in FILES)
    return installed("firebase", made_from, make)


class AuthEmulator:
    """The running emulator. `sign_up` makes an account and gives its ID token, `sign_in` a fresh one."""

    def __init__(self, node: Node, modules: Path, folder: Path, project: str):
        self.host = f"127.0.0.1:{free_port()}"
        ports = {name: {"host": "127.0.0.1", "port": free_port()} for name in ("hub", "logging")}
        auth = {"host": "127.0.0.1", "port": int(self.host.rpartition(":")[2])}
        emulators = {"auth": auth, "ui": {"enabled": False}, **ports}
        (folder / "firebase.json").write_text(json.dumps({"emulators": emulators}))
        program = modules / "node_modules" / "firebase-tools" / "lib" / "bin" / "firebase.js"
        words = ["emulators:start", "--only", "auth", "--project", project, "--non-interactive"]
        self._log = folder / "emulator.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [node.command("node"), str(program), *words],
                cwd=folder,
                env={"PATH": node.path, "HOME": str(folder), "CI": "true"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        eventually(self._answers, START_S, f"the emulator ({self._log})")

    def _answers(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()
        with suppress(httpx.HTTPError):
            return httpx.get(f"http://{self.host}/").status_code == 200
        return False

    def sign_up(self, email: str, password: str) -> str:
        return self._token("signUp", email, password)

    def sign_in(self, email: str, password: str) -> str:
        return self._token("signInWithPassword", email, password)

    def _token(self, verb: str, email: str, password: str) -> str:
        url = f"http://{self.host}/identitytoolkit.googleapis.com/v1/accounts:{verb}?key=any"
        answer = httpx.post(url, json={"email": email, "password": password, "returnSecureToken": True})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["idToken"])

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
