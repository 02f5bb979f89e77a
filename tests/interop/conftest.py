"""Fixtures of the outside peers. `make test-interop` runs what is here; every test of this folder is marked so."""

from pathlib import Path

import pytest

from tests.interop.peers import firebase, needed, npm, oidc, openapi_generator, schemathesis
from tests.interop.peers.chromium import chromium
from tests.interop.peers.nginx import nginx
from tests.interop.peers.node import Node, node

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("interop")


@pytest.fixture(scope="session")
def node_js() -> Node:
    """Node.js with npm."""
    return needed(node)


@pytest.fixture(scope="session")
def npm_packages(node_js: Node) -> Path:
    """The folder whose node_modules has TypeScript, the maker of clients and the linters."""
    return needed(lambda: npm.packages(node_js))


@pytest.fixture(scope="session")
def oidc_packages(node_js: Node) -> Path:
    """The folder whose node_modules has oidc-provider."""
    return needed(lambda: oidc.packages(node_js))


@pytest.fixture(scope="session")
def firebase_packages(node_js: Node) -> Path:
    """The folder whose node_modules has firebase-tools."""
    return needed(lambda: firebase.packages(node_js))


@pytest.fixture(scope="session")
def schemathesis_program() -> Path:
    """Schemathesis' program."""
    return needed(schemathesis.schemathesis)


@pytest.fixture(scope="session")
def generator_program() -> Path:
    """OpenAPI Generator's program."""
    return needed(openapi_generator.openapi_generator)


@pytest.fixture(scope="session")
def nginx_program() -> Path:
    """nginx."""
    return needed(nginx)


@pytest.fixture(scope="session")
def map_packages(node_js: Node) -> Path:
    """The folder whose node_modules has MapLibre, the reader of PMTiles and the driver of browsers."""
    return needed(lambda: npm.packages(node_js, "map"))


@pytest.fixture(scope="session")
def chromium_program() -> Path:
    """A browser."""
    return needed(chromium)
