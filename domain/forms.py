"""A category's form: which answers fit its questions, and which answers mean that somebody should call instead."""

import re
from collections.abc import Callable
from datetime import date
from math import isfinite
from typing import Any

from domain.errors import FieldError, Invalid, StopInstead

LONGEST_TEXT = 1_000
MOST_CHOICES = 50

Form = dict[str, Any]
Question = dict[str, Any]


def check_answers(form: Form, answers: dict[str, Any], language: str, fallback: str) -> tuple[dict, dict]:
    """The answers that anyone may see, and those that only staff and the reporter may.

    Raises Invalid with a pointer for each wrong answer, StopInstead when the category or an answer is a stop.
    """
    # First of all: who is in danger must not be sent back to complete a form.
    refuse_stop(form.get("stop"), language, fallback)
    _refuse_stopping_choices(form, answers, language, fallback)
    errors = [
        FieldError(_pointer(code), "unknown-question") for code in answers if code not in _codes(form["questions"])
    ]
    public: dict[str, Any] = {}
    private: dict[str, Any] = {}
    for question in form["questions"]:
        code = question["code"]
        value = answers.get(code)
        if question.get("required") and _says_nothing(value) and _is_asked(question, answers):
            errors.append(FieldError(_pointer(code), "required"))
            continue
        if value is None:
            continue
        if (wrong := _CHECKS[question["type"]](question, value)) is not None:
            errors.append(FieldError(_pointer(code), *wrong))
            continue
        (private if question.get("private") else public)[code] = value
    if errors:
        raise Invalid(errors)
    return public, private


def check_given_answers(form: Form, answers: dict[str, Any]) -> tuple[dict, dict]:
    """Only what is given: the answers that anyone may see, and those that only staff and the reporter may.

    Nothing is demanded, nobody is told to call instead, and null is no answer. Raises Invalid with a pointer for each that
    is wrong.
    """
    questions = {question["code"]: question for question in form["questions"]}
    sorted_out: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    errors: list[FieldError] = []
    for code, value in answers.items():
        question = questions.get(code)
        if question is None:
            errors.append(FieldError(_pointer(code), "unknown-question"))
        elif value is not None and (wrong := _CHECKS[question["type"]](question, value)) is not None:
            errors.append(FieldError(_pointer(code), *wrong))
        elif value is not None:
            sorted_out[bool(question.get("private"))][code] = value
    if errors:
        raise Invalid(errors)
    return sorted_out


def refuse_stop(stop: dict[str, Any] | None, language: str, fallback: str) -> None:
    """Raise StopInstead when there is a stop: somebody should call a number instead of reporting."""
    if stop:
        words = stop["text"]
        raise StopInstead(number=stop["number"], text=words.get(language) or words[fallback])


def _pointer(code: str) -> str:
    """The answer to a question as a JSON pointer (RFC 6901)."""
    return "/answers/" + code.replace("~", "~0").replace("/", "~1")


def _codes(questions: list[Question]) -> set[str]:
    return {question["code"] for question in questions}


def _says_nothing(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _is_asked(question: Question, answers: dict[str, Any]) -> bool:
    when = question.get("when")
    if not when:
        return True
    given = answers.get(when["question"])
    chosen = given if isinstance(given, list) else [_as_code(given)]
    return any(value in when["is"] for value in chosen)


def _as_code(value: Any) -> Any:
    """Yes-or-no answers are named "yes" and "no" in conditions."""
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


def _refuse_stopping_choices(form: Form, answers: dict[str, Any], language: str, fallback: str) -> None:
    for question in form["questions"]:
        given = answers.get(question["code"])
        chosen = given if isinstance(given, list) else [given]
        for choice in question.get("choices") or ():
            if choice["code"] in chosen:
                refuse_stop(choice.get("stop"), language, fallback)


Wrong = tuple[str, dict[str, Any]] | None


def _check_choice(question: Question, value: Any) -> Wrong:
    return None if value in [choice["code"] for choice in question["choices"]] else ("unknown-choice", {})


def _check_multi(question: Question, value: Any) -> Wrong:
    if not isinstance(value, list):
        return "wrong-type", {"expected": "list"}
    if len(value) > MOST_CHOICES:
        return "too-long", {"max": MOST_CHOICES}
    return next((wrong for item in value if (wrong := _check_choice(question, item))), None)


def _check_yes_no(question: Question, value: Any) -> Wrong:
    return None if isinstance(value, bool) else ("wrong-type", {"expected": "boolean"})


def _check_number(question: Question, value: Any) -> Wrong:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "wrong-type", {"expected": "number"}
    if not isfinite(value):
        return "not-a-number", {}
    if question.get("min") is not None and value < question["min"]:
        return "too-small", {"min": question["min"]}
    if question.get("max") is not None and value > question["max"]:
        return "too-large", {"max": question["max"]}
    return None


def _check_text(question: Question, value: Any) -> Wrong:
    longest = question.get("max_length") or LONGEST_TEXT
    if not isinstance(value, str):
        return "wrong-type", {"expected": "string"}
    if len(value) > longest:
        return "too-long", {"max": longest}
    return ("control-character", {}) if has_control_characters(value) else None


def _check_date(question: Question, value: Any) -> Wrong:
    try:
        # fromisoformat also takes 20260301 and 2026-W09-7.
        return None if date.fromisoformat(value).isoformat() == value else ("not-a-time", {})
    except (TypeError, ValueError):
        return "not-a-time", {}


_CHECKS: dict[str, Callable[[Question, Any], Wrong]] = {
    "choice": _check_choice,
    "multi_choice": _check_multi,
    "yes_no": _check_yes_no,
    "number": _check_number,
    "text": _check_text,
    "date": _check_date,
}

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def has_control_characters(value: str) -> bool:
    """Whether the text holds C0 or C1 control characters other than line feed and tab."""
    return _CONTROL.search(value) is not None
