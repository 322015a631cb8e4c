"""Fits the head of reported speech once more, on all of PolNeAR's training part, with the encoder as it has become.

usage: python train/fit_speech.py SHARED CHECKPOINT OUT [--epochs 4]

While all tasks are learned together, speech gets a small share of the steps. Its head is one small matrix: here it
learns from every window, the encoder stays as it is. The fifth of the documents that is reported on stays untouched.
"""

from __future__ import annotations

import argparse
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import corpus
import fit
import torch
from corpus import IGNORE, Example
from torch import Tensor
from torch.nn import functional as F

RATE, BATCH = 2e-3, 4096


@torch.no_grad()
def seen(model: fit.Reader, examples: Sequence[Example]) -> tuple[Tensor, Tensor]:
    """Gives the states of all labelled tokens [tokens, hidden] and their three tags [tokens, 3]."""
    model.eval()
    states, tags = [], []
    for at in range(0, len(examples), 16):
        batch = examples[at : at + 16]
        given = model.encoder(*fit.tensors(batch))
        for row, example in enumerate(batch):
            states.append(given[row, : len(example.window)].half())
            tags.append(torch.tensor(example.speech))
    return torch.cat(states), torch.cat(tags)


def taught(head: torch.nn.Linear, states: Tensor, tags: Tensor, epochs: int) -> torch.nn.Linear:
    """Teaches the head: rate falling to nothing, batches of tokens at random."""
    optimizer = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=0.01)
    steps = epochs * -(-len(states) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    for _ in range(epochs):
        for rows in torch.randperm(len(states)).split(BATCH):
            logits = head(states[rows].float()).unflatten(-1, (3, 3))
            F.cross_entropy(logits.flatten(0, 1), tags[rows].flatten(), ignore_index=IGNORE).backward()
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
    return head


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    random.seed(options.seed)
    torch.manual_seed(options.seed)
    site = fit.pretrained()
    tokenizer = fit.load_tokenizer(site / fit.PRETRAINED / "tokenizer.json")
    model = fit.new_model(site, init=options.checkpoint)
    archive = options.shared / "data/attribution/polnear_train.tar.xz"
    examples = [e for e in corpus.polnear_examples(tokenizer, archive) if not corpus.is_held_out(e.doc, 0.2)]
    states, tags = seen(model, examples)
    taught(model.speech, states, tags, options.epochs)
    torch.save(model.state_dict(), options.out)
    for ending in (".json", ".look.pt"):
        if options.checkpoint.with_suffix(ending).exists():
            shutil.copy(options.checkpoint.with_suffix(ending), options.out.with_suffix(ending))


if __name__ == "__main__":
    main()
