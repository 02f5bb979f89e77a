"""nginx as docs/operate.md sets it up, on ports and with a certificate of the test's own."""

import os
import ssl
import subprocess
import time
from pathlib import Path

import httpx
import trustme

from tests.support.live import ROOT, free_port

NAME = "311.example.org"


class Proxy:
    """docs/nginx/mendway.conf before an API at `port`; `url` is what phones call, `client` a phone's side of it."""

    def __init__(self, program: Path, folder: Path, port: int):
        self.program = program
        self.folder = folder
        self.plain, self.secure = free_port(), free_port()
        self.url = f"https://localhost:{self.secure}"
        self._certificate()
        (folder / "nginx.conf").write_text(self._configuration(port))
        self.process: subprocess.Popen[bytes] | None = None

    def check(self) -> str:
        """What nginx itself says of the configuration."""
        return subprocess.run([*self._command(), "-t"], capture_output=True, text=True, check=False).stderr

    def start(self) -> "Proxy":
        self.process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                httpx.get(f"http://127.0.0.1:{self.plain}/", trust_env=False)
                return self
            except httpx.HTTPError:
                time.sleep(0.05)
        raise AssertionError((self.folder / "error.log").read_text())

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)

    def client(self) -> httpx.Client:
        trusted = ssl.create_default_context(cafile=str(self.folder / "trusted.pem"))
        return httpx.Client(base_url=self.url, verify=trusted, trust_env=False, timeout=30)

    def _command(self) -> list[str]:
        return [str(self.program), "-p", str(self.folder), "-e", "error.log", "-c", "nginx.conf"]

    def _certificate(self) -> None:
        authority = trustme.CA()
        own = authority.issue_cert("localhost", NAME)
        own.private_key_pem.write_to_path(self.folder / "privkey.pem")
        for part in own.cert_chain_pems:
            part.write_to_path(self.folder / "fullchain.pem", append=True)
        authority.cert_pem.write_to_path(self.folder / "trusted.pem")

    def _configuration(self, port: int) -> str:
        text = (ROOT / "docs" / "nginx" / "mendway.conf").read_text()
        for old, new in (
            ("127.0.0.1:8311", f"127.0.0.1:{port}"),
            ("listen 80;", f"listen 127.0.0.1:{self.plain};"),
            ("listen [::]:80;", ""),
            ("listen 443 ssl http2;", f"listen 127.0.0.1:{self.secure} ssl http2;"),
            ("listen [::]:443 ssl http2;", ""),
            ("/etc/letsencrypt/live/311.example.org", str(self.folder)),
        ):
            assert old in text, old
            text = text.replace(old, new)
        places = "".join(f"{name}_temp_path {name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        account = "user root;\n" if os.geteuid() == 0 else ""  # else its processes may not enter a test's folder
        return f"{account}daemon off;\npid nginx.pid;\nevents {{}}\nhttp {{\naccess_log access.log;\n{places}{text}}}\n"
