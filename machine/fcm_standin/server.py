"""Starting the stand-in, inside this process or beside it, and talking to it afterwards."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from machine.fcm_standin.behaviour import Behaviours
from machine.fcm_standin.fcm import proxy, sender
from machine.fcm_standin.identity import service_account, tls_context, write_private
from machine.fcm_standin.oauth import Tokens
from machine.fcm_standin.page import page
from machine.fcm_standin.store import CannotStart, Store
from machine.fcm_standin.wire import Listener, serve
from machine.processes import die_with_parent

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass
class StandIn:
    """A running stand-in. The methods talk HTTP to it, so they work whether it is in this process or not."""

    data: Path
    page_url: str
    proxy_url: str
    stop: Callable[[], None] = field(repr=False)
    process: subprocess.Popen[str] | None = None

    def environment(self) -> dict[str, str]:
        """What firebase-admin needs in its environment to talk to this stand-in and not to Google.

        Both spellings of the proxy variables: the lower one wins where a machine has it set already.
        """
        local = "127.0.0.1,localhost,::1"
        return {
            "FIREBASE_CREDENTIALS": str(self.data.resolve() / "service-account.json"),
            "HTTPS_PROXY": self.proxy_url,
            "https_proxy": self.proxy_url,
            "NO_PROXY": local,
            "no_proxy": local,
            "REQUESTS_CA_BUNDLE": str(self.data.resolve() / "ca.pem"),
        }

    def arrivals(self, target: str | None = None, since: int = 0) -> list[dict[str, Any]]:
        """Every message that came, copies included, oldest first."""
        found: list[dict[str, Any]] = self._messages(target, since)["arrivals"]
        return found

    def shown(self, target: str | None = None) -> list[dict[str, Any]]:
        """What the phones show now, oldest first; `copies` counts the messages that went into one card."""
        found: list[dict[str, Any]] = self._messages(target, 0)["shown"]
        return found

    def behave(self, target: str, kind: str, **settings: Any) -> None:
        """Answer like this from now on; `settings` are times, retry_after_s, delay_s. "*" is everybody else."""
        self._call("PUT", "/behaviour", {target: {"kind": kind, **settings}})

    def behave_well(self) -> None:
        self._call("DELETE", "/behaviour")

    def forget(self) -> None:
        """Empty every screen and the list of arrivals."""
        self._call("DELETE", "/messages")

    def revoke_tokens(self) -> None:
        self._call("DELETE", "/tokens")

    def kill(self) -> None:
        """SIGKILL; only for one that runs beside this process."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def _messages(self, target: str | None, since: int) -> dict[str, Any]:
        query = {"since": str(since)} if target is None else {"since": str(since), "token": target}
        found: dict[str, Any] = self._call("GET", "/messages?" + urlencode(query))
        return found

    def _call(self, method: str, path: str, document: Any = None) -> Any:
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(self.page_url.rstrip("/") + path, body, method=method)  # noqa: S310 (our own address)
        # No proxy: the environment of a test may name the stand-in's own, which leads only to FCM.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            return json.loads(answer.read())


def start(data: Path | str, page_port: int = 0, proxy_port: int = 0) -> StandIn:
    """Start a stand-in on threads of this process. Port 0 takes the one of the last time if it is free, else any.

    data: a folder; what arrived is kept in it, so are the service account and the certificate.
    Raises CannotStart when a port is taken or another stand-in works in the same folder.
    """
    folder = Path(data).resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as undo:
        store = Store(folder / "messages.jsonl")
        undo.callback(store.close)
        listeners = []
        for name, wanted in (("page_port", page_port), ("proxy_port", proxy_port)):
            listeners.append(_listener(wanted, _remembered(folder).get(name, 0)))
            undo.callback(listeners[-1].stop)
        page_url, proxy_url = (f"http://127.0.0.1:{listener.port}" for listener in listeners)
        behaviours, tokens = Behaviours(), Tokens(service_account(folder, f"{page_url}/token"))
        plain = page(store, behaviours, tokens)
        listeners[0].start(lambda connection: serve(connection, plain))
        listeners[1].start(proxy(tls_context(folder), sender(store, behaviours, tokens)))
        ports = {"page_port": listeners[0].port, "proxy_port": listeners[1].port}
        addresses = {"page_url": f"{page_url}/", "proxy_url": proxy_url, **ports}
        write_private(folder / "addresses.json", json.dumps(addresses) + "\n")
        return StandIn(folder, f"{page_url}/", proxy_url, stop=undo.pop_all().close)


def _remembered(folder: Path) -> dict[str, int]:
    try:
        found: dict[str, int] = json.loads((folder / "addresses.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found


def _listener(wanted: int, last_time: int) -> Listener:
    """On the wanted port; without one on that of the last time, so that a running worker finds us again, else on any."""
    for port in [wanted] if wanted else [last_time, 0]:
        try:
            return Listener(port)
        except OSError as fault:
            reason = fault.strerror or str(fault)
    raise CannotStart(f"The FCM stand-in cannot listen on 127.0.0.1:{wanted}: {reason}.")


def start_process(data: Path | str, page_port: int = 0, proxy_port: int = 0) -> StandIn:
    """Start a stand-in as a process of its own and wait until it is ready. Raises CannotStart with what it said.

    `stop` ends it properly, `kill` does not. It also ends with the thread that called this, even when that is killed.
    """
    command = [sys.executable, "-m", "machine.fcm_standin", "--data", str(data)]
    command += ["--page-port", str(page_port), "--proxy-port", str(proxy_port)]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        text=True,
        preexec_fn=partial(die_with_parent, signal.SIGTERM),  # noqa: PLW1509 (one system call, nothing that could lock)
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    if not said.startswith("{"):
        said += process.communicate()[0]
        raise CannotStart(f"The FCM stand-in ended with {process.returncode}: {said.strip()}")
    ready = json.loads(said)

    def stop() -> None:
        process.terminate()
        process.communicate(timeout=10)

    return StandIn(Path(data).resolve(), ready["page_url"], ready["proxy_url"], stop, process)
