"""The names as an index: from words to the senses they can have on a day, and from offices to their holders.

It knows nothing of articles: context is weighed in `reading`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from dragoman.actors import tables
from dragoman.actors.tables import FAR_FUTURE, FAR_PAST, Office, Sense, Spell
from dragoman.actors.words import Hit, NameTrie, Word, key_of
from dragoman.model import Entity

_FORMER = ("ELI",)
# Who keeps their sector out of office: a militant or a general is what he is without a dated office.
_UNDATED = frozenset(["politicians"])


class Found(NamedTuple):
    """A stretch of words with a known name: words `first` to `last` inclusive, and what it can mean."""

    first: int
    last: int
    start: int
    end: int
    senses: tuple[Sense, ...]


class Standing(NamedTuple):
    """How a person stands on a day: the spell that tells it, whether it is past, and a note for the basis."""

    spell: Spell
    is_past: bool
    note: str


class Names:
    """All names with their senses, the persons with their spells, and the offices with their holders."""

    def __init__(self, extra: Iterable[tuple[str, Sense]] = ()) -> None:
        self.senses: dict[str, list[Sense]] = defaultdict(list)
        self.persons: dict[str, list[Spell]] = defaultdict(list)
        self.offices: dict[str, Office] = {}
        self.holders: dict[tuple[str, str], list[Spell]] = defaultdict(list)
        self.states: dict[str, Entity] = {}
        self.surnames: dict[str, list[str]] = defaultdict(list)
        self.sole_owner: dict[str, str] = {}
        self._titles: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.given_names = frozenset[str]()
        self.table_ends = tables.read_coverage()
        self.ranking = tables.read_ranking()
        self.acts = tables.read_acts()
        self.teams = tables.read_teams()
        self.person_names = tables.read_person_names()
        self._add_tables()
        self._add_persons()
        for key, sense in extra:
            self.senses[key].insert(0, sense)
        self._derived = tables.read_derived()
        self.trie = NameTrie({*self.senses, *self._derived})

    def _add_tables(self) -> None:
        for reader in _READERS:
            for key, sense in reader():
                self.senses[key].append(sense)
                if sense.kind == "state" and sense.code and sense.code not in self.states:
                    self.states[sense.code] = Entity(code=sense.code, name=sense.name, identifier=sense.identifier)
        for office in tables.read_offices():
            self.offices[office.name] = office
            for title, _, owner in (entry.partition("=") for entry in office.titles):
                self._titles[key_of(title)].append((office.name, owner))
                sense = Sense(
                    "office", owner or None, office.sectors, office.name, None, FAR_PAST, FAR_FUTURE, "offices", "any"
                )
                self.senses[key_of(title)].append(sense)

    def _add_persons(self) -> None:
        sectors = {name: office.sectors for name, office in self.offices.items()}
        for spell, shorts in tables.read_spells(sectors):
            person = key_of(spell.name)
            if spell.source == "office_holders":
                self.holders[spell.code, spell.office].append(spell)
            for rank, name in enumerate((spell.name, *shorts)):
                self._add_name(name, person, spell, is_full=rank == 0)
            self.persons[person].append(spell)
        owners: dict[str, set[str]] = defaultdict(set)
        for code, office in self.holders:
            owners[office].add(code)
        self.sole_owner = {office: min(codes) for office, codes in owners.items() if len(codes) == 1}
        self.given_names = self._find_given_names()

    def _find_given_names(self) -> frozenset[str]:
        """Given names that are no word of any other table: Michael, Denis, Tom; not Jordan, not May."""
        of_persons = {
            person.partition(" ")[0]
            for person, spells in self.persons.items()
            if " " in person and spells[0].code not in _SURNAME_FIRST
        }
        given = {name for name in of_persons if len(name) > _SHORTEST_NAME} | tables.read_given_names()
        return frozenset(name for name in given if name not in self.senses and name not in _NOT_GIVEN)

    def _add_name(self, name: str, person: str, spell: Spell, *, is_full: bool) -> None:
        key = key_of(name)
        if not any(sense.detail == person for sense in self.senses.get(key, ())):
            case = "exact:" + tables.letters_of(name) if tables.case_of(name) == "exact" else "capital"
            self.senses[key].append(
                Sense("person", spell.code, spell.sectors, spell.name, None, FAR_PAST, FAR_FUTURE, spell.source,
                      case.removeprefix("exact:"), person)
            )  # fmt: skip
        first, _, rest = key.partition(" ")
        surname = first if rest and spell.code in _SURNAME_FIRST else key.rsplit(" ", 1)[-1]
        if (is_full or rest) and spell.source != "officials_derived" and person not in self.surnames[surname]:
            self.surnames[surname].append(person)

    def senses_of(self, key: str) -> Sequence[Sense]:
        """Gives what a name can mean; rows of the derived table are read when first asked for."""
        for line in self._derived.pop(key, ()):
            spell = tables.read_derived_spell(line)
            self._add_name(spell.name, key, spell, is_full=True)
            self.persons[key].append(spell)
        return self.senses.get(key, ())

    def find(self, text: str, words: Sequence[Word]) -> list[Found]:
        """Finds the longest names from left to right, without overlaps, whose capitals stand as they must."""
        found: list[Found] = []
        past = 0
        hits = list(self.trie.find(text, words))
        reach = {hit.first: hit.last for hit in reversed(hits)}
        for hit in hits:
            if hit.first < past or self._gives_way(hit, reach, words):
                continue
            senses = tuple(s for s in self.senses_of(hit.key) if stands_so(s.case, words[hit.first : hit.last + 1]))
            if senses:
                found.append(Found(hit.first, hit.last, words[hit.first].start, words[hit.last].end, senses))
                past = hit.last + 1
        return found

    @staticmethod
    def _gives_way(hit: Hit, reach: Mapping[int, int], words: Sequence[Word]) -> bool:
        """ "The South" is no name where a longer one begins at its second word: "the South African president"."""
        return words[hit.first].folded == "the" and reach.get(hit.first + 1, 0) > hit.last

    def offices_titled(self, title: str) -> Sequence[str]:
        return [office for office, _ in self._titles.get(key_of(title), ())]

    def title_meaning(self, words: str) -> tuple[frozenset[str], frozenset[str]]:
        """Gives the offices that folded words before a name mean, and the sectors where they are but a common noun."""
        offices = frozenset(office for office, _ in self._titles.get(words, ()))
        senses = self.senses.get(words, ()) if not offices else ()
        return offices, frozenset(sector for s in senses if s.kind == "agent" for sector in s.sectors)

    def current(self, person: str, on: date | None) -> list[Standing]:
        """Gives every spell in which a person stood on a day: a minister may lead a party as well."""
        spells = self.persons.get(person, ())
        return [
            Standing(spell, False, self._open_note(spell, on))
            for spell in spells
            if on is not None and spell.since <= on and (spell.until is None or on < spell.until)
        ]

    def holder(self, code: str, office: str, on: date | None) -> Standing | None:
        """Finds who held an office of a state or body on a day; the last known holder where no day is given."""
        spells = self.holders.get((code, office), ())
        if not spells:
            called = [name for name, owner in self._titles.get(key_of(office), ()) if owner == code]
            spells = next((self.holders[code, name] for name in called if (code, name) in self.holders), ())
        return self._standing(spells, on) if spells else None

    def has_monarch(self, code: str, on: date | None) -> bool:
        """Tells whether a state has a king, queen, emir or sultan on a day."""
        standings = [
            self._standing(self.holders[code, office], on) for office in _MONARCHS if (code, office) in self.holders
        ]
        return any(standing is not None and not standing.is_past for standing in standings)

    def head(self, code: str, on: date | None) -> Standing | None:
        """Finds the head of a state or body on a day, the president before the prime minister."""
        standings = [
            standing
            for (holder_code, office), spells in self.holders.items()
            if holder_code == code and self.offices.get(office, _NO_OFFICE).is_head
            for standing in [self._standing(spells, on)]
            if standing and not standing.is_past
        ]
        return standings[0] if standings else None

    def stands(self, person: str, on: date | None) -> Standing | None:
        """Tells how a person stood on a day: in office, formerly, or not yet."""
        return self._standing(self.persons.get(person, ()), on)

    def _standing(self, spells: Sequence[Spell], on: date | None) -> Standing | None:
        if not spells:
            return None
        if on is None:
            last = max(spells, key=lambda spell: spell.since)
            return Standing(last, False, "no day given: the latest known")
        current = [spell for spell in spells if spell.since <= on and (spell.until is None or on < spell.until)]
        if current:
            best = max(current, key=lambda spell: (spell.source == "office_holders", spell.office not in _MINOR))
            return Standing(best, False, self._open_note(best, on))
        past = [spell for spell in spells if spell.until is not None and spell.until <= on]
        if past:
            last = max(past, key=lambda spell: spell.until or FAR_PAST)
            return Standing(last, True, f"until {last.until}")
        return Standing(min(spells, key=lambda spell: spell.since), True, "later in office")

    def _open_note(self, spell: Spell, on: date) -> str:
        end = self.table_ends.get(spell.source, FAR_FUTURE)
        if spell.until is None and spell.source not in _UNDATED and on > max(end, spell.since):
            return f"last known, the table ends {end}"
        return f"since {spell.since}" if spell.since > FAR_PAST else "no dates known"

    def person_entity(self, standing: Standing) -> Entity:
        spell = standing.spell
        sectors = (
            _FORMER
            if standing.is_past and spell.sectors in _OFFICIAL and "later" not in standing.note
            else spell.sectors
        )
        office = f"former {spell.office}" if standing.is_past and sectors == _FORMER else spell.office
        return Entity(code=spell.code, sectors=sectors, name=spell.name, office=office)


# States whose people bear the surname first, in news as well.
_SURNAME_FIRST = frozenset("CHN KOR PRK TWN HKG SGP KHM VNM".split())
_SHORTEST_NAME = 3
# Words that begin sentences and are first names as well, and titles that stand in the place of a first name.
_NOT_GIVEN = frozenset(
    "will mark grant rich drew pope king queen prince princess sheikh mullah emir sultan general colonel sir lord lady "
    "baroness april june august dawn hope faith grace victor north south east west central united saint real".split()
)
_READERS = (
    tables.read_states,
    tables.read_places,
    tables.read_bodies,
    tables.read_collectives,
    tables.read_own_words,
    tables.read_agents,
)
_NO_OFFICE = Office("", (), False, ())
_OFFICIAL = frozenset([("GOV",), ("LEG",), ("COP",), ("SPY",)])
_MONARCHS = ("king", "queen", "emir", "sultan")
_MINOR = frozenset(["party leader", "opposition leader"])


def stands_so(case: str, words: Sequence[Word]) -> bool:
    """Tells whether the words stand with the capitals that a name asks: `any`, `capital`, or exactly these letters."""
    if case == "any":
        return True
    if case == "capital":
        return words[0].text[0].isupper() or words[0].text[0].isdigit() or _inner_capital(words)
    letters = "".join(word.text for word in words)
    return letters == case or (len(case) > 3 and letters == case.capitalize())


def _inner_capital(words: Sequence[Word]) -> bool:
    """`al-Assad` and `von der Leyen` begin small."""
    return len(words) > 1 and words[0].folded in _PARTICLES and words[-1].text[0].isupper()


_PARTICLES = frozenset(
    "al el bin ibn de da di del van von der den le la the abu ben as an ash at ad dos du ter mainland anti "
    "occupied".split()
)
