"""OpenAPI Generator: makes clients in Kotlin, Swift and many other languages. Comes with a Java runtime of its own."""

from pathlib import Path

from tests.interop.peers.installed import python_environment


def openapi_generator() -> Path:
    """Its program. Raises NotHere."""
    return python_environment("openapi-generator") / "bin" / "openapi-generator-cli"
