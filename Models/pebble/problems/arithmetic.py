"""Addition, subtraction, multiplication, division and expressions."""

from random import Random

from . import columns
from .problem import Problem
from .wording import chosen


def operand(random: Random, most_digits: int, least_digits: int = 1) -> int:
    """A number whose count of digits is drawn first, so that short numbers are not rare."""
    count = random.randint(least_digits, most_digits)
    return random.randint(10 ** (count - 1) if count > 1 else 1, 10**count - 1)


ADDITION = [
    "What is {a} + {b}?", "{a} + {b}", "{a} + {b} = ?", "{a} + {b} =", "Compute {a} + {b}.", "Calculate {a} + {b}.", "Add {a} and {b}.",
    "Add {a} to {b}.", "What is the sum of {a} and {b}?", "Find the sum of {a} and {b}.", "What is {a} plus {b}?",
    "How much is {a} plus {b}?", "Work out {a} + {b}.", "{a} plus {b}?", "What do you get when you add {a} and {b}?",
    "Find {a} + {b}.", "Evaluate {a} + {b}.", "What's {a} + {b}?", "Determine the total of {a} and {b}.", "How much is {a} + {b}?",
    "Increase {a} by {b}. What is the result?", "What number is {b} more than {a}?", "Give the value of {a} + {b}.",
]
SUBTRACTION = [
    "What is {a} - {b}?", "{a} - {b}", "{a} - {b} = ?", "{a} - {b} =", "Compute {a} - {b}.", "Calculate {a} - {b}.", "Subtract {b} from {a}.",
    "What is the difference between {a} and {b}?", "Find the difference of {a} and {b}.", "What is {a} minus {b}?",
    "Take {b} away from {a}.", "How much is {a} minus {b}?", "Work out {a} - {b}.", "{a} minus {b}?", "What's {a} - {b}?",
    "How much larger is {a} than {b}?", "Find {a} - {b}.", "Evaluate {a} - {b}.", "What is {b} less than {a}?",
    "Decrease {a} by {b}. What is the result?", "How much is {a} - {b}?", "Give the value of {a} - {b}.",
]
MULTIPLICATION = [
    "What is {a} * {b}?", "{a} * {b}", "{a} * {b} = ?", "{a} * {b} =", "Compute {a} * {b}.", "Calculate {a} * {b}.", "Multiply {a} by {b}.",
    "What is {a} times {b}?", "Find the product of {a} and {b}.", "What is the product of {a} and {b}?", "{a} times {b}?",
    "Work out {a} x {b}.", "What is {a} x {b}?", "{a} x {b}", "Compute {a} \\times {b}.", "How much is {a} times {b}?",
    "What's {a} * {b}?", "Find {a} * {b}.", "Evaluate {a} * {b}.", "Multiply {a} and {b}.", "What is {a} multiplied by {b}?",
]
EXACT_DIVISION = [
    "What is {a} / {b}?", "{a} / {b}", "{a} / {b} = ?", "Compute {a} / {b}.", "Divide {a} by {b}.", "What is {a} divided by {b}?",
    "Calculate {a} / {b}.", "Work out {a} divided by {b}.", "How many times does {b} go into {a}?", "Find {a} / {b}.",
    "{a} divided by {b}?", "Find the quotient of {a} and {b}.", "What's {a} / {b}?", "How much is {a} divided by {b}?",
]
REMAINDER_DIVISION = [
    "Divide {a} by {b} with remainder.", "What are the quotient and remainder when {a} is divided by {b}?",
    "Find the quotient and remainder of {a} / {b}.", "Compute {a} / {b} with remainder.", "What is {a} divided by {b}, with remainder?",
    "Give the quotient and the remainder of {a} divided by {b}.", "Work out {a} / {b} and give the remainder too.",
    "Use long division to divide {a} by {b}. Give quotient and remainder.",
]


def addition(random: Random) -> Problem:
    a, b = operand(random, 4), operand(random, 4)
    low, high = sorted((a, b))
    return Problem("addition", f"{low},{high}", chosen(random, ADDITION, a=a, b=b), columns.addition(a, b), str(a + b))


def subtraction(random: Random) -> Problem:
    b, a = sorted((operand(random, 4), operand(random, 4)))
    return Problem("subtraction", f"{a},{b}", chosen(random, SUBTRACTION, a=a, b=b), columns.subtraction(a, b), str(a - b))


def multiplication(random: Random) -> Problem:
    if random.random() < 0.5:
        a, b = operand(random, 4), random.randint(2, 9)
    else:
        a, b = operand(random, 2, 2), operand(random, 2, 2)
    low, high = sorted((a, b))
    if b < 10 and random.random() < 0.25:
        question, thinking = chosen(random, MULTIPLICATION, a=b, b=a), columns.multiplication(b, a)
    else:
        question, thinking = chosen(random, MULTIPLICATION, a=a, b=b), columns.multiplication(a, b)
    return Problem("multiplication", f"{low},{high}", question, thinking, str(a * b))


def division(random: Random) -> Problem:
    b = random.randint(2, 12)
    a = operand(random, 4, 2)
    if random.random() < 0.5:
        a -= a % b
        a = a or b * random.randint(2, 9)
        return Problem("division", f"{a},{b}", chosen(random, EXACT_DIVISION, a=a, b=b), "quotient\n" + columns.division(a, b), str(a // b))
    question = chosen(random, REMAINDER_DIVISION, a=a, b=b)
    thinking = "quotient and remainder\n" + columns.division(a, b)
    return Problem("division", f"{a},{b}", question, thinking, f"{a // b} \\text{{ remainder }} {a % b}")


EXPRESSION = [
    "Evaluate {e}.", "What is {e}?", "Compute {e}.", "{e}", "{e} = ?", "Calculate {e}.", "Find the value of {e}.", "Work out {e}.",
    "What is the value of {e}?", "Simplify {e}.",
]


def expression(random: Random) -> Problem:
    a, b, c = random.randint(2, 30), random.randint(2, 9), random.randint(2, 9)
    form = random.randrange(5)
    if form == 0:
        text, steps, value = f"{a} + {b} * {c}", [f"{b}*{c}={b * c}", columns.addition(a, b * c)], a + b * c
    elif form == 1:
        text, steps, value = f"({a} + {b}) * {c}", [f"{a}+{b}={a + b}", columns.short_multiplication(a + b, c)], (a + b) * c
    elif form == 2:
        text, steps, value = f"{b} * {c} + {a}", [f"{b}*{c}={b * c}", columns.addition(b * c, a)], b * c + a
    elif form == 3:
        total = b * c + a
        text, steps, value = f"{total} - {b} * {c}", [f"{b}*{c}={b * c}", columns.subtraction(total, b * c)], a
    else:
        d = random.randint(2, 9)
        text, steps = f"{a} * {b} + {c} * {d}", [columns.short_multiplication(a, b), f"{c}*{d}={c * d}"]
        value = a * b + c * d
        steps.append(columns.addition(a * b, c * d))
    return Problem("expression", text, chosen(random, EXPRESSION, e=text), "\n".join([text, *steps]), str(value))
