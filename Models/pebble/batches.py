"""Batches of packed rows, drawn on the fly."""

from dataclasses import dataclass
from random import Random

import torch
from tokenizers import Tokenizer
from torch import Tensor

from conversations import END, Sample, sample
from problems import FAMILIES, drawn
from problems.drills import drill


@dataclass
class Batch:
    tokens: Tensor
    positions: Tensor
    documents: Tensor
    branches: Tensor
    learned: Tensor


class Batches:
    """Draws conversations by the shares of their families and packs them into rows of one length."""

    def __init__(self, tokenizer: Tokenizer, rows: int, length: int, turns: int, several: float, seed: int):
        self.tokenizer, self.rows, self.length = tokenizer, rows, length
        self.turns, self.several = turns, several  # most turns of a conversation, share of those with more than one
        self.random = Random(seed)
        self.end = tokenizer.token_to_id(END)
        self.waiting: list[Sample] = []
        self.drills = 0.5  # share of drills among all samples
        self.shares = {family: 1.0 for family in FAMILIES}

    def drill(self) -> Sample:
        """Steps without a conversation around them. Only the results are learned."""
        steps = Sample()
        for given, result in drill(self.random):
            for text, learns in ((given, False), (result, True), ("\n", False)):
                steps.add(self.tokenizer, text, learns)
        return steps

    def conversation(self) -> Sample:
        if self.random.random() < self.drills:
            return self.drill()
        names = list(self.shares)
        count = self.random.randint(2, self.turns) if self.random.random() < self.several else 1
        problems = [
            drawn(self.random, family, held_out=False)
            for family in self.random.choices(names, list(self.shares.values()), k=count)
        ]
        assert not any(problem.held_out for problem in problems)
        return sample(self.random, self.tokenizer, problems)

    def row(self) -> tuple[list[Sample], int]:
        """Waiting conversations, the longest that fits first, so that little of the row is left empty."""
        room, chosen = self.length, []
        while len(self.waiting) < 48:
            conversation = self.conversation()
            if len(conversation.tokens) <= self.length:
                self.waiting.append(conversation)
        chosen.append(self.waiting.pop(0))
        room -= len(chosen[0].tokens)
        while True:
            fitting = [index for index, other in enumerate(self.waiting) if len(other.tokens) <= room]
            if not fitting:
                return chosen, room
            best = max(fitting, key=lambda index: len(self.waiting[index].tokens))
            chosen.append(self.waiting.pop(best))
            room -= len(chosen[-1].tokens)

    def next(self) -> Batch:
        columns: list[list] = [[], [], [], [], []]
        for _ in range(self.rows):
            conversations, room = self.row()
            parts: list[list] = [[], [], [], [], []]
            for document, one in enumerate(conversations):
                documents = [document] * len(one.tokens)
                for part, piece in zip(parts, (one.tokens, one.positions, documents, one.branches, one.learned)):
                    part.extend(piece)
            for part, filler in zip(parts, (self.end, 0, -1, 0, False)):
                part.extend([filler] * room)
            parts[-1][0] = False
            for column, part in zip(columns, parts):
                column.append(part)
        return Batch(*(torch.tensor(column) for column in columns))
