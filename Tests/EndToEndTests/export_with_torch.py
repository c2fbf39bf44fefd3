"""Writes a tiny checkpoint as ONNX with torch's exporters, in the ways in which people do.

    python export_with_torch.py CHECKPOINT OUTDIR

with-cache.onnx         past keys and values in and out, every axis dynamic and unnamed
with-mask.onnx          token numbers and an attention mask, eager attention
plain-half.onnx         token numbers only, traced with one row, computed in bfloat16
torchscript.onnx        the older exporter, through TorchScript
"""

import pathlib
import sys
import warnings

import torch
from transformers import AutoModelForCausalLM, DynamicCache

warnings.simplefilter("ignore")
checkpoint, out = sys.argv[1], pathlib.Path(sys.argv[2])
DYNAMIC = torch.export.Dim.DYNAMIC


def loaded(dtype=torch.float32, attention="sdpa"):
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=dtype, attn_implementation=attention).eval()
    model.config.use_cache = False
    return model


def export(name, model, arguments, **options):
    torch.onnx.export(model, arguments, str(out / name), verbose=False, **options)


class WithCache(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.model = loaded()
        self.layers = self.model.config.num_hidden_layers

    def forward(self, input_ids, attention_mask, position_ids, *past):
        cache = DynamicCache()
        for layer in range(self.layers):
            cache.update(past[2 * layer], past[2 * layer + 1], layer)
        output = self.model(input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids,
                            past_key_values=cache, use_cache=True)
        return output.logits, *(x for layer in output.past_key_values.layers for x in (layer.keys, layer.values))


class LogitsOnly(torch.nn.Module):
    def __init__(self, attention="eager"):
        super().__init__()
        self.model = loaded(attention=attention)

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False).logits


ids = torch.tensor([[1, 2, 3, 4, 5]] * 2)
axes = {0: DYNAMIC, 1: DYNAMIC}

model = WithCache()
config = model.model.config
width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
past = [torch.zeros(2, config.num_key_value_heads, 3, width) for _ in range(2 * model.layers)]
names = [f"past_key_values.{layer}.{kind}" for layer in range(model.layers) for kind in ("key", "value")]
export("with-cache.onnx", model, (ids, torch.ones(2, 8, dtype=torch.long), torch.arange(3, 8).repeat(2, 1), *past),
       input_names=["input_ids", "attention_mask", "position_ids", *names],
       output_names=["logits", *(name.replace("past_key_values", "present") for name in names)],
       dynamic_shapes=(axes, axes, axes, tuple({0: DYNAMIC, 2: DYNAMIC} for _ in past)), dynamo=True)

export("with-mask.onnx", LogitsOnly(), (ids, torch.ones_like(ids)), input_names=["input_ids", "attention_mask"],
       output_names=["logits"], dynamic_shapes=(axes, axes), dynamo=True)

export("plain-half.onnx", loaded(torch.bfloat16), (ids[:1],), input_names=["input_ids"], output_names=["logits"],
       dynamic_shapes={"input_ids": {0: "batch", 1: "sequence"}}, dynamo=True)

named = {0: "batch", 1: "sequence"}
export("torchscript.onnx", LogitsOnly(), (ids[:1], torch.ones_like(ids[:1])),
       input_names=["input_ids", "attention_mask"], output_names=["logits"], opset_version=17, dynamo=False,
       dynamic_axes={"input_ids": named, "attention_mask": named, "logits": named})
