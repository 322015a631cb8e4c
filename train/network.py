"""The reader's network in torch: a 6-layer BERT encoder with case and mark inputs, and its heads.

Only training uses this module. What runs in the product is its ONNX export (`train/export.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

CASES = 5  # no letters, lower, Title, UPPER, miXed
MARKS = 3  # none, actor, recipient: only used when coding between two marked parties
DISTANCES = 15
ROLE_TAGS = 9  # O and B, I of actor, recipient, place, speaker
INNER = (1536,) * 6  # as pretrained
SPEECH_TAGS = 9  # three independent O, B, I for source, cue, content


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Sizes of the encoder and of the label sets."""

    types: int
    modes: int
    contexts: int
    statuses: int = 5
    vocabulary: int = 30522
    hidden: int = 384
    heads: int = 12
    inner: tuple[int, ...] = INNER  # one a layer
    positions: int = 512


class Layer(nn.Module):
    """One transformer layer, post-norm as in BERT."""

    def __init__(self, shape: Shape, inner: int, dropout: float) -> None:
        super().__init__()
        self.heads = shape.heads
        self.query = nn.Linear(shape.hidden, shape.hidden)
        self.key = nn.Linear(shape.hidden, shape.hidden)
        self.value = nn.Linear(shape.hidden, shape.hidden)
        self.out = nn.Linear(shape.hidden, shape.hidden)
        self.norm1 = nn.LayerNorm(shape.hidden, eps=1e-12)
        self.up = nn.Linear(shape.hidden, inner)
        self.down = nn.Linear(inner, shape.hidden)
        self.norm2 = nn.LayerNorm(shape.hidden, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        return self.fed(self.mixed(x, bias))

    def mixed(self, x: Tensor, bias: Tensor) -> Tensor:
        """The first half: tokens look at each other."""
        batch, length, hidden = x.shape
        split = (batch, length, self.heads, hidden // self.heads)
        q = self.query(x).view(split).transpose(1, 2)
        k = self.key(x).view(split).transpose(1, 2)
        v = self.value(x).view(split).transpose(1, 2)
        weights = torch.softmax(q @ k.transpose(-1, -2) / (hidden // self.heads) ** 0.5 + bias, dim=-1)
        mixed = (self.dropout(weights) @ v).transpose(1, 2).reshape(batch, length, hidden)
        return self.norm1(x + self.dropout(self.out(mixed)))

    def fed(self, x: Tensor) -> Tensor:
        """The second half: each token by itself."""
        return self.norm2(x + self.dropout(self.down(F.gelu(self.up(x)))))


class Encoder(nn.Module):
    """MiniLM-L6 with two inputs of our own: the case of each word, and the marks of two parties."""

    def __init__(self, shape: Shape, dropout: float = 0.1) -> None:
        super().__init__()
        self.words = nn.Embedding(shape.vocabulary, shape.hidden)
        self.places = nn.Embedding(shape.positions, shape.hidden)
        self.cases = nn.Embedding(CASES, shape.hidden)
        self.marks = nn.Embedding(MARKS, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, eps=1e-12)
        self.layers = nn.ModuleList(Layer(shape, inner, dropout) for inner in shape.inner)
        self.dropout = nn.Dropout(dropout)
        nn.init.zeros_(self.cases.weight)
        nn.init.normal_(self.marks.weight, std=0.02)
        self.marks.weight.data[0] = 0

    def forward(self, tokens: Tensor, cases: Tensor, marks: Tensor) -> Tensor:
        x, bias = self.embedded(tokens, cases, marks), self.bias(tokens)
        for layer in self.layers:
            x = layer(x, bias)
        return x

    def embedded(self, tokens: Tensor, cases: Tensor, marks: Tensor) -> Tensor:
        """Sums what is known of each token before the first layer: [batch, length, hidden]."""
        place = torch.arange(tokens.shape[1], device=tokens.device)
        return self.dropout(self.norm(self.words(tokens) + self.places(place) + self.cases(cases) + self.marks(marks)))

    def bias(self, tokens: Tensor) -> Tensor:
        """Gives what is added to the looks so that none goes to padding."""
        return (tokens == 0).to(self.norm.weight.dtype)[:, None, None, :] * -10000.0

    def load_pretrained(self, path: Path) -> None:
        """Loads a BERT checkpoint of the same shape; token type 0 is folded into the positions."""
        weights = load_file(path)
        get = lambda name: weights[name]  # noqa: E731
        self.words.weight.data.copy_(get("embeddings.word_embeddings.weight"))
        self.places.weight.data.copy_(
            get("embeddings.position_embeddings.weight") + get("embeddings.token_type_embeddings.weight")[0]
        )
        self.norm.weight.data.copy_(get("embeddings.LayerNorm.weight"))
        self.norm.bias.data.copy_(get("embeddings.LayerNorm.bias"))
        names = {
            "query": "attention.self.query",
            "key": "attention.self.key",
            "value": "attention.self.value",
            "out": "attention.output.dense",
            "norm1": "attention.output.LayerNorm",
            "up": "intermediate.dense",
            "down": "output.dense",
            "norm2": "output.LayerNorm",
        }
        for i, layer in enumerate(self.layers):
            for ours, theirs in names.items():
                part = getattr(layer, ours)
                part.weight.data.copy_(get(f"encoder.layer.{i}.{theirs}.weight"))
                part.bias.data.copy_(get(f"encoder.layer.{i}.{theirs}.bias"))


class Reader(nn.Module):
    """Encoder and heads. Every head works on the encoder's last layer."""

    def __init__(self, shape: Shape, dropout: float = 0.1) -> None:
        super().__init__()
        h = shape.hidden
        self.shape = shape
        self.encoder = Encoder(shape, dropout)
        self.drop = nn.Dropout(dropout)
        self.tags = nn.Linear(h, 2 + shape.types)  # O, I, and B of each type
        self.speech = nn.Linear(h, SPEECH_TAGS)
        self.event = nn.Linear(2 * h, h)
        self.kind = nn.Linear(h, shape.types + 1)  # the last is "no event"
        self.status = nn.Linear(h, shape.statuses)
        self.mode = nn.Linear(h, shape.modes)
        self.context = nn.Linear(h, shape.contexts)
        self.role_event = nn.Linear(2 * h, 256)
        self.role_token = nn.Linear(h, 256, bias=False)
        self.role_distance = nn.Embedding(DISTANCES, 256)
        self.role = nn.Linear(256, ROLE_TAGS)
        self.pair = nn.Linear(4 * h, h)
        self.pair_query = nn.Linear(2 * h, 128)
        self.pair_key = nn.Linear(h, 128, bias=False)
        self.pair_look = nn.Linear(128, 1, bias=False)
        self.pair_type = nn.Linear(h, shape.types * shape.statuses)

    def event_vector(self, states: Tensor, row: Tensor, start: Tensor, end: Tensor) -> Tensor:
        """Gives first token and mean of each anchor: [events, 2 hidden]. `end` is exclusive."""
        place = torch.arange(states.shape[1], device=states.device)
        inside = ((place >= start[:, None]) & (place < end[:, None])).to(states.dtype)
        mean = torch.einsum("et,eth->eh", inside, states[row]) / inside.sum(1, keepdim=True)
        return torch.cat([states[row, start], mean], dim=1)

    def classify(self, vector: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x = self.drop(F.relu(self.event(self.drop(vector))))
        return self.kind(x), self.status(x), self.mode(x), self.context(x)

    def roles(self, states: Tensor, row: Tensor, start: Tensor, vector: Tensor) -> Tensor:
        """Gives role logits of every token for each event: [events, tokens, ROLE_TAGS]."""
        place = torch.arange(states.shape[1], device=states.device)
        distance = bucket(place[None, :] - start[:, None])
        x = self.role_event(self.drop(vector))[:, None] + self.role_token(self.drop(states))[row]
        return self.role(self.drop(F.relu(x + self.role_distance(distance))))

    def pairs(self, states: Tensor, tokens: Tensor, marks: Tensor) -> Tensor:
        """Gives logits of (type, status) between the two marked parties: [batch, types * statuses].

        The parties look for the words between them that tell what one does to the other.
        """
        sides = []
        for mask in (marks == 1, marks == 2):
            weight = mask.to(states.dtype)
            sides.append(torch.einsum("bt,bth->bh", weight, states) / weight.sum(1, keepdim=True).clamp(min=1))
        query = self.pair_query(torch.cat(sides, dim=1))
        look = self.pair_look(torch.tanh(query[:, None] + self.pair_key(states))).squeeze(-1)
        weight = torch.softmax(look + (tokens == 0).to(look.dtype) * -10000.0, dim=-1)
        seen = torch.einsum("bt,bth->bh", weight, states)
        x = self.drop(F.relu(self.pair(self.drop(torch.cat([states[:, 0], *sides, seen], dim=1)))))
        return self.pair_type(x)


def bucket(offset: Tensor) -> Tensor:
    """Folds a signed token distance into 15 buckets, exact near zero and coarse far away."""
    size = offset.abs()
    step = (size >= 1).long() + (size >= 2) + (size >= 3) + (size >= 5) + (size >= 9) + (size >= 17) + (size >= 33)
    return torch.where(offset >= 0, 7 + step, 7 - step)
