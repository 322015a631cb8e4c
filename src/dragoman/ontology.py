"""A user's own event types: a TOML file of definitions, examples and counterexamples, read and checked.

Beside the codebook, which stays PLOVER's: an own type is coded in addition and never instead. This module reads files
and refuses, with the sentence that says what to do, what could not be coded; `reader.own` learns from the examples.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dragoman.codebook import QUADS, load_codebook
from dragoman.errors import CodebookError
from dragoman.words import did_you_mean, load_words

# Below this, leaving one out leaves too few to say what the others have in common.
LEAST_EXAMPLES = 4
LEAST_COUNTEREXAMPLES = 2
MOST_INTENSE = 10.0
# Words are told by their first letters: "ratified" and "ratification" are one.
STEM_LENGTH = 5
_FILE_KEYS = frozenset({"name", "version", "author", "licence", "description", "type"})
_TYPE_KEYS = frozenset({
    "name", "definition", "quad", "intensity", "within", "needs_party", "examples", "counterexamples",
})  # fmt: skip
_MARK = re.compile(r"<(/?)([ast])>")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TYPE_NAME = re.compile(r"[A-Z][A-Z0-9-]{2,39}")
_WORD = re.compile(r"[^\W\d_]+")
Range = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A sentence with the words that carry the event, and those of the parties where they are marked: [start, end)."""

    sentence: str
    anchor: Range
    actors: tuple[Range, ...] = ()
    recipients: tuple[Range, ...] = ()

    @property
    def words(self) -> str:
        """The words of the anchor."""
        return self.sentence[slice(*self.anchor)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnType:
    """An own type: what it means, what it looks like, what it is not.

    `within` are the PLOVER types that it refines, if any. Quad class (1-4) and intensity (-10..10) are the type's own,
    or those of the first PLOVER type in `within`, or None.
    """

    name: str
    definition: str
    examples: tuple[Example, ...]
    counterexamples: tuple[Example, ...]
    quad: int | None = None
    intensity: float | None = None
    within: tuple[str, ...] = ()
    needs_party: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ontology:
    """The types of a file. `digest` tells this text of it from any other."""

    name: str
    edition: str
    types: tuple[OwnType, ...]
    digest: str
    author: str = ""
    licence: str = ""

    @property
    def version(self) -> str:
        """What stands in the column `codebook` of its events: `elections-1.0+3f2a91bc`."""
        return f"{self.name}-{self.edition}+{self.digest}"

    def own_type(self, name: str) -> OwnType:
        """Gives the type of a name; raises KeyError where there is none."""
        return {kind.name: kind for kind in self.types}[name]


def load_ontology(path: Path) -> Ontology:
    """Reads a file of own types.

    Raises:
        CodebookError: the file cannot be read or coded by; the message names the place and says what to do.
    """
    try:
        content = path.read_bytes()
        return read_ontology(tomllib.loads(content.decode("utf8")), hashlib.sha256(content).hexdigest()[:8])
    except OSError as fault:
        raise CodebookError(f"{path} cannot be opened ({fault.strerror}): name a TOML file of types") from fault
    except UnicodeDecodeError as fault:
        raise CodebookError(f"{path} is not UTF-8 text: save it as UTF-8") from fault
    except tomllib.TOMLDecodeError as fault:
        raise CodebookError(f"{path} is not TOML ({fault}): mend that line") from fault
    except CodebookError as fault:
        raise CodebookError(f"{path}: {fault}") from fault


def read_ontology(table: Mapping[str, Any], digest: str) -> Ontology:
    """Reads the table of an ontology's file; raises CodebookError as `load_ontology` does, without the file's name."""
    _check_keys(table, _FILE_KEYS, "the file")
    name, edition = (_text(table, key, "the file") for key in ("name", "version"))
    for key, value in (("name", name), ("version", edition)):
        if not _PLAIN.fullmatch(value):
            raise CodebookError(f"{key} = {value!r}: use letters, digits, dots and hyphens alone")
    rows = table.get("type", [])
    if not isinstance(rows, list) or not rows:
        raise CodebookError("no types: begin each with a line [[type]]")
    types = tuple(_read_type(row, number) for number, row in enumerate(rows, start=1))
    names = [kind.name for kind in types]
    for repeated in sorted({name for name in names if names.count(name) > 1}):
        raise CodebookError(f"two types are named {repeated}: give each a name of its own")
    told = {key: str(table.get(key, "")) for key in ("author", "licence")}
    return Ontology(name=name, edition=edition, types=types, digest=digest, **told)


def stems(text: str) -> frozenset[str]:
    """Gives the first letters of the words of a text that say something, closed classes left out.

    >>> sorted(stems("went to the polls"))
    ['poll', 'went']
    """
    words = _WORD.findall(text.lower())
    return frozenset(stem(word) for word in words if len(word) > 2 and word not in load_words("closed"))


def stem(word: str) -> str:
    """Gives a word's first letters, without the ending of a short plural.

    >>> stem("ratified") == stem("ratification"), stem("poll") == stem("polls")
    (True, True)
    """
    bare = word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > STEM_LENGTH - 1 else word
    return bare[:STEM_LENGTH]


def read_marked(marked: str) -> Example:
    """Reads a sentence with marks: `<a>anchor</a>`, and parties as `<s>actor</s>` and `<t>recipient</t>` if you like.

    >>> read_marked("<s>Peru</s> <a>went to the polls</a>.").words
    'went to the polls'

    Raises:
        CodebookError: the marks do not pair, or there is not one anchor.
    """
    text, last = "", 0
    spans: dict[str, list[Range]] = {"a": [], "s": [], "t": []}
    opened: dict[str, int] = {}
    for mark in _MARK.finditer(marked):
        text += marked[last : mark.start()]
        last = mark.end()
        is_end, kind = bool(mark[1]), mark[2]
        if is_end != (kind in opened):
            raise CodebookError(f"marks do not pair in {marked!r}: write <{kind}>words</{kind}>")
        if is_end:
            spans[kind].append((opened.pop(kind), len(text)))
        else:
            opened[kind] = len(text)
    text += marked[last:]
    anchors = [(start, end) for start, end in spans["a"] if text[start:end].strip()]
    if opened or len(anchors) != 1:
        raise CodebookError(f"no single anchor in {marked!r}: mark the words that tell the event as <a>words</a>")
    return Example(sentence=text, anchor=anchors[0], actors=tuple(spans["s"]), recipients=tuple(spans["t"]))


def _read_type(row: Any, number: int) -> OwnType:
    if not isinstance(row, dict):
        raise CodebookError(f"type {number} is no table: begin it with a line [[type]]")
    name = _text(row, "name", f"type {number}")
    _check_name(name)
    _check_keys(row, _TYPE_KEYS, name)
    within = _within(row, name)
    quad, intensity = _scores(row, name, within)
    needs_party = row.get("needs_party", False)
    if not isinstance(needs_party, bool):
        raise CodebookError(f"{name}: needs_party = {needs_party!r}: write true or false")
    return OwnType(
        name=name,
        definition=_text(row, "definition", name),
        examples=_examples(row, "examples", LEAST_EXAMPLES, name),
        counterexamples=_examples(row, "counterexamples", LEAST_COUNTEREXAMPLES, name),
        quad=quad,
        intensity=intensity,
        within=within,
        needs_party=needs_party,
    )


def _check_name(name: str) -> None:
    if not _TYPE_NAME.fullmatch(name):
        raise CodebookError(f"type {name!r}: name it in 3 to 40 capitals, digits and hyphens, as ELECTION-HELD")
    if name in load_codebook().types:
        raise CodebookError(f"type {name} is PLOVER's own: choose another name, and say within = ['{name}']")


def _within(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    types = load_codebook().types
    named = row.get("within", [])
    if not isinstance(named, list):
        raise CodebookError(f"{name}: within = {named!r}: write a list, as within = ['CONSULT']")
    for each in named:
        if each not in types:
            raise CodebookError(f"{name}: within names {each!r}, no PLOVER type: {_hint(str(each), types)}")
    return tuple(named)


def _scores(row: Mapping[str, Any], name: str, within: tuple[str, ...]) -> tuple[int | None, float | None]:
    """The type's own quad class and intensity, else those of the PLOVER type it refines; both or none."""
    quad: Any = row.get("quad")
    intensity: Any = row.get("intensity")
    if (quad is None) != (intensity is None):
        raise CodebookError(f"{name}: quad and intensity go together: give both, or neither")
    if quad is None:
        kind = load_codebook().types[within[0]] if within else None
        return (kind.quad, kind.score) if kind else (None, None)
    if isinstance(quad, bool) or quad not in QUADS:
        told = ", ".join(f"{number} {meaning}" for number, meaning in QUADS.items())
        raise CodebookError(f"{name}: quad = {quad!r}: write one of {told}")
    is_number = isinstance(intensity, int | float) and not isinstance(intensity, bool)
    if not (is_number and abs(intensity) <= MOST_INTENSE):
        raise CodebookError(f"{name}: intensity = {intensity!r}: write a number from -10 to 10, on Goldstein's scale")
    return int(quad), float(intensity)


def _examples(row: Mapping[str, Any], key: str, least: int, name: str) -> tuple[Example, ...]:
    marked = row.get(key, [])
    if not isinstance(marked, list) or not all(isinstance(each, str) for each in marked):
        raise CodebookError(f"{name}: {key} must be a list of sentences in quotes")
    if len(set(marked)) < least:
        raise CodebookError(f"{name}: {len(set(marked))} {key}: give at least {least} different ones, better 8")
    try:
        return tuple(read_marked(each) for each in dict.fromkeys(marked))
    except CodebookError as fault:
        raise CodebookError(f"{name}, {key}: {fault}") from fault


def _text(row: Mapping[str, Any], key: str, where: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise CodebookError(f"{where} has no {key}: add a line {key} = '...'")
    return value


def _check_keys(row: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    for key in row:
        if key not in known:
            raise CodebookError(f"{where} has {key!r}, which means nothing here: {_hint(key, known)}")


def _hint(word: str, known: Iterable[str]) -> str:
    return did_you_mean(word, known) or "leave it out"
