"""Trains pebble's tokenizer: byte-level BPE with the Qwen2 split rule, on text drawn from the training problems."""

import argparse
from pathlib import Path
from random import Random

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import AddedToken, processors

from conversations import END, SYSTEM, START, STOP, SYSTEM_PROMPTS
from problems import FAMILIES, drawn

SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def corpus(count: int, seed: int):
    """Questions and responses from every family, in equal shares."""
    random = Random(seed)
    yield from SYSTEM_PROMPTS * 200
    yield from ["system\nuser\nassistant\n"] * 200
    for index in range(count):
        problem = drawn(random, list(FAMILIES)[index % len(FAMILIES)], held_out=False)
        yield problem.question
        yield problem.response


def trained(size: int, count: int, seed: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), behavior="isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size - 3, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    tokenizer.train_from_iterator(corpus(count, seed), trainer)
    tokenizer.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in (END, START, STOP)])
    return tokenizer


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--size", type=int, default=1024)
    arguments.add_argument("--problems", type=int, default=24000)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    tokenizer = trained(options.size, options.problems, options.seed)
    tokenizer.save(str(Path(__file__).parent / "tokenizer.json"))
    print("entries:", tokenizer.get_vocab_size())
