"""Teaches the reader and its second look together: encoder, both sets of heads and the layer between them.

usage: python train/fit_both.py SHARED CHECKPOINT.pt OUT.pt --teacher T.pt --taught STATES.pt [--epochs 3] [--seed 21]
(needs torch, the `train` extra; about 21 minutes an epoch on one core)

CHECKPOINT has a second look beside it (`fit_look.py`), which learned with the encoder as it was: from states that the
encoder had learned by heart, cleaner than those of news. Here some words of each window are hidden, so that the look
learns from states as it will meet them, and the encoder learns what the look needs. Tasks and labels are those of
`fit.py`; windows that the large reader has read are learned from it, too. Runs with seeds of their own are then
blended (`blend.py`).
"""

from __future__ import annotations

import argparse
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import fit
import fit_look
import numpy as np
import torch
from corpus import Example
from lessons import Lessons, load_lessons
from torch import Tensor, nn

from dragoman.reader.windows import load_tokenizer

# Share of the word pieces hidden, and the most tokens of sentences that a batch shows to the look.
MASK, MOST_TOKENS = 0.1, 6000
# The heads and the look learn faster than the encoder under them.
RATE, HEADS_FASTER, LOOK_FASTER = 5e-5, 4, 3


class Both(nn.Module):
    """The reader and its second look, to be learned and averaged as one."""

    def __init__(self, checkpoint: Path) -> None:
        super().__init__()
        self.reader = fit.new_model(fit.pretrained(), init=checkpoint)
        self.look = fit_look.load_look(self.reader, checkpoint)

    def groups(self, rate: float) -> list[dict[str, object]]:
        """Gives what learns, with its rate."""
        encoder = [p for p in self.reader.encoder.parameters() if p.requires_grad]
        heads = [p for name, p in self.reader.named_parameters() if not name.startswith("encoder.")]
        return [
            {"params": encoder, "lr": rate},
            {"params": heads, "lr": rate * HEADS_FASTER},
            {"params": list(self.look.parameters()), "lr": rate * LOOK_FASTER},
        ]


def loss_of(both: Both, batch: Sequence[Example], *, mask: float, lessons: Lessons) -> Tensor:
    """Gives the loss of `fit.loss_of`, and on windows with labels that of the second look beside it."""
    states = fit.masked_states(both.reader, batch, mask=mask, bf16=True)
    loss = fit.loss_of(both.reader, states, batch, lessons=lessons)
    return loss if batch[0].events is None else loss + look_loss(both, states, batch)


def look_loss(both: Both, states: Tensor, batch: Sequence[Example]) -> Tensor:
    """Gives the loss of the second look on the anchors of windows: all labelled ones, and others as there is room."""
    with torch.no_grad():
        tags = torch.softmax(both.reader.tags(states), -1)
    seen = [
        anchor
        for row, example in enumerate(batch)
        for anchor in fit_look.seen_in_window(
            example, states[row, : len(example.window)], tags[row, : len(example.window)]
        )
    ]
    known, others = ([a for a in seen if (a.label is None) is is_other] for is_other in (False, True))
    random.shuffle(others)
    room = MOST_TOKENS - sum(len(anchor.states) for anchor in known)
    sizes = np.cumsum([len(anchor.states) for anchor in others])
    shown = known + others[: int(np.searchsorted(sizes, room, side="right"))]
    return fit_look.look_loss(both.look, shown) if shown else states.sum() * 0


def learn(both: Both, sets: fit.Sets, options: argparse.Namespace, lessons: Lessons) -> None:
    """Learns in place and leaves the average of the later steps."""
    chance = random.Random(options.seed)
    optimizer = torch.optim.AdamW(both.groups(options.rate), weight_decay=0.01, fused=True)
    steps = fit.Steps(both, optimizer, len(fit.shuffled(sets, chance)) * options.epochs)
    both.train()
    for _ in range(options.epochs):
        work = fit.shuffled(sets, chance)
        steps.through(work, lambda batch: loss_of(both, batch, mask=options.mask, lessons=lessons))
    both.load_state_dict(steps.average.weights)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--taught", type=Path, required=True)
    parser.add_argument("--labels", default="*.jsonl", help="which label files, patterns parted by commas")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--events", type=float, default=1.0, help="share of the event windows seen in an epoch")
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--mask", type=float, default=MASK)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    random.seed(options.seed)
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    tokenizer = load_tokenizer(fit.pretrained() / fit.PRETRAINED / "tokenizer.json")
    lessons = load_lessons(options.teacher, options.taught)
    shares = argparse.Namespace(
        shared=options.shared, labels=options.labels, all=False, no_plv=True, plv_fold="0/1",
        events=options.events, pairs=0.1, written=0.2, speech=0.05, articles=0.4,
    )  # fmt: skip
    sets, _ = fit.load_sets(shares, tokenizer, lessons)
    both = Both(options.checkpoint)
    learn(both, sets, options, lessons)
    torch.save(both.reader.state_dict(), options.out)
    torch.save(both.look.state_dict(), fit_look.look_file(options.out))
    shutil.copy(options.checkpoint.with_suffix(".json"), options.out.with_suffix(".json"))


if __name__ == "__main__":
    main()
