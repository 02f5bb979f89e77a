"""What the city talks about: tables, statuses, errors, who may see what. Imports nobody but core."""

# Every table module is imported here, or the worker's first query fails on a missing table.
from domain import city, messages, people, reports  # noqa: F401
from domain.base import Base

__all__ = ["Base"]
