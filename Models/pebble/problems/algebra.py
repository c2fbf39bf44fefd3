"""Linear equations, quadratics with integer roots and sequences."""

from random import Random

from . import columns
from .problem import Problem
from .wording import chosen

LINEAR = [
    "Solve {e}.", "Solve {e} for {x}.", "Find {x} if {e}.", "If {e}, what is {x}?", "What is {x} when {e}?", "{e}. Find {x}.",
    "Solve for {x}: {e}", "Solve the equation {e}.", "{e}, {x} = ?", "Determine {x} so that {e}.", "For which {x} is {e}?",
    "Given {e}, find the value of {x}.", "What value of {x} satisfies {e}?", "{e}",
]


def linear(random: Random) -> Problem:
    x = random.choice("xxxxynta")
    value, a = random.randint(1, 20), random.randint(2, 9)
    b = random.randint(1, 40)
    form = random.randrange(4)
    key = f"{form} {a},{b},{value}"
    if form == 0:
        left, total = f"{a}{x} + {b}", a * value + b
        steps = [f"{a}{x}+{b}={total}", f"{a}{x}={total}-{b}={a * value}"]
        equation = f"{left} = {total}" if random.random() < 0.85 else f"{total} = {left}"
    elif form == 1:
        total = a * value
        b = random.randint(1, total - 1)
        key = f"{form} {a},{b},{value}"
        steps = [f"{a}{x}-{b}={total - b}", f"{a}{x}={total - b}+{b}={total}"]
        equation = f"{a}{x} - {b} = {total - b}"
    elif form == 2:
        value = random.randint(1, 99)
        if random.random() < 0.5:
            steps, equation = [f"{x}+{b}={value + b}"], f"{x} + {b} = {value + b}"
            thinking = steps[0] + f"\n{x}={value + b}-{b}={value}"
        else:
            value += b
            steps, equation = [f"{x}-{b}={value - b}"], f"{x} - {b} = {value - b}"
            thinking = steps[0] + f"\n{x}={value - b}+{b}={value}"
        key = equation.replace(x, "x")
        return Problem("linear", key, chosen(random, LINEAR, e=equation, x=x), thinking, str(value))
    else:
        c = random.randint(1, a - 1)
        d = (a - c) * value + b
        key += f",{c}"
        cx = f"{c}{x}" if c > 1 else x
        rest = f"{a - c}{x}" if a - c > 1 else x
        equation = f"{a}{x} + {b} = {cx} + {d}"
        steps = [f"{a}{x}+{b}={cx}+{d}", f"{a}{x}-{cx}={rest}", f"{rest}={d}-{b}={d - b}"]
        a -= c
    if a > 1:
        steps.append(f"{x}={a * value}/{a}={value}")
    return Problem("linear", key, chosen(random, LINEAR, e=equation, x=x), "\n".join(steps), str(value))


QUADRATIC = [
    "Solve {e}.", "Find the roots of {e}.", "Solve the quadratic equation {e}.", "What are the solutions of {e}?", "Find all x with {e}.",
    "Solve {e} for x.", "Find x: {e}", "Factor and solve {e}.", "Determine the roots of {e}.", "What values of x satisfy {e}?", "{e}",
]


def signed(number: int, letter: str = "") -> str:
    """A term with its sign in front, as it follows another term."""
    size = "" if abs(number) == 1 and letter else str(abs(number))
    return f"{'+' if number > 0 else '-'} {size}{letter}"


def quadratic(random: Random) -> Problem:
    """Integer roots from the factor pairs of the constant term."""
    while True:
        r = random.randint(-10, 10)
        r, s = sorted((r, r if random.random() < 0.1 else random.randint(-10, 10)))
        if r and s and r + s:
            break
    b, c = -(r + s), r * s
    equation = f"x^2 {signed(b, 'x')} {signed(c)} = 0"
    sign = "+" if c > 0 else "-"
    steps = [f"product {c}, sum {-b}", f"two factors of {abs(c)} with {'sum' if c > 0 else 'difference'} {abs(b)}"]
    for small in range(1, abs(c) + 1):
        if c % small:
            continue
        large = abs(c) // small
        total = large + small if c > 0 else large - small
        found = total == abs(b)
        steps.append(f"{large}*{small}: {large}{sign}{small}={total} {'is' if found else 'not'} {abs(b)}")
        if found:
            break
    steps.append(f"product {c}, sum {-b}: " + (f"roots {r} and {s}" if r != s else f"both roots {r}"))
    answer = f"{r}, {s}" if r != s else str(r)
    if random.random() < 0.5:
        equation = equation.replace("x^2", "x²")
    return Problem("quadratic", f"{b},{c}", chosen(random, QUADRATIC, e=equation), "\n".join(steps), answer)


NEXT = [
    "What is the next number in the sequence {s}?", "Find the next term: {s}, ...", "{s}, ?", "What comes next: {s}?",
    "Continue the sequence {s}.", "Which number comes next in {s}, ...?", "Find the next number: {s}, ?", "Complete the pattern: {s}, __",
    "What is the next term of {s}, ...?", "Determine the next term of the sequence {s}.",
]
NTH = [
    "An arithmetic sequence starts at {a} and has common difference {d}. What is term {n}?",
    "Find the {n}th term of the arithmetic sequence with first term {a} and common difference {d}.",
    "A sequence begins with {a} and grows by {d} each time. Find term number {n}.",
    "What is the {n}th term of the sequence that starts at {a} and goes up by {d}?",
]


def sequence(random: Random) -> Problem:
    form = random.random()
    if form < 0.45:
        a, d, n = random.randint(1, 60), random.randint(2, 15), random.randint(4, 5)
        terms = [a + d * i for i in range(n)]
        if random.random() < 0.25:
            terms = terms[::-1]
            d = -d
        answer = terms[-1] + d
        if answer < 0:
            return sequence(random)
        method = columns.addition if d > 0 else columns.subtraction
        steps = [f"{'add' if d > 0 else 'subtract'} {abs(d)}", method(terms[-1], abs(d))]
    elif form < 0.6:
        a, factor = random.randint(1, 9), random.choice([2, 2, 3, 4, 5, 10])
        terms = [a * factor**i for i in range(4 if factor < 4 else 3)]
        answer = terms[-1] * factor
        steps = [f"{q}/{p}={factor}" for p, q in zip(terms, terms[1:3])] + [f"multiply by {factor}", times(terms[-1], factor)]
    elif form < 0.75:
        terms = [random.randint(1, 6), random.randint(1, 9)]
        while len(terms) < 5:
            terms.append(terms[-1] + terms[-2])
        answer = terms[-1] + terms[-2]
        if terms[1] == 2 * terms[0]:  # its first differences are equal, as those of another kind
            return sequence(random)
        steps = ["sum of two", columns.addition(terms[-2], terms[-1])]
    else:
        a, d, n = random.randint(1, 40), random.randint(2, 12), random.randint(5, 10)
        answer = a + d * (n - 1)
        steps = [f"first {a} difference {d} term {n}", f"{n}-1={n - 1}", columns.multiplication(n - 1, d), columns.addition(a, d * (n - 1))]
        question = chosen(random, NTH, a=a, d=d, n=n)
        return Problem("sequence", f"nth {a},{d},{n}", question, "\n".join(steps), str(answer))
    text = ", ".join(map(str, terms))
    thinking = "\n".join([text, compared(terms), *steps])
    return Problem("sequence", text, chosen(random, NEXT, s=text), thinking, str(answer))


def compared(terms: list[int]) -> str:
    """Whether the first two differences are equal and, if not, whether the first two terms sum to the third: that decides of
    what kind the sequence is."""
    first, second = (abs(q - p) for p, q in zip(terms, terms[1:3]))
    steps = (f"{max(q, p)}-{min(q, p)}={abs(q - p)}" for p, q in zip(terms, terms[1:3]))
    equal = " ".join(steps) + f": {first} and {second} {'equal' if first == second else 'not equal'}"
    if first == second:
        return equal
    total = terms[0] + terms[1]
    return equal + f"\n{terms[0]}+{terms[1]}={total} {'is' if total == terms[2] else 'not'} {terms[2]}"


def times(a: int, factor: int) -> str:
    return columns.short_multiplication(a, factor) if factor < 10 else f"{a}*{factor}={a * factor}"
