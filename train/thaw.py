"""Reads exported weights back as a checkpoint of floats, to learn on from them: what 8 bits kept.

usage: python train/thaw.py OUT.pt [--reader src/dragoman/data/reader]

Checkpoints are four times as large as what is committed, and are not kept. A checkpoint read back scores on the
held-out documents what the exported weights score.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import graph
import numpy as np
import torch

from dragoman.reader.network import default_folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--reader", type=Path, default=default_folder())
    options = parser.parse_args()
    weights = graph.stored_encoder(options.reader / "encoder.onnx")
    with np.load(options.reader / "heads.npz") as heads:
        weights |= {name: value.astype(np.float32) for name, value in heads.items()}
    torch.save({name: torch.tensor(np.ascontiguousarray(value)) for name, value in weights.items()}, options.out)


if __name__ == "__main__":
    main()
