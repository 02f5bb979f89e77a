"""Which column of a file holds the areas' codes and which their names, and the values made fit to be keys and labels."""

import re
from collections import Counter
from math import isfinite
from typing import Any

from geo.readers import Features, UnusableFile

LONGEST_CODE = 80
LONGEST_NAME = 200
MOST_NAMED = 8  # mistakes of one kind that are spelled out

_MACHINE_MADE = re.compile(
    r"(?i)^(objectid.*|fid|gid|ogc_fid|global_?id|shape.*|st_?(area|length).*|edit_?date|.*_date)$"
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def choose_columns(features: Features, code_field: str | None, name_field: str | None) -> tuple[str, str]:
    """The columns for code and name: those that were asked for, or the only ones that can be meant.

    Raises UnusableFile, which lists the columns that there are.
    """
    code = _asked_for(features, code_field, "code") or _only_code(features)
    name = _asked_for(features, name_field, "name") or _only_name(features, code)
    return code, name


def keys_of(features: Features, column: str) -> list[str]:
    """Every feature's code. Raises UnusableFile naming those without one, and those that share one."""
    codes = [as_text(value) for value in features.columns[column]]
    mistakes = [
        f"{features.source}: feature {number} has no {column}." for number, code in enumerate(codes, 1) if not code
    ][:MOST_NAMED]
    shared = [(code, count) for code, count in Counter(codes).items() if code and count > 1]
    for code, count in shared[:MOST_NAMED]:
        mistakes.append(f"{features.source}: {count} features have the {column} {code!r}; codes must differ.")
    if len(shared) > MOST_NAMED:
        mistakes.append(f"{features.source}: {len(shared) - MOST_NAMED} more codes occur more than once.")
    mistakes += [_unfit(features, column, code, LONGEST_CODE) for code in codes if not _is_fit(code, LONGEST_CODE)]
    if mistakes:
        raise UnusableFile(*mistakes)
    return codes


def labels_of(features: Features, column: str, codes: list[str]) -> list[str]:
    """Every feature's name; its code where the name is empty. Raises UnusableFile for names that cannot be shown."""
    names = [as_text(value) or code for value, code in zip(features.columns[column], codes, strict=True)]
    mistakes = [_unfit(features, column, name, LONGEST_NAME) for name in names if not _is_fit(name, LONGEST_NAME)]
    if mistakes:
        raise UnusableFile(*mistakes[:MOST_NAMED])
    return names


def as_text(value: Any) -> str:
    """A cell as people write it: 5.0 is 5, a missing value is empty, no space around."""
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _asked_for(features: Features, field: str | None, what: str) -> str | None:
    if field is None:
        return None
    if field not in features.columns:
        raise UnusableFile(f"{features.source} has no field {field!r} for the {what}. {_listed(features)}")
    return field


def _only_code(features: Features) -> str:
    """A column called code, or the only one that tells all areas apart and that people could write."""
    named = [name for name in features.columns if name.lower() == "code"]
    fit = named if len(named) == 1 else [name for name in features.columns if _tells_apart(features, name)]
    if len(fit) != 1:
        hint = f"Any of {', '.join(fit)} could be it. " if fit else "None tells all areas apart. "
        raise UnusableFile(
            f"{features.source}: say which field holds the code, with --code-field. {hint}{_listed(features)}"
        )
    return fit[0]


def _only_name(features: Features, code: str) -> str:
    """A column called name, else the code, when no other could be meant."""
    named = [column for column in features.columns if re.fullmatch(r"(?i)name|.*[_ ]name", column)]
    if len(named) > 1:
        raise UnusableFile(
            f"{features.source}: say which field holds the name, with --name-field. "
            f"Any of {', '.join(named)} could be it. {_listed(features)}"
        )
    return named[0] if named else code


def _tells_apart(features: Features, column: str) -> bool:
    if _MACHINE_MADE.match(column):
        return False
    values = features.columns[column]
    if any(isinstance(value, float) and not value.is_integer() for value in values):
        return False
    texts = [as_text(value) for value in values]
    return all(0 < len(text) <= LONGEST_CODE for text in texts) and len(set(texts)) == len(texts) > 0


def _listed(features: Features) -> str:
    if not features.columns:
        return "It has no fields at all."
    return (
        "Its fields are "
        + ", ".join(f"{name} (such as {_example(values)})" for name, values in features.columns.items())
        + "."
    )


def _example(values: list[Any]) -> str:
    text = as_text(next(iter(values), None))
    return repr(text if len(text) <= 24 else text[:23] + "…")


def _is_fit(text: str, longest: int) -> bool:
    return len(text) <= longest and not _CONTROL.search(text)


def _unfit(features: Features, column: str, text: str, longest: int) -> str:
    why = f"is longer than {longest} characters" if len(text) > longest else "holds control characters"
    return f"{features.source}: the {column} {text[:40]!r} {why}."
