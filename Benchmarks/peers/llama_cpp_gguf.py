"""Writes a checkpoint as GGUF for llama.cpp: python llama_cpp_gguf.py CHECKPOINT FILE

With vocab.json and merges.txt in the checkpoint its tokenizer is written, too; it must be of Qwen2's kind.
"""

import json
import pathlib
import sys

import gguf
import numpy as np
import torch
from safetensors import safe_open

NAMES = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def gguf_name(name):
    if name == "model.embed_tokens.weight":
        return "token_embd.weight"
    if name == "model.norm.weight":
        return "output_norm.weight"
    _, _, layer, rest = name.split(".", 3)
    module, kind = rest.rsplit(".", 1)
    return f"blk.{layer}.{NAMES[module]}.{kind}"


def add_tokenizer(writer, checkpoint, size):
    if not (checkpoint / "vocab.json").exists():
        writer.add_vocab_size(size)
        writer.add_tokenizer_model("none")
        return
    ids = json.loads((checkpoint / "vocab.json").read_text())
    added = json.loads((checkpoint / "tokenizer_config.json").read_text())["added_tokens_decoder"]
    tokens, kinds = [f"[unused{index}]" for index in range(size)], [gguf.TokenType.UNUSED] * size
    for token, index in ids.items():
        tokens[index], kinds[index] = token, gguf.TokenType.NORMAL
    for index, entry in added.items():
        tokens[int(index)], kinds[int(index)] = entry["content"], gguf.TokenType.CONTROL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    lines = (checkpoint / "merges.txt").read_text().splitlines()
    writer.add_token_merges([line for line in lines if line and not line.startswith("#version")])
    writer.add_eos_token_id(tokens.index("<|endoftext|>"))
    writer.add_add_bos_token(False)


def write(checkpoint, path):
    """Matrices in bfloat16, vectors in float32."""
    config = json.loads((checkpoint / "config.json").read_text())
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    add_tokenizer(writer, checkpoint, config["vocab_size"])
    with safe_open(checkpoint / "model.safetensors", "pt") as tensors:
        for name in tensors.keys():
            tensor = tensors.get_tensor(name)
            if tensor.dim() == 1:
                writer.add_tensor(gguf_name(name), tensor.float().numpy())
            else:
                numbers = tensor.view(torch.int16).numpy().view(np.uint8)
                writer.add_tensor(gguf_name(name), numbers, raw_dtype=gguf.GGMLQuantizationType.BF16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
