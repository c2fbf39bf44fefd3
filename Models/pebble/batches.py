"""Batches of packed rows, drawn on the fly."""

from dataclasses import dataclass
from random import Random

import torch
from tokenizers import Tokenizer
from torch import Tensor

from conversations import END, sample
from problems import FAMILIES, drawn
from problems.drills import drill


@dataclass
class Batch:
    tokens: Tensor
    positions: Tensor
    documents: Tensor
    learned: Tensor


class Batches:
    """Draws conversations by the shares of their families and packs them into rows of one length."""

    def __init__(self, tokenizer: Tokenizer, rows: int, length: int, seed: int):
        self.tokenizer, self.rows, self.length = tokenizer, rows, length
        self.random = Random(seed)
        self.end = tokenizer.token_to_id(END)
        self.waiting: list[tuple[list[int], list[bool]]] = []
        self.drills = 0.5  # share of drills among all samples
        self.shares = {family: 1.0 for family in FAMILIES}

    def drill(self):
        """Steps without a conversation around them. Only the results are learned."""
        tokens, learned = [], []
        for given, result in drill(self.random):
            for text, learns in ((given, False), (result, True), ("\n", False)):
                piece = self.tokenizer.encode(text, add_special_tokens=False).ids
                tokens += piece
                learned += [learns] * len(piece)
        return tokens, learned

    def conversation(self):
        if self.random.random() < self.drills:
            return self.drill()
        names = list(self.shares)
        count = 2 if self.random.random() < 0.08 else 1
        problems = [
            drawn(self.random, family, held_out=False)
            for family in self.random.choices(names, list(self.shares.values()), k=count)
        ]
        assert not any(problem.held_out for problem in problems)
        return sample(self.random, self.tokenizer, problems)

    def row(self):
        """Waiting conversations, the longest that fits first, so that little of the row is left empty."""
        room, chosen = self.length, []
        while len(self.waiting) < 48:
            conversation = self.conversation()
            if len(conversation[0]) <= self.length:
                self.waiting.append(conversation)
        chosen.append(self.waiting.pop(0))
        room -= len(chosen[0][0])
        while True:
            fitting = [index for index, (tokens, _) in enumerate(self.waiting) if len(tokens) <= room]
            if not fitting:
                return chosen, room
            best = max(fitting, key=lambda index: len(self.waiting[index][0]))
            chosen.append(self.waiting.pop(best))
            room -= len(chosen[-1][0])

    def next(self) -> Batch:
        columns: tuple[list, list, list, list] = ([], [], [], [])
        for _ in range(self.rows):
            conversations, room = self.row()
            parts: tuple[list, list, list, list] = ([], [], [], [])
            for document, (tokens, learned) in enumerate(conversations):
                for part, piece in zip(parts, (tokens, range(len(tokens)), [document] * len(tokens), learned)):
                    part.extend(piece)
            for part, filler in zip(parts, (self.end, 0, -1, False)):
                part.extend([filler] * room)
            parts[3][0] = False
            for column, part in zip(columns, parts):
                column.append(part)
        return Batch(*(torch.tensor(column) for column in columns))
