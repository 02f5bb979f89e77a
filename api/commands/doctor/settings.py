"""Checks of the settings and of this machine; nothing is asked of anybody else."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from api.commands.doctor.findings import DAY_S, Finding, as_size, warning, well, wrong
from api.commands.manifests import last_backup
from api.exposure import ways_in
from core.config import Config, is_loopback
from machine.dumps import DumpFailed, way_to
from machine.programs import OLDEST_POSTGRES, client_program

LEAST_FREE_BYTES, LITTLE_FREE_BYTES = 500_000_000, 5_000_000_000
OLD_BACKUP_S, TOO_OLD_BACKUP_S = 2 * DAY_S, 8 * DAY_S
LEAST_LETTERS = 12  # different ones in a secret: 32 of "x" are no secret
_EXAMPLES = ("change", "example", "password", "secret", "mendway", "1234", "xxxx")
_KNOWN_PASSWORDS = {"password", "postgres", "mendway", "secret", "changeme", "admin", "123456", "minioadmin", "test"}


def secrets(config: Config) -> Iterator[Finding]:
    """Are they secrets at all? Nothing of them is shown."""
    secret = config.secret.lower()
    if len(set(config.secret)) < LEAST_LETTERS or any(word in secret for word in _EXAMPLES):
        yield wrong(
            "MENDWAY_SECRET can be guessed.",
            "Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'. Cursors that were handed out expire.",
        )
    else:
        yield well("MENDWAY_SECRET looks random.")
    parts = urlsplit(config.database_url)
    password = unquote(parts.password or "")
    if password and (password.lower() in _KNOWN_PASSWORDS or password == parts.username or len(password) < 8):
        yield wrong("The database's password can be guessed.", "Give the role another one, here and in DATABASE_URL.")
    if config.s3_secret_access_key.lower() in _KNOWN_PASSWORDS or len(config.s3_secret_access_key) < 8:
        yield wrong("S3_SECRET_ACCESS_KEY can be guessed.", "Make a fresh key in the store.")


def address_of_database(config: Config) -> Iterator[Finding]:
    try:
        way_to(config.database_url)
    except DumpFailed as fault:
        yield wrong(str(fault), "Worker and backup reach the database through libpq.")


def public_address(config: Config) -> Iterator[Finding]:
    """PUBLIC_URL stands in every push, and is where apps begin."""
    parts = urlsplit(config.public_url)
    if is_loopback(parts.hostname or "") or (parts.hostname or "") in ("0.0.0.0", "::"):  # noqa: S104 - compared only
        yield warning(
            f"PUBLIC_URL is {config.public_url}, which no phone reaches.",
            "Set it to the address by which apps reach the town, such as https://311.example.org.",
        )
    elif parts.scheme != "https":
        yield wrong(
            f"PUBLIC_URL is {config.public_url}: tokens and reports would travel in clear.",
            "Put a proxy with a certificate before the API and let PUBLIC_URL begin with https://.",
        )
    else:
        yield well(f"PUBLIC_URL is {config.public_url}.")


def proxies(config: Config) -> Iterator[Finding]:
    """Rate limits count network addresses, so whose address it is must be known, and not be anybody's word."""
    is_https = config.public_url.startswith("https://")
    if is_https and config.is_loopback and config.trusted_proxies == 0:
        yield wrong(
            "A proxy must stand before the API (PUBLIC_URL is https, HOST is this machine), but TRUSTED_PROXIES is 0: every phone "
            "seems to come from the proxy, and all together get one phone's share.",
            "Set TRUSTED_PROXIES to the number of proxies that add to X-Forwarded-For, most likely 1.",
        )
    elif not config.is_loopback and config.trusted_proxies > 0:
        yield warning(
            f"HOST is {config.host} and TRUSTED_PROXIES is {config.trusted_proxies}: who reaches the port without the proxy can claim "
            "any address.",
            "Let only the proxy reach it: HOST=127.0.0.1 on the proxy's machine, else a firewall.",
        )
    elif not config.is_loopback and is_https:
        yield warning(
            f"HOST is {config.host}: the API answers without TLS whoever reaches port {config.port}.",
            "HOST=127.0.0.1 behind a proxy on the same machine; else a firewall.",
        )
    else:
        yield well(f"HOST is {config.host}, TRUSTED_PROXIES is {config.trusted_proxies}.")


def rate_limits(config: Config) -> Iterator[Finding]:
    if config.rate_limits is None and ways_in(config):
        yield warning("RATE_LIMITS is off.", "Take it away, so that nobody can flood the town with reports.")


def disk(config: Config) -> Iterator[Finding]:
    place = next(folder for folder in (config.data.resolve(), *config.data.resolve().parents) if folder.exists())
    free = shutil.disk_usage(place).free
    text = f"{as_size(free)} free where MENDWAY_DATA is ({place})."
    if free < LEAST_FREE_BYTES:
        yield wrong(text, "Make room: without any, reports are refused and backups fail.")
    elif free < LITTLE_FREE_BYTES:
        yield warning(text, "Make room before it is urgent.")
    else:
        yield well(text)


def push_account(config: Config) -> Iterator[Finding]:
    """The service account, as far as it can be judged without asking Google."""
    path = config.firebase_credentials
    if path is None:
        yield warning(
            "FIREBASE_CREDENTIALS is not set: pushes are kept for three days and not sent.",
            "Set it to the service account of the Firebase project that the apps use (docs/push.md).",
        )
        return
    project = _project_of(path)
    if project is None:
        yield wrong(
            f"{path} is not a service account that can be read.",
            "Download its JSON file again from the Firebase console, readable for the account that runs Mendway.",
        )
        return
    yield well(f"Pushes are sent through the Firebase project {project}.")
    if path.stat().st_mode & 0o007:
        yield wrong(f"Everybody on this machine may read {path}.", f"chmod o= {path}")


def _project_of(path: Path) -> str | None:
    try:
        account = json.loads(path.read_text())
        is_whole = account["type"] == "service_account" and all(account[key] for key in ("client_email", "private_key"))
        return str(account["project_id"]) if is_whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def backups(config: Config) -> Iterator[Finding]:
    if client_program("pg_dump", OLDEST_POSTGRES) is None:
        yield wrong("pg_dump is not on this machine.", "On Debian: apt-get install postgresql-client.")
    last = last_backup(config)
    if last is None:
        yield warning(
            f"No backup has been made here ({config.data} has no note of one).",
            "mendway backup --to DIR, each night (docs/systemd/mendway-backup.timer).",
        )
        return
    age, place = last
    text = f"The last backup is {_age(age.total_seconds())} old: {place}"
    if age.total_seconds() > TOO_OLD_BACKUP_S:
        yield wrong(f"{text}.", "See why the nightly one does not run: systemctl status mendway-backup.timer")
    elif age.total_seconds() > OLD_BACKUP_S:
        yield warning(f"{text}.", "See whether the nightly one runs: systemctl list-timers mendway-backup.timer")
    elif not place.exists():
        yield warning(f"{text}, but it is not there.", "Was it moved to a safer place? Then all is well.")
    else:
        yield well(f"{text}.")


def _age(seconds: float) -> str:
    return f"{seconds / DAY_S:.0f} days" if seconds >= 2 * DAY_S else f"{seconds / 3600:.0f} hours"


CHECKS = (secrets, address_of_database, public_address, proxies, rate_limits, disk, push_account, backups)
