"""Configuration: read from the environment once, every mistake named together."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from core.limits import RATE_LIMITS, RateLimit, read_limit

LONGEST_BODY_BYTES = 256 * 1024  # a report with every field at its limit is under 60 kB; photos never come this way


class BadConfiguration(Exception):
    """The environment cannot be used as it is; `mistakes` has one line for each."""

    def __init__(self, mistakes: list[str]):
        super().__init__("The configuration has mistakes:\n" + "\n".join(f"  - {line}" for line in mistakes))
        self.mistakes = mistakes


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and reached from it only. A name other than localhost may be anything, so it is not."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_listenable(host: str) -> bool:
    try:
        return host == "localhost" or bool(ip_address(host))
    except ValueError:
        return False


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@dataclass(frozen=True)
class Config:
    """All settings of one process. `.env.example` lists them with their meaning."""

    database_url: str
    secret: str
    s3_endpoint: str
    s3_public_endpoint: str
    s3_access_key_id: str
    s3_secret_access_key: str
    s3_bucket: str
    s3_region: str
    host: str
    port: int
    public_url: str
    data: Path
    firebase_credentials: Path | None
    firebase_project: str | None
    firebase_auth_emulator_host: str | None
    oidc_issuer: str | None
    oidc_audiences: tuple[str, ...]
    oidc_claims: Path | None
    smtp_url: str | None
    mail_from: str | None
    base_map: Path | None
    log_level: str
    web_workers: int
    max_body_bytes: int
    trusted_proxies: int
    rate_limits: Mapping[str, RateLimit] | None

    @property
    def is_loopback(self) -> bool:
        """Whether HOST is reached from this machine only."""
        return is_loopback(self.host)

    @property
    def sqlalchemy_url(self) -> str:
        """The database for SQLAlchemy; the driver is named because 2.1 takes plain `postgresql://` for psycopg 3."""
        return "postgresql+psycopg2://" + self.database_url.split("://", 1)[1]


class _Reader:
    """Takes settings out of a mapping and collects what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]):
        self.environment = environment
        self.mistakes: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        value = self.environment.get(name, "").strip()
        if value:
            return value
        if default is None:
            self.mistakes.append(f"{name} is not set.")
        return default or ""

    def url(self, name: str, schemes: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(name, default)
        if value and urlsplit(value).scheme not in schemes:
            self.mistakes.append(
                f"{name} must begin with {' or '.join(s + '://' for s in schemes)}, not {value[:12]!r}."
            )
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.environment.get(name, "").strip() or str(default)
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            self.mistakes.append(f"{name} must be a whole number from {low} to {high}, not {value!r}.")
            return default
        return int(value)

    def file(self, name: str) -> Path | None:
        """A file that is there; None when nothing is named."""
        value = self.text(name, "")
        self.checked(name, value, os.path.isfile, f"names {value!r}, which is not a file")
        return Path(value) if value else None

    def together(self, config: Config, names: Mapping[str, str]) -> None:
        """Settings (by the members that they become) of which one is nothing without the others."""
        missing = [name for name, member in names.items() if not getattr(config, member)]
        if missing and len(missing) < len(names):
            self.mistakes.append(f"{' and '.join(missing)} must be set too: {', '.join(names)} go together.")

    def limits(self, name: str) -> Mapping[str, RateLimit] | None:
        """RATE_LIMITS with what this setting says otherwise; None when it is `off`."""
        value = self.environment.get(name, "").strip()
        if value.lower() == "off":
            return None
        found = dict(RATE_LIMITS)
        for word in value.split():
            try:
                subject, limit = read_limit(word)
            except ValueError as fault:
                self.mistakes.append(f"{name}: {fault}.")
            else:
                found[subject] = limit
        return found

    def checked(self, name: str, value: str, is_right: Callable[[str], bool], rule: str) -> str:
        if value and not is_right(value):
            self.mistakes.append(f"{name} {rule}.")
        return value


def _look_at_ways_in(read: _Reader, config: Config) -> None:
    """Is what is set of identity providers and mail whole, and fit to be trusted?"""
    read.together(
        config, {"OIDC_ISSUER": "oidc_issuer", "OIDC_AUDIENCE": "oidc_audiences", "OIDC_CLAIMS": "oidc_claims"}
    )
    read.together(config, {"SMTP_URL": "smtp_url", "MAIL_FROM": "mail_from"})
    issuer = urlsplit(config.oidc_issuer or "")
    if issuer.scheme == "http" and not is_loopback(issuer.hostname or ""):
        read.mistakes.append("OIDC_ISSUER must begin with https://: who listens in could make themselves anybody.")
    if config.firebase_auth_emulator_host and not config.firebase_project:
        read.mistakes.append("FIREBASE_AUTH_EMULATOR_HOST is nothing without FIREBASE_PROJECT.")


def read_config(environment: Mapping[str, str] | None = None) -> Config:
    """The configuration in `environment` (the process's own by default).

    Raises BadConfiguration, which names every mistake at once.
    """
    read = _Reader(os.environ if environment is None else environment)
    host = read.checked("HOST", read.text("HOST", "127.0.0.1"), _is_listenable, "must be an IP address or localhost")
    port = read.number("PORT", 8311, 1, 65535)
    s3_endpoint = read.url("S3_ENDPOINT", ("http", "https"))
    credentials = read.text("FIREBASE_CREDENTIALS", "")
    base_map = read.text("BASE_MAP", "")
    read.checked("BASE_MAP", base_map, os.path.isfile, f"names {base_map!r}, which is not a file")
    read.checked("FIREBASE_CREDENTIALS", credentials, os.path.isfile, f"names {credentials!r}, which is not a file")
    config = Config(
        database_url=read.url("DATABASE_URL", ("postgresql", "postgres")),
        secret=read.checked(
            "MENDWAY_SECRET", read.text("MENDWAY_SECRET"), lambda s: len(s) >= 32, "must have 32 characters or more"
        ),
        s3_endpoint=s3_endpoint,
        s3_public_endpoint=read.url("S3_PUBLIC_ENDPOINT", ("http", "https"), "") or s3_endpoint,
        s3_access_key_id=read.text("S3_ACCESS_KEY_ID"),
        s3_secret_access_key=read.text("S3_SECRET_ACCESS_KEY"),
        s3_bucket=read.text("S3_BUCKET", "mendway"),
        s3_region=read.text("S3_REGION", "us-east-1"),
        host=host,
        port=port,
        public_url=read.url("PUBLIC_URL", ("http", "https"), f"http://{_in_url(host)}:{port}").rstrip("/"),
        data=Path(read.text("MENDWAY_DATA", "./.data")),
        firebase_credentials=Path(credentials) if credentials else None,
        firebase_project=read.text("FIREBASE_PROJECT", "") or None,
        # Only that it is there is ours to know: firebase-admin reads it by itself, and then takes unsigned tokens.
        firebase_auth_emulator_host=read.text("FIREBASE_AUTH_EMULATOR_HOST", "") or None,
        oidc_issuer=read.url("OIDC_ISSUER", ("http", "https"), "") or None,
        oidc_audiences=tuple(read.text("OIDC_AUDIENCE", "").split()),
        oidc_claims=read.file("OIDC_CLAIMS"),
        smtp_url=read.url("SMTP_URL", ("smtp", "smtps"), "") or None,
        mail_from=read.checked(
            "MAIL_FROM", read.text("MAIL_FROM", ""), lambda s: "@" in s and "\n" not in s, "must be a mail address"
        )
        or None,
        base_map=Path(base_map) if base_map else None,
        log_level=read.checked(
            "LOG_LEVEL",
            read.text("LOG_LEVEL", "INFO").upper(),
            lambda s: s in {"DEBUG", "INFO", "WARNING", "ERROR"},
            "must be DEBUG, INFO, WARNING or ERROR",
        ),
        web_workers=read.number("WEB_WORKERS", 2, 1, 64),
        max_body_bytes=read.number("MAX_BODY_BYTES", LONGEST_BODY_BYTES, 4096, 64 * 1024 * 1024),
        trusted_proxies=read.number("TRUSTED_PROXIES", 0, 0, 8),
        rate_limits=read.limits("RATE_LIMITS"),
    )
    _look_at_ways_in(read, config)
    if read.mistakes:
        raise BadConfiguration(read.mistakes)
    return config
