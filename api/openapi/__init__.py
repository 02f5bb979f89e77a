"""The contract, openapi.yaml: what flask-smorest collects from the routes, finished so that people and generators can build on it.

document.py puts it together, about.py says what holds everywhere, operations.py finishes one operation, refusals.py lists
what may go wrong, shapes.py and codes.py finish the schemas, examples.py shows bodies.
"""

from api.openapi.about import VERSION
from api.openapi.document import as_yaml, document

__all__ = ["VERSION", "as_yaml", "document"]
