"""llama.cpp: python llama_cpp_worker.py CHECKPOINT CACHE bf16|Q8_0|Q4_0|Q4_K_M THREADS"""

import json
import pathlib
import sys

import gguf
import llama_cpp as llama
import numpy as np
import torch
from safetensors import safe_open

from worker import PROMPT, seconds, serve, tokens

checkpoint, cache, form, threads = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
config = json.loads((checkpoint / "config.json").read_text())
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


def write_bf16(path):
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_tokenizer_model("none")
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


cache.mkdir(parents=True, exist_ok=True)
llama.llama_backend_init()
source = cache / "bf16.gguf"
if not source.exists():
    write_bf16(source.with_suffix(".new"))
    source.with_suffix(".new").rename(source)
path = cache / f"{form}.gguf"
if not path.exists():
    parameters = llama.llama_model_quantize_default_params()
    parameters.nthread = threads
    parameters.ftype = getattr(llama, f"LLAMA_FTYPE_MOSTLY_{form}")
    new = path.with_suffix(".new")
    assert llama.llama_model_quantize(str(source).encode(), str(new).encode(), parameters) == 0
    new.rename(path)

model = llama.llama_model_load_from_file(str(path).encode(), llama.llama_model_default_params())
parameters = llama.llama_context_default_params()
parameters.n_ctx = 16 * 512
parameters.n_batch = parameters.n_ubatch = 512
parameters.n_seq_max = 16
parameters.n_threads = parameters.n_threads_batch = threads
parameters.kv_unified = True
context = llama.llama_init_from_model(model, parameters)
batch = llama.llama_batch_init(512, 0, 1)


def decode(entries):
    """One step over (token, position, sequence, wants logits)."""
    batch.n_tokens = len(entries)
    for index, (token, position, sequence, wants) in enumerate(entries):
        batch.token[index], batch.pos[index], batch.logits[index] = token, position, wants
        batch.n_seq_id[index], batch.seq_id[index][0] = 1, sequence
    assert llama.llama_decode(context, batch) == 0
    llama.llama_synchronize(context)


def read(prompt, sequence=0):
    decode([(token, position, sequence, position == len(prompt) - 1) for position, token in enumerate(prompt)])


def clear():
    llama.llama_memory_clear(llama.llama_get_memory(context), True)


def prompt(count):
    clear()
    return seconds(lambda: read(tokens(count, config["vocab_size"])))


def generate(count, sequences):
    clear()
    for sequence in range(sequences):
        read(tokens(PROMPT, config["vocab_size"]), sequence)
    drawn = tokens(sequences, config["vocab_size"])

    def steps():
        for step in range(count):
            decode([(drawn[s], PROMPT + step, s, True) for s in range(sequences)])
            for s in range(sequences):
                logits = llama.llama_get_logits_ith(context, s)
                drawn[s] = int(np.ctypeslib.as_array(logits, (config["vocab_size"],)).argmax())

    return seconds(steps)


serve(prompt, generate)
