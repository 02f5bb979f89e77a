"""Where bytes are kept: S3. The only file that imports boto3."""

from typing import Any

import boto3
from botocore.client import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError

from core.config import Config

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
