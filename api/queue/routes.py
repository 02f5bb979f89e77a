"""All routes of the queue: each of these modules adds its own."""

from api.queue import filters, reading  # noqa: F401
from api.queue.reading import queue

__all__ = ["queue"]
