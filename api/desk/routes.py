"""Every route of the desk; importing this makes them."""

from api.desk import correcting, moves, notes, relating, taking_in, wording  # noqa: F401
from api.desk.audience import desk

__all__ = ["desk"]
