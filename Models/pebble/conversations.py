"""Conversations in ChatML, as tokens with what is learned of them."""

from dataclasses import dataclass, field
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


@dataclass
class Sample:
    """Tokens to learn from, in the order of their row.

    What is written once but not read by later turns, as the thinking that clients do not send back, lies on a branch: tokens of
    a branch see the trunk before them and their own branch; the trunk, which is branch 0, sees itself alone.
    """

    tokens: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    branches: list[int] = field(default_factory=list)
    learned: list[bool] = field(default_factory=list)

    def add(self, tokenizer: Tokenizer, text: str, learned: bool = False, branch: int = 0):
        piece = tokenizer.encode(text, add_special_tokens=False).ids
        trunk = [position for position, other in zip(self.positions, self.branches) if other == 0]
        follows = (self.positions[-1] if branch and self.branches[-1] == branch else trunk[-1]) + 1 if self.positions else 0
        self.tokens += piece
        self.positions += range(follows, follows + len(piece))
        self.branches += [branch] * len(piece)
        self.learned += [learned] * len(piece)


def sample(random: Random, tokenizer: Tokenizer, problems: list[Problem]) -> Sample:
    """A conversation with one turn per problem. Every answer is learned.

    The default system prompt is the most frequent; others and none keep the model from depending on it. Later turns see
    the earlier answers without their thinking or, in some conversations, with it, as clients send them back in both ways.
    """
    kind = random.random()
    system = SYSTEM if kind < 0.7 else None if kind < 0.85 else random.choice(SYSTEM_PROMPTS)
    keeps_thinking = random.random() < 0.3
    conversation = Sample()
    for index, problem in enumerate(problems):
        prompt = opening(problem.question, system if index == 0 else None)
        conversation.add(tokenizer, "\n" + prompt if index else prompt)
        answer = problem.response.split("</think>\n\n")[-1]
        if answer == problem.response or keeps_thinking or index == len(problems) - 1:
            conversation.add(tokenizer, problem.response + STOP, learned=True)
        else:
            conversation.add(tokenizer, problem.response + STOP, learned=True, branch=index + 1)
            conversation.add(tokenizer, answer + STOP)
    return conversation
