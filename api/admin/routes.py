"""All routes of administration: each of these modules adds its own."""

from api.admin import accounts, history, keys, layers, orders, questions, sections, staff_tokens, town  # noqa: F401
from api.admin.audience import administration

__all__ = ["administration"]
