"""Which account runs PostgreSQL. It refuses to run as root, so root lends it another account that already exists."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Account:
    """A user of this machine."""

    name: str
    uid: int
    gid: int

    def owns(self, folder: Path) -> None:
        """Make `folder`, open to this account and nobody else."""
        folder.mkdir(parents=True, exist_ok=True)
        if folder.stat().st_uid != self.uid:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)

    def may_enter(self, folder: Path) -> bool:
        """Whether this account gets through every parent of `folder` (mode bits, ACLs and mounts included)."""
        existing = next(place for place in (folder, *folder.parents) if place.exists())
        lent = {} if os.geteuid() == self.uid else {"user": self.uid, "group": self.gid, "extra_groups": [self.gid]}
        return subprocess.run(["test", "-x", existing], cwd="/", check=False, **lent).returncode == 0  # type: ignore[call-overload]


def cluster_account() -> Account:
    """Oneself; for root the owner of the checkout, else `postgres` (which the Debian package makes), else `nobody`."""
    if os.geteuid() != 0:
        return _account(pwd.getpwuid(os.geteuid()))
    owner = ROOT.stat().st_uid
    if owner != 0:
        try:
            return _account(pwd.getpwuid(owner))
        except KeyError:
            pass  # a checkout mounted from elsewhere may belong to a number without a name
    for name in ("postgres", "nobody"):
        try:
            return _account(pwd.getpwnam(name))
        except KeyError:
            continue
    raise LookupError("This machine has neither an account `postgres` nor `nobody` to run PostgreSQL as.")


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
