"""Outside peers: programs of other people that Mendway must get along with. One file each says how to find or install it.

A peer is a function without arguments that returns what its tests need and raises NotHere when it cannot be had. What is
installed goes to .cache/interop/<name>, from a lock with hashes beside the tests, and stays until the lock changes.
To add one: a file here with such a function, a fixture in tests/interop/conftest.py that asks `needed` for it.
"""

import os
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")


class NotHere(Exception):
    """This peer cannot be had on this machine; the text says why."""


def needed(peer: Callable[[], T]) -> T:
    """The peer. Where it cannot be had its tests are skipped; on CI (CI=true), where everything can, they fail."""
    try:
        return peer()
    except NotHere as fault:
        if os.environ.get("CI") == "true":
            pytest.fail(f"An outside peer cannot be had: {fault}", pytrace=False)
        pytest.skip(f"outside peer not here: {fault}")
