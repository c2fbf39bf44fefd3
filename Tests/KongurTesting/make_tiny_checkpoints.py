"""Makes small checkpoints of odd shapes with transformers, and what transformers computes with them.

    python make_tiny_checkpoints.py OUTDIR

makes one folder for each name in CHECKPOINTS, with config.json, generation_config.json, safetensors, tokenizer.json,
tokenizer_config.json, chat_template.jinja, and

    expected.json         prompt_ids, generated_ids (greedy, 24 tokens after the prompt 1, 2, 3), logits_prompt_ids,
                          rotary: inverse_frequencies and attention_factor
    expected_logits.npy   float32 [12, vocab]: the logits of logits_prompt_ids, computed in float32
"""

import json
import pathlib
import sys

import numpy
import torch
import transformers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

VOCABULARY = 700
END = "<|endoftext|>"
SPECIAL = [END, "<|im_start|>", "<|im_end|>"]
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEMPLATE = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)

SIZES = dict(
    vocab_size=VOCABULARY,
    hidden_size=48,
    intermediate_size=88,
    num_hidden_layers=3,
    num_attention_heads=3,
    num_key_value_heads=1,
    max_position_embeddings=512,
    bos_token_id=0,
    eos_token_id=0,
)
LLAMA3 = dict(
    rope_type="llama3",
    rope_theta=500000.0,
    factor=8.0,
    low_freq_factor=1.0,
    high_freq_factor=4.0,
    original_max_position_embeddings=64,
)
YARN = dict(rope_type="yarn", rope_theta=1000000.0, factor=4.0, original_max_position_embeddings=128)


def rotary(**parameters):
    return dict(rope_parameters=parameters)


# name: (configuration, model class, element type, largest shard or None)
CHECKPOINTS = {
    "qwen2-tied": (
        Qwen2Config(**SIZES, tie_word_embeddings=True, **rotary(rope_type="default", rope_theta=10000.0)),
        Qwen2ForCausalLM,
        torch.bfloat16,
        None,
    ),
    "qwen2-untied": (
        Qwen2Config(**SIZES, tie_word_embeddings=False, **rotary(rope_type="default", rope_theta=1000000.0)),
        Qwen2ForCausalLM,
        torch.float32,
        "150KB",
    ),
    "qwen2-yarn": (Qwen2Config(**SIZES, tie_word_embeddings=True, **rotary(**YARN)), Qwen2ForCausalLM, torch.float16, None),
    "qwen3": (
        Qwen3Config(
            **{**SIZES, "num_attention_heads": 4, "num_key_value_heads": 2},
            head_dim=20,
            tie_word_embeddings=True,
            **rotary(rope_type="default", rope_theta=1000000.0),
        ),
        Qwen3ForCausalLM,
        torch.bfloat16,
        None,
    ),
    "llama": (
        LlamaConfig(**SIZES, tie_word_embeddings=False, attention_bias=True, mlp_bias=True, **rotary(**LLAMA3)),
        LlamaForCausalLM,
        torch.float32,
        None,
    ),
    "llama-linear": (
        LlamaConfig(
            **{**SIZES, "num_key_value_heads": 3},
            tie_word_embeddings=True,
            **rotary(rope_type="linear", rope_theta=10000.0, factor=2.5),
        ),
        LlamaForCausalLM,
        torch.bfloat16,
        None,
    ),
}


def text():
    """Plain sentences to train the tokenizer on, in a few scripts."""
    numbers = ["one", "two", "three", "four", "five", "seven", "eleven", "twelve", "twenty"]
    nouns = ["triangle", "circle", "number", "prime", "sum", "product", "angle", "list", "integer", "function"]
    for i, number in enumerate(numbers):
        for j, noun in enumerate(nouns):
            yield f"Let {noun} {i} have {number} parts; then the answer is {i * j + 7}, because {i} times {j} is {i * j}."
            yield f"def {noun}_{i}(x):\n    return x + {j}\n\n"
    yield "Grüße aus Köln. Ça va très bien, merci. 你好，世界。数学是美丽的。Привет, мир! 🙂🚀"


def make_tokenizer(folder):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=[AddedToken(token, special=True, normalized=False) for token in SPECIAL],
        show_progress=False,
    )
    tokenizer.train_from_iterator(text(), trainer)
    assert tokenizer.get_vocab_size() <= VOCABULARY
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, pad_token=END)
    wrapped.chat_template = TEMPLATE
    wrapped.save_pretrained(folder)


def expectations(model, folder):
    """What transformers computes from the checkpoint as it is stored, in float32."""
    prompt = torch.tensor([[1, 2, 3]])
    generated = model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        do_sample=False,
        max_new_tokens=24,
        min_new_tokens=24,
        eos_token_id=None,
        pad_token_id=0,
    )[0, 3:]
    logits_prompt = torch.tensor([[5, 300, 17, 699, 2, 2, 451, 88, 260, 3, 120, 9]])
    with torch.no_grad():
        logits = model(logits_prompt).logits[0]
    embedding = model.model.rotary_emb
    (folder / "expected.json").write_text(
        json.dumps(
            {
                "prompt_ids": prompt[0].tolist(),
                "generated_ids": generated.tolist(),
                "logits_prompt_ids": logits_prompt[0].tolist(),
                "rotary": {
                    "inverse_frequencies": embedding.inv_freq.double().tolist(),
                    "attention_factor": float(embedding.attention_scaling),
                },
            }
        )
    )
    numpy.save(folder / "expected_logits.npy", logits.float().numpy())


def make(name, out):
    configuration, model_class, dtype, shard = CHECKPOINTS[name]
    folder = out / name
    folder.mkdir(parents=True)
    torch.manual_seed(sum(name.encode()))
    model = model_class(configuration).eval()
    with torch.no_grad():
        # Larger weights than a fresh model's, and norms and biases that are not 1 and 0, so that every part matters.
        for key, parameter in model.named_parameters():
            if "norm" in key:
                parameter.copy_(1 + 0.3 * torch.randn_like(parameter))
            else:
                scale = 0.1 if "embed_tokens" in key else 0.3
                parameter.copy_(scale * torch.randn_like(parameter))
    model.to(dtype)
    model.generation_config.eos_token_id = [0, 2]
    model.save_pretrained(folder, **({"max_shard_size": shard} if shard else {}))
    make_tokenizer(folder)
    # Read again, as any other reader would, and computed in float32.
    expectations(model_class.from_pretrained(folder, dtype=torch.float32).eval(), folder)


def main():
    out = pathlib.Path(sys.argv[1])
    torch.use_deterministic_algorithms(True)
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    torch.set_num_threads(1)
    for name in CHECKPOINTS:
        make(name, out)


if __name__ == "__main__":
    main()
