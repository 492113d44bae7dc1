"""A llama-shaped model read from a GGUF file, with low-rank adapters on the matrices of its upper blocks.

The weights are those that Sereno evaluates (dequantised), and rows stay in GGUF's order, so an adapter
that is written out fits the file as it is.
"""

import math

import gguf
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

MATRICES = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")


class Linear(nn.Module):
    """A frozen matrix, and where `rank` is above 0 a product of two small ones beside it."""

    def __init__(self, weight, rank, alpha):
        super().__init__()
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.scale = alpha / max(rank, 1)
        self.a = nn.Parameter(torch.randn(rank, weight.shape[1]) / math.sqrt(weight.shape[1])) if rank else None
        self.b = nn.Parameter(torch.zeros(weight.shape[0], rank)) if rank else None

    def forward(self, x):
        y = F.linear(x, self.weight)
        if self.a is None:
            return y
        return y + F.linear(F.linear(x, self.a.to(x.dtype)), self.b.to(x.dtype)) * self.scale


class Network(nn.Module):
    """`first` is the lowest block that learns; those below cost no backward pass."""

    def __init__(self, path, rank=16, alpha=32, first=10, dtype=torch.bfloat16):
        super().__init__()
        reader = gguf.GGUFReader(path)
        setting = lambda key: reader.fields[f"llama.{key}"].contents()
        tensors = {t.name: torch.from_numpy(np.array(gguf.dequantize(t.data, t.tensor_type))) for t in reader.tensors}
        frozen = lambda name: nn.Parameter(tensors[name].to(dtype), requires_grad=False)
        self.first, self.rank, self.alpha = first, rank, alpha
        self.heads, self.kv_heads = setting("attention.head_count"), setting("attention.head_count_kv")
        self.base, self.eps = setting("rope.freq_base"), setting("attention.layer_norm_rms_epsilon")
        self.embed, self.out_norm = frozen("token_embd.weight"), frozen("output_norm.weight")
        self.width = self.embed.shape[1]
        self.blocks = nn.ModuleList()
        for index in range(setting("block_count")):
            block = nn.Module()
            for name in MATRICES:
                weight = tensors[f"blk.{index}.{name}.weight"].to(dtype)
                setattr(block, name, Linear(weight, rank if index >= first else 0, alpha))
            for name in ("attn_norm", "ffn_norm"):
                setattr(block, name, frozen(f"blk.{index}.{name}.weight"))
            self.blocks.append(block)

    def turned(self, x):
        """Rotary positions; GGUF keeps the two halves of a pair side by side."""
        size = x.shape[-1]
        speed = self.base ** (-torch.arange(0, size, 2, dtype=torch.float32) / size)
        angle = torch.arange(x.shape[-2], dtype=torch.float32)[:, None] * speed
        cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
        even, odd = x[..., 0::2], x[..., 1::2]
        return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)

    def forward(self, ids):
        """Token ids (batch, length), padded on the right, to hidden states (batch, length, width)."""
        batch, length = ids.shape
        norm = lambda x, weight: F.rms_norm(x, (self.width,), weight, self.eps)
        split = lambda x, heads: x.view(batch, length, heads, -1).transpose(1, 2)
        x = F.embedding(ids, self.embed)
        for block in self.blocks:
            h = norm(x, block.attn_norm)
            q, k = self.turned(split(block.attn_q(h), self.heads)), self.turned(split(block.attn_k(h), self.kv_heads))
            v = split(block.attn_v(h), self.kv_heads)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
            x = x + block.attn_output(y.transpose(1, 2).reshape(batch, length, self.width))
            h = norm(x, block.ffn_norm)
            x = x + block.ffn_down(F.silu(block.ffn_gate(h)) * block.ffn_up(h))
        return norm(x, self.out_norm)

    def learned(self):
        """The adapter's parameters by name."""
        return {name: p for name, p in self.named_parameters() if p.requires_grad}
