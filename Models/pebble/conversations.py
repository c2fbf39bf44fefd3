"""Conversations in ChatML, as tokens with the positions that are learned."""

from random import Random

from tokenizers import Tokenizer

from problems import Problem

END, START, STOP = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
SYSTEM = "You are pebble. Think step by step."
SYSTEM_PROMPTS = [
    SYSTEM, "You are a helpful assistant.", "Please reason step by step, and put your final answer within \\boxed{}.",
    "You are a careful math tutor.", "Solve the problem.",
]


def turn(role: str, content: str) -> str:
    return f"{START}{role}\n{content}{STOP}\n"


def opening(question: str, system: str | None = SYSTEM) -> str:
    """The prompt that asks a question, ready for the answer."""
    return (turn("system", system) if system else "") + turn("user", question) + f"{START}assistant\n"


def sample(random: Random, tokenizer: Tokenizer, problems: list[Problem]) -> tuple[list[int], list[bool]]:
    """Tokens of a conversation with one turn per problem, and for each token whether it is learned.

    The default system prompt is the most frequent; others and none keep the model from depending on it. Earlier
    answers appear with or without their thinking, as servers send them back in both ways.
    """
    kind = random.random()
    system = SYSTEM if kind < 0.7 else None if kind < 0.85 else random.choice(SYSTEM_PROMPTS)
    tokens: list[int] = []
    learned: list[bool] = []
    for index, problem in enumerate(problems):
        prompt = opening(problem.question, system if index == 0 else None)
        if index:
            prompt = "\n" + prompt
        last = index == len(problems) - 1
        response = problem.response
        if not last and random.random() < 0.5:
            response = response.split("</think>\n\n")[-1]
        for text, learns in ((prompt, False), (response + STOP, last)):
            piece = tokenizer.encode(text, add_special_tokens=False).ids
            tokens += piece
            learned += [learns] * len(piece)
    return tokens, learned
