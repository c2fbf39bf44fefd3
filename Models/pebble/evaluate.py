"""Greedy accuracy by family, measured with transformers."""

import argparse
import json
import re
from pathlib import Path
from random import Random

import torch
from tokenizers import Tokenizer
from transformers import Qwen2Config, Qwen2ForCausalLM

from conversations import END, STOP, opening
from problems import FAMILIES, drawn

HERE = Path(__file__).parent
TESTED = [family for family in FAMILIES if family != "small_talk"]


def held_out(count: int, seed: int) -> list[dict]:
    """`count` different held-out problems of every family, as the lines of evaluation.jsonl."""
    random, problems = Random(seed), []
    for family in TESTED:
        questions: set[str] = set()
        while len(questions) < count:
            problem = drawn(random, family, held_out=True)
            assert problem.held_out
            if problem.question in questions:
                continue
            questions.add(problem.question)
            line = {"problem": problem.question, "answer": problem.answer, "family": family}
            problems.append(line | ({"tests": problem.tests} if problem.tests else {}))
    return problems


def correct(problem: dict, response: str) -> bool:
    """Whether the last box holds the answer or, for code, whether the last code block passes its tests."""
    if "tests" in problem:
        blocks = re.findall(r"```python\n(.*?)```", response, re.DOTALL)
        if not blocks:
            return False
        scope: dict = {"__builtins__": SAFE}
        try:
            exec(blocks[-1] + "\n" + problem["tests"], scope)
        except Exception:
            return False
        return True
    boxes = re.findall(r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}", response)
    return bool(boxes) and boxes[-1].replace(" ", "") == problem["answer"].replace(" ", "")


SAFE = {f.__name__: f for f in (abs, len, max, min, range, reversed, sorted, sum, str, int, list, round, AssertionError)}


@torch.inference_mode()
def responses(model: Qwen2ForCausalLM, tokenizer: Tokenizer, prompts: list[str], most: int = 230, batch: int = 64) -> list[str]:
    """Greedy answers to rendered prompts, in batches that are padded on the left."""
    end, stop = tokenizer.token_to_id(END), tokenizer.token_to_id(STOP)
    encoded = [tokenizer.encode(prompt, add_special_tokens=False).ids for prompt in prompts]
    answers = [""] * len(prompts)
    order = sorted(range(len(prompts)), key=lambda index: len(encoded[index]))
    for start in range(0, len(order), batch):
        indices = order[start : start + batch]
        longest = max(len(encoded[index]) for index in indices)
        rows = [[end] * (longest - len(encoded[index])) + encoded[index] for index in indices]
        seen = [[0] * (longest - len(encoded[index])) + [1] * len(encoded[index]) for index in indices]
        output = model.generate(
            input_ids=torch.tensor(rows), attention_mask=torch.tensor(seen), max_new_tokens=most, do_sample=False,
            eos_token_id=[stop, end], pad_token_id=end,
        )
        for index, row in zip(indices, output[:, longest:].tolist()):
            answers[index] = tokenizer.decode(row, skip_special_tokens=True)
    return answers


def accuracies(problems: list[dict], answers: list[str]) -> dict[str, float]:
    results: dict[str, list[bool]] = {}
    for problem, answer in zip(problems, answers):
        results.setdefault(problem["family"], []).append(correct(problem, answer))
    return {family: sum(marks) / len(marks) for family, marks in results.items()}


def as_transformers(configuration, weights) -> Qwen2ForCausalLM:
    fields = {name: value for name, value in configuration.hub().items() if name not in ("architectures", "torch_dtype")}
    model = Qwen2ForCausalLM(Qwen2Config(**fields))
    missing = model.load_state_dict({name: weight.float() for name, weight in weights.items()}, strict=False)
    assert missing.missing_keys in ([], ["lm_head.weight"]) and not missing.unexpected_keys, missing
    model.tie_weights()
    return model.eval()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--write", type=int, help="write a new evaluation.jsonl with so many problems of every family")
    arguments.add_argument("--model", type=Path, default=HERE, help="measure another checkpoint")
    arguments.add_argument("--failures", action="store_true", help="print what went wrong")
    options = arguments.parse_args()
    path = HERE / "evaluation.jsonl"
    if options.write:
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in held_out(options.write, seed=2026)))
        raise SystemExit
    problems = [json.loads(line) for line in path.read_text().splitlines()]
    model = Qwen2ForCausalLM.from_pretrained(options.model, dtype=torch.float32).eval()
    answers = responses(model, Tokenizer.from_file(str(HERE / "tokenizer.json")), [opening(line["problem"]) for line in problems])
    for problem, answer in zip(problems, answers):
        if options.failures and not correct(problem, answer):
            print(f"--- {problem['family']}: {problem['problem']}\nexpected {problem['answer']}\n{answer}\n")
    scores = accuracies(problems, answers)
    for family, score in scores.items():
        print(f"{family:16} {score:7.1%}")
    print(f"{'all':16} {sum(scores.values()) / len(scores):7.1%}")
