"""The problems that pebble learns: families by name, and how to draw from them."""

from random import Random

from .algebra import linear, quadratic, sequence
from .arithmetic import addition, division, expression, multiplication, subtraction
from .number_theory import gcd, lcm, modular
from .problem import Problem
from .proportions import average, percentage
from .python_functions import python
from .small_talk import small_talk
from .word_problems import word

FAMILIES = {
    family.__name__: family
    for family in (
        addition, subtraction, multiplication, division, expression, gcd, lcm, modular, linear, quadratic, sequence, percentage, average,
        word, python, small_talk,
    )
}


def drawn(random: Random, family: str, held_out: bool) -> Problem:
    """A problem of the family from the side of the split that is asked for."""
    while True:
        problem = FAMILIES[family](random)
        if problem.held_out == held_out:
            return problem
