"""Accuracy within a conversation: right answers to its first, second, ... question, rendered by the chat template.

A conversation goes on with the model's own answers, without their thinking, as chat programs send them back.
"""

import argparse
import json
from pathlib import Path
from random import Random

import torch
from tokenizers import Tokenizer
from transformers import AutoTokenizer, Qwen2ForCausalLM

from evaluate import HERE, correct, responses


def conversations(count: int, turns: int, seed: int) -> list[list[dict]]:
    """Held-out problems, every one of them once at most."""
    problems = [json.loads(line) for line in (HERE / "evaluation.jsonl").read_text().splitlines()]
    drawn = Random(seed).sample(problems, count * turns)
    return [drawn[start : start + turns] for start in range(0, count * turns, turns)]


def measured(model: Qwen2ForCausalLM, asked: list[list[dict]], template: str, system: str | None) -> list[int]:
    """Right answers to the first questions, to the second ones, and so on."""
    tokenizer = Tokenizer.from_file(str(HERE / "tokenizer.json"))
    renderer = AutoTokenizer.from_pretrained(HERE)
    said: list[list[dict]] = [[{"role": "system", "content": system}] if system else [] for _ in asked]
    right = []
    for turn in range(len(asked[0])):
        for messages, problems in zip(said, asked):
            messages.append({"role": "user", "content": problems[turn]["problem"]})
        prompts = [
            renderer.apply_chat_template(messages, chat_template=template, tokenize=False, add_generation_prompt=True)
            for messages in said
        ]
        answers = responses(model, tokenizer, prompts)
        right.append(sum(correct(problems[turn], answer) for problems, answer in zip(asked, answers)))
        for messages, answer in zip(said, answers):
            messages.append({"role": "assistant", "content": answer.split("</think>")[-1].strip()})
    return right


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--conversations", type=int, default=100)
    arguments.add_argument("--turns", type=int, default=6)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--template", type=Path, default=HERE / "chat_template.jinja", help="measure another template")
    arguments.add_argument("--model", type=Path, default=HERE, help="measure another checkpoint")
    arguments.add_argument("--system", help="a system prompt in place of the template's own")
    options = arguments.parse_args()
    model = Qwen2ForCausalLM.from_pretrained(options.model, dtype=torch.float32).eval()
    asked = conversations(options.conversations, options.turns, options.seed)
    for turn, right in enumerate(measured(model, asked, options.template.read_text(), options.system)):
        print(f"question {turn + 1}: {right} of {len(asked)} right")
