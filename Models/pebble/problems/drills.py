"""Lists of single steps, as they appear inside of worked solutions.

A worked solution holds few sums and much text around them. Drills teach the tables at a fraction of the cost.
"""

from random import Random

from .problem import Problem


def columns(random: Random) -> tuple[str, str]:
    p, q, carry = random.randint(0, 9), random.randint(0, 9), random.random() < 0.4
    return f"{p}+{q}{'+1' if carry else ''}=", str(p + q + carry)


def borrows(random: Random) -> tuple[str, str]:
    p, q, borrow = random.randint(0, 9), random.randint(0, 9), random.random() < 0.4
    p += 10 if p - q - borrow < 0 else 0
    return f"{p}-{q}{'-1' if borrow else ''}=", str(p - q - borrow)


def tables(random: Random) -> tuple[str, str]:
    p, q, carry = random.randint(0, 9), random.randint(2, 9), random.choice([0, 0, *range(1, 9)])
    return f"{p}*{q}=", f"{p * q}" + (f", +{carry}={p * q + carry}" if carry else "")


def quotients(random: Random) -> tuple[str, str]:
    b = random.randint(2, 12)
    n = random.randint(0, 10 * b - 1)
    times = n // b
    return f"/{b}\n{n}: ", f"{times}*{b}={times * b}, {n}-{times * b}={n % b}"


def sums(random: Random) -> tuple[str, str]:
    while True:
        a, b = random.randint(1, 99), random.randint(1, 60)
        if not Problem("addition", f"{min(a, b)},{max(a, b)}", "", "", "").held_out:
            return f"{a}+{b}=", str(a + b)


def differences(random: Random) -> tuple[str, str]:
    while True:
        a = random.randint(2, random.choice([99, 199]))
        b = random.randint(1, min(a, 99))
        if not Problem("subtraction", f"{a},{b}", "", "", "").held_out:
            return f"{a}-{b}=", str(a - b)


def shares(random: Random) -> tuple[str, str]:
    while True:
        b, each = random.randint(2, 9), random.randint(1, 20)
        if not Problem("division", f"{b * each},{b}", "", "", "").held_out:
            return f"{b * each}/{b}=", str(each)


def drill(random: Random, lines: int = 14) -> list[tuple[str, str]]:
    """Steps of all kinds, each as what is given and what is to be learned."""
    kinds = random.choices(list(KINDS), list(KINDS.values()), k=lines)
    return [kind(random) for kind in kinds]


KINDS = {columns: 3, borrows: 3, tables: 3, sums: 2, differences: 2, quotients: 2, shares: 1}
