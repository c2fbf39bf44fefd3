"""School methods written out in tiny local steps, and the result of each.

Every line of a column method begins with what is left of the numbers, so that a step looks only at digits beside a sign
and never counts places.
"""


def short(number: int) -> bool:
    return number < 10


def column(total: int, last: bool, done: str) -> tuple[str, int]:
    """The result so far with the digit of this column in front, and the carry."""
    return (str(total) if last else str(total % 10)) + done, 0 if last else total // 10


def line(left: str, steps: list[str], done: str, carry: int) -> str:
    return f"{left}: {' '.join(steps)} -> {done}" + (f" carry {carry}" if carry else "")


def addition(a: int, b: int) -> str:
    """Column addition, ones first. Numbers of one digit need no columns."""
    if short(a) and short(b):
        return f"{a}+{b}={a + b}"
    lines, carry, done, last = [], 0, "", False
    while not last:
        last = short(a) and short(b)
        left, p, q = f"{a}+{b}", a % 10, b % 10
        total = p + q + carry
        step = f"{p}+{q}{f'+{carry}' if carry else ''}={total}"
        done, carry = column(total, last, done)
        lines.append(line(left, [step], done, carry))
        a, b = a // 10, b // 10
    return "\n".join(lines)


def subtraction(a: int, b: int) -> str:
    """Column subtraction with borrowing, ones first, for `a` not below `b`."""
    if a < 20 and short(b):
        return f"{a}-{b}={a - b}"
    lines, borrow, done, last = [], 0, "", False
    while not last:
        last = short(a) and short(b)
        left, p, q, steps = f"{a}-{b}", a % 10, b % 10, []
        if borrow:
            steps.append(f"{q}+1={q + 1}")
            q += 1
        borrow = int(p < q)
        if borrow:
            steps.append(f"{p}<{q}")
            p += 10
        steps.append(f"{p}-{q}={p - q}")
        done = f"{p - q}{done}"
        lines.append(line(left, steps, done, 0) + (" borrow" if borrow else ""))
        a, b = a // 10, b // 10
    if done != str(int(done)):
        lines.append(f"{done}={int(done)}")
    return "\n".join(lines)


def short_multiplication(a: int, b: int) -> str:
    """Column multiplication by one digit, ones first."""
    if short(a) or b == 1:
        return f"{a}*{b}={a * b}"
    lines, carry, done, last = [], 0, "", False
    while not last:
        last = short(a)
        left, product = f"{a}*{b}", a % 10 * b
        steps = [f"{a % 10}*{b}={product}"]
        if carry:
            steps.append(f"{product}+{carry}={product + carry}")
        done, carry = column(product + carry, last, done)
        lines.append(line(left, steps, done, carry))
        a //= 10
    return "\n".join(lines)


def multiplication(a: int, b: int) -> str:
    """Multiplication by one or two digits: a short one per digit of `b`, then the sum of the two."""
    if short(b):
        return short_multiplication(a, b)
    if short(a):
        return f"{a}*{b}={b}*{a}\n" + short_multiplication(b, a)
    tens, ones = divmod(b, 10)
    if ones == 0:
        return short_multiplication(a, tens) + f"\n{a}*{b}={a * b}"
    return "\n".join([
        f"{a}*{b}={a}*{ones}+{a}*{tens}0",
        short_multiplication(a, ones),
        short_multiplication(a, tens) + f" -> {a * tens}0",
        addition(a * ones, a * tens * 10),
    ])


def quotient_step(rest: int, b: int) -> str:
    """How often `b` goes into `rest`, and what remains."""
    times = rest // b
    return f"{times}*{b}={times * b} {rest}-{times * b}={rest - times * b}"


def division(a: int, b: int) -> str:
    """Long division: one line for every digit of the quotient, begun by what is divided and the digits still to come."""
    lines, rest, quotient, text = [f"{a}/{b}"], 0, "", str(a)
    for place, digit in enumerate(text):
        rest = rest * 10 + int(digit)
        if rest < b and not quotient and place < len(text) - 1:
            continue
        quotient += str(rest // b)
        lines.append(f"{rest}|{text[place + 1:]}: {quotient_step(rest, b)} -> {quotient}")
        rest %= b
    return "\n".join(lines + [f"quotient {quotient} remainder {rest}"])
