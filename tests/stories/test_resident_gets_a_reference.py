"""Each report has a short reference that can be read out on the telephone."""

import re
from itertools import pairwise

import pytest


def test_the_reference_can_be_read_out_on_the_telephone(a_report):
    references = {a_report().reference for _ in range(5)}

    assert len(references) == 5
    assert all(re.fullmatch(r"[2-9BCDFGHJKMNPQRSTVWXYZ]{3}-[2-9BCDFGHJKMNPQRSTVWXYZ]{4}", it) for it in references)


def test_references_never_repeat_and_neighbours_look_unlike(database):
    made = [row["r"] for row in database.rows("SELECT report_reference(n) AS r FROM generate_series(1, 50000) n")]

    assert len(set(made)) == len(made)
    likeness = [sum(a == b for a, b in zip(one[:6], two[:6], strict=True)) for one, two in pairwise(made)]
    assert max(likeness) < 6


@pytest.mark.parametrize("place", range(6))
def test_one_letter_heard_wrong_never_names_another_report(database, place):
    # A number's place among the references is (number * 275604541 + 98765432) mod 28^6, written with 28 letters, lowest
    # first. So these are all the references that differ in one letter: the seventh must differ too.
    for others in (0, 123456789, 28**6 - 1):
        rests = [others - others // 28**place % 28 * 28**place + digit * 28**place for digit in range(28)]
        numbers = [(rest - 98765432) * pow(275604541, -1, 28**6) % 28**6 for rest in rests]
        made = [row["r"].replace("-", "") for row in database.rows("SELECT report_reference(unnest(%s)) r", numbers)]

        assert len({letters[:place] + letters[place + 1 : 6] for letters in made}) == 1
        assert len({letters[place] for letters in made}) == 28
        assert len({letters[6] for letters in made}) == 28
