"""The stand-in as a process: one line of JSON when it is ready, then silence until SIGTERM or SIGINT."""

import argparse
import json
import signal
import sys
from pathlib import Path

from machine.fcm_standin.server import start
from machine.fcm_standin.store import CannotStart


def main() -> int:
    arguments = _arguments()
    # Blocked before any thread exists, so that the signal waits for sigwait() below and interrupts nothing.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    try:
        standin = start(arguments.data, arguments.page_port, arguments.proxy_port)
    except CannotStart as fault:
        print(fault, file=sys.stderr)
        return 1
    ready = {"page_url": standin.page_url, "proxy_url": standin.proxy_url, "environment": standin.environment()}
    print(json.dumps({"ready": True, **ready}), flush=True)
    signal.sigwait(ends)
    standin.stop()
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m machine.fcm_standin", description="A stand-in for FCM on this machine."
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder for what arrived, the service account and the certificate"
    )
    parser.add_argument(
        "--page-port", type=int, default=0, help="the page with the phones (0: that of the last time, or a free one)"
    )
    parser.add_argument("--proxy-port", type=int, default=0, help="the proxy that leads to FCM (0: the same)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
