"""What a problem is, and which problems training may see."""

import hashlib
from dataclasses import dataclass

HELD_OUT_SHARE = 16  # one problem in this many is kept for evaluation


@dataclass(frozen=True)
class Problem:
    """A question, the steps to its answer and the answer.

    `key` names the problem by kind and operands, whatever its wording: the split between training and evaluation
    hashes it. `reply` replaces the usual closing sentence where the answer is not a number (code, small talk).
    `tests` are Python assertions that a code answer must satisfy.
    """

    family: str
    key: str
    question: str
    thinking: str
    answer: str
    reply: str | None = None
    tests: str | None = None

    @property
    def held_out(self) -> bool:
        """Whether the problem belongs to evaluation, so that training must never see it."""
        digest = hashlib.sha256(f"{self.family}:{self.key}".encode()).digest()
        return int.from_bytes(digest[:4], "big") % HELD_OUT_SHARE == 0

    @property
    def response(self) -> str:
        """The whole assistant message."""
        reply = self.reply or f"The answer is \\boxed{{{self.answer}}}."
        return f"<think>\n{self.thinking}\n</think>\n\n{reply}" if self.thinking else reply
