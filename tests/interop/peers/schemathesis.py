"""Schemathesis: makes requests from a contract, good and bad ones, and holds the answers to it."""

from pathlib import Path

from tests.interop.peers.installed import python_environment


def schemathesis() -> Path:
    """Its program. Raises NotHere."""
    return python_environment("schemathesis") / "bin" / "schemathesis"
