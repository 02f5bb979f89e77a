"""Where bytes are kept: S3. The only file that imports boto3."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
from botocore.client import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError

from core.config import Config

# What says how an object is handed out, beside its bytes.
HEADERS = ("ContentType", "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "Metadata")
_CHUNK_BYTES = 1024 * 1024
_WORDS = {"404": "no such bucket", "NoSuchBucket": "no such bucket", "403": "these keys are refused"}
_ABSENT = ("404", "NoSuchKey", "NoSuchBucket")
_QUICK = {"connect_timeout": 1, "read_timeout": 2, "retries": {"max_attempts": 0}}


def client(config: Config, **options: Any) -> Any:
    """An S3 client for the town's store; path-style addresses, because a store on one machine has no wildcard name."""
    return boto3.client(
        "s3",
        endpoint_url=config.s3_endpoint,
        region_name=config.s3_region,
        aws_access_key_id=config.s3_access_key_id,
        aws_secret_access_key=config.s3_secret_access_key,
        config=ClientConfig(s3={"addressing_style": "path"}, signature_version="s3v4", **options),
    )


def ensure_bucket(config: Config) -> bool:
    """Make the bucket when it is missing; repeating it changes nothing. False when the store does not let us."""
    store = client(config, connect_timeout=3, read_timeout=10, retries={"max_attempts": 1})
    try:
        try:
            store.head_bucket(Bucket=config.s3_bucket)
        except ClientError as fault:
            if fault.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
                raise
            store.create_bucket(Bucket=config.s3_bucket)
    except (BotoCoreError, ClientError):
        return False
    return True


_probes: dict[str, Any] = {}


def is_storage_there(config: Config) -> bool:
    """Whether the bucket answers within about two seconds."""
    probe = _probes.setdefault(config.s3_endpoint, None) or client(config, **_QUICK)
    _probes[config.s3_endpoint] = probe
    try:
        probe.head_bucket(Bucket=config.s3_bucket)
    except (BotoCoreError, ClientError):
        return False
    return True


class StorageFailed(Exception):
    """The store did not do what it was asked; the text says what it answered."""


@dataclass(frozen=True)
class Listed:
    """An object as the list of the bucket names it. `tag` changes when its bytes do."""

    key: str
    bytes: int
    tag: str


@dataclass(frozen=True)
class Fetched:
    """What was written to a file, and how the object is handed out."""

    bytes: int
    sha256: str
    headers: dict[str, Any]


class Bucket:
    """The town's bucket, for who copies all of it. Threads may share it. Each method raises StorageFailed."""

    def __init__(self, config: Config, tries: int = 5):
        self.name = config.s3_bucket
        self._store = client(
            config, connect_timeout=5, read_timeout=60, retries={"total_max_attempts": tries}, max_pool_connections=16
        )

    def each(self) -> Iterator[Listed]:
        """Every object, in the order of their keys."""
        with _named_faults(self.name):
            for page in self._store.get_paginator("list_objects_v2").paginate(Bucket=self.name):
                for found in page.get("Contents", []):
                    yield Listed(found["Key"], found["Size"], found["ETag"])

    def fetch(self, key: str, path: Path) -> Fetched | None:
        """Write an object to a file; None when it is no longer there."""
        with _named_faults(key):
            try:
                found = self._store.get_object(Bucket=self.name, Key=key)
            except ClientError as fault:
                if fault.response["Error"]["Code"] in _ABSENT:
                    return None
                raise
            hashed, size = hashlib.sha256(), 0
            with path.open("wb") as file:
                for chunk in found["Body"].iter_chunks(_CHUNK_BYTES):
                    file.write(chunk)
                    hashed.update(chunk)
                    size += len(chunk)
            return Fetched(size, hashed.hexdigest(), {name: found[name] for name in HEADERS if found.get(name)})

    def put(self, key: str, path: Path, headers: dict[str, Any]) -> None:
        """Store a file as an object, in place of one that has this key."""
        known = {name: value for name, value in headers.items() if name in HEADERS}
        with _named_faults(key), path.open("rb") as file:
            self._store.put_object(Bucket=self.name, Key=key, Body=file, **known)

    def try_out(self) -> None:
        """Write a small object, read it and take it away again."""
        key, content = f"probe/{uuid4()}", b"Written by mendway doctor, and taken away at once."
        with _named_faults(self.name):
            self._store.head_bucket(Bucket=self.name)  # some stores make a bucket that is missing when it is written to
            self._store.put_object(Bucket=self.name, Key=key, Body=content)
            try:
                if self._store.get_object(Bucket=self.name, Key=key)["Body"].read() != content:
                    raise StorageFailed(f"{self.name}: what was read is not what was written.")
            finally:
                self._store.delete_object(Bucket=self.name, Key=key)


@contextmanager
def _named_faults(what: str) -> Iterator[None]:
    try:
        yield
    except ClientError as fault:
        code = fault.response["Error"].get("Code", "refused")
        raise StorageFailed(f"{what}: {_WORDS.get(code, code)}") from fault
    except BotoCoreError as fault:
        # Its own text may hold the address with what was signed; the kind of fault says enough.
        raise StorageFailed(f"{what}: {type(fault).__name__}") from fault
