"""What a town says of moderation: the table [moderation] of town.toml."""

from actions.catalogue.parts import Part
from actions.catalogue.plan import Values
from domain.moderation import HOLD_AFTER_FLAGS

MOST_FLAGS = 1_000


def read_moderation(whole: Part, categories: dict[str, Part]) -> Values:
    """The table [moderation] with every key; empty when there is no such table."""
    part = whole.inner("moderation")
    if part is None:
        return {}
    values: Values = {
        "hold_after_flags": part.whole("hold_after_flags", HOLD_AFTER_FLAGS, 0, MOST_FLAGS),
        "hold_new": part.texts("hold_new"),
    }
    for number, code in enumerate(values["hold_new"]):
        if code not in categories:
            part.wrong(("hold_new", number), "unknown-category", "no-such", what="category", value=code)
    part.finish()
    return values
