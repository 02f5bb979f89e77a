"""The peers that come as npm packages: TypeScript, the maker of clients, the linters. Versions stand in npm/package-lock.json."""

import shutil
from pathlib import Path

from tests.interop.peers.installed import installed, run
from tests.interop.peers.node import Node

ASKED = Path(__file__).parents[1] / "npm"
FILES = ("package.json", "package-lock.json", ".npmrc")


def packages(node: Node) -> Path:
    """The folder with node_modules. No script of a package runs. Raises NotHere."""

    def make(folder: Path) -> None:
        for name in FILES:
            shutil.copy(ASKED / name, folder / name)
        run([*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, PATH=node.path)

    made_from = "".join((ASKED / name).read_text() for name in FILES)
    return installed("npm", made_from, make)
