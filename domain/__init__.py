"""What the city talks about: tables, statuses, errors, who may see what. Imports nobody but core."""

# Every table module is imported here, or the worker's first query fails on a missing table.
from domain import bulk, city, clocks, identities, messages, moderation, packages, people, reports, sessions, workflow  # noqa: F401
from domain.base import Base

__all__ = ["Base"]
