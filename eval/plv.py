"""Cross-validates the type between two marked parties on PLV, with the shipped encoder, which has seen no row of it.

usage: python eval/plv.py [--folds 3] [--reader FOLDER]

Prints macro-F1 of roots, quads and cooperation against conflict: of the pair head alone, of models fitted without any
row of PLV (labelled news, and sentences written for the project), and by folds over rows, fitted as those that ship
are. Published on the set's test half: rules 0.46, GPT-4 0.62, codebook questions 0.82, fine-tuned ConfliBERT 0.87;
cross-validation on the train half runs 4 to 6 points above the test half (near-duplicate templates). Needs torch and
scikit-learn: pip install -e '.[train]'. About a quarter of an hour on one core.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from score import ROOT, shared

sys.path.insert(0, str(ROOT / "train"))

import corpus
import fit_pairs
from fit_pairs import ROOTS, PairNet, Pairs

from dragoman.reader import Reader
from dragoman.reader.network import default_folder
from dragoman.reader.pairs import PairModel

TARGETS = {"folds": (0.87, 0.94, 0.975), "no row": (0.78, None, None)}


def macro_f1(gold: Sequence[str], guessed: Sequence[str]) -> float:
    both = Counter(g for g, p in zip(gold, guessed, strict=True) if g == p)
    wanted, given = Counter(gold), Counter(guessed)
    return sum(2 * both[c] / (wanted[c] + given[c]) for c in wanted) / len(wanted)


def print_figures(name: str, pairs: Pairs, guessed: Sequence[int]) -> None:
    gold, guess = ([ROOTS[i] for i in roots] for roots in (pairs.roots, guessed))
    folds = (lambda r: r, lambda r: str(corpus.QUAD[r]), lambda r: str(corpus.QUAD[r] > 2))
    root, quad, binary = (macro_f1([f(g) for g in gold], [f(g) for g in guess]) for f in folds)
    targets = next((t for key, t in TARGETS.items() if key in name), ())
    beside = "   (targets " + ", ".join(str(t) for t in targets if t) + ")" if targets else ""
    print(f"{name:34} root {root:.4f}  quad {quad:.4f}  binary {binary:.4f}  of {len(gold)}{beside}", flush=True)


def guesses(net: PairNet, learned: Pairs, asked: Pairs) -> list[int]:
    """Gives the likeliest root of some pairs, as the product would with these layers and the words of others."""
    model = PairModel(fit_pairs.stored(net, learned))  # type: ignore[arg-type]
    return [int(model.roots(pair).argmax()) for pair in asked.known]


def fold_guesses(begun: PairNet, pairs: Pairs, folds: int) -> list[int]:
    rows = np.arange(len(pairs.known))
    guessed = np.zeros(len(rows), np.int64)
    for fold in range(folds):
        asked = rows % folds == fold
        learned = pairs.only(rows[~asked])
        net = fit_pairs.taught(begun, learned, epochs=fit_pairs.EPOCHS, seed=fold)
        guessed[asked] = guesses(net, learned, pairs.only(rows[asked]))
    return [int(g) for g in guessed]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--reader", type=Path, default=default_folder())
    options = parser.parse_args()
    reader = Reader(options.reader)
    pairs, written = fit_pairs.plv_pairs(reader, shared()), fit_pairs.written_pairs(reader)
    head = [[pair.chances[i == fit_pairs.FOLD].sum() for i in range(len(ROOTS))] for pair in pairs.known]
    print_figures("pair head alone", pairs, [int(i) for i in np.argmax(head, axis=1)])
    begun = fit_pairs.begin(options.reader, fit_pairs.news_pairs(reader, shared()), written, seed=7)
    print_figures("no row of PLV in training", pairs, guesses(begun, written, pairs))
    print_figures(f"{options.folds} folds", pairs, fold_guesses(begun, pairs, options.folds))


if __name__ == "__main__":
    main()
