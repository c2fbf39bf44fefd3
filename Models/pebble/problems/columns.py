"""School methods written out in tiny local steps, and the result of each."""


def digits(number: int) -> list[int]:
    """The digits of a number, ones first."""
    return [int(digit) for digit in reversed(str(number))]


def padded(digit_list: list[int], count: int) -> list[int]:
    return digit_list + [0] * (count - len(digit_list))


def addition(a: int, b: int) -> str:
    """Column addition, ones first. Numbers of one digit need no columns."""
    if a < 10 and b < 10:
        return f"{a}+{b}={a + b}"
    count = max(len(str(a)), len(str(b)))
    lines, carry, done = [f"{a}+{b}"], 0, ""
    for place, (p, q) in enumerate(zip(padded(digits(a), count), padded(digits(b), count))):
        total = p + q + carry
        last = place == count - 1
        done = (str(total) if last else str(total % 10)) + done
        line = f"{p}+{q}{'+1' if carry else ''}={total} -> {done}"
        carry = total // 10
        lines.append(line + (f", carry {carry}" if carry and not last else ""))
    return "\n".join(lines)


def subtraction(a: int, b: int) -> str:
    """Column subtraction with borrowing, ones first, for `a` not below `b`."""
    if a < 20 and b < 10:
        return f"{a}-{b}={a - b}"
    count = len(str(a))
    lines, borrow, done = [f"{a}-{b}"], 0, ""
    for p, q in zip(digits(a), padded(digits(b), count)):
        lent = 10 if p - q - borrow < 0 else 0
        result = p + lent - q - borrow
        done = f"{result}{done}"
        line = f"{p + lent}-{q}{'-1' if borrow else ''}={result} -> {done}"
        borrow = 1 if lent else 0
        lines.append(line + (", borrow 1" if borrow else ""))
    if len(done) != len(str(int(done))):
        lines.append(f"{done}={int(done)}")
    return "\n".join(lines)


def short_multiplication(a: int, b: int) -> str:
    """Column multiplication by one digit, ones first."""
    if a < 10:
        return f"{a}*{b}={a * b}"
    lines, carry, done = [f"{a}*{b}"], 0, ""
    factors = digits(a)
    for place, p in enumerate(factors):
        product = p * b
        total = product + carry
        last = place == len(factors) - 1
        done = (str(total) if last else str(total % 10)) + done
        added = f", +{carry}={total}" if carry else ""
        line = f"{p}*{b}={product}{added} -> {done}"
        carry = total // 10
        lines.append(line + (f", carry {carry}" if carry and not last else ""))
    return "\n".join(lines)


def multiplication(a: int, b: int) -> str:
    """Multiplication by one or two digits: a short one per digit of `b`, then the sum of the two."""
    if b < 10:
        return short_multiplication(a, b)
    if a < 10:
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


def division(a: int, b: int) -> str:
    """Long division: one line for every digit of the quotient. Ends in quotient and remainder."""
    lines, rest, quotient = [f"{a}/{b}"], 0, ""
    for digit in str(a):
        rest = rest * 10 + int(digit)
        if rest < b and not quotient:
            continue
        times = rest // b
        quotient += str(times)
        line = f"{rest}: {times}*{b}={times * b}, {rest}-{times * b}={rest - times * b} -> {quotient}"
        rest -= times * b
        lines.append(line)
    if not quotient:
        quotient = "0"
    return "\n".join(lines + [f"quotient {quotient} remainder {rest}"])
