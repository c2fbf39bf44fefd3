"""Greatest common divisors, least common multiples and remainders."""

from math import gcd as greatest_common_divisor
from random import Random

from . import columns
from .arithmetic import operand
from .problem import Problem
from .wording import chosen

GCD = [
    "What is the greatest common divisor of {a} and {b}?", "Find the gcd of {a} and {b}.", "gcd({a}, {b})", "Compute gcd({a}, {b}).",
    "What is gcd({a}, {b})?", "Find the greatest common factor of {a} and {b}.", "What is the largest number that divides both {a} and {b}?",
    "Determine the greatest common divisor of {a} and {b}.", "What is the highest common factor of {a} and {b}?",
    "Calculate the GCD of {a} and {b}.", "Use Euclid's algorithm to find the gcd of {a} and {b}.",
]
LCM = [
    "What is the least common multiple of {a} and {b}?", "Find the lcm of {a} and {b}.", "lcm({a}, {b})", "Compute lcm({a}, {b}).",
    "What is the smallest number that both {a} and {b} divide?", "Find the lowest common multiple of {a} and {b}.",
    "What is lcm({a}, {b})?", "Calculate the LCM of {a} and {b}.", "Determine the least common multiple of {a} and {b}.",
]
REMAINDER = [
    "What is {a} mod {m}?", "Compute {a} mod {m}.", "{a} mod {m}", "Find the remainder when {a} is divided by {m}.",
    "What is the remainder when {a} is divided by {m}?", "What is the remainder of {a} divided by {m}?", "{a} % {m} = ?",
    "Reduce {a} modulo {m}.", "Calculate {a} modulo {m}.", "Determine {a} mod {m}.",
]
POWER = [
    "What is {a}^{k} mod {m}?", "Compute {a}^{k} mod {m}.", "{a}^{k} mod {m}", "Find the remainder when {a}^{k} is divided by {m}.",
    "What is the remainder when {a}^{k} is divided by {m}?", "Find {a}^{k} modulo {m}.", "Calculate {a}^{k} mod {m}.",
]
SUM = [
    "What is ({a} + {b}) mod {m}?", "Compute ({a} + {b}) mod {m}.", "Find the remainder when {a} + {b} is divided by {m}.",
    "({a} + {b}) mod {m}", "Calculate {a} + {b} modulo {m}.",
]


def gcd(random: Random) -> Problem:
    """Euclid by repeated subtraction, with pairs for which that is short. Pairs beyond 100 are drawn more often than
    they come: their first difference in one line is the hardest step."""
    least = random.choice([1, 1, 100])
    while True:
        common = random.choice([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 18, 20, 24, 25])
        a, b = common * random.randint(1, 30), common * random.randint(1, 30)
        if max(a, b) >= 200 or min(a, b) < least or a == b:
            continue
        high, low = max(a, b), min(a, b)
        steps = [f"gcd of {high} and {low}"]
        while low and len(steps) < 10:
            steps.append(f"{high}-{low}={high - low}")
            high, low = max(low, high - low), min(low, high - low)
        if not low:
            break
    answer = greatest_common_divisor(a, b)
    first, second = max(a, b), min(a, b)
    return Problem("gcd", f"{second},{first}", chosen(random, GCD, a=a, b=b), "\n".join(steps), str(answer))


def lcm(random: Random) -> Problem:
    """Euclid's divisions to the greatest common divisor, then one number over it times the other."""
    while True:
        a, b = random.randint(2, 12), random.randint(3, 30)
        low, high = sorted((a, b))
        if low != high and high < 10 * low:
            break
    steps, p, q = [], high, low
    while q:
        steps.append(f"{p}: {columns.quotient_step(p, q)}")
        p, q = q, p % q
    factor = high // p
    steps += [f"gcd {p}", f"{high}/{p}={factor}", columns.multiplication(factor, low)]
    return Problem("lcm", f"{low},{high}", chosen(random, LCM, a=a, b=b), "\n".join(steps), str(factor * low))


def remainder(a: int, m: int) -> str:
    return f"remainder of {a}/{m}\n" + columns.division(a, m)


def modular(random: Random) -> Problem:
    m = random.randint(2, 12)
    form = random.random()
    if form < 0.5:
        a = operand(random, 3, 2)
        return Problem("modular", f"{a}%{m}", chosen(random, REMAINDER, a=a, m=m), remainder(a, m), str(a % m))
    if form < 0.75:
        a, b = random.randint(10, 99), random.randint(10, 99)
        thinking = f"remainder of {a}+{b} over {m}\n" + columns.addition(a, b) + "\n" + remainder(a + b, m)
        return Problem("modular", f"{a}+{b}%{m}", chosen(random, SUM, a=a, b=b, m=m), thinking, str((a + b) % m))
    a, k, m = random.randint(2, 9), random.randint(2, 7), random.randint(3, 12)
    value = a % m
    steps = [f"{a}^{k} mod {m}", f"^1: {a}: {columns.quotient_step(a, m)}"]
    for power in range(2, k + 1):
        product = value * a
        steps += [f"^{power}: {value}*{a}={product}", f"{product}: {columns.quotient_step(product, m)}"]
        value = product % m
    return Problem("modular", f"{a}^{k}%{m}", chosen(random, POWER, a=a, k=k, m=m), "\n".join(steps), str(value))
