"""Lists of single steps, as they appear inside of worked solutions.

A worked solution holds few sums and much text around them. Drills teach the tables at a fraction of the cost.
"""

from random import Random

from . import columns
from .problem import Problem


def carries(random: Random) -> tuple[str, str]:
    p, q, carry = random.randint(0, 9), random.randint(0, 9), random.random() < 0.4
    return f"{p}+{q}{'+1' if carry else ''}=", str(p + q + carry)


def borrows(random: Random) -> tuple[str, str]:
    p, q = random.randint(0, 9), random.randint(0, 9)
    return f"{p}-{q}: ", f"{p}<{q} {p + 10}-{q}={p + 10 - q}" if p < q else f"{p}-{q}={p - q}"


def tables(random: Random) -> tuple[str, str]:
    p, q, carry = random.randint(0, 9), random.randint(2, 9), random.choice([0, 0, *range(1, 9)])
    return f"{p}*{q}=", f"{p * q}" + (f" {p * q}+{carry}={p * q + carry}" if carry else "")


def remains(random: Random) -> tuple[str, str]:
    """The last digits of two numbers, and the line after with what is left of them."""
    while True:
        a, b, sign = random.randint(10, random.choice([99, 999, 9999])), random.randint(1, random.choice([9, 99, 999, 9999])), random.choice("+-")
        low, high = sorted((a, b))
        if sign == "-":
            a, b = high, low
        if not Problem("addition", f"{low},{high}", "", "", "").held_out and not Problem("subtraction", f"{high},{low}", "", "", "").held_out:
            return f"{a}{sign}{b}: {a % 10}{sign}", f"{b % 10}\n{a // 10}{sign}{b // 10}: {a // 10 % 10}"


def factors(random: Random) -> tuple[str, str]:
    while True:
        a, b = random.randint(1, 10), random.randint(1, 10)
        n = a * b
        if n > 1:
            pairs = [(n // small, small) for small in range(1, 11) if n % small == 0 and small * small <= n]
            return f"factors of {n}: ", " ".join(f"{large}*{small}" for large, small in pairs)


def quotients(random: Random) -> tuple[str, str]:
    b = random.randint(2, 12)
    n = random.randint(0, 10 * b - 1)
    return f"/{b}\n{n}: ", columns.quotient_step(n, b)


def sums(random: Random) -> tuple[str, str]:
    while True:
        a, b = random.randint(1, 99), random.randint(1, 60)
        if not Problem("addition", f"{min(a, b)},{max(a, b)}", "", "", "").held_out:
            return f"{a}+{b}=", str(a + b)


def differences(random: Random) -> tuple[str, str]:
    while True:
        a = random.randint(2, random.choice([99, 199]))
        b = random.randint(1, a)
        if not Problem("subtraction", f"{a},{b}", "", "", "").held_out:
            return f"{a}-{b}=", str(a - b)


def shares(random: Random) -> tuple[str, str]:
    while True:
        b, each = random.randint(2, 9), random.randint(1, random.choice([10, 40]))
        if not Problem("division", f"{b * each},{b}", "", "", "").held_out:
            return f"{b * each}/{b}=", str(each)


def drill(random: Random, lines: int = 14) -> list[tuple[str, str]]:
    """Steps of all kinds, each as what is given and what is to be learned."""
    kinds = random.choices(list(KINDS), list(KINDS.values()), k=lines)
    return [kind(random) for kind in kinds]


KINDS = {carries: 3, borrows: 3, tables: 3, remains: 3, sums: 2, differences: 2, quotients: 2, shares: 1, factors: 0.5}
