"""Short stories about numbers, with one or two steps of arithmetic."""

from random import Random

from . import columns
from .problem import Problem
from .wording import dressed

NAMES = [
    "Anna", "Ben", "Clara", "David", "Emma", "Finn", "Grace", "Henry", "Ivy", "Jack", "Kate", "Liam", "Mia", "Noah", "Olga", "Paul",
    "Rosa", "Sam", "Tina", "Tom", "Maria", "Peter", "Lena", "Omar", "Sara", "Lucy", "Max", "Nina",
]
THINGS = [
    "apples", "books", "coins", "marbles", "pencils", "stickers", "cards", "eggs", "shells", "stamps", "cookies", "flowers", "oranges",
    "balloons", "candies", "toys", "stones", "pears", "tickets", "buttons",
]
BOXES = ["boxes", "bags", "baskets", "shelves", "crates", "packs", "jars", "rows", "plates"]

MORE = [
    "{n} has {a} {t}. {m} gives {n} {b} more. How many {t} does {n} have now?",
    "{n} has {a} {t} and buys {b} more. How many {t} does {n} have in total?",
    "{n} collected {a} {t} on Monday and {b} {t} on Tuesday. How many {t} is that altogether?",
    "There are {a} {t} on the table. {n} adds {b} {t}. How many {t} are there?",
    "{n} has {a} {t} and {m} has {b} {t}. How many {t} do they have together?",
    "{n} finds {a} {t}. Later {n} finds {b} more. How many {t} did {n} find?",
    "{m} has {b} more {t} than {n}, who has {a}. How many {t} does {m} have?",
]
LESS = [
    "{n} has {a} {t}. {n} gives {b} to {m}. How many {t} are left?",
    "{n} had {a} {t} and lost {b} of them. How many {t} does {n} have now?",
    "There were {a} {t} in the shop. {b} were sold. How many {t} remain?",
    "{n} has {a} {t} and {m} has {b}. How many more {t} does {n} have?",
    "{n} had {a} {t}. {m} took {b} {t}. How many {t} does {n} still have?",
    "Out of {a} {t}, {b} are broken. How many {t} are not broken?",
    "{n} needs {a} {t} and already has {b}. How many more {t} does {n} need?",
]
GROUPS = [
    "There are {a} {c} with {b} {t} each. How many {t} are there?",
    "{n} fills {a} {c}. Each holds {b} {t}. How many {t} is that in total?",
    "{n} buys {a} {c} of {t}. There are {b} {t} in each. How many {t} does {n} have?",
    "Each of {a} children gets {b} {t}. How many {t} are needed?",
    "One of the {t} costs ${b}. {n} buys {a}. How many dollars does {n} pay?",
    "{n} reads {b} pages every day. How many pages does {n} read in {a} days?",
    "A car drives {b} miles every hour. How far does it go in {a} hours?",
]
SHARE = [
    "{n} shares {a} {t} equally among {b} friends. How many {t} does each friend get?",
    "{a} {t} are packed into {b} {c} equally. How many {t} are in each?",
    "{n} has {a} {t} and puts {b} in each bag. How many bags does {n} need?",
    "{b} tickets cost ${a} in total. How many dollars does one ticket cost?",
    "A ribbon of {a} cm is cut into {b} equal pieces. How long is each piece in cm?",
]
GROUPS_MORE = [
    "{n} has {a} {c} with {b} {t} each and {d} more {t}. How many {t} does {n} have in total?",
    "{n} buys {a} tickets for ${b} each and a book for ${d}. How many dollars does {n} pay?",
    "There are {a} {c} of {b} {t}. {m} brings {d} more {t}. How many {t} are there now?",
]
GROUPS_LESS = [
    "{n} has {a} {c} with {b} {t} each and gives away {d} {t}. How many {t} are left?",
    "There are {a} {c} of {b} {t}. {m} takes {d} {t}. How many {t} remain?",
    "{n} buys {a} {c} of {b} {t} and loses {d} of the {t}. How many {t} does {n} still have?",
]
MORE_LESS = [
    "{n} has {a} {t}, finds {b} more and then gives away {d}. How many {t} does {n} have?",
    "There were {a} people on a bus. {b} got on and {d} got off. How many people are on the bus now?",
    "{n} had ${a}, earned ${b} and spent ${d}. How many dollars does {n} have now?",
]
PERIMETER = [
    "A rectangle is {a} cm long and {b} cm wide. What is its perimeter in cm?", "Find the perimeter of a rectangle with sides {a} and {b}.",
    "A garden is {a} m by {b} m. How long is a fence around it in m?",
]
AREA = [
    "A rectangle is {a} cm long and {b} cm wide. What is its area?", "Find the area of a rectangle with sides {a} and {b}.",
    "What is the area of a {a} by {b} rectangle?", "A garden is {a} m by {b} m. What is its area in square meters?",
]


def word(random: Random) -> Problem:
    kind = random.choice([more, less, groups, shared, groups_more, groups_less, more_less, perimeter, area, more, less, groups])
    stories, values, thinking, answer = kind(random)
    name, other = random.sample(NAMES, 2)
    question = random.choice(stories).format(n=name, m=other, t=random.choice(THINGS), c=random.choice(BOXES), **values)
    key = f"{kind.__name__} " + ",".join(str(value) for value in values.values())
    return Problem("word", key, dressed(random, question), thinking, str(answer))


def size(random: Random) -> int:
    return random.randint(2, 99) if random.random() < 0.7 else random.randint(100, 999)


def more(random: Random):
    a, b = size(random), size(random)
    return MORE, {"a": a, "b": b}, f"{a}+{b}\n" + columns.addition(a, b), a + b


def less(random: Random):
    b, a = sorted((size(random), size(random)))
    return LESS, {"a": a, "b": b}, f"{a}-{b}\n" + columns.subtraction(a, b), a - b


def groups(random: Random):
    a, b = random.randint(2, 12), random.randint(2, 30)
    return GROUPS, {"a": a, "b": b}, f"{a}*{b}\n" + columns.multiplication(a, b), a * b


def shared(random: Random):
    b, each = random.randint(2, 9), random.randint(2, 40)
    return SHARE, {"a": b * each, "b": b}, f"{b * each}/{b}\n" + columns.division(b * each, b), each


def groups_more(random: Random):
    a, b, d = random.randint(2, 9), random.randint(2, 12), random.randint(2, 40)
    steps = f"{a}*{b}+{d}\n{a}*{b}={a * b}\n" + columns.addition(a * b, d)
    return GROUPS_MORE, {"a": a, "b": b, "d": d}, steps, a * b + d


def groups_less(random: Random):
    a, b = random.randint(2, 9), random.randint(3, 12)
    d = random.randint(2, a * b - 1)
    steps = f"{a}*{b}-{d}\n{a}*{b}={a * b}\n" + columns.subtraction(a * b, d)
    return GROUPS_LESS, {"a": a, "b": b, "d": d}, steps, a * b - d


def more_less(random: Random):
    a, b = random.randint(5, 60), random.randint(2, 40)
    d = random.randint(2, a + b - 1)
    steps = f"{a}+{b}-{d}\n" + columns.addition(a, b) + "\n" + columns.subtraction(a + b, d)
    return MORE_LESS, {"a": a, "b": b, "d": d}, steps, a + b - d


def perimeter(random: Random):
    a, b = random.randint(2, 40), random.randint(2, 40)
    return PERIMETER, {"a": a, "b": b}, f"2*({a}+{b})\n{a}+{b}={a + b}\n" + columns.short_multiplication(a + b, 2), 2 * (a + b)


def area(random: Random):
    a, b = random.randint(2, 30), random.randint(2, 12)
    return AREA, {"a": a, "b": b}, f"{a}*{b}\n" + columns.multiplication(a, b), a * b
