"""What Flask's `request` and `g` stand for. Each look through these proxies takes a microsecond, so hot paths look once."""

from typing import Any

from flask import g, request


def this_request() -> Any:
    """The request itself."""
    return request._get_current_object()  # type: ignore[attr-defined]


def this_context() -> Any:
    """What is kept for the length of this request."""
    return g._get_current_object()
