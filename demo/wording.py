"""What residents write and answer: texts from phrases.toml, answers that fit the questions in town.toml."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from demo.places import Place

HERE = Path(__file__).parent
Answers = dict[str, Any]
Words = dict[str, Any]

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
WRITTEN: dict[str, list[str]] = {  # answers to questions that ask for words
    "hours": ["22:00 – 02:00", "from six in the morning", "all night", "Fri + Sat until 3", "11 pm to 4 am", "all day"],
    "who": [
        "A white van, I did not see the plate.", "Two men with a trailer, around ten in the evening.",
        "Someone from the building site opposite.", "Blue pickup, plate began with BR 7.",
    ],
}  # fmt: skip


def categories() -> dict[str, dict[str, Any]]:
    """The categories of town.toml."""
    return tomllib.loads((HERE / "town.toml").read_text(encoding="utf-8"))["categories"]


def phrases() -> dict[str, Words]:
    return tomllib.loads((HERE / "phrases.toml").read_text(encoding="utf-8"))


def answers(questions: list[dict[str, Any]], on: date, chance: Random) -> Answers:
    """An answer to every required question and to most of the others; never one that is a stop."""
    given: Answers = {}
    for question in questions:
        if _is_asked(question, given) and (question["required"] or chance.random() < 0.6):
            given[question["code"]] = _answer(question, on, chance)
    return given


def description(words: Words, common: Words, given: Answers, place: Place, tongue: str, chance: Random) -> str:
    """One report in the resident's words; a few write a line, most two or three sentences, some a letter.

    words, common: of this category and of all, from phrases.toml. tongue: the language.
    """
    names = {"at": place.at[tongue], "street": place.street, "cross": place.cross}
    if chance.random() < 0.13:
        return chance.choice(words["short"][tongue]).format(**names)
    habit = common[tongue]
    sentences = [chance.choice(words["open"][tongue])]
    sentences += [chance.choice(said[tongue]) for said in said_by(words, given) if chance.random() < 0.8]
    sentences += chance.sample(words["more"][tongue], chance.choices([0, 1, 2], [4, 5, 2])[0])
    if words.get("lasting", True) and chance.random() < 0.3:
        names["since"] = chance.choice(habit["since"])
        sentences.append(chance.choice(habit["lasting"]))
    if chance.random() < 0.05:
        sentences.append(chance.choice(common["story"][tongue]))
    if chance.random() < 0.35:
        sentences.append(chance.choice(habit["close"]))
    return _in_a_manner(" ".join(sentences).format(**names), chance)


def _in_a_manner(text: str, chance: Random) -> str:
    """Not everybody writes by the book."""
    manner = chance.random()
    if manner < 0.05:
        return text.lower().replace(".", ",").rstrip(",")
    if manner < 0.065:
        return text.upper()
    return text.rstrip(".") if manner < 0.12 else text


def said_by(words: Words, given: Answers) -> list[Words]:
    """What belongs to these answers: sentences by language, and sometimes what crews note when it is done."""
    found = []
    for question, by_choice in words["said"].items():
        value = given.get(question)
        first = value[0] if isinstance(value, list) else value
        if first in by_choice:
            found.append(by_choice[first])
    return found


def _is_asked(question: dict[str, Any], given: Answers) -> bool:
    when = question.get("when")
    if when is None:
        return True
    value = given.get(when["question"])
    if isinstance(value, bool):
        value = "yes" if value else "no"
    return any(item in when["is"] for item in (value if isinstance(value, list) else [value]))


def _answer(question: dict[str, Any], on: date, chance: Random) -> Any:
    kind, code = question["type"], question["code"]
    if kind in ("choice", "multi_choice"):
        codes = [choice["code"] for choice in question["choices"] if "stop" not in choice]
        likely = [1 / (rank + 1) ** 0.6 for rank in range(len(codes))]
        first = chance.choices(codes, likely)[0]
        if kind == "choice":
            return first
        others = [other for other in codes if other != first]
        return [first, *chance.sample(others, min(chance.choices([0, 1, 2], [6, 3, 1])[0], len(others)))]
    if kind == "yes_no":
        return chance.random() < 0.3
    if kind == "number":
        return min(question["min"] + int(chance.expovariate(1 / 8)), question["max"])
    if kind == "date":
        return (on - timedelta(days=chance.choices([0, 1, 2, 9, 20], [5, 4, 2, 1, 1])[0])).isoformat()
    return _written(code, chance)[: question["max_length"]]


def _written(code: str, chance: Random) -> str:
    if code in WRITTEN:
        return chance.choice(WRITTEN[code])
    letters = "".join(chance.choice(LETTERS) for _ in range(2))
    if code == "plate":
        return f"{letters} {chance.randint(100, 999)} {chance.choice(LETTERS)}"
    return (
        f"{letters[0]} {chance.randint(1, 1999)}" if code == "pole_number" else f"{chance.randint(1, 12)}{letters[0]}"
    )
