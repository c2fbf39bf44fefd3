"""Percentages and averages."""

from random import Random

from . import columns
from .problem import Problem
from .wording import chosen

PERCENT = [
    "What is {p}% of {n}?", "Find {p}% of {n}.", "Compute {p}% of {n}.", "Calculate {p} percent of {n}.", "What is {p} percent of {n}?",
    "{p}% of {n}", "How much is {p}% of {n}?", "Work out {p}% of {n}.", "Determine {p}% of {n}.", "{p}% of {n} is what number?",
]
DISCOUNT = [
    "A {o} costs ${n}. It is reduced by {p}%. What is the new price in dollars?",
    "The price of a {o} is ${n}. What does it cost after a {p}% discount?", "Decrease {n} by {p}%.",
    "A shop takes {p}% off a {o} that costs ${n}. What is the sale price?", "Reduce {n} by {p} percent.",
]
RISE = [
    "A {o} costs ${n}. The price rises by {p}%. What is the new price in dollars?", "Increase {n} by {p}%.",
    "The price of a {o} is ${n}. What does it cost after a {p}% increase?", "Raise {n} by {p} percent.",
    "A {o} costs ${n} before {p}% tax. What is the price with tax?",
]
OBJECTS = ["coat", "book", "bike", "lamp", "phone", "chair", "bag", "watch", "shirt", "table", "game", "jacket"]


def share(p: int, n: int) -> tuple[list[str], int]:
    """The steps to p percent of n, by way of ten percent, a half or a quarter."""
    if p == 50:
        return ["50%: half", columns.division(n, 2)], n // 2
    if p in (25, 75):
        steps = ["25%: quarter", columns.division(n, 4)]
        return (steps if p == 25 else steps + ["75%", columns.short_multiplication(n // 4, 3)]), n * p // 100
    tenth = n // 10
    steps = [f"10%: {n}/10={tenth}"]
    if p == 5:
        return steps + ["5%: half", columns.division(tenth, 2)], tenth // 2
    if p > 10:
        steps += [f"{p}%", columns.short_multiplication(tenth, p // 10)]
    return steps, n * p // 100


def percentage(random: Random) -> Problem:
    p = random.choice([5, 10, 20, 30, 40, 60, 70, 80, 90, 25, 50, 75, 10, 20])
    n = random.randint(1, 50) * (4 if p in (25, 50, 75) else 20 if p == 5 else 10)
    steps, part = share(p, n)
    form = random.random()
    if form < 0.6 or p > 75:
        return Problem("percentage", f"{p},{n}", chosen(random, PERCENT, p=p, n=n), "\n".join([f"{p}% of {n}", *steps]), str(part))
    item = random.choice(OBJECTS)
    if form < 0.8:
        steps = [f"{n} less {p}%", *steps, columns.subtraction(n, part)]
        return Problem("percentage", f"{n}-{p}", chosen(random, DISCOUNT, p=p, n=n, o=item), "\n".join(steps), str(n - part))
    steps = [f"{n} and {p}%", *steps, columns.addition(n, part)]
    return Problem("percentage", f"{n}+{p}", chosen(random, RISE, p=p, n=n, o=item), "\n".join(steps), str(n + part))


AVERAGE = [
    "What is the average of {s}?", "Find the mean of {s}.", "Compute the average of {s}.", "Calculate the mean of {s}.",
    "What is the mean of {s}?", "Find the average of the numbers {s}.", "Work out the average of {s}.", "average of {s}",
    "The scores are {s}. What is the average score?", "Determine the arithmetic mean of {s}.",
]


def average(random: Random) -> Problem:
    count = random.randint(2, 4)
    while True:
        numbers = [random.randint(1, 40) for _ in range(count)]
        if sum(numbers) % count == 0:
            break
    steps, total = [", ".join(map(str, numbers)) + f": {count} numbers"], numbers[0]
    for number in numbers[1:]:
        steps.append(f"{total}+{number}={total + number}")
        total += number
    steps.append(f"{total}/{count}={total // count}")
    listed = ", ".join(map(str, numbers[:-1])) + (" and " if random.random() < 0.7 else ", ") + str(numbers[-1])
    question = chosen(random, AVERAGE, s=listed)
    return Problem("average", ",".join(map(str, sorted(numbers))), question, "\n".join(steps), str(total // count))
