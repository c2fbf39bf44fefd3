"""Simple Python functions to write, each with assertions that judge the answer."""

from random import Random

from .problem import Problem
from .wording import dressed

ASK = [
    "Write a Python function {f}({x}) that {d}.", "Write a function {f}({x}) that {d}.", "Implement {f}({x}) in Python: it {d}.",
    "Define a Python function called {f} with parameter {x} that {d}.", "In Python, write {f}({x}), which {d}.",
    "I need a Python function {f}({x}) that {d}.", "Give me a function {f}({x}) in Python that {d}.",
    "Create a Python function named {f} that takes {x} and {d}.",
]
# name, parameters, what it does, body, arguments to try; {k} stands for a constant
ONE = ["x", "n", "a", "value", "number"]
LISTS = ["items", "numbers", "values", "xs"]
TEXTS = ["text", "s", "word"]
PREFIXES = ["get_", "my_", "calc_", "find_", "do_", "the_", "new_", "old_", "fast_", "simple_", "run_", "py_", "test_", "func_", "make_", "x_"]
TASKS = [
    (["times{k}", "multiply", "scale", "f"], ONE, ["returns {x} times {k}", "multiplies {x} by {k}"], "return {x} * {k}", [0, 3, 7]),
    (["add{k}", "plus", "increase", "f"], ONE, ["returns {x} plus {k}", "adds {k} to {x}"], "return {x} + {k}", [0, 3, 7]),
    (["minus{k}", "lower", "decrease", "f"], ONE, ["returns {x} minus {k}", "subtracts {k} from {x}"], "return {x} - {k}", [0, 3, 77]),
    (["divisible", "check", "is_multiple", "f"], ONE, ["checks whether {x} is divisible by {k}", "tells if {x} is a multiple of {k}"],
     "return {x} % {k} == 0", [0, 12, 35, 41]),
    (["above", "check", "is_larger", "f"], ONE, ["checks whether {x} is greater than {k}", "tells if {x} is larger than {k}"],
     "return {x} > {k}", [0, 12, 35, 1]),
    (["remainder", "rest", "modulo", "f"], ONE, ["returns the remainder of {x} divided by {k}", "returns {x} modulo {k}"],
     "return {x} % {k}", [0, 12, 35, 41]),
    (["square", "squared", "sq", "f"], ONE, ["returns the square of {x}", "squares {x}"], "return {x} * {x}", [0, 3, 9]),
    (["is_even", "even", "check", "f"], ONE, ["checks whether {x} is even", "tells if {x} is even"], "return {x} % 2 == 0", [0, 3, 8]),
    (["is_odd", "odd", "check", "f"], ONE, ["checks whether {x} is odd", "tells if {x} is odd"], "return {x} % 2 == 1", [0, 3, 8]),
    (["absolute", "size", "distance", "f"], ONE, ["returns the absolute value of {x}"], "return abs({x})", [0, 3, -8]),
    (["negate", "opposite", "f"], ONE, ["returns the negative of {x}", "changes the sign of {x}"], "return -{x}", [0, 3, -8]),
    (["factorial", "fact", "f"], ONE, ["returns the factorial of {x}", "computes {x} factorial"],
     "result = 1\n    for i in range(1, {x} + 1):\n        result *= i\n    return result", [0, 1, 5]),
    (["sum_to", "total_to", "f"], ONE, ["returns the sum of the numbers from 1 to {x}", "adds all numbers from 1 to {x}"],
     "return {x} * ({x} + 1) // 2", [0, 1, 10]),
    (["total", "sum_list", "add_all", "f"], LISTS, ["returns the sum of {x}", "adds all elements of {x}"], "return sum({x})",
     [[1, 2, 3], [5]]),
    (["largest", "maximum", "biggest", "f"], LISTS, ["returns the largest element of {x}", "finds the maximum of {x}"], "return max({x})",
     [[1, 9, 3], [5]]),
    (["smallest", "minimum", "least", "f"], LISTS, ["returns the smallest element of {x}", "finds the minimum of {x}"], "return min({x})",
     [[4, 1, 3], [5]]),
    (["mean", "average", "f"], LISTS, ["returns the average of {x}", "computes the mean of {x}"], "return sum({x}) / len({x})",
     [[1, 2, 3], [5]]),
    (["ordered", "sort_list", "f"], LISTS, ["returns {x} in sorted order", "sorts {x}"], "return sorted({x})", [[3, 1, 2], []]),
    (["evens", "only_even", "f"], LISTS, ["returns the even elements of {x}", "keeps only the even numbers of {x}"],
     "return [i for i in {x} if i % 2 == 0]", [[1, 2, 4], []]),
    (["squares", "square_all", "f"], LISTS, ["returns the squares of {x}", "squares every element of {x}"],
     "return [i * i for i in {x}]", [[1, 2, 4], []]),
    (["first", "head", "f"], LISTS, ["returns the first element of {x}"], "return {x}[0]", [[3, 2], [5]]),
    (["last", "final", "f"], LISTS, ["returns the last element of {x}"], "return {x}[-1]", [[3, 2], [5]]),
    (["reverse", "backwards", "f"], TEXTS, ["returns {x} reversed", "reverses {x}"], "return {x}[::-1]", ["abc", ""]),
    (["is_palindrome", "palindrome", "f"], TEXTS, ["checks whether {x} is a palindrome", "tells if {x} is a palindrome"],
     "return {x} == {x}[::-1]", ["abba", "abc"]),
    (["length", "size", "f"], TEXTS, ["returns the length of {x}"], "return len({x})", ["abc", ""]),
    (["upper", "shout", "f"], TEXTS, ["returns {x} in upper case"], "return {x}.upper()", ["abc", "Ab"]),
    (["lower", "quiet", "f"], TEXTS, ["returns {x} in lower case"], "return {x}.lower()", ["ABC", "Ab"]),
    (["vowels", "count_vowels", "f"], TEXTS, ["counts the vowels in {x}", "returns the number of vowels in {x}"],
     "return sum(c in \"aeiou\" for c in {x})", ["banana", "xyz"]),
    (["count_words", "words", "f"], TEXTS, ["counts the words in {x}", "returns the number of words in {x}"],
     "return len({x}.split())", ["a b c", ""]),
    (["add", "sum_two", "plus", "f"], ["a, b", "x, y"], ["returns the sum of the two", "adds the two"], "return {p} + {q}", [(1, 2), (30, 5)]),
    (["multiply", "product", "f"], ["a, b", "x, y"], ["returns the product of the two", "multiplies the two"], "return {p} * {q}",
     [(1, 2), (30, 5)]),
    (["difference", "subtract", "f"], ["a, b", "x, y"], ["returns the difference of the two", "subtracts the second from the first"],
     "return {p} - {q}", [(1, 2), (30, 5)]),
    (["larger", "biggest", "f"], ["a, b", "x, y"], ["returns the larger of the two"], "return max({p}, {q})", [(1, 2), (30, 5)]),
    (["gcd", "common_divisor", "f"], ["a, b", "x, y"], ["returns the greatest common divisor of the two"],
     "while {q}:\n        {p}, {q} = {q}, {p} % {q}\n    return {p}", [(12, 18), (7, 5)]),
]


def python(random: Random) -> Problem:
    task = random.randrange(len(TASKS)) if random.random() < 0.6 else random.randrange(6)
    names, parameters, descriptions, body, arguments = TASKS[task]
    k, parameter = random.randint(2, 30), random.choice(parameters)
    p, _, q = parameter.partition(", ")
    values = {"k": k, "x": parameter, "p": p, "q": q}
    name = random.choice(names + ["my_function", "compute", "solve"]).format(**values)
    if random.random() < 0.4:  # a name that is not in the list above can only be copied from the question
        name = random.choice(PREFIXES) + name
    body = body.format(**values)
    question = random.choice(ASK).format(f=name, x=parameter, d=random.choice(descriptions).format(**values))
    code = f"def {name}({parameter}):\n    {body}\n"
    scope: dict = {}
    exec(code, scope)
    calls = [argument if isinstance(argument, tuple) else (argument,) for argument in arguments]
    tests = "\n".join(f"assert {name}{call if len(call) > 1 else f'({call[0]!r})'} == {scope[name](*call)!r}" for call in calls)
    thinking = f"{name}({parameter}): {body.splitlines()[-1].strip()}"
    key = f"{task},{name},{parameter}" + (f",{k}" if "{k}" in TASKS[task][3] else "")
    return Problem("python", key, dressed(random, question), thinking, code, f"```python\n{code}```", tests)
