"""Writes what Hugging Face's packages answer, for the Swift tests to compare with.

    oracle.py tokenizers DATA OUT     OUT/<name>/ with a tokenizer and cases.json
    oracle.py templates DATA TEMPLATES OUT    OUT/cases.json
"""

import json
import os
import random
import sys

COUNT = int(os.environ.get("KONGUR_FUZZ_COUNT", "3000"))
SEED = int(os.environ.get("KONGUR_FUZZ_SEED", "20"))

GPT2 = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
FAMILY = r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
QWEN = FAMILY % r"\p{N}"
LLAMA3 = FAMILY % r"\p{N}{1,3}"
QWEN_MARKS = (
    r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+"""
    r"""|\s+(?!\S)|\s+"""
)

SPACES = list(" \t\n\r\x0b\x0c\x1c\x1f\x85\xa0\u1680\u2000\u2003\u2009\u200b\u2028\u2029\u202f\u205f\u3000\ufeff") + [
    "\r\n", "  ", "   ", "\n\n", " \n ", "\t\t",
]
WORDS = (
    "the quick Brown fox solve x^2 + y^2 = z^2 don't I'LL we've they'Re it'S 'ſ \\boxed{42} \\frac{1}{2} "
    "3.14159 1000000 12 007 def main(): return None; if (a==b) { c++; } naïve café Ångström ﬁn ŉ İstanbul ß ſ K "
    "数学 证明 你好，世界 こんにちは 안녕하세요 Привет мир γειά שלום مرحبا नमस्ते สวัสดี ٣٤٥ १२३ ௩ Ⅷ ½ ² 〇 𝟘𝟙 "
    "👩‍👩‍👧‍👦 👍🏽 🇨🇳 ❤️ #️⃣ a\u0301\u0316 \u1100\u1161\u11a8 \u1112\u1161\u11ab e\u0323\u0302 \u0f73\u0316 q\u0307\u0323 "
    "\u0344 \u2126 \u212b \ufb01 \u0958 \U0001d15e \U0001f1e6 \u0300 \u0345 \U000110ab \U00011383 \U000105c9"
).split(" ")
RANGES = [
    (0x20, 0x7F), (0x20, 0x7F), (0, 0x250), (0x250, 0x700), (0x300, 0x370), (0x900, 0xE00), (0xE00, 0x1200),
    (0x1100, 0x1200), (0x1AB0, 0x1B00), (0x1E00, 0x2100), (0x2000, 0x2C00), (0x3000, 0x3200), (0x4E00, 0x9FFF),
    (0xA000, 0xABFF), (0xAC00, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x12000), (0x16000, 0x17000), (0x1D000, 0x1E000),
    (0x1F000, 0x1FB00), (0x20000, 0x33000), (0xE0000, 0xE0200), (0x0, 0x10FFFF),
]


def character(rng):
    while True:
        code = rng.randint(*rng.choice(RANGES))
        if code <= 0x10FFFF and not 0xD800 <= code < 0xE000:
            return chr(code)


def text(rng, tokens):
    parts = []
    for _ in range(rng.randint(1, 24)):
        kind = rng.random()
        if kind < 0.25:
            parts.append(character(rng))
        elif kind < 0.35:
            parts.append("".join(character(rng) for _ in range(rng.randint(1, 8))))
        elif kind < 0.60:
            parts.append(rng.choice(WORDS))
        elif kind < 0.85:
            parts.append("".join(rng.choice(SPACES) for _ in range(rng.randint(1, 3))))
        elif kind < 0.92:
            parts.append(rng.choice("'\"0123456789.,;:!?-_+*/=<>|()[]{}\\") * rng.randint(1, 5))
        elif tokens:
            token = rng.choice(tokens)
            parts.append(token if rng.random() < 0.8 else token[: rng.randint(0, len(token))])
    return "".join(parts)


MARKS = "\u0301\u0316\u0334\u0345\u0323\u0302\u0f71\u0f72\u093c\u3099\u0308\u0304"


def marks(rng):
    base = rng.choice(["a", "\u00e9", "\u1ea5", "\u304b", "\u1100\u1161", "\u0928", "x", "", "\u09c7"])
    return base + "".join(rng.choice(MARKS) for _ in range(rng.randint(25, 60))) + rng.choice(["", "b", "\u09be", "\u11a8"])


def write_cases(folder, tokenizer, rng, tokens, count, extra=()):
    cases = []
    for sample in list(extra) + [text(rng, tokens) for _ in range(count)]:
        tokenizer.encode_special_tokens = False
        ids = tokenizer.encode(sample, add_special_tokens=False).ids
        around = tokenizer.encode(sample, add_special_tokens=True).ids
        tokenizer.encode_special_tokens = True
        plain = tokenizer.encode(sample, add_special_tokens=False).ids
        cases.append({"text": sample, "ids": ids, "around": around, "plain": plain})
    tokenizer.encode_special_tokens = False
    top = tokenizer.get_vocab_size(with_added_tokens=True)
    decoded = []
    for _ in range(count // 4):
        ids = [rng.randrange(top + 3) for _ in range(rng.randint(0, 20))]
        decoded.append({
            "ids": ids,
            "skipping": tokenizer.decode(ids, skip_special_tokens=True),
            "all": tokenizer.decode(ids, skip_special_tokens=False),
        })
    with open(os.path.join(folder, "cases.json"), "w", encoding="utf-8") as file:
        json.dump({"encode": cases, "decode": decoded, "size": top}, file, ensure_ascii=False)


def qwen(data, out):
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    with open(os.path.join(data, "vocab.json"), encoding="utf-8") as file:
        vocabulary = json.load(file)
    with open(os.path.join(data, "merges.txt"), encoding="utf-8") as file:
        merges = [tuple(line.split(" ")) for line in file.read().split("\n") if line and not line.startswith("#version")]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(QWEN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    with open(os.path.join(data, "tokenizer_config.json"), encoding="utf-8") as file:
        added = json.load(file)["added_tokens_decoder"]
    for _, token in sorted(added.items(), key=lambda item: int(item[0])):
        tokenizer.add_tokens([AddedToken(**token)])
    rng = random.Random(SEED)
    extra = ["", " ", "a" * 3000, "ab" * 1000, "\u0301", "'s", "\r\n", "x\u0344"] + [marks(rng) for _ in range(COUNT // 10)]
    # Every character in places where its class decides; of the large uniform blocks only a few.
    uniform = [(0x3400, 0x4DB0), (0x4E00, 0x9FF0), (0xAC00, 0xD7A0), (0xD800, 0xF8FF), (0x17000, 0x18CC0), (0x20000, 0x33470)]
    points = [
        chr(code)
        for code in [*range(0x33480), *range(0xE0000, 0xE0200)]
        if not 0xD800 <= code < 0xE000 and (code % 61 == 0 or not any(low <= code < high for low, high in uniform))
    ]
    groups = [points[i : i + 256] for i in range(0, len(points), 256)]
    extra += ["".join(f"a{point}a{point}!" for point in group) for group in groups]
    extra += ["".join(f"x'{point}y" for point in group) for group in groups[:48]]
    extra += ["".join(f"  {point}\n" for point in group) for group in groups[:52]]
    tokens = [token["content"] for token in added.values()]
    write_cases(out, tokenizer, rng, tokens, COUNT, extra)
    tokenizer.save(os.path.join(out, "tokenizer.json"))


def corpus():
    rng = random.Random(1)
    return [text(rng, []) for _ in range(400)] + ["the quick brown fox jumps over the lazy dog's 1234 back"] * 20


def train(out, name, pre_tokenizer, configure=None, added=(), normalizer=None, **options):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    folder = os.path.join(out, name)
    os.makedirs(folder)
    tokenizer = Tokenizer(models.BPE(**options))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    if normalizer:
        tokenizer.normalizer = normalizer
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=["<|begin|>", "<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    tokenizer.add_tokens(list(added))
    if configure:
        configure(tokenizer)
    tokenizer.save(os.path.join(folder, "tokenizer.json"))
    rng = random.Random(SEED + 1)
    tokens = ["<|begin|>", "<|end|>"] + [token.content for token in added]
    write_cases(folder, tokenizer, rng, tokens, COUNT // 4, ["", " ", "abc", "ab" * 500])
    return folder


def trained(out):
    from tokenizers import AddedToken, Regex, normalizers, pre_tokenizers, processors

    def split(pattern):
        return pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ])

    def begin(tokenizer):
        tokenizer.post_processor = processors.Sequence([
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single="<|begin|> $A <|end|>",
                pair="<|begin|> $A <|begin|> $B",
                special_tokens=[("<|begin|>", 0), ("<|end|>", 1)],
            ),
        ])

    flags = [
        AddedToken("<left>", lstrip=True, special=True),
        AddedToken("<right>", rstrip=True),
        AddedToken("<both>", lstrip=True, rstrip=True, normalized=False),
        AddedToken("word", single_word=True),
        AddedToken("ab", normalized=False),
        AddedToken("abc", normalized=False),
        AddedToken("caf\u00e9", normalized=True),
        AddedToken("<｜日本▁｜>", special=True),
    ]
    train(out, "gpt2", pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True))
    train(out, "gpt2-prefix", pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=True), added=flags)
    train(out, "llama3", split(LLAMA3), begin, ignore_merges=True)
    train(out, "qwen-marks", split(QWEN_MARKS), added=flags, normalizer=normalizers.NFC())
    train(out, "digits", pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ]))
    train(out, "digit-runs", pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=False),
        pre_tokenizers.Split(Regex(QWEN), "removed", invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]))
    folder = train(out, "pairs-and-text", split(LLAMA3))
    # The older way to write merges.
    path = os.path.join(folder, "tokenizer.json")
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    content["model"]["merges"] = [" ".join(pair) if i % 2 else pair for i, pair in enumerate(content["model"]["merges"])]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=True)




TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Today's weather — \"now\" <b>&</b>",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "城市"},
                    "days": {"type": "integer", "default": 3, "minimum": -1, "factor": 0.1, "big": 1e22, "small": 1e-7},
                    "exact": {"type": "boolean", "default": True, "enum": [True, False, None]},
                },
                "required": ["city"],
                "additionalProperties": {},
                "list": [],
            },
        },
    },
    {"type": "function", "function": {"name": "noop", "parameters": {"items": {"keys": 1}}}},
]
CALL = {"type": "function", "id": "c1", "function": {"name": "get_weather", "arguments": {"city": "Ürümqi", "days": 2}}}
CONVERSATIONS = {
    "user": [{"role": "user", "content": "What is 1+1?"}],
    "system": [{"role": "system", "content": "Be brief.\n"}, {"role": "user", "content": " hi \n"}],
    "turns": [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "<think>\nfirst\n</think>\n\nb"},
        {"role": "user", "content": "c's \"d\"\r\n"},
        {"role": "assistant", "content": "e", "reasoning_content": "\nwhy\n"},
        {"role": "user", "content": "f"},
    ],
    "tools": [
        {"role": "system", "content": "Use tools."},
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": "", "tool_calls": [CALL, CALL["function"]]},
        {"role": "tool", "tool_call_id": "c1", "content": "{\"t\": 3}"},
        {"role": "tool", "tool_call_id": "c2", "content": "{\"t\": 4}"},
        {"role": "assistant", "content": "It is 3."},
        {"role": "user", "content": "Thanks"},
    ],
    "thinking tools": [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": "Let me see", "reasoning_content": "call it", "tool_calls": [CALL]},
        {"role": "tool", "content": "sunny"},
    ],
    "one call": [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "name": "get_weather", "content": "sunny"},
    ],
    "bad role": [{"role": "critic", "content": "no"}],
    "system last": [{"role": "user", "content": "x"}, {"role": "system", "content": "y"}],
    "empty": [],
}
VARIABLES = ({}, {"enable_thinking": False}, {"enable_thinking": True, "date_string": "1 May"})


def templates(data, folder, out):
    from transformers.utils.chat_template_utils import _normalize_chat_messages, render_jinja_template

    # The real template is beside the repository on machines that have the evaluation data, and nowhere else.
    names = sorted(os.listdir(data)) if os.path.isdir(data) else []
    files = [os.path.join(data, name) for name in names if name.endswith(".jinja")]
    files += [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if "." in name]
    cases = []
    sources = []
    for path in files:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        if path.endswith(".jinja"):
            sources.append((os.path.basename(path), text, CONVERSATIONS, (None, TOOLS), VARIABLES))
        else:
            snippets = text.removesuffix("\n").split("\n-----\n")
            turns = {"turns": CONVERSATIONS["turns"]}
            sources += [(f"snippet {i}: {part}", part, turns, (None,), ({},)) for i, part in enumerate(snippets)]
    for source, template, conversations, tool_choices, variable_choices in sources:
        for name, messages in conversations.items():
            for tools in tool_choices:
                for prompt in (True, False):
                    for variables in variable_choices:
                        tokens = {"bos_token": "<|begin|>", "eos_token": "<|end|>"}
                        try:
                            rendered = render_jinja_template(
                                [_normalize_chat_messages(messages)],
                                tools=tools,
                                chat_template=template,
                                add_generation_prompt=prompt,
                                **tokens,
                                **variables,
                            )[0][0]
                        except Exception as error:  # every refusal must be a refusal there as well
                            rendered = None
                            name_of_error = f"{type(error).__name__}: {error}"
                        cases.append({
                            "name": f"{source}, {name}, tools {tools is not None}, {prompt}, {variables}",
                            "template": template,
                            "messages": messages,
                            "tools": tools,
                            "prompt": prompt,
                            "variables": variables,
                            "tokens": tokens,
                            "rendered": rendered,
                            "error": None if rendered is not None else name_of_error,
                        })
    with open(os.path.join(out, "cases.json"), "w", encoding="utf-8") as file:
        json.dump(cases, file, ensure_ascii=False)


if __name__ == "__main__":
    task, data, out = sys.argv[1], sys.argv[2], sys.argv[-1]
    os.makedirs(out, exist_ok=True)
    if task == "tokenizers":
        if os.path.isdir(data):
            os.makedirs(os.path.join(out, "qwen"))
            qwen(data, os.path.join(out, "qwen"))
        trained(out)
    elif task == "templates":
        templates(data, sys.argv[3], out)
