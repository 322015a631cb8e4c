"""Step 5b of the journey, first half: which words of an article name places.

Capitalised words that the gazetteer knows are candidates, the longest name first. Evidence for and against (weights in
`data/places/evidence.tsv`) then tells towns from persons and from everyday words. Refuses small words, names of
newspapers, and whatever stands inside a person's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice, pairwise
from typing import NamedTuple

from dragoman.addresses import host_of
from dragoman.knowledge import table_cells
from dragoman.model import Article, Sentence
from dragoman.places.gazetteer import Gazetteer, Place
from dragoman.places.names import key_of
from dragoman.places.tables import load_lists

LONGEST_NAME = 5
MAX_TOKENS = 600
_WORD = re.compile(r"[^\W\d_][\w’']*(?:[.&][^\W\d_][\w’']*)*\.?")
_POSSESSIVE = re.compile(r"[’'](?:s|S)?$")
_BY_KIND = (
    ("C", "state"), ("N", "people"), ("S", "division"), ("D", "county"),
    ("R", "region"), ("W", "region"), ("B", "region"),
)  # fmt: skip
_LETTERS_ONLY = re.compile(r"[A-Z]\.?$")


class Token(NamedTuple):
    """A word of a sentence; `joined` where only one blank or hyphen stands between it and the one before it."""

    start: int
    end: int
    text: str
    key: str
    is_capital: bool
    joined: bool


class Tokens:
    """The words of a sentence; what each one is, is found when it is asked for: few stand beside a capital."""

    def __init__(self, sentence: Sentence) -> None:
        self._base, self._text = sentence.start, sentence.text
        self._found = list(islice(_WORD.finditer(sentence.text), MAX_TOKENS))
        self._made: dict[int, Token] = {}
        self.words = [match[0] for match in self._found]
        self.capitals = [i for i, word in enumerate(self.words) if word[0].isupper()]

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, i: int) -> Token:
        made = self._made.get(i)
        if made is None:
            bare, key, is_capital, _ = _read_word(self.words[i])
            start = self._base + self._found[i].start()
            made = Token(start, start + len(bare), bare, key, is_capital, self._is_joined(i))
            self._made[i] = made
        return made

    def run(self, i: int, small: frozenset[str]) -> list[Token]:
        """The words that may make one name from word `i` on: joined capitals, and small words among them."""
        run = [self[i]]
        for at in range(i + 1, min(i + LONGEST_NAME, len(self.words))):
            if not (self.words[at][0].isupper() or _read_word(self.words[at])[1] in small) or not self[at].joined:
                break
            run.append(self[at])
        return run

    def _is_joined(self, i: int) -> bool:
        if i == 0:
            return False
        before = self._found[i - 1].end()
        is_beside = self._found[i].start() == before + 1 and self._text[before] in " -"
        return is_beside and not _read_word(self.words[i - 1])[3]


class Spot(NamedTuple):
    """Words that may name a place: their offsets, key, the places of that name and the points of evidence."""

    start: int
    end: int
    key: str
    places: tuple[Place, ...]
    points: float
    sentence: int


@dataclass(frozen=True, slots=True)
class WordLists:
    """Words by the kinds of `data/places/not_places.tsv`, and the weights of `evidence.tsv`."""

    kinds: Mapping[str, frozenset[str]]
    papers: frozenset[str]
    weights: Mapping[str, float]
    settings: Mapping[str, tuple[str, float]]
    signs: tuple[tuple[str, str, float], ...]
    outlets: tuple[tuple[str, str, float], ...]

    def is_kind(self, key: str, kind: str) -> bool:
        return kind in self.kinds.get(key, frozenset())


@cache
def load_words() -> WordLists:
    kinds: dict[str, set[str]] = {}
    papers: set[str] = set()
    for word, kind, *_ in table_cells("places", "not_places.tsv"):
        if kind == "paper":
            papers.add(key_of(word))
        else:
            kinds.setdefault(key_of(word), set()).add(kind)
    weights = {row[0]: float(row[1]) for row in table_cells("places", "evidence.tsv")}
    rows = [
        (kind, mark, country, float(points)) for kind, mark, country, points in table_cells("places", "settings.tsv")
    ]
    settings = {mark: (country, points) for kind, mark, country, points in rows if kind == "word"}
    signs = tuple(row[1:] for row in rows if row[0] == "sign")
    outlets = tuple(row[1:] for row in rows if row[0] == "domain")
    return WordLists({w: frozenset(k) for w, k in kinds.items()}, frozenset(papers), weights, settings, signs, outlets)


@dataclass(frozen=True, slots=True)
class Findings:
    """The spots of an article, and the votes for countries by the words that show a report's setting."""

    spots: tuple[Spot, ...]
    setting: Mapping[str, float]


def find_spots(article: Article, sentences: Sequence[Sentence], gazetteer: Gazetteer) -> Findings:
    """The words that name places, with their evidence, in the order of the text."""
    words = load_words()
    spots: list[Spot] = []
    persons: set[str] = set()
    seen: set[str] = set()
    for number, sentence in enumerate(sentences):
        tokens = Tokens(sentence)
        seen.update(tokens.words)
        persons.update(_persons(tokens, words))
        spots.extend(_in_sentence(_Line(number, tokens, gazetteer, words)))
    return Findings(tuple(_settle(spots, persons, words)), _setting(article, {_read_word(w)[1] for w in seen}, words))


def _setting(article: Article, seen: set[str], words: WordLists) -> dict[str, float]:
    votes: dict[str, float] = {}
    for mark in seen & words.settings.keys():
        country, points = words.settings[mark]
        votes[country] = votes.get(country, 0.0) + points
    for mark, country, points in words.signs:
        if mark in article.text:
            votes[country] = votes.get(country, 0.0) + points
    outlet = (host_of(article.url) if article.url else (article.publisher or "").lower()) or ""
    for mark, country, points in words.outlets:
        if outlet.endswith(mark):
            votes[country] = votes.get(country, 0.0) + points
    return votes


@lru_cache(maxsize=1 << 16)  # the words of a language come again and again
def _read_word(word: str) -> tuple[str, str, bool, bool]:
    """A word without 's and a stop not its own; its key, whether it has a capital, and whether it had such a stop."""
    has_stop = word.endswith(".") and not _is_abbreviation(word)
    bare = _POSSESSIVE.sub("", word[:-1] if has_stop else word)
    return bare, key_of(bare), bare[0].isupper(), has_stop


def _is_abbreviation(word: str) -> bool:
    return "." in word[:-1] or len(word) <= 6 and word[:-1].lower() in load_lists()["abbreviation"]


def _persons(tokens: Tokens, words: WordLists) -> Iterator[str]:
    """Last words of persons' names: "Lancaster" in "Burt Lancaster", "Gov. Lancaster"."""
    for one, other in pairwise(tokens.capitals):
        if other != one + 1 or not tokens[other].joined:
            continue
        before, token = tokens[one], tokens[other]
        kinds = words.kinds.get(before.key, frozenset())
        if kinds & {"given", "title"} and "word" not in words.kinds.get(token.key, ()):
            yield token.key


@dataclass(frozen=True, slots=True)
class _Line:
    """A sentence under reading: its number and tokens, and what is known of words and places."""

    number: int
    tokens: Tokens
    gazetteer: Gazetteer
    words: WordLists


def _in_sentence(line: _Line) -> Iterator[Spot]:
    past = 0
    for i in line.tokens.capitals:
        if i < past:
            continue
        length, key, places = _longest(line, i)
        if places:
            spot = _spot(line, (i, i + length), key, places)
            if spot:
                yield spot
        past = i + length


def _longest(line: _Line, i: int) -> tuple[int, str, tuple[Place, ...]]:
    """The longest known name that begins at token `i`: its length in words (0: none), key and places."""
    small = load_lists()["inside a name"]
    run = line.tokens.run(i, small)
    for length in range(len(run), 0, -1):
        last = run[length - 1]
        if not last.is_capital and last.key in small:
            continue
        key = key_of(" ".join([t.text for t in run[:length]])) if length > 1 else last.key
        if key in line.words.papers:
            return length, key, ()
        places = line.gazetteer.find(key)
        if places:
            return length, key, places
    return 0, "", ()


def _spot(line: _Line, span: tuple[int, int], key: str, places: tuple[Place, ...]) -> Spot | None:
    tokens = line.tokens
    named = [tokens[i] for i in range(*span)]
    text = " ".join([t.text for t in named])
    if len(key) < 2 or (len(key) <= 3 and not _is_code(text, tokens, span[0])):
        return None
    features = [*_own_features(key, text, places, line.words), *_around_features(tokens, span, line.words)]
    points = sum(map(line.words.weights.__getitem__, features))
    return Spot(named[0].start, named[-1].end, key, places, points, line.number)


def _is_code(text: str, tokens: Tokens, i: int) -> bool:
    """Whether a name of two or three letters is meant as one: "U.S.", "UAE", ", OH", not "us" or "An"."""
    letters = text.replace(".", "")
    if not letters.isupper():
        return text.endswith(".") and i > 0 or len(letters) == 3 and not letters.isupper() and text[1:].islower()
    if "." in text or letters in load_lists()["code"]:
        return True
    return i > 0 and not tokens[i].joined


def _own_features(key: str, text: str, places: tuple[Place, ...], words: WordLists) -> Iterator[str]:
    mains = [p for p in places if p.is_main]
    kinds = {p.kind for p in mains}
    named = next((feature for kind, feature in _BY_KIND if kind in kinds), None)
    yield named or f"town {_size(max([p.population for p in places]))}"
    if not mains:
        yield "other name"
    if " " in key:
        yield "several words"
        return
    known = words.kinds.get(key, frozenset())
    # "U.S." and "Ill." are no everyday words, whatever "us" and "ill" are.
    if known & {"word", "title"} and not (text.endswith(".") or (len(text) <= 4 and text.isupper())):
        yield "everyday word"
    if "given" in known:
        yield "given name"
    if "family" in known:
        yield "family name"


def _size(people: int) -> int:
    return next(n for n in (1_000_000, 100_000, 10_000, 0) if people >= n)


def _around_features(tokens: Tokens, span: tuple[int, int], words: WordLists) -> Iterator[str]:
    first = tokens[span[0]]
    before = tokens[span[0] - 1] if span[0] else None
    after = tokens[span[1]] if span[1] < len(tokens) else None
    if before is None:
        yield "opens a sentence"
    elif before.key in load_lists()["in"] and first.joined:
        yield "after in"
    elif before.key in load_lists()["at"] and first.joined:
        yield "after at"
    elif before.is_capital and first.joined:
        yield _after_capital(before, words, is_first=span[0] == 1)
    if after is None or not after.joined:
        return
    if after.is_capital:
        yield _before_capital(first, after, words)
    elif after.key in load_lists()["speech"]:
        yield "before a speech verb"
    elif after.key in load_lists()["institution"]:
        yield "before an institution"


def _after_capital(before: Token, words: WordLists, *, is_first: bool) -> str:
    kinds = words.kinds.get(before.key, frozenset())
    if kinds & {"given", "title"} or _LETTERS_ONLY.match(before.text):
        return "after a person"
    return "opens a sentence" if is_first else "after a capital"


def _before_capital(first: Token, after: Token, words: WordLists) -> str:
    if after.key in load_lists()["institution"]:
        return "before an institution"
    if words.is_kind(first.key, "given"):
        return "before a person"
    return "before a family name" if words.is_kind(after.key, "family") else "before a capital"


def _settle(spots: Sequence[Spot], persons: set[str], words: WordLists) -> list[Spot]:
    """Weighs what the article as a whole says of a name, and keeps what then has points enough."""
    sure = {s.key for s in spots if s.points >= 2 and s.key not in persons}
    kept = []
    for spot in spots:
        points = spot.points
        is_person = spot.key in persons and not {p.kind for p in spot.places if p.is_main} & {"C", "N"}
        points += words.weights["person elsewhere"] if is_person else 0
        points += words.weights["place elsewhere"] if spot.key in sure else 0
        if points >= 0:
            kept.append(spot)
    return kept
