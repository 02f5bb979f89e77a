"""nginx: the machine's own, else Debian's package taken apart in .cache, so that nothing is started or changed on the machine."""

import shutil
import subprocess
from pathlib import Path

from tests.interop.peers import NotHere
from tests.interop.peers.installed import installed, run

PLACES = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"


def nginx() -> Path:
    """The program. Raises NotHere."""
    found = shutil.which("nginx", path=PLACES)
    return Path(found) if found else _of_debian()


def _of_debian() -> Path:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise NotHere("nginx is not on this machine, and this is neither Debian nor Ubuntu")
    program = installed("nginx", "Debian's nginx", _take_apart) / "usr" / "sbin" / "nginx"
    if subprocess.run([program, "-v"], capture_output=True, check=False).returncode != 0:
        raise NotHere("Debian's nginx does not run without the packages that it depends on")
    return program


def _take_apart(folder: Path) -> None:
    try:
        run(["apt-get", "download", "nginx"], cwd=folder)
    except NotHere:
        run(["apt-get", "update", "-q"])  # the lists of a new machine are empty
        run(["apt-get", "download", "nginx"], cwd=folder)
    package = next(folder.glob("nginx_*.deb"))
    run(["dpkg-deb", "-x", str(package), str(folder)])
