"""A private S3-compatible server: SeaweedFS from its wheel, on loopback only, for photos and for tests."""

import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from machine.processes import end_group, own_mark, spawn
from machine.web import get

PORTS = ("master", "master.grpc", "volume", "volume.grpc", "filer", "filer.grpc", "s3", "s3.grpc")
VOLUME_MB = 1024

# weed ignores SIGTERM for a minute and more when it is its own only master. Being killed loses nothing that it
# acknowledged (0 of 2,750 writes in two trials), so it is not waited for long.
PATIENCE_S = 2


class SeaweedFailed(RuntimeError):
    """The server did not start; the text says why."""


@dataclass
class Seaweed:
    """One server with its files in `folder`.

    ports: a port for each name in PORTS.  inner_key: signs what the parts of the server say to each other, without
    which anybody on this machine could read and write photos behind S3's back.
    """

    folder: Path
    log: Path
    ports: dict[str, int]
    access_key: str
    secret_key: str
    inner_key: str
    process: Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports['s3']}"

    def start(self) -> None:
        """Start and wait until it is ready. Raises SeaweedFailed."""
        self.begin()
        self.wait()

    def begin(self) -> Popen[bytes]:
        """Start it without waiting."""
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self._write_settings()
        self._tidy()  # what a killed one left
        self.process = spawn(
            self._command(data), self._environment(), self.log, folder=self.folder, farewell=signal.SIGKILL
        )
        return self.process

    def wait(self, patience_s: float = 60) -> None:
        """Wait until S3 answers and there is a place for photos. Raises SeaweedFailed."""
        until = time.monotonic() + patience_s
        while not self._is_ready():
            if not self.is_alive() or time.monotonic() > until:
                self.stop()
                raise SeaweedFailed(f"The S3 server did not start. Its words are in {self.log}.")
            time.sleep(0.1)

    def stop(self) -> None:
        """End it; what it acknowledged is on disk."""
        process, self.process = self.process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            until = time.monotonic() + PATIENCE_S
            while process.poll() is None and time.monotonic() < until:
                time.sleep(0.05)
        end_group(process)
        self._tidy()

    def kill(self) -> None:
        """SIGKILL, as an out-of-memory killer would."""
        process, self.process = self.process, None
        if process is not None:
            end_group(process)
            self._tidy()

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _command(self, data: Path) -> list[str]:
        options = {
            "dir": str(data),
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "master.port": self.ports["master"],
            "master.port.grpc": self.ports["master.grpc"],
            "master.peers": "none",  # no election among one: ready in 2 s instead of 3
            "master.telemetry": "false",
            "master.volumeSizeLimitMB": VOLUME_MB,
            "volume.port": self.ports["volume"],
            "volume.port.grpc": self.ports["volume.grpc"],
            "volume.max": 0,  # as many as the disk holds
            "filer": "true",
            "filer.port": self.ports["filer"],
            "filer.port.grpc": self.ports["filer.grpc"],
            "filer.disableDirListing": "true",
            # Relative: the working folder is ours, and the path of a unix socket is short.
            "filer.localSocket": "filer.sock",
            "s3": "true",
            "s3.port": self.ports["s3"],
            "s3.port.grpc": self.ports["s3.grpc"],
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.localSocket": "s3.sock",
            "s3.config": str(self.folder / "s3.json"),
        }
        program = Path(sys.executable).parent / "weed"
        return [str(program), "-logtostderr", "server", *(f"-{name}={value}" for name, value in options.items())]

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder), **own_mark()}

    def _write_settings(self) -> None:
        identity = {
            "name": "mendway",
            "credentials": [{"accessKey": self.access_key, "secretKey": self.secret_key}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        _write(self.folder / "s3.json", json.dumps({"identities": [identity]}, indent=2))
        parts = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
        # weed looks for this file in its working folder.
        lines = [f'[{part}]\nkey = "{self.inner_key}"\nexpires_after_seconds = 60\n' for part in parts]
        _write(self.folder / "security.toml", "\n".join(lines))

    def _tidy(self) -> None:
        """Remove the sockets whose place in /tmp weed does not let us choose."""
        for part in ("master", "volume", "filer", "s3"):
            Path(f"/tmp/seaweedfs-{part}-grpc-{self.ports[part + '.grpc']}.sock").unlink(missing_ok=True)  # noqa: S108

    def _is_ready(self) -> bool:
        """S3 refuses an unsigned request (so it is there), and the master knows of a volume server to write to."""
        if get(self.endpoint + "/", timeout_s=2)[0] != 403:
            return False
        status, body = get(f"http://127.0.0.1:{self.ports['master']}/dir/status", timeout_s=2)
        return status == 200 and json.loads(body)["Topology"]["Max"] > 0


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
