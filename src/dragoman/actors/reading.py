"""One article as the actor stage sees it: its words, the names found in them, and which states it is about.

A reading is made once for an article and asked many times. It holds no verdict on any phrase; `phrases` asks it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from dragoman.actors.names import Found, Names, Standing
from dragoman.actors.tables import FAR_PAST, Sense
from dragoman.actors.words import Word, split_words
from dragoman.model import Article, Sentence
from dragoman.words import load_words

_COMMON = frozenset(["agent", "office"])
_PARAGRAPH = re.compile(r"[^\n]+")
_QUOTE = re.compile(r'“[^“”\n]*”?|"[^"\n]*"?')
# A sentence is in title case where that share of its words longer than three letters begins with a capital.
_TITLE_CASED = 0.7
_SHORT_WORD = 3
# ... and no more than that share of them begins with a small letter without being an article, a preposition and so on.
_SMALL_CASED = 0.1
# A sentence that begins with that many words in title case is a headline, if one of them is like a verb: what follows
# names a source ("Putin Rejects Offer From Kyiv, aides say").
_OPENING = 4
HONORIFICS = frozenset(
    "mr mrs ms dr sir lord lady president prime minister pm sen rep gov secretary general gen senator judge justice "
    "king queen prince princess pope sheikh ayatollah col maj lt adm prof leader spokesman dame baron baroness hon "
    "chairman director".split()
)
# "Iran-backed militants": the state before such a word is not theirs.
NOT_THEIRS = frozenset(
    "backed led allied aligned linked funded made occupied installed brokered proposed supported sponsored annexed "
    "held controlled inspired friendly mediated imposed educated trained focused brokering bound".split()
)
_AGAINST = frozenset(["anti", "pro", "non"])
_PLACE_PREPOSITIONS = frozenset("in at near across inside outside around throughout within via through".split())
_BEFORE_PLACES = frozenset(
    "the northern southern eastern western central neighboring neighbouring war torn downtown occupied".split()
)
_PLACES = frozenset(["state", "seat", "place", "city"])
_LONGEST_NAME = 3
# The number of no sentence, nor of one beside any.
NOWHERE = -2
# Unknown words with a capital that leave the state after them what it is.
_BEFORE_STATES = frozenset(
    "new old greater upper lower inner outer soviet nazi imperial tsarist vichy fortress team republic kingdom the a "
    "an eastern western northern southern central north south east west brexit postwar occupied wartime communist "
    "socialist islamist revolutionary modern rural downtown metropolitan".split()
)
STATE_KINDS = frozenset(["state", "demonym", "seat", "former", "place", "city", "user"])
# How much a mention of a state counts for a phrase without a country, by where it stands. Tuned on the first 85 % of
# the training articles (eval/actors.py).
SAME_SENTENCE = 2.5
NEXT_SENTENCE = 1.5
TITLE = 1.8
ELSEWHERE = 0.5
PUBLISHER = 0.75
SAME_SECTOR = 1.0
HOME_BODIES = 2.0
OPPONENT = 0.25
LOCAL = 2.5
ABROAD = 1.2
NO_FORCES = 0.1
FEW_REBELS = 0.2
_WEIGHTS = {"city": 1.3, "place": 0.7, "seat": 1.0, "body": 0.9, "person": 0.9, "former": 0.5}


class Naming(NamedTuple):
    """One place where an article names a state: offset, kind of name, number of the sentence, and how it stands."""

    offset: int
    kind: str
    sentence: int
    is_title: bool
    is_located: bool


class Placed(NamedTuple):
    """One mention of a state: offset, code, how much it counts, also from afar, its sentence, and how it stands."""

    offset: int
    code: str
    weight: float
    far: float
    sentence: int
    is_title: bool
    is_located: bool


class Reading:
    """An article's words and names, with the questions that a phrase in it asks."""

    def __init__(self, names: Names, article: Article, sentences: Sequence[Sentence], home: str | None) -> None:
        self.names = names
        self.article = article
        self.body = article.body
        self.on: date | None = article.published
        self.sentences = sentences
        self.home = home
        self.words: list[Word] = split_words(self.body)
        self._starts = [word.start for word in self.words]
        self._sentence_starts = [sentence.start for sentence in sentences]
        self._title_cased = self._find_title_cased()
        hits = names.find(self.body, self.words)
        self._covered = frozenset(
            word.start for hit in hits if hit.last > hit.first for word in self.words[hit.first : hit.last + 1]
        )
        places = [hit for hit in hits if hit.senses[0].kind in _PLACES]
        self._teams = frozenset(start for hit in places for start in self._team_starts(hit))
        self._private = frozenset(hit.start for hit in places if self._is_last_name(hit) or self._is_first_name(hit))
        self.found: list[Found] = [hit for hit in hits if hit.start not in self._private and self._stands(hit)]
        self._found_starts = [found.start for found in self.found]
        self.marks: list[tuple[int, int]] | None = None
        self.answered: dict[tuple[int, int, object], list[Any]] = {}
        self._picked: dict[tuple[int, int, int], Sense | None] = {}
        self.counted: dict[tuple[str, int], Mapping[str, int]] = {}
        self.featured: dict[tuple[str, int, str], Any] = {}
        self._afar: dict[tuple[str, float], float] = {}
        self.ranked: dict[object, list[tuple[str | None, float]]] = {}

    def _find_title_cased(self) -> frozenset[int]:
        """Sentences whose words nearly all begin with capitals: there a capital tells nothing."""
        cased = []
        for number, sentence in enumerate(self.sentences):
            words = self.words_in(sentence.start, sentence.end)
            texts = [word.text for word in words]
            first_letters = [text[0] for text in texts if len(text) > _SHORT_WORD]
            capitals = sum([letter.isupper() for letter in first_letters])
            if not first_letters or capitals < _TITLE_CASED * len(first_letters):
                continue
            # "Dan Israel criticised China" is no headline: there the verb would have a capital.
            small = sum(map(_is_small, texts))
            if small <= _SMALL_CASED * len(texts) or self._opens_like_headline(words):
                cased.append(number)
        return frozenset(cased)

    def _opens_like_headline(self, words: Sequence[Word]) -> bool:
        """Tells a sentence whose first words have capitals, a verb among them: "Trump Accuses Iran of ..."."""
        opening = words[:_OPENING]
        is_cased = len(opening) == _OPENING and not any(_is_small(word.text) for word in opening)
        return is_cased and any(self._is_like_verb(word) for word in opening[1:])

    def _is_like_verb(self, word: Word) -> bool:
        """Tells a word in the third person, as verbs of headlines are: with a capital, "s" and a blank, and no name."""
        is_verb = word.text[0].isupper() and word.text.endswith("s") and self.body[word.end : word.end + 1] == " "
        return is_verb and all(sense.kind in _COMMON for sense in self.names.senses.get(word.folded, ()))

    def _stands(self, found: Found) -> bool:
        """Refuses a surname that is somebody's first name ("Sharon Helman") or another's last ("Betssy Chavez")."""
        if (
            found.first != found.last
            or found.senses[0].kind != "person"
            or self.sentence_at(found.start) in self._title_cased
        ):
            return True
        after = self.words[found.last + 1] if found.last + 1 < len(self.words) else None
        before = self.words[found.first - 1] if found.first else None
        if after is not None and self.body[found.end : after.start] == " " and self._is_strange(after):
            return False
        starts = before is not None and before.start in self._sentence_starts
        return before is None or starts or self.body[before.end : found.start] != " " or not self._is_strange(before)

    def _team_starts(self, hit: Found) -> Iterator[int]:
        """Yields, of a place, it and the noun of a team: the Ottawa Senators are no senators, but tell of Canada."""
        if self.sentence_at(hit.start) in self._title_cased:
            return
        before, after = self._beside(hit.first, -1), self._beside(hit.last, 1)
        if before is not None and before.folded in self.names.teams["before"]:
            yield hit.start
        if after is not None and after.folded in self.names.teams["after"]:
            yield from (hit.start, after.start)

    def _is_last_name(self, hit: Found) -> bool:
        """Tells a place that is somebody's last name: Michael Jordan is no part of Jordan."""
        if hit.first != hit.last:
            return False
        before = self._beside(hit.first, -1)
        return (
            before is not None
            and before.folded in self.names.given_names
            and before.start not in self._covered
            and self.sentence_at(hit.start) not in self._title_cased
        )

    def _is_first_name(self, hit: Found) -> bool:
        """Tells a place that is somebody's first name: a sheriff Chad Bianco is not of Chad."""
        after = self._beside(hit.last, 1)
        if hit.first != hit.last or after is None or self.sentence_at(hit.start) in self._title_cased:
            return False
        name, known = self.words[hit.first].folded, self.names.person_names
        is_surname = self._is_strange(after) and after.folded not in known["no surname"] and not after.text.isupper()
        if name not in known["given"] or not is_surname or self.is_located(hit.start):
            return False
        return not self._is_headline_verb(hit.last + 1) and not self._is_in_name_of_body(hit.last + 1)

    def _is_headline_verb(self, at: int) -> bool:
        """Tells the verb of a headline: "Jordan Intercepts Iranian Drones, army says" names no person."""
        if not self.sentences:
            return False
        sentence = self.sentences[self.sentence_at(self.words[at].start)]
        opens = self._opens_like_headline(self.words_in(sentence.start, sentence.end))
        is_early = at < bisect_left(self._starts, sentence.start) + _OPENING
        return opens and is_early and self._is_like_verb(self.words[at])

    def _is_in_name_of_body(self, at: int) -> bool:
        """Tells the first word of a body's name by the noun of its people: Chad Presidential Guard soldiers."""
        last = at + 1 if self._beside(at, 1) is not None else at
        noun = self.words[last + 1] if last + 1 < len(self.words) else None
        if noun is None or self.body[self.words[last].end : noun.start] != " " or not noun.text[0].islower():
            return False
        is_agent = any(sense.kind == "agent" for sense in self.names.senses.get(noun.folded, ()))
        return is_agent and noun.folded not in self.names.person_names["no body"]

    def _beside(self, at: int, step: int) -> Word | None:
        """Gives the word before (-1) or after (1) a word, if it has a capital and one blank stands between."""
        if not 0 <= at + step < len(self.words):
            return None
        left, right = sorted((self.words[at], self.words[at + step]))
        other = self.words[at + step]
        return other if self.body[left.end : right.start] == " " and other.text[0].isupper() else None

    def is_private(self, start: int, end: int) -> bool:
        """Tells whether words hold a place that is but part of a person's or a team's name."""
        return any(word.start in self._private | self._teams for word in self.words_in(start, end))

    def is_unknown_name(self, start: int, end: int) -> bool:
        """Tells a name of two or three words of which one is a place and the others are in no table: Paris Hilton."""
        words = self.words_in(start, end)
        hits = self.found_between(start, end)
        if len(hits) != 1 or hits[0].first != hits[0].last or hits[0].senses[0].kind not in _PLACES:
            return False
        others = [word for word in words if word.start != hits[0].start]
        is_short = 0 < len(others) < _LONGEST_NAME
        return is_short and all(self._is_strange(word) and word.folded not in _BEFORE_STATES for word in others)

    def word_at(self, start: int) -> int | None:
        """Gives the place in `words` of the word that begins at an offset."""
        at = bisect_left(self._starts, start)
        return at if at < len(self._starts) and self._starts[at] == start else None

    def places_of(self, folded: str) -> Sequence[int]:
        """Gives the places in `words` of a word, by its folded form."""
        return self._places.get(folded, ())

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        places: dict[str, list[int]] = defaultdict(list)
        for at, word in enumerate(self.words):
            places[word.folded].append(at)
        return places

    def names_in_full(self, surname: str) -> str | None:
        """Gives the person of a surname whom the article names in full."""
        person = self._local_people.get(surname)
        return person.detail if person else None

    def support_of(self, code: str) -> int:
        """Counts how often the article names a state where the name can mean nothing else."""
        return self._plain_codes[code]

    def is_rejected(self, found: Found) -> bool:
        """Tells a surname found in a phrase that the whole article showed to be part of another name."""
        if found.start in self._private:
            return True
        at = bisect_left(self._found_starts, found.start)
        is_known = at < len(self.found) and self.found[at].start == found.start
        return found.first == found.last and found.senses[0].kind == "person" and not is_known

    def _is_strange(self, word: Word) -> bool:
        return (
            word.text[0].isupper()
            and len(word.text) > 1
            and not self.names.senses.get(word.folded)
            and word.folded not in HONORIFICS
            and word.start not in self._covered
        )

    def words_in(self, start: int, end: int) -> list[Word]:
        return self.words[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    @cached_property
    def _quoted(self) -> list[tuple[int, int]]:
        """The stretches between quotation marks, a paragraph at a time: a mark that is never closed ends with it."""
        spans = []
        for paragraph in _PARAGRAPH.finditer(self.body):
            for quote in _QUOTE.finditer(self.body, paragraph.start(), paragraph.end()):
                spans.append((quote.start(), quote.end()))
        return spans

    def is_quoted(self, offset: int) -> bool:
        """Tells whether an offset stands between quotation marks."""
        at = bisect_right(self._quoted, (offset, len(self.body))) - 1
        return at >= 0 and self._quoted[at][0] <= offset < self._quoted[at][1]

    def sentence_at(self, offset: int) -> int:
        return max(0, bisect_right(self._sentence_starts, offset) - 1)

    def found_between(self, start: int, end: int) -> list[Found]:
        return self.found[bisect_left(self._found_starts, start) : bisect_left(self._found_starts, end)]

    @cached_property
    def country_mentions(self) -> list[tuple[int, str, float]]:
        """(offset, code, weight) of everything that names a state or somebody of one."""
        return [(found.start, code, _WEIGHTS.get(sense.kind, 1.0)) for found, sense, code in self._stated]

    @cached_property
    def state_mentions(self) -> list[tuple[int, str, str]]:
        """(offset, code, kind) of everything that names a state or somebody of one, in the order of the text."""
        return [(found.start, code, sense.kind) for found, sense, code in self._stated]

    @cached_property
    def _stated(self) -> list[tuple[Found, Sense, str]]:
        """Everything that names a state or somebody of one, with what it means and the state's code."""
        picked = [(found, self.pick(found)) for found in self.found]
        return [
            (found, sense, sense.code)
            for found, sense in picked
            if sense and sense.code and not sense.is_generic and sense.kind != "own" and not self.is_qualifier(found)
        ]

    @cached_property
    def named_by_state(self) -> dict[str, list[Naming]]:
        """Every place where a state is named, by its code: those of `state_mentions` that are states."""
        by_state: dict[str, list[Naming]] = defaultdict(list)
        for offset, code, kind in self.state_mentions:
            if code not in NO_STATES:
                there = self.sentence_at(offset)
                is_title = bool(self.sentences) and self.sentences[there].is_title
                by_state[code].append(Naming(offset, kind, there, is_title, offset in self.located))
        return by_state

    @cached_property
    def named_in_sentence(self) -> dict[int, list[tuple[int, str]]]:
        """(offset, code) of `state_mentions` by the number of their sentence."""
        by_sentence: dict[int, list[tuple[int, str]]] = defaultdict(list)
        for offset, code, _ in self.state_mentions:
            by_sentence[self.sentence_at(offset)].append((offset, code))
        return by_sentence

    def is_qualifier(self, found: Found) -> bool:
        """Tells a state that only qualifies: Iran-backed, US-led, anti-Russian, pro-Palestinian."""
        at = bisect_left(self._starts, found.start)
        last = bisect_left(self._starts, found.end) - 1
        before = self.words[at - 1] if at else None
        after = self.words[last + 1] if last + 1 < len(self.words) else None
        if (
            after is not None
            and after.folded in NOT_THEIRS
            and self.body[found.end : after.start] in {"-", "‑", "–", " ", ".-"}
        ):
            return True
        return (
            before is not None and before.folded in _AGAINST and self.body[before.end : found.start] in {"-", " ", "‑"}
        )

    def is_located(self, offset: int) -> bool:
        """Tells whether the words at an offset stand after "in", "at"... as places do."""
        words = self.words_in(max(0, offset - 24), offset)
        while words and words[-1].folded in _BEFORE_PLACES:
            words = words[:-1]
        return bool(words) and words[-1].folded in _PLACE_PREPOSITIONS

    def pick(self, found: Found) -> Sense | None:
        """Chooses the sense of a name in this article: the user's, that of the day, or the likeliest here.

        The reading keeps the choice: every phrase asks about the names in it, and about the whole article's.
        """
        key = (found.start, found.end, len(found.senses))
        if key not in self._picked:
            self._picked[key] = self._pick(found)
        return self._picked[key]

    def _pick(self, found: Found) -> Sense | None:
        senses = [sense for sense in found.senses if sense.holds(self.on)] or list(found.senses)
        senses = [
            sense for sense in senses if sense.kind not in _COMMON and (sense.kind != "own" or self._is_needed(sense))
        ]
        if not senses:
            return None
        own = next((sense for sense in senses if sense.kind == "user"), None)
        if own is not None:
            return own
        namesake = self._namesake(found, senses)
        if namesake is not None or len(senses) == 1:
            return namesake or senses[0]
        people = [sense for sense in senses if sense.kind == "person"]
        if len(people) == len(senses):
            return max(people, key=lambda sense: (*self._fit(found, sense), -people.index(sense)))
        if len({sense.code for sense in senses}) == 1:
            return senses[0]
        return max(senses, key=lambda sense: (self._support(sense), -senses.index(sense)))

    def _namesake(self, found: Found, senses: Sequence[Sense]) -> Sense | None:
        """A surname alone means whoever of that name the article names in full."""
        if found.first != found.last or senses[0].kind != "person":
            return None
        return self._local_people.get(self.words_in(found.start, found.end)[0].folded)

    @cached_property
    def _local_people(self) -> dict[str, Sense]:
        people: dict[str, Sense] = {}
        for found in self.found:
            person = next((s for s in found.senses if s.kind == "person" and found.last > found.first), None)
            if person:
                people.setdefault(person.detail.rsplit(" ", 1)[-1], person)
        return people

    def _is_needed(self, sense: Sense) -> bool:
        return not sense.detail or any(code in self._plain_codes for code in sense.detail.split())

    def _fit(self, found: Found, sense: Sense) -> tuple[bool, bool, bool, float, date]:
        """How well a person fits a shared surname: named in full, in office, once in office, of a state named here."""
        standing = self.names.stands(sense.detail, self.on)
        if standing is None:
            return False, False, False, 0.0, FAR_PAST
        support = float(self._plain_codes.get(sense.code or "", 0))
        has_been = self.on is None or standing.spell.since <= self.on
        return sense.detail in self._full_names, not standing.is_past, has_been, support, standing.spell.since

    @cached_property
    def _full_names(self) -> frozenset[str]:
        return frozenset(
            s.detail for found in self.found if found.last > found.first for s in found.senses if s.kind == "person"
        )

    def decides(self, found: Found) -> bool:
        """Tells whether the text around a name with several meanings speaks for one of them."""
        codes = {code for code in self._plain_codes if code not in NO_STATES}
        if codes and codes.isdisjoint(sense.code or "" for sense in _by_code(found)):
            return _is_state_or_part(found)  # abroad, Georgia is the state and not the part of one
        supports = sorted((self._plain_codes.get(sense.code or "", 0) for sense in _by_code(found)), reverse=True)
        return len(supports) < 2 or supports[0] > supports[1]

    def _support(self, sense: Sense) -> float:
        if sense.kind == "person":
            standing = self.names.stands(sense.detail, self.on)
            in_office = standing is not None and not standing.is_past
            return self._plain_codes.get(sense.code or "", 0) + (0.6 if in_office else 0.0)
        prior = 0.5 if sense.kind in {"state", "demonym"} and sense.code not in _LESSER else 0.0
        prior -= 0.3 if sense.kind == "city" else 0.0
        return self._plain_codes.get(sense.code or "", 0) + prior

    @cached_property
    def _plain_codes(self) -> Counter[str]:
        """How often each code is named where the name can mean nothing else."""
        counts: Counter[str] = Counter()
        for found in self.found:
            codes = {sense.code for sense in found.senses if sense.kind not in _COMMON and sense.kind != "own"}
            if len(codes) == 1 and not any(sense.is_generic for sense in found.senses):
                counts.update(code for code in codes if code)
        if self.home:
            counts[self.home] += 1
        return counts

    @cached_property
    def sector_owners(self) -> list[tuple[int, str, str]]:
        """(offset, code, sector) of bodies, persons and adjectives with a common noun: whose troops, whose rebels."""
        owners: list[tuple[int, str, str]] = []
        for position, found in enumerate(self.found):
            sense = self.pick(found)
            if sense is None or not sense.code or sense.is_generic:
                continue
            owners += [(found.start, sense.code, sector) for sector in sense.sectors if sense.kind != "seat"]
            following = self.found[position + 1] if position + 1 < len(self.found) else None
            if following and sense.kind in STATE_KINDS and self.body[found.end : following.start] in _ADJOINING:
                sectors = {sector for other in following.senses if other.kind in _COMMON for sector in other.sectors}
                owners += [(found.start, sense.code, sector) for sector in sorted(sectors)]
        return owners

    def owners_of(self, sector: str) -> Sequence[tuple[int, str]]:
        """(offset, code) of `sector_owners` of one sector."""
        return self._owners_by_sector.get(sector, ())

    @cached_property
    def _owners_by_sector(self) -> dict[str, list[tuple[int, str]]]:
        owners: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for offset, code, sector in self.sector_owners:
            owners[sector].append((offset, code))
        return owners

    @cached_property
    def people(self) -> list[tuple[int, Standing]]:
        """(offset, standing) of every known person named."""
        people = []
        for found in self.found:
            sense = self.pick(found)
            standing = self.names.stands(sense.detail, self.on) if sense and sense.kind == "person" else None
            if standing:
                people.append((found.start, standing))
        return people

    def countries(
        self, start: int, end: int, *, sector: str = "", opponent: str | None = None
    ) -> list[tuple[str, float]]:
        """Ranks the states that a phrase without a country can belong to, the likeliest first.

        Whoever the article names with the same sector (the IDF for "troops", Hamas for "militants") goes before others.
        """
        here = self.sentence_at(start)
        located = LOCAL if sector in _LOCAL_SECTORS else ABROAD
        found = self._weighed_mentions(start, end, here, located)
        scores: dict[str, float] = defaultdict(float)
        scores |= {code: score for _, code, score in sorted(found) if code != "EUR" or sector == "GOV"}
        if self.home:
            scores[self.home] += PUBLISHER * (HOME_BODIES if sector in _HOME_SECTORS else 1.0)
        for offset, code in self.owners_of(sector) if sector else ():
            if not start <= offset < end:
                scores[code] += SAME_SECTOR * self._nearness(here, self.sentence_at(offset))
        if opponent is not None and opponent in scores:
            scores[opponent] *= OPPONENT
        if sector == "MIL":
            for code in NO_FORCES_OF & set(scores):
                scores[code] *= NO_FORCES
        if sector == "REB":
            for code in FEW_REBELS_OF & set(scores):
                scores[code] *= FEW_REBELS
        return sorted(scores.items(), key=lambda item: -item[1])

    def _weighed_mentions(self, start: int, end: int, here: int, located: float) -> Iterator[tuple[int, str, float]]:
        """(offset of the first, code, weight) of each state's mentions outside a phrase of the sentence `here`.

        Those of a state that is not named near the sentence weigh the same for every phrase, and are weighed once.
        """
        near = {code for there in (here - 1, here, here + 1) for code in self._placed_in_sentence.get(there, ())}
        for code, mentions in self._placed_mentions.items():
            if code not in near:
                if (code, located) not in self._afar:
                    self._afar[code, located] = self._weigh(mentions, NOWHERE, located)
                yield mentions[0].offset, code, self._afar[code, located]
            elif outside := [m for m in mentions if not start <= m.offset < end]:
                yield outside[0].offset, code, self._weigh(outside, here, located)

    def _weigh(self, mentions: Sequence[Placed], here: int, located: float) -> float:
        """How much mentions of a state count for a phrase of the sentence `here`."""
        total = 0.0
        for _, _, weight, far, there, is_title, is_located in mentions:
            is_near = is_title or -1 <= there - here <= 1
            score = weight * self._nearness(here, there) if is_near else far
            total += score * located if is_located else score
        return total

    @cached_property
    def _placed_in_sentence(self) -> dict[int, set[str]]:
        codes: dict[int, set[str]] = defaultdict(set)
        for mentions in self._placed_mentions.values():
            for mention in mentions:
                codes[mention.sentence].add(mention.code)
        return codes

    @cached_property
    def _placed_mentions(self) -> dict[str, list[Placed]]:
        """What names each state, and the European Union, which stands for its governments."""
        placed: dict[str, list[Placed]] = defaultdict(list)
        for offset, code, weight in self.country_mentions:
            if code not in NO_STATES or code == "EUR":
                there = self.sentence_at(offset)
                is_title = there in self._titles
                is_located = offset in self.located
                placed[code].append(Placed(offset, code, weight, weight * ELSEWHERE, there, is_title, is_located))
        return placed

    @cached_property
    def _titles(self) -> frozenset[int]:
        return frozenset(number for number, sentence in enumerate(self.sentences) if sentence.is_title)

    @cached_property
    def located(self) -> frozenset[int]:
        return frozenset(offset for offset, _, _ in self.country_mentions if self.is_located(offset))

    def _nearness(self, here: int, there: int) -> float:
        if there == here:
            return SAME_SENTENCE
        if there in self._titles:
            return TITLE + (NEXT_SENTENCE if abs(there - here) == 1 else 0.0)
        return NEXT_SENTENCE if abs(there - here) == 1 else ELSEWHERE


def _is_small(text: str) -> bool:
    """Tells a word that would have a capital in title case, and has none."""
    return text[0].islower() and text not in load_words("closed")


def _is_state_or_part(found: Found) -> bool:
    kinds = sorted(sense.kind for sense in _by_code(found))
    return kinds == ["place", "state"]


def _by_code(found: Found) -> list[Sense]:
    return list({sense.code: sense for sense in found.senses if sense.kind not in _COMMON}.values())


NO_STATES = frozenset(["IGO", "UNO", "EUR", "NGO", "ISM", "IMG", "MNC", "KOS"])
# They fight rebels abroad, and have few of their own in the news.
FEW_REBELS_OF = frozenset("USA GBR FRA DEU ISR CAN AUS RUS CHN TUR JPN".split())
_HOME_SECTORS = frozenset(["LEG", "SPY", "JUD", "PTY"])
_LOCAL_SECTORS = frozenset("CVL EDU MED REF COP CRM BUS UAF REL JRN LAB AGR".split())
# They have no armed forces that news calls troops or soldiers.
NO_FORCES_OF = frozenset(["PSE", "VAT"])
_ADJOINING = frozenset([" ", "-", "'s ", "’s "])
# Of two states of one name, the one less often in the news.
_LESSER = frozenset(["COG", "DMA", "GNQ", "ASM"])
