"""Qwen2 for training: the same arithmetic as the published architecture, with merged projections for speed."""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Configuration:
    vocabulary: int
    hidden: int = 192
    layers: int = 4
    heads: int = 6
    kv_heads: int = 2
    head: int = 32
    intermediate: int = 512
    positions: int = 1024
    rope_theta: float = 10000.0
    epsilon: float = 1e-6

    def hub(self) -> dict:
        """The fields of config.json."""
        return {
            "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "vocab_size": self.vocabulary,
            "hidden_size": self.hidden, "num_hidden_layers": self.layers, "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads, "head_dim": self.head, "intermediate_size": self.intermediate,
            "hidden_act": "silu", "max_position_embeddings": self.positions, "rope_theta": self.rope_theta,
            "rms_norm_eps": self.epsilon, "tie_word_embeddings": True, "attention_dropout": 0.0,
            "initializer_range": 0.02, "use_cache": True, "use_sliding_window": False, "torch_dtype": "bfloat16",
        }

    def fields(self) -> dict:
        return asdict(self)


def rotated(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotary positions, in Qwen2's order: the first half of a head turns with the second."""
    half = x.shape[-1] // 2
    first, second = x[..., :half], x[..., half:]
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1)


class Layer(nn.Module):
    def __init__(self, c: Configuration):
        super().__init__()
        self.c = c
        self.attention_norm = nn.Parameter(torch.ones(c.hidden))
        self.qkv = nn.Linear(c.hidden, (c.heads + 2 * c.kv_heads) * c.head)
        self.output = nn.Linear(c.heads * c.head, c.hidden, bias=False)
        self.mlp_norm = nn.Parameter(torch.ones(c.hidden))
        self.gate_up = nn.Linear(c.hidden, 2 * c.intermediate, bias=False)
        self.down = nn.Linear(c.intermediate, c.hidden, bias=False)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor, mask: Tensor) -> Tensor:
        c, (batch, length, _) = self.c, x.shape
        joined = self.qkv(F.rms_norm(x, (c.hidden,), self.attention_norm, c.epsilon))
        joined = joined.view(batch, length, c.heads + 2 * c.kv_heads, c.head).transpose(1, 2)
        turning, v = joined.split((c.heads + c.kv_heads, c.kv_heads), dim=1)
        q, k = rotated(turning, cosine, sine).split((c.heads, c.kv_heads), dim=1)
        group = c.heads // c.kv_heads
        k, v = k.repeat_interleave(group, dim=1), v.repeat_interleave(group, dim=1)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.output(attended.transpose(1, 2).reshape(batch, length, -1))
        gate, up = self.gate_up(F.rms_norm(x, (c.hidden,), self.mlp_norm, c.epsilon)).chunk(2, dim=-1)
        return x + self.down(F.silu(gate) * up)


class Model(nn.Module):
    def __init__(self, c: Configuration):
        super().__init__()
        self.c = c
        self.embedding = nn.Parameter(torch.randn(c.vocabulary, c.hidden) * 0.04)
        self.blocks = nn.ModuleList(Layer(c) for _ in range(c.layers))
        self.norm = nn.Parameter(torch.ones(c.hidden))
        frequency = c.rope_theta ** (-torch.arange(0, c.head, 2).float() / c.head)
        self.register_buffer("frequency", frequency, persistent=False)
        for block in self.blocks:
            for linear in (block.qkv, block.gate_up):
                nn.init.normal_(linear.weight, std=c.hidden**-0.5)
            nn.init.zeros_(block.qkv.bias)
            nn.init.zeros_(block.output.weight)
            nn.init.zeros_(block.down.weight)

    def forward(self, tokens: Tensor, positions: Tensor, documents: Tensor, branches: Tensor) -> Tensor:
        """Hidden states [batch, length, hidden] of packed rows.

        A token sees only its own document's past and, of that, the trunk (branch 0) and its own branch.
        """
        angles = positions[:, None, :, None].float() * self.frequency
        length = tokens.shape[1]
        past = torch.ones(length, length, dtype=torch.bool).tril()
        readable = (branches[:, None, None, :] == 0) | (branches[:, None, :, None] == branches[:, None, None, :])
        mask = (documents[:, None, :, None] == documents[:, None, None, :]) & readable & past
        mask = torch.zeros(mask.shape).masked_fill_(~mask, float("-inf"))
        x, cosine, sine = F.embedding(tokens, self.embedding), angles.cos(), angles.sin()
        for block in self.blocks:
            x = block(x, cosine, sine, mask)
        return F.rms_norm(x, (self.c.hidden,), self.norm, self.c.epsilon)

    def loss(self, tokens: Tensor, positions: Tensor, documents: Tensor, branches: Tensor, learned: Tensor) -> Tensor:
        """Mean cross entropy over the tokens marked as learned, each predicted from the token before it."""
        states = self(tokens, positions, documents, branches)[:, :-1][learned[:, 1:]]
        return F.cross_entropy(states @ self.embedding.T, tokens[:, 1:][learned[:, 1:]])

    def hub_weights(self) -> dict[str, Tensor]:
        """The weights under the names of transformers' Qwen2ForCausalLM."""
        c = self.c
        weights = {"model.embed_tokens.weight": self.embedding, "model.norm.weight": self.norm}
        sizes = (c.heads * c.head, c.kv_heads * c.head, c.kv_heads * c.head)
        for index, block in enumerate(self.blocks):
            name = f"model.layers.{index}."
            weights[name + "input_layernorm.weight"] = block.attention_norm
            weights[name + "post_attention_layernorm.weight"] = block.mlp_norm
            for letter, weight, bias in zip("qkv", block.qkv.weight.split(sizes), block.qkv.bias.split(sizes)):
                weights[name + f"self_attn.{letter}_proj.weight"] = weight
                weights[name + f"self_attn.{letter}_proj.bias"] = bias
            weights[name + "self_attn.o_proj.weight"] = block.output.weight
            gate, up = block.gate_up.weight.chunk(2)
            weights[name + "mlp.gate_proj.weight"], weights[name + "mlp.up_proj.weight"] = gate, up
            weights[name + "mlp.down_proj.weight"] = block.down.weight
        return {name: weight.detach().clone().contiguous() for name, weight in weights.items()}

    def load_hub_weights(self, weights: dict[str, Tensor]):
        """Takes over the weights of a checkpoint, as `hub_weights` names them."""
        self.embedding.data.copy_(weights["model.embed_tokens.weight"])
        self.norm.data.copy_(weights["model.norm.weight"])
        for index, block in enumerate(self.blocks):
            name = f"model.layers.{index}."
            block.attention_norm.data.copy_(weights[name + "input_layernorm.weight"])
            block.mlp_norm.data.copy_(weights[name + "post_attention_layernorm.weight"])
            block.qkv.weight.data.copy_(torch.cat([weights[name + f"self_attn.{letter}_proj.weight"] for letter in "qkv"]))
            block.qkv.bias.data.copy_(torch.cat([weights[name + f"self_attn.{letter}_proj.bias"] for letter in "qkv"]))
            block.output.weight.data.copy_(weights[name + "self_attn.o_proj.weight"])
            block.gate_up.weight.data.copy_(torch.cat([weights[name + f"mlp.{half}_proj.weight"] for half in ("gate", "up")]))
            block.down.weight.data.copy_(weights[name + "mlp.down_proj.weight"])
