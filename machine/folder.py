"""The data folder of one instance: its keys, its ports, its lock, and where its database lies."""

import fcntl
import json
import os
import random
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machine.account import Account

PRIVATE_PORTS = range(20000, 30000)  # below what the kernel hands out to outgoing connections (32768 and up)
SHARED_HOME = Path("/var/lib/mendway")


class InUse(Exception):
    """Another start works in this folder already; the text says which."""


@dataclass
class DataFolder:
    """What one instance keeps. Everything in it belongs to whoever starts Mendway, but for the database's files."""

    path: Path

    @classmethod
    def at(cls, path: str | Path) -> "DataFolder":
        """The folder, made if missing. Others may pass through it (PostgreSQL's account must), not look into it."""
        folder = Path(path).expanduser().resolve()
        folder.mkdir(parents=True, exist_ok=True, mode=0o711)
        return cls(folder)

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def hold(self, patience_s: float = 3) -> int:
        """Keep others out until this process ends. Raises InUse when somebody is in already.

        patience_s: a start that was just killed may take a moment to be gone.
        """
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        until = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    holder = os.pread(handle, 20, 0).decode(errors="replace").strip() or "unknown"
                    raise InUse(
                        f"Mendway runs already with the data in {self.path} (process {holder}).\n"
                        "Stop that one, or start another beside it: MENDWAY_DATA=./.data2 PORT=8312 make run"
                    ) from None
                time.sleep(0.1)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        return handle

    def keys(self) -> dict[str, str]:
        """The random secrets of this instance, made once: losing the file signs every cursor out."""
        return self._remember(
            "keys.json",
            {
                "secret": lambda: secrets.token_urlsafe(48),
                "s3_access_key_id": lambda: secrets.token_hex(10).upper(),
                "s3_secret_access_key": lambda: secrets.token_urlsafe(30),
                "s3_inner": lambda: secrets.token_urlsafe(30),
            },
        )

    def port(self, name: str, must_be_free: bool = True) -> int:
        """A port of 127.0.0.1 for `name`, chosen free once and remembered; chosen anew when another took it."""
        ports = self._read("ports.json")
        if name not in ports or (must_be_free and not is_free(ports[name])):
            ports[name] = free_port(set(ports.values()))
            self._write("ports.json", ports)
        return int(ports[name])

    def database_home(self, account: Account) -> Path:
        """Where the cluster goes: in this folder, or, when PostgreSQL's account cannot get here, behind a link.

        A checkout in /root is the usual case: root starts us, PostgreSQL refuses to be root, and nobody else may enter
        /root. Loosening the rights of somebody's home is not ours to do, so the cluster then lives in /var/lib/mendway.
        """
        inside = self.path / "postgres"
        if inside.is_symlink() or account.may_enter(self.path):
            return inside.resolve()
        SHARED_HOME.mkdir(mode=0o755, exist_ok=True)
        elsewhere = SHARED_HOME / secrets.token_hex(4)
        elsewhere.mkdir(mode=0o700)
        inside.symlink_to(elsewhere)
        return elsewhere

    def last_mark(self) -> str | None:
        """What the processes of the last start carry in their environment (see machine.processes)."""
        return self._read("run.json").get("mark")

    def new_mark(self) -> str:
        mark = secrets.token_hex(8)
        self._write("run.json", {"mark": mark, "pid": os.getpid()})
        return mark

    def _remember(self, name: str, makers: dict[str, Callable[[], str]]) -> dict[str, str]:
        known = self._read(name)
        missing = {key: make() for key, make in makers.items() if key not in known}
        if missing:
            self._write(name, {**known, **missing})
        return {**known, **missing}

    def _read(self, name: str) -> dict[str, Any]:
        try:
            return dict(json.loads((self.path / name).read_text()))
        except FileNotFoundError:
            return {}

    def _write(self, name: str, content: dict[str, Any]) -> None:
        new = self.path / f"{name}.new"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file, indent=2)
        new.replace(self.path / name)


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(taken: set[int]) -> int:
    """A port of 127.0.0.1 where nobody listens and that is not among `taken`."""
    for _ in range(1000):
        port = random.choice(PRIVATE_PORTS)  # noqa: S311 - not a secret
        if port not in taken and is_free(port):
            return port
    raise OSError("No free port between 20000 and 30000 on 127.0.0.1.")
