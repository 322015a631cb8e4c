"""The actor index: the one object that the pipeline, the command line and the pages ask who is meant."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dragoman.actors import tables
from dragoman.actors.answers import Acts, Answer, Hint
from dragoman.actors.dictionaries import load_dictionary
from dragoman.actors.mentions import find_mentions
from dragoman.actors.names import Found, Names
from dragoman.actors.phrases import act_after, resolve_words
from dragoman.actors.reading import Reading
from dragoman.actors.tables import Sense
from dragoman.actors.words import Word, fold, key_of, looks_like_name, split_words
from dragoman.model import Article, Entity, Mention, Sentence

_MANY_PIECES = 2000
_NOT_NAMES = frozenset(
    "the a an in on at he she it they we i but and this that these those his her their its as after before while "
    "when if for with by from so some many most one two three what who why how although since no not there here "
    "mr mrs ms dr says said new us monday tuesday wednesday thursday friday saturday sunday january february "
    "march april may june july august september october november december today yesterday however meanwhile "
    "former more several both another".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why nobody can be told for a phrase, in a sentence for a reader."""

    phrase: str
    reason: str


class ActorIndex:
    """Who is who, by day. Loaded once, then only read; safe to ask from one thread at a time."""

    def __init__(self, names: Names, problems: tuple[str, ...] = ()) -> None:
        self._names = names
        self.problems = problems
        self._publishers = tables.read_publishers()
        self._members = list(tables.read_members())
        self._last: Reading | None = None

    @classmethod
    def load(cls, dictionaries: Sequence[Path] = ()) -> ActorIndex:
        """Loads the tables and the user's dictionaries, whose entries win; lines that could not be read are `problems`.

        Raises DictionaryError where a dictionary cannot be opened.
        """
        loaded = [load_dictionary(Path(path)) for path in dictionaries]
        names = Names(extra=[named for one in loaded for named in one.names])
        return cls(names, tuple(problem for one in loaded for problem in one.problems))

    def __len__(self) -> int:
        return len(self._names.trie)

    def resolve(self, phrase: str, *, on: date | None = None, context: str = "") -> Mention | Refusal:
        """Says who a phrase means on a day; with a context (a sentence or an article) what that makes of it.

        >>> index = ActorIndex.load()
        >>> index.resolve("French president", on=date(2010, 5, 1)).entity.name
        'Nicolas Sarkozy'
        """
        at = _place_in(context, phrase)
        text = context if at >= 0 else f"{phrase}\n{context}"
        start = max(0, at)
        article = Article(id="", doc="", title="", text=text, published=on)
        reading = Reading(self._names, article, _pieces(text), None)
        ambiguity = self._ambiguity(reading, start, start + len(phrase))
        if ambiguity:
            return Refusal(phrase=phrase, reason=ambiguity)
        end = start + len(phrase)
        if reading.is_private(start, end) or reading.is_unknown_name(start, end):
            return Refusal(phrase=phrase, reason=f"a private person or a team, or an unknown name: {phrase!r}")
        acts = act_after(reading, end) if at >= 0 else None
        answers = resolve_words(reading, start, end, Hint(acts))
        if not answers or (answers[0].entity.code is None and answers[0].kind != "collective"):
            return Refusal(phrase=phrase, reason=self._unknown(reading, phrase, answers))
        return _mention(answers[0], 0, len(phrase), phrase)

    def annotate(
        self, article: Article, sentences: Sequence[Sentence], within: Sentence | None = None
    ) -> tuple[Mention, ...]:
        """Gives all political actors of an article in order, each with the row or rule that chose it.

        With `within`, only those of that sentence: whom the others name is not asked.
        """
        since, until = (within.start, within.end) if within else (0, len(article.body))
        return tuple(find_mentions(self.reading_of(article, sentences), since, until))

    def resolve_span(  # noqa: PLR0917 - article, sentences, mentions and two offsets are one question
        self, article: Article, sentences: Sequence[Sentence], mentions: Sequence[Mention], start: int, end: int, *,
        acts: Acts | None = None, opponent: str | None = None, counterpart: str | None = None,
    ) -> tuple[Mention, ...]:  # fmt: skip
        """Gives whom the words from `start` to `end` mean: one mention, or several for "both sides"; none if nobody.

        `acts` tells what the party does, which decides the sector of a bare state (gold rulings, "Bare states");
        `opponent` is the code of whoever fights it: the troops' victims are seldom of the troops' own state;
        `counterpart` is the one code on the other side of the event, whatever the event is.
        """
        reading = self.reading_of(article, sentences)
        answers = resolve_words(reading, start, end, Hint(acts, opponent, counterpart))
        return tuple([_mention(answer, start, end, reading.body[start:end]) for answer in answers])

    def members(self, organisation: str, on: date | None = None) -> tuple[str, ...]:
        """Gives the ISO codes of an organisation's members on a day; of all times where no day is given."""
        spells = self.member_spells(organisation)
        return tuple(sorted({code for code, since, until in spells if on is None or since <= on < until}))

    def member_spells(self, organisation: str) -> tuple[tuple[str, date, date], ...]:
        """Gives (code, since, until) of every spell of membership, `until` exclusive; none for an unknown body."""
        rows = [row for row in self._members if row[0].casefold() == organisation.strip().casefold()]
        if not rows:
            key = key_of(organisation)
            known = {sense.name for sense in self._names.senses.get(key, ()) if sense.kind == "body"}
            names = {key, *(key_of(name) for name in known)}
            rows = [row for row in self._members if key_of(row[0]) in names]
        return tuple(row[1:] for row in rows)

    def expand(self, entity: Entity, on: date | None = None) -> tuple[Entity, ...]:
        """Gives the member states of an organisation on a day, or the entity itself where it has none."""
        codes = self.members(entity.name, on) if entity.name else ()
        return tuple(self._names.states.get(code, Entity(code=code)) for code in codes) or (entity,)

    def find_office(self, code: str, office: str, on: date | None = None) -> Entity | None:
        """Gives who held an office ("foreign minister", "FM") of a state or body on a day, if the table knows."""
        for name in (office, *self._names.offices_titled(office)):
            standing = self._names.holder(code, name, on)
            if standing and not standing.is_past:
                return self._names.person_entity(standing)
        return None

    def unknown_names(
        self, article: Article, sentences: Sequence[Sentence], mentions: Sequence[Mention]
    ) -> Counter[str]:
        """Counts the runs of capitalised words that no table knows: a work-list for the tables, not a verdict."""
        reading = self.reading_of(article, sentences)
        taken = [(found.start, found.end) for found in reading.found] + [(m.start, m.end) for m in mentions]
        counts: Counter[str] = Counter()
        for sentence in sentences:
            if not sentence.is_title:
                counts.update(_capital_runs(article.body, reading.words_in(sentence.start, sentence.end), taken))
        return counts

    def reading_of(self, article: Article, sentences: Sequence[Sentence]) -> Reading:
        """Gives the words, names and states of an article; the last article asked for is kept."""
        last = self._last
        if last is not None and last.article is article:
            return last
        reading = Reading(self._names, article, sentences, self._home(article))
        self._last = reading
        return reading

    def _home(self, article: Article) -> str | None:
        """The outlet's state by its domain or name, a weak hint."""
        publisher = (article.publisher or "").lower().removeprefix("www.")
        for name in (publisher, publisher.partition(" - ")[0], publisher.partition(".")[2]):
            if name in self._publishers:
                return self._publishers[name]
        return self._publishers.get("." + publisher.rsplit(".", 1)[-1])

    def _ambiguity(self, reading: Reading, start: int, end: int) -> str:
        """Names the states that a name of one phrase can mean where nothing around it chooses."""
        for found in reading.found_between(start, end):
            senses = _rivals(found, reading.on)
            codes = {sense.code for sense in senses}
            if len(codes) < 2 or not all(s.kind in _PLACELIKE for s in senses) or reading.decides(found):
                continue
            if len({sense.code for sense in senses if sense.kind != "city"}) > 1:
                return "ambiguous: " + _kinds(reading.body[found.start : found.end], senses)
        return ""

    def _unknown(self, reading: Reading, phrase: str, answers: Sequence[Answer]) -> str:
        if answers:
            return f"no country can be told for {phrase!r}: give a context that names one"
        if any(looks_like_name(word) and word.folded not in _NOT_NAMES for word in split_words(phrase)):
            return f"unknown name: {phrase!r} is in no table"
        return f"{phrase!r} names nobody political" if phrase.strip() else "an empty phrase"


_PLACELIKE = frozenset(["state", "demonym", "seat", "place", "former", "city"])


def _place_in(context: str, phrase: str) -> int:
    """Gives where a phrase stands in its context, with other capitals if need be ("the" for "The"); -1 if nowhere."""
    at = context.find(phrase) if phrase else -1
    if at >= 0 or not phrase:
        return at
    match = re.search(re.escape(phrase), context, re.IGNORECASE)
    return match.start() if match else -1


def _rivals(found: Found, on: date | None) -> list[Sense]:
    return [s for s in found.senses if s.kind not in {"agent", "office"} and s.holds(on)]


def _kinds(text: str, senses: Sequence[Sense]) -> str:
    kinds = {
        "demonym": "a word for people of",
        "seat": "a seat of government of",
        "place": "a part of",
        "city": "a city of",
        "former": "a former name of",
    }
    told = dict.fromkeys(
        f"a state ({s.name})"
        if s.kind == "state"
        else f"a {s.detail}"
        if s.kind == "place" and s.detail
        else f"{kinds.get(s.kind, s.kind)} {s.name} ({s.code})"
        for s in senses
    )
    return f"{text} is " + " and ".join(told)


def _mention(answer: Answer, start: int, end: int, text: str) -> Mention:
    return Mention(
        start=start, end=end, text=text, entity=answer.entity, basis=answer.basis, confidence=round(answer.certainty, 3)
    )


def _pieces(text: str) -> tuple[Sentence, ...]:
    """Lines as sentences: enough for a phrase and its context."""
    pieces: list[Sentence] = []
    start = 0
    for line in text.split("\n")[:_MANY_PIECES]:
        if line:
            pieces.append(Sentence(index=len(pieces), start=start, end=start + len(line), text=line))
        start += len(line) + 1
    return tuple(pieces)


def _capital_runs(body: str, words: Sequence[Word], taken: Sequence[tuple[int, int]]) -> list[str]:
    runs: list[str] = []
    run: list[Word] = []
    for position, word in enumerate(words):
        is_known = any(start <= word.start < end for start, end in taken)
        is_name = (
            looks_like_name(word)
            and not word.text[0].isdigit()
            and word.folded not in _NOT_NAMES
            and len(word.text) > 1
        )
        if is_name and not is_known and (position or len(words) == 1 or looks_like_name(words[1])):
            if run and body[run[-1].end : word.start] not in {" ", "-", ". "}:
                runs.append(body[run[0].start : run[-1].end])
                run = []
            run.append(word)
        elif run:
            runs.append(body[run[0].start : run[-1].end])
            run = []
    if run:
        runs.append(body[run[0].start : run[-1].end])
    return [text for text in runs if fold(text) not in _NOT_NAMES]
