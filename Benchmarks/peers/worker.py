"""A peer in a process of its own: python worker.py prepare|first|serve MODULE CHECKPOINT CACHE FORM THREADS CONTEXT

MODULE has `prepare(checkpoint, cache, form, threads)`, which makes the peer's model where it is not made yet and returns its
path, and `Model(path, checkpoint, threads, context)` with `prompt(count)` and `generate(count, batch)`, which return seconds.
Prompts are random, answers are greedy and go on whatever is drawn.

`prepare` only makes the model. `first` loads it, answers a prompt of 16 tokens with one token and says how long that took
and how much memory the process held at most; the start of Python and imports are not counted in the time. `serve` loads the
model once and then answers lines of standard input: `pp 512` asks for the speed of one prompt of 512 tokens, `tg 128 4` for
that of four answers of 128 tokens at once.

Answers are lines of JSON, with a member `error` for what went wrong. All else that is printed goes to standard error.
"""

import importlib
import json
import os
import pathlib
import resource
import sys
import traceback

from common import PROMPT, ToolFailure, seconds


def first(module, arguments):
    def run():
        module.Model(*arguments).prompt(PROMPT)

    return {"seconds": seconds(run), "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


def serve(model, say):
    say({"ready": True})
    for line in sys.stdin:
        kind, *numbers = line.split()
        numbers = [int(number) for number in numbers]
        try:
            if kind == "pp":
                say({"tokens_per_s": numbers[0] / model.prompt(numbers[0])})
            else:
                say({"tokens_per_s": numbers[0] * numbers[1] / model.generate(*numbers)})
        except Exception as error:  # the next test may work
            traceback.print_exc()
            say({"error": f"{type(error).__name__}: {error}"})


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print where they like

    def say(answer):
        print(json.dumps(answer), file=answers, flush=True)

    task, name, checkpoint, cache, form, threads, context = sys.argv[1:]
    checkpoint, cache, threads, context = pathlib.Path(checkpoint), pathlib.Path(cache), int(threads), int(context)
    try:
        module = importlib.import_module(name)
        path = module.prepare(checkpoint, cache, form, threads)
        arguments = (path, checkpoint, threads, context)
        if task == "prepare":
            say({"path": str(path)})
        elif task == "first":
            say(first(module, arguments))
        else:
            serve(module.Model(*arguments), say)
    except ToolFailure as failure:
        say({"error": str(failure), "cause": "tool"})
        sys.exit(1)
    except Exception as error:
        traceback.print_exc()
        say({"error": f"{type(error).__name__}: {error}", "cause": "import" if isinstance(error, ImportError) else "other"})
        sys.exit(1)


if __name__ == "__main__":
    main()
