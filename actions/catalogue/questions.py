"""The questions of a category, as town.toml writes them."""

from typing import Any

from actions.catalogue.parts import Part
from actions.catalogue.plan import Values
from domain.forms import LONGEST_TEXT, MOST_CHOICES

TYPES = ("choice", "multi_choice", "yes_no", "number", "text", "date")
_WITH_CHOICES = ("choice", "multi_choice")
_YES_NO = ["yes", "no"]
_LONGEST_NUMBER = 40  # of a telephone number
_ONLY_FOR = {"choices": _WITH_CHOICES, "min": ("number",), "max": ("number",), "max_length": ("text",)}


def read_questions(category: Part) -> list[Values]:
    """Every question in order, each with every key. Mistakes are noted."""
    answers: dict[str, list[str] | None] = {}  # earlier questions, and what `when` may ask of them
    questions = []
    parts = category.parts("questions")
    codes = {part.peek("code") for part in parts}
    for part in parts:
        question = _question(part, answers, codes)
        if question["code"] in answers:
            part.wrong("code", "duplicate", "duplicate-question", value=question["code"])
        elif question["code"] is not None:
            answers[question["code"]] = _possible_answers(question)
        questions.append(question)
    return questions


def read_stop(part: Part, key: str = "stop") -> Values | None:
    """Whom to call instead of reporting; None when it is no stop."""
    stop = part.inner(key)
    if stop is None:
        return None
    found = {"number": stop.text("number", required=True, longest=_LONGEST_NUMBER), "text": stop.words("text")}
    stop.finish()
    return found


def _question(part: Part, answers: dict[str, list[str] | None], codes: set[Any]) -> Values:
    kind = part.one_of("type", TYPES)
    question: Values = {
        "code": part.code("code"),
        "type": kind,
        "required": part.flag("required", default=False),
        "private": part.flag("private", default=False),
        "label": part.words("label"),
        "help": part.words("help", required=False),
        "min": part.number("min"),
        "max": part.number("max"),
        "max_length": part.whole("max_length", None, 1, LONGEST_TEXT),
        "choices": _choices(part, kind),
        "when": _when(part, answers, codes),
    }
    for key, kinds in _ONLY_FOR.items():
        if kind is not None and kind not in kinds and question[key] not in (None, []):
            part.wrong(key, "not-for-this-type", types=list(kinds), type=kind)
    if question["min"] is not None and question["max"] is not None and question["min"] > question["max"]:
        part.wrong("max", "max-below-min", min=question["min"])
    part.finish()
    return question


def _choices(part: Part, kind: str | None) -> list[Values]:
    choices: list[Values] = []
    for choice in part.parts("choices"):
        found = {"code": choice.code("code"), "label": choice.words("label"), "stop": read_stop(choice)}
        if found["code"] is not None and found["code"] in [earlier["code"] for earlier in choices]:
            choice.wrong("code", "duplicate", "duplicate-choice", value=found["code"])
        choice.finish()
        choices.append(found)
    if kind in _WITH_CHOICES and not choices:
        part.wrong("choices", "required", "choices-needed")
    if len(choices) > MOST_CHOICES:
        part.wrong("choices", "too-many", count=len(choices), max=MOST_CHOICES)
    return choices


def _when(part: Part, answers: dict[str, list[str] | None], codes: set[Any]) -> Values | None:
    when = part.inner("when")
    if when is None:
        return None
    code = when.text("question", required=True)
    wanted = when.texts("is", required=True)
    when.finish()
    if code is not None and code not in answers:
        # Only earlier questions, so that no circle of questions that wait for each other can be written down.
        says = "waits-for-itself" if code == part.peek("code") else "waits-for-a-later-one" if code in codes else None
        when.wrong("question", "not-an-earlier-question", says, value=code)
    elif code is not None:
        possible = answers[code]
        if possible is None:
            when.wrong("question", "no-fixed-answers", value=code)
        else:
            for answer in wanted:
                if answer not in possible:
                    when.wrong("is", "unknown-choice", "unknown-answer", question=code, value=answer, known=possible)
    if when.has("is") and not wanted:
        when.wrong("is", "required", "no-answer-named")
    return {"question": code, "is": wanted}


def _possible_answers(question: dict[str, Any]) -> list[str] | None:
    if question["type"] in _WITH_CHOICES:
        return [choice["code"] for choice in question["choices"]]
    return _YES_NO if question["type"] == "yes_no" else None
