"""Turns the labelled sets into training examples. All is read from the shared folder; nothing of it is kept here.

Sets: `gold/train_*` (events), `train/labels/*.jsonl` (events, labelled by reading: ids, offsets and labels only),
`data/plv` (type between two marked parties), `data/attribution` (source, cue and content of reported speech).
"""

from __future__ import annotations

import csv
import hashlib
import json
import lzma
import re
import tarfile
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from dragoman.codebook import load_codebook
from dragoman.model import STATUSES, Article, Sentence
from dragoman.reader.decode import ROLES
from dragoman.reader.pairs import parse_marked
from dragoman.reader.sentences import split_article
from dragoman.reader.windows import Window, cut_pieces, pack_windows

BOOK = load_codebook()
TYPES = tuple(BOOK.types)
MODES = ("", *(f"{t.name}:{m}" for t in BOOK.types.values() for m in t.modes))
CONTEXTS = BOOK.contexts
IGNORE = -100
HELD_OUT = 0.15
LABELS = Path(__file__).parent / "labels"


@dataclass(kw_only=True)
class Label:
    """One labelled mention on the tokens of a window."""

    sentence: int
    start: int
    end: int
    type: int
    mode: int
    status: int
    contexts: list[int]
    roles: list[int]  # tag of each token of its sentence


@dataclass(kw_only=True)
class Example:
    """A window with what is known of it. A part that is not labelled is None."""

    window: Window
    doc: str
    weight: float = 1.0
    events: list[Label] | None = None
    speech: list[tuple[int, int, int]] | None = None
    marks: list[int] | None = None
    pair: list[float] | None = None  # target weights over type x status, summed inside the logarithm
    rows: list[dict[str, Any]] = field(default_factory=list)


def is_held_out(doc: str, share: float = HELD_OUT) -> bool:
    """Tells whether a document belongs to the part kept for choosing epochs and thresholds: by a digest of its id."""
    return int(hashlib.sha256(doc.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF < share


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def article_of(row: dict[str, Any]) -> Article:
    return Article(id=row["doc"], doc=row["doc"], title=row.get("title") or "", text=row["text"])


def gold_examples(tokenizer: Tokenizer, docs: Path, gold: Path) -> Iterator[Example]:
    """Yields the examples of a gold file: every sentence of its documents is labelled."""
    mentions = defaultdict(list)
    for row in read_lines(gold):
        mentions[row["doc"]].append(row)
    for row in read_lines(docs):
        article = article_of(row)
        yield from examples_of(tokenizer, article, split_article(article), mentions[row["doc"]])


def label_files(patterns: str) -> list[Path]:
    """Gives the project's own label files that some patterns, parted by commas, name."""
    return sorted({path for pattern in patterns.split(",") for path in LABELS.glob(pattern)})


def news_rows(shared: Path, wanted: Container[str]) -> Iterator[dict[str, Any]]:
    """Yields the headlines and articles whose ids are wanted."""
    for name in ("headlines_2025", "allsides_odd_months"):
        for row in read_lines(shared / f"data/news/{name}.jsonl.xz"):
            if row["doc"] in wanted:
                yield row


def labelled_rows(files: Iterable[Path], shared: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yields the headlines and articles that some label files label, each with its label."""
    labels = {row["doc"]: row for path in files for row in read_lines(path)}
    yield from ((row, labels[row["doc"]]) for row in news_rows(shared, labels))


def label_examples(tokenizer: Tokenizer, files: Iterable[Path], shared: Path) -> Iterator[Example]:
    """Yields the examples of the project's own labels, with the texts rebuilt by id."""
    for row, label in labelled_rows(files, shared):
        article = article_of(row)
        body = article.body
        sentences = [
            Sentence(index=i, start=a, end=b, text=body[a:b], is_title=b <= len(article.title))
            for i, (a, b) in enumerate(label["sentences"])
        ]
        yield from examples_of(tokenizer, article, sentences, [spread(m, body) for m in label["mentions"]])


def article_windows(tokenizer: Tokenizer, shared: Path) -> Iterator[Example]:
    """Yields the windows of whole articles without labels; of none that is held out or that quality is reported on."""
    reported = {row["doc"].removeprefix("as_") for row in read_lines(shared / "gold/dev_docs.jsonl")}
    for row in read_lines(shared / "data/news/allsides_odd_months.jsonl.xz"):
        if row["doc"] not in reported and not is_held_out(row["doc"]):
            pieces = cut_pieces(tokenizer, split_article(article_of(row)))
            yield from (Example(window=window, doc=row["doc"]) for window in pack_windows(pieces))


def spread(mention: dict[str, Any], body: str) -> dict[str, Any]:
    """Gives a mention of the label files the fields of a gold row."""
    party = lambda p: {"start": p[0], "end": p[1], "text": body[p[0] : p[1]], "code": p[2], "sector": p[3]}  # noqa: E731
    named = lambda p: p and {"start": p[0], "end": p[1], "text": body[p[0] : p[1]], "code": p[2]}  # noqa: E731
    return {
        **mention,
        "start": mention["anchor"][0],
        "end": mention["anchor"][1],
        "actors": [party(p) for p in mention["actors"]],
        "recipients": [party(p) for p in mention["recipients"]],
        "place": named(mention.get("place")),
        "attributed_to": named(mention.get("attributed_to")),
    }


def examples_of(
    tokenizer: Tokenizer, article: Article, sentences: Sequence[Sentence], mentions: Sequence[dict[str, Any]]
) -> Iterator[Example]:
    for window in pack_windows(cut_pieces(tokenizer, sentences)):
        labels, rows = [], []
        for mention in mentions:
            label = label_of(window, mention)
            if label:
                labels.append(label)
                rows.append(mention)
        yield Example(window=window, doc=article.doc, events=labels, rows=rows)


def label_of(window: Window, mention: dict[str, Any]) -> Label | None:
    for number, pieces in enumerate(window.sentences):
        if not pieces.sentence.start <= mention["start"] < pieces.sentence.end:
            continue
        span = tokens_of(window, number, mention["start"], mention["end"])
        if span is None:
            return None
        mode = f"{mention['type']}:{mention['mode']}" if mention["mode"] else ""
        return Label(
            sentence=number,
            start=span[0],
            end=span[1],
            type=TYPES.index(mention["type"]),
            mode=MODES.index(mode) if mode in MODES else 0,
            status=STATUSES.index(mention["status"]),
            contexts=[CONTEXTS.index(c) for c in mention["contexts"] if c in CONTEXTS],
            roles=role_tags(window, number, mention),
        )
    return None


def tokens_of(window: Window, number: int, start: int, end: int) -> tuple[int, int] | None:
    """Gives the window's tokens [a, b) that overlap characters [start, end) in sentence `number`."""
    pieces, begin = window.sentences[number], window.begins[number]
    inside = [i for i, (a, b) in enumerate(zip(pieces.starts, pieces.ends, strict=True)) if a < end and b > start]
    return (begin + inside[0], begin + inside[-1] + 1) if inside else None


def role_tags(window: Window, number: int, mention: dict[str, Any]) -> list[int]:
    tags = [0] * len(window.sentences[number].ids)
    sides = {
        "place": [mention["place"]],
        "speaker": [mention["attributed_to"]],
        "recipient": mention["recipients"],
        "actor": mention["actors"],
    }
    for role, parties in sides.items():
        for party in parties:
            span = party and party_tokens(window, number, mention, party)
            if not span:
                continue
            for at in range(*span):
                tags[at - window.begins[number]] = 2 + 2 * ROLES.index(role)
            tags[span[0] - window.begins[number]] = 1 + 2 * ROLES.index(role)
    return tags


def party_tokens(window: Window, number: int, mention: dict[str, Any], party: dict[str, Any]) -> tuple[int, int] | None:
    """Gives the tokens of a party; words without offsets are looked up, nearest to the anchor."""
    if "start" in party:
        return tokens_of(window, number, party["start"], party["end"])
    sentence = window.sentences[number].sentence
    found = [m.start() for m in re.finditer(re.escape(party["text"]), sentence.text)]
    if not found:
        return None
    nearest = min(found, key=lambda at: abs(sentence.start + at - mention["start"]))
    at = sentence.start + nearest
    return tokens_of(window, number, at, at + len(party["text"]))


# --- marked pairs -------------------------------------------------------------------------------------------------

QUAD = {t: q for q, ts in {1: "AGREE CONSULT SUPPORT", 2: "COOPERATE AID YIELD", 3: "REQUEST ACCUSE REJECT THREATEN",
                           4: "PROTEST SANCTION MOBILIZE COERCE ASSAULT"}.items() for t in ts.split()}  # fmt: skip


def plv_root(event_type: str, status: str) -> str:
    """Folds a PLOVER 2.0 type and status into the root that PLV has for it (its published map)."""
    root = "YIELD" if event_type in ("CONCEDE", "RETREAT") else event_type
    if status == "future":
        return {1: "AGREE", 2: "AGREE", 4: "THREATEN"}.get(QUAD[root], root)
    if status == "negated":
        return {1: "REJECT", 2: "SANCTION", 3: "AGREE", 4: "YIELD"}[QUAD[root]]
    return root


def root_targets(root: str) -> list[float]:
    """Gives 1 for each (type, status) that folds into a root, flat over types x statuses."""
    return [float(plv_root(t, s) == root) for t in TYPES for s in STATUSES]


def plv_examples(tokenizer: Tokenizer, path: Path) -> Iterator[Example]:
    with path.open(encoding="utf8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines, delimiter="\t")):
            text, spans = parse_marked(row["marked_sentence"])
            yield marked_example(tokenizer, text, spans, doc=f"plv_{number}", target=root_targets(row["gold_root"]))


def written_examples(tokenizer: Tokenizer, path: Path) -> Iterator[Example]:
    """Yields the marked sentences that were written for the project: a root and a sentence a line."""
    for number, line in enumerate(path.read_text(encoding="utf8").splitlines()):
        if line and not line.startswith("#"):
            root, marked = line.split("\t")
            text, spans = parse_marked(marked)
            yield marked_example(tokenizer, text, spans, doc=f"written_{number}", target=root_targets(root))


def marked_example(
    tokenizer: Tokenizer, text: str, spans: Iterable[tuple[int, int, int]], *, doc: str, target: list[float]
) -> Example:
    sentence = Sentence(index=0, start=0, end=len(text), text=text)
    window = pack_windows(cut_pieces(tokenizer, [sentence]))[0]
    marks = [0] * len(window)
    for start, end, kind in spans:
        found = tokens_of(window, 0, start, end)
        for at in range(*(found or (0, 0))):
            marks[at] = kind
    return Example(window=window, doc=doc, marks=marks, pair=target)


def pair_examples(tokenizer: Tokenizer, examples: Iterable[Example]) -> Iterator[Example]:
    """Makes marked pairs of labelled events: actor and recipient, or the first two of a mutual event."""
    for example in examples:
        for mention in example.rows:
            sides = (mention["actors"][:1], mention["recipients"][:1])
            if not mention["recipients"] and len(mention["actors"]) > 1:
                sides = (mention["actors"][:1], mention["actors"][1:2])
            if not sides[0] or not sides[1] or sides[0][0]["start"] == sides[1][0]["start"]:
                continue
            sentence = next(
                p.sentence for p in example.window.sentences if p.sentence.start <= mention["start"] < p.sentence.end
            )
            spans = [
                (p["start"] - sentence.start, p["end"] - sentence.start, kind)
                for kind, side in ((1, sides[0]), (2, sides[1]))
                for p in side
            ]
            target = [float(t == mention["type"] and s == mention["status"]) for t in TYPES for s in STATUSES]
            yield marked_example(tokenizer, sentence.text, spans, doc=example.doc, target=target)


# --- reported speech ----------------------------------------------------------------------------------------------


def polnear_examples(tokenizer: Tokenizer, archive: Path) -> Iterator[Example]:
    """Yields windows with source, cue and content tags (O 0, B 1, I 2 each)."""
    files: dict[str, str] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.isfile() else None
            if stream and member.name.endswith((".txt", ".ann")):
                files[member.name] = stream.read().decode("utf8")
    for name in sorted(n for n in files if n.endswith(".txt")):
        stem = Path(name).stem
        notes = sorted(k for k in files if k.endswith(".ann") and Path(k).name.startswith(f"{stem}_"))
        if notes:
            yield from _speech_windows(tokenizer, stem, files[name], files[notes[0]])


def _speech_windows(tokenizer: Tokenizer, stem: str, text: str, notes: str) -> Iterator[Example]:
    article = Article(id=stem, doc=stem, title="", text=text)
    spans = speech_spans(notes)
    for window in pack_windows(cut_pieces(tokenizer, split_article(article))):
        tags = [[0, 0, 0] for _ in window.ids]
        for kind, start, end in spans:
            _paint(window, tags, kind, (start, end))
        yield Example(window=window, doc=stem, speech=[(a, b, c) for a, b, c in tags])


def _paint(window: Window, tags: list[list[int]], kind: int, span: tuple[int, int]) -> None:
    """Tags a span's tokens B, I, I...; a span that crosses sentences or windows goes on with I."""
    for number, begin in enumerate(window.begins):
        for at in range(*(tokens_of(window, number, *span) or (0, 0))):
            opens = window.sentences[number].starts[at - begin] <= span[0]
            tags[at][kind] = max(tags[at][kind], 1 if opens else 2)


def speech_spans(notes: str) -> list[tuple[int, int, int]]:
    """Reads (0 source, 1 cue, 2 content; start; end) from a brat file, longest first."""
    kinds = {"Source": 0, "Cue": 1, "Content": 2}
    spans = []
    for line in notes.splitlines():
        parts = line.split("\t")
        if len(parts) < 2 or not parts[0].startswith("T"):
            continue
        name = parts[1].split()[0]
        bits = [(int(a), int(b)) for a, b in re.findall(r"(\d+) (\d+)", parts[1])]
        if name in kinds:
            spans.extend((kinds[name], a, b) for a, b in bits)
    return sorted(spans, key=lambda s: s[1] - s[2])
