"""What a peer's worker does: it loads a model once, and then measures what it is asked on standard input.

A line `pp 512` asks for the speed of one prompt of 512 tokens, `tg 128 4` for that of four answers of 128 tokens at once;
the answer is a line with tokens per second. Prompts are random, answers are greedy and go on whatever is drawn.
"""

import random
import sys
import time

PROMPT = 16  # tokens before an answer, as `kongur bench` has them


def tokens(count, vocabulary):
    return [random.randrange(vocabulary) for _ in range(count)]


def serve(prompt, generate):
    """Answers requests with `prompt(count)` and `generate(count, batch)`, which return seconds."""
    print("ready", flush=True)
    for line in sys.stdin:
        kind, *numbers = line.split()
        numbers = [int(number) for number in numbers]
        if kind == "pp":
            print(numbers[0] / prompt(numbers[0]), flush=True)
        else:
            count, batch = numbers
            print(count * batch / generate(count, batch), flush=True)


def seconds(body):
    start = time.perf_counter()
    body()
    return time.perf_counter() - start
