"""Blends checkpoints of one beginning into the mean of their weights, with their second looks.

usage: python train/blend.py OUT.pt CHECKPOINT.pt CHECKPOINT.pt ...

Networks that learned on from the same weights lie in one valley: their mean reads as well as each or better (Wortsman
et al. 2022, doi 10.48550/arXiv.2203.05482).
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch
from fit_look import look_file
from torch import Tensor


def mean(paths: Sequence[Path]) -> dict[str, Tensor]:
    """Gives the mean of stored weights by name."""
    parts = [torch.load(path) for path in paths]
    return {name: torch.stack([part[name].float() for part in parts]).mean(0) for name in parts[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("checkpoints", type=Path, nargs="+")
    options = parser.parse_args()
    torch.save(mean(options.checkpoints), options.out)
    torch.save(mean([look_file(path) for path in options.checkpoints]), look_file(options.out))
    shutil.copy(options.checkpoints[0].with_suffix(".json"), options.out.with_suffix(".json"))


if __name__ == "__main__":
    main()
