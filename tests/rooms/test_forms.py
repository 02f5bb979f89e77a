"""Answers against a category's form, without a server."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import FieldError, Invalid, StopInstead
from domain.forms import check_answers, has_control_characters

STOP = {"number": "911", "text": {"en": "Call.", "es": "Llame."}}


def question(code="q", kind="text", **more):
    return {"code": code, "type": kind, "label": {"en": code}, **more}


def form(*questions, stop=None):
    return {"questions": list(questions), "stop": stop}


def checked(questions, answers, language="en"):
    return check_answers(form(*questions), answers, language, "en")


def faults(questions, answers) -> list[FieldError]:
    with pytest.raises(Invalid) as caught:
        checked(questions, answers)
    return caught.value.errors


def choices(*codes, stop=()):
    return [{"code": code, "label": {"en": code}, "stop": STOP if code in stop else None} for code in codes]


# --- what comes out ---


def test_private_answers_are_kept_apart():
    both = [question("seen", private=True), question("size")]

    assert checked(both, {"seen": "a man", "size": "big"}) == ({"size": "big"}, {"seen": "a man"})


def test_an_answer_of_null_is_no_answer():
    assert checked([question()], {"q": None}) == ({}, {})


@pytest.mark.parametrize(
    ("kind", "value", "more"),
    [
        ("text", "x" * 1000, {}),
        ("text", "a\nb\tc", {}),
        ("text", "ab", {"max_length": 2}),
        ("number", 5, {"min": 5, "max": 5}),
        ("number", -0.5, {}),
        ("number", 1e300, {}),
        ("yes_no", False, {}),
        ("date", "2024-02-29", {}),
        ("choice", "a", {"choices": choices("a", "b")}),
        ("multi_choice", ["b", "a"], {"choices": choices("a", "b")}),
        ("multi_choice", [], {"choices": choices("a", "b")}),
    ],
)
def test_an_answer_that_fits_is_kept_as_it_is(kind, value, more):
    assert checked([question(kind=kind, **more)], {"q": value}) == ({"q": value}, {})


@pytest.mark.parametrize(
    ("kind", "value", "more", "code"),
    [
        ("text", "x" * 1001, {}, "too-long"),
        ("text", "abc", {"max_length": 2}, "too-long"),
        ("text", "a\x00", {}, "control-character"),
        ("text", ["a"], {}, "wrong-type"),
        ("number", "5", {}, "wrong-type"),
        ("number", True, {}, "wrong-type"),
        ("number", float("inf"), {}, "not-a-number"),
        ("number", float("nan"), {}, "not-a-number"),
        ("number", 4.999, {"min": 5}, "too-small"),
        ("number", 5.001, {"max": 5}, "too-large"),
        ("number", -1, {"min": 0}, "too-small"),
        ("number", 1, {"max": 0}, "too-large"),
        ("yes_no", "yes", {}, "wrong-type"),
        ("yes_no", 0, {}, "wrong-type"),
        ("date", "2023-02-29", {}, "not-a-time"),
        ("date", "2023-02-29T00:00:00Z", {}, "not-a-time"),
        ("date", "20230228", {}, "not-a-time"),
        ("date", "2023-W09-2", {}, "not-a-time"),
        ("date", "٢٠٢٣-02-28", {}, "not-a-time"),
        ("date", {}, {}, "not-a-time"),
        ("choice", "c", {"choices": choices("a", "b")}, "unknown-choice"),
        ("choice", True, {"choices": choices("a", "b")}, "unknown-choice"),
        ("multi_choice", "a", {"choices": choices("a", "b")}, "wrong-type"),
        ("multi_choice", ["a", "c"], {"choices": choices("a", "b")}, "unknown-choice"),
        ("multi_choice", [None], {"choices": choices("a", "b")}, "unknown-choice"),
        ("multi_choice", ["a"] * 51, {"choices": choices("a", "b")}, "too-long"),
    ],
)
def test_an_answer_that_does_not_fit_is_named(kind, value, more, code):
    (fault,) = faults([question(kind=kind, **more)], {"q": value})

    assert (fault.pointer, fault.code) == ("/answers/q", code)


# --- what must be answered ---


@pytest.mark.parametrize("answers", [{}, {"q": None}, {"q": ""}, {"q": " \n "}])
def test_a_required_text_must_say_something(answers):
    (fault,) = faults([question(required=True)], answers)

    assert (fault.pointer, fault.code) == ("/answers/q", "required")


def test_of_required_choices_at_least_one_must_be_made():
    (fault,) = faults([question(kind="multi_choice", required=True, choices=choices("a"))], {"q": []})

    assert fault.code == "required"


@pytest.mark.parametrize("value", [False, 0, "0"])
def test_no_and_nought_are_answers(value):
    kind = {bool: "yes_no", int: "number", str: "text"}[type(value)]

    assert checked([question(kind=kind, required=True)], {"q": value}) == ({"q": value}, {})


@pytest.mark.parametrize(
    ("kind", "earlier", "is_asked"),
    [
        ("yes_no", True, True),
        ("yes_no", False, False),
        ("choice", "yes", True),
        ("choice", "no", False),
        ("multi_choice", ["no", "yes"], True),
        ("multi_choice", ["no"], False),
        ("choice", None, False),
    ],
)
def test_a_question_is_only_asked_after_certain_answers(kind, earlier, is_asked):
    two = [
        question("first", kind, choices=choices("yes", "no")),
        question("second", required=True, when={"question": "first", "is": ["yes"]}),
    ]

    if is_asked:
        assert [fault.pointer for fault in faults(two, {"first": earlier})] == ["/answers/second"]
    else:
        checked(two, {"first": earlier})


def test_an_answer_to_what_is_not_asked_is_still_held_against_its_question():
    two = [question("first", "yes_no"), question("second", "number", when={"question": "first", "is": ["yes"]})]

    assert [fault.code for fault in faults(two, {"first": False, "second": "x"})] == ["wrong-type"]


# --- stops ---


def test_a_category_that_is_a_stop_stops_whatever_the_answers():
    with pytest.raises(StopInstead) as caught:
        check_answers(form(stop=STOP), {"nonsense": 1}, "es", "en")

    assert caught.value.facts == {"number": "911", "text": "Llame."}


def test_a_stop_falls_back_to_the_towns_language():
    with pytest.raises(StopInstead) as caught:
        check_answers(form(stop=STOP), {}, "fr", "en")

    assert caught.value.facts["text"] == "Call."


@pytest.mark.parametrize(("kind", "answer"), [("choice", "fire"), ("multi_choice", ["smoke", "fire"])])
def test_an_answer_that_is_a_stop_stops(kind, answer):
    with pytest.raises(StopInstead):
        checked([question(kind=kind, choices=choices("smoke", "fire", stop=["fire"]))], {"q": answer})


def test_somebody_in_danger_is_told_to_call_though_the_form_is_not_finished():
    # The number comes first; that another answer is missing can wait.
    both = [
        question("what", "choice", choices=choices("smoke", "fire", stop=["fire"])),
        question("name", required=True),
    ]

    with pytest.raises(StopInstead):
        checked(both, {"what": "fire"})


# --- nothing that JSON can say is a surprise ---

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
EVERY_KIND = [
    question("a", "text", required=True),
    question("b", "number", min=0, max=10, private=True),
    question("c", "yes_no"),
    question("d", "date"),
    question("e", "choice", choices=choices("x", "y", stop=["y"])),
    question("f", "multi_choice", choices=choices("x", "y", stop=["y"])),
    question("g", "text", required=True, when={"question": "f", "is": ["x"]}),
    question("h", "text", required=True, when={"question": "c", "is": ["no"]}),
]


@given(st.dictionaries(st.sampled_from("abcdefghz") | st.text(max_size=3), ANYTHING))
def test_any_answers_are_kept_refused_or_a_stop(answers):
    try:
        public, private = checked(EVERY_KIND, answers)
    except (Invalid, StopInstead):
        return
    assert public | private == {code: value for code, value in answers.items() if value is not None}
    assert set(private) <= {"b"}


@given(st.text())
def test_control_characters_are_those_of_unicode_but_line_feed_and_tab(text):
    assert has_control_characters(text) == any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in text)
