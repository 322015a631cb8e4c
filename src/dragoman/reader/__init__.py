"""The learned reader, step 3 of the journey: articles in, the events that their sentences report out.

It reads; it resolves nobody, dates nothing and applies no rule of the codebook. The same text gives the same events
whatever the batch it is read in.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dragoman.model import Article, Attribution, FoundEvent, Sentence
from dragoman.ontology import Ontology
from dragoman.reader import decode, pairs, speech
from dragoman.reader.gate import Gate
from dragoman.reader.look import SecondLook
from dragoman.reader.network import Network, default_folder
from dragoman.reader.own import OwnTypes, Points
from dragoman.reader.sentences import split_article
from dragoman.reader.windows import Pieces, Window, cut_pieces, load_tokenizer, pack_windows

__all__ = ["PairCode", "Reader", "Reading", "reader_version", "split_article"]

PairCode = pairs.PairCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the reader found in an article. `cut` are sentences too long to be read to their end.

    `gated` are those that the gate held back: they cannot hold an event, so the network did not read them. `own` are
    the events of a user's own types, beside the others.
    """

    article: Article
    sentences: tuple[Sentence, ...]
    events: tuple[FoundEvent, ...]
    attributions: tuple[Attribution, ...]
    cut: tuple[Sentence, ...] = ()
    gated: tuple[Sentence, ...] = ()
    own: tuple[FoundEvent, ...] = ()


class Reader:
    """Loads the weights once and reads articles in batches, with a gate in front where one is given.

    With an ontology it also finds that file's types (`own`), and reads for them alone what the gate holds back and
    their words stand in. Everything else is read as without it.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        threads: int = 0,
        gate: Gate | None = None,
        ontology: Ontology | None = None,
    ) -> None:
        folder = folder or default_folder()
        self._network = Network(folder, threads)
        self._look = SecondLook(folder, weight=self._network.settings["second_look"], threads=threads)
        self._tokenizer = load_tokenizer(folder / "tokenizer.json")
        self._folder = folder
        self._gate = gate
        self.own = OwnTypes(ontology, Points(self._network, self._tokenizer)) if ontology else None
        self.version = reader_version(gate, folder)

    def read(self, articles: Sequence[Article]) -> Iterator[Reading]:
        """Yields one reading an article, in order. Pass some dozens at a time: their windows share batches."""
        cut: list[list[Pieces]] = []
        sentences: list[tuple[Sentence, ...]] = []
        gated: list[list[Pieces]] = []
        for article in articles:
            sentences.append(split_article(article))
            read, held = self._gated(cut_pieces(self._tokenizer, sentences[-1]))
            cut.append(read)
            gated.append(held)
        packed = [pack_windows(pieces) for pieces in cut]
        owners = [i for i, windows in enumerate(packed) for _ in windows]
        windows = [w for part in packed for w in part]
        events: dict[int, list[FoundEvent]] = defaultdict(list)
        said: dict[int, list[Attribution]] = defaultdict(list)
        own: dict[int, list[FoundEvent]] = defaultdict(list)
        for owner, window, output in zip(owners, windows, self._network.read(windows), strict=True):
            events[owner].extend(
                decode.decode_window(
                    window,
                    output,
                    heads=self._network.heads,
                    look=self._look,
                    labels=self._network.labels,
                    thresholds=self._network.settings["thresholds"],
                )
            )
            said[owner].extend(speech.find_attributions(window, output))
            if self.own:
                own[owner].extend(self.own.find(window, output))
        for i, article in enumerate(articles):
            yield Reading(
                article=article,
                sentences=sentences[i],
                events=tuple(events[i]),
                attributions=tuple(said[i]),
                cut=tuple(p.sentence for p in cut[i] if p.is_cut),
                gated=tuple(p.sentence for p in gated[i]),
                own=_in_order([*own[i], *self._own_among_gated(gated[i])]),
            )

    def _own_among_gated(self, held: Sequence[Pieces]) -> Iterator[FoundEvent]:
        """Reads, in windows of their own, the sentences held back that may hold an own type."""
        if self.own:
            windows = pack_windows(each for each in held if self.own.may_hold(each.sentence.text))
            for window, output in zip(windows, self._network.read(windows), strict=True):
                yield from self.own.find(window, output)

    def _gated(self, pieces: list[Pieces]) -> tuple[list[Pieces], list[Pieces]]:
        """Parts sentences into those that the network reads and those that the gate holds back."""
        if not self._gate:
            return pieces, []
        passed = self._gate.passes(pieces)
        read = [p for p, may in zip(pieces, passed, strict=True) if may]
        return read, [p for p, may in zip(pieces, passed, strict=True) if not may]

    def code_pairs(self, marked: Sequence[str]) -> Iterator[PairCode]:
        """Codes the event between the parties marked `<s>actor</s>` and `<t>recipient</t>`, one a sentence."""
        model = pairs.PairModel.load(self._folder)
        for pair in self.marked_pairs(marked):
            yield model.code(pair, self._network.labels)

    def marked_pairs(self, marked: Sequence[str]) -> Iterator[pairs.MarkedPair]:
        """Yields what the network knows of each marked sentence."""
        for text in marked:
            window, marks = pairs.prepare(self._tokenizer, text)
            yield self.marked_pair(window, marks, text)

    def marked_pair(self, window: Window, marks: Sequence[int], text: str = "") -> pairs.MarkedPair:
        """Gives what the network knows of a window with marked parties."""
        states, lower = self._network.read_pair(window, marks)
        numbers = np.array(marks, dtype=np.int64)
        chances = self._network.heads.pair(self._network.heads.pair_vector(states, numbers))
        return pairs.MarkedPair(text=text, lower=lower, marks=numbers, chances=chances)


def _in_order(events: Sequence[FoundEvent]) -> tuple[FoundEvent, ...]:
    return tuple(sorted(events, key=lambda event: (event.anchor.start, event.anchor.end)))


def reader_version(gate: Gate | None, folder: Path | None = None) -> str:
    """Gives the version of the weights and of the gate, without loading the network."""
    settings = json.loads(((folder or default_folder()) / "settings.json").read_text(encoding="utf8"))
    return str(settings["version"]) + (f"+{gate.version}" if gate else "")
