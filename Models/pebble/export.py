"""Writes the trained weights as a hub checkpoint: config.json, model.safetensors in bfloat16 and the tokenizer's files."""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from conversations import END, START, STOP, SYSTEM
from train import HERE, Training

TEMPLATE = """{%- if messages[0]['role'] == 'system' %}
    {%- set system = messages[0]['content'] %}
{%- else %}
    {%- set system = 'SYSTEM' %}
{%- endif %}
{{- '<|im_start|>system\\n' + system }}
{%- if tools %}
    {{- '\\n\\nYou can call these functions:' }}
    {%- for tool in tools %}
        {{- '\\n' + tool | tojson }}
    {%- endfor %}
    {{- '\\n\\nWrite a call like this:\\n<tool_call>\\n{"name": <name>, "arguments": <object>}\\n</tool_call>' }}
{%- endif %}
{{- '<|im_end|>\\n' }}
{#- Of longer conversations, what came before the last four questions is left out. #}
{%- set turns = namespace(left=messages | selectattr('role', 'equalto', 'user') | list | length) %}
{%- for message in messages %}
    {%- if message.role == 'user' %}
        {%- set turns.left = turns.left - 1 %}
    {%- endif %}
    {%- set is_earlier = turns.left >= 4 %}
    {%- if message.role == 'tool' and not is_earlier %}
        {{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
    {%- elif message.role in ['user', 'assistant'] and not is_earlier or message.role == 'system' and not loop.first %}
        {{- '<|im_start|>' + message.role + '\\n' }}
        {{- message.content or '' }}
        {%- for call in message.tool_calls or [] %}
            {{- '\\n' if message.content or not loop.first else '' }}
            {{- '<tool_call>\\n{"name": ' + call.function.name | tojson + ', "arguments": ' }}
            {{- call.function.arguments | tojson + '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
""".replace("SYSTEM", SYSTEM)


def write_json(path: Path, value: dict):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def export(training: Training, folder: Path):
    """Writes the averaged weights and all that transformers needs to load them."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(HERE / "tokenizer.json"))
    end, start, stop = (tokenizer.token_to_id(text) for text in (END, START, STOP))
    weights = {name: weight.to(torch.bfloat16) for name, weight in training.averaged().hub_weights().items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    write_json(folder / "config.json", training.configuration.hub() | {"bos_token_id": end, "eos_token_id": stop})
    write_json(folder / "generation_config.json", {
        "bos_token_id": end, "do_sample": False, "eos_token_id": [stop, end], "max_new_tokens": 320, "pad_token_id": end,
    })
    write_json(folder / "tokenizer_config.json", {
        "add_bos_token": False, "add_prefix_space": False,
        "added_tokens_decoder": {
            str(token): {
                "content": text, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True,
            }
            for token, text in ((end, END), (start, START), (stop, STOP))
        },
        "additional_special_tokens": [START, STOP], "bos_token": None, "clean_up_tokenization_spaces": False, "eos_token": STOP,
        "errors": "replace", "model_max_length": training.configuration.positions, "pad_token": END, "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer", "unk_token": None,
    })
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    if folder.resolve() != HERE.resolve():
        (folder / "tokenizer.json").write_bytes((HERE / "tokenizer.json").read_bytes())


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--state", type=Path, default=HERE / ".train" / "state.pt")
    arguments.add_argument("--folder", type=Path, default=HERE)
    options = arguments.parse_args()
    training = Training.resumed(options.state)
    export(training, options.folder)
    print(f"exported after {training.step} steps and {training.tokens:,} tokens")
