"""The peers that come as npm packages: TypeScript, the maker of clients, the linters; what reads maps in a browser.

Versions stand in the package-lock.json of npm/ and of map/.
"""

import shutil
from pathlib import Path

from tests.interop.peers.installed import installed, run
from tests.interop.peers.node import Node

HERE = Path(__file__).parents[1]
FILES = ("package.json", "package-lock.json", ".npmrc")


def packages(node: Node, name: str = "npm") -> Path:
    """The folder with the node_modules that name/package.json asks for. No script of a package runs. Raises NotHere."""

    def make(folder: Path) -> None:
        for file in FILES:
            shutil.copy(HERE / name / file, folder / file)
        run([*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, PATH=node.path)

    made_from = "".join((HERE / name / file).read_text() for file in FILES)
    return installed(name, made_from, make)
