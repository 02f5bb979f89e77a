"""The categories' forms, kept in the process: a form's version is a hash of its content, so what is kept never goes stale."""

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core.db import transaction
from domain.city import Category, CategoryForm
from domain.errors import FieldError, FormExpired, Invalid

CURRENT_FRESH_S = 15.0  # a report without form_version is checked against the form of at most this long ago
RELOAD_AT_MOST_EVERY_S = 1.0


@dataclass(frozen=True)
class KeptForm:
    """One edition of one category's form."""

    version: str
    form: dict[str, Any]


class Forms:
    """What this process knows of the forms."""

    def __init__(self) -> None:
        self._by_version: dict[tuple[str, str], KeptForm] = {}
        self._current: dict[str, KeptForm] = {}
        self._loaded_at = -CURRENT_FRESH_S

    def find(self, category: str, version: str | None) -> KeptForm:
        """The form that a report was filled in with; the current one when it does not say.

        Raises Invalid for an unknown category, FormExpired for a version that is not known.
        """
        if time.monotonic() - self._loaded_at > CURRENT_FRESH_S:
            self._load()
        found = self._look(category, version)
        if found is None and time.monotonic() - self._loaded_at > RELOAD_AT_MOST_EVERY_S:
            self._load()
            found = self._look(category, version)
        if found is not None:
            return found
        if version is not None and category in self._current:
            raise FormExpired(
                errors=[FieldError("/form_version", "not-offered", {"choices": [self._current[category].version]})]
            )
        raise Invalid([FieldError("/category", "unknown-category")])

    def forget(self) -> None:
        """Look everything up afresh next time."""
        self._loaded_at = -CURRENT_FRESH_S

    def _look(self, category: str, version: str | None) -> KeptForm | None:
        return self._current.get(category) if version is None else self._by_version.get((category, version))

    def _load(self) -> None:
        with transaction() as session:
            rows = session.execute(
                select(
                    Category.code, Category.active, CategoryForm.version, CategoryForm.form, CategoryForm.retired_at
                ).join(CategoryForm, CategoryForm.category_id == Category.id)
            ).all()
        self._by_version = {(row.code, row.version): KeptForm(row.version, row.form) for row in rows}
        self._current = {
            row.code: self._by_version[row.code, row.version] for row in rows if row.active and row.retired_at is None
        }
        self._loaded_at = time.monotonic()


forms = Forms()
