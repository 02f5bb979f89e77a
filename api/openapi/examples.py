"""Bodies as they look, for the schemas that an app meets first. A test holds each to its schema."""

from pathlib import Path
from typing import Any

import orjson

FOLDER = Path(__file__).parent / "examples"


def add_examples(schemas: dict[str, Any]) -> None:
    """Give each schema that has a file of its name in examples/ what the file holds."""
    for file in sorted(FOLDER.glob("*.json")):
        if file.stem in schemas:
            schemas[file.stem]["examples"] = [orjson.loads(file.read_bytes())]
