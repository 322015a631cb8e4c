"""Finds statements that are no event: what someone claims, holds or denies, or expressly leaves unsaid.

Stands beside the coding of events: requires an article's sentences with their mentions, attributions and found events,
gives `Statement`s. The cues and word lists are rows of `data/statements`. Precision goes before recall: a cue without
a holder who is resolved, or without a topic that says something, gives nothing; nor do words that are an event already.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast

from dragoman.codebook import Codebook
from dragoman.knowledge import table_rows
from dragoman.model import Article, Attribution, Evidence, FoundEvent, Mention, Party, Sentence, Span, Statement

Polarity = Literal["affirms", "denies", "leaves unsaid"]
Resolve = Callable[[Span], Party | None]
Mentions = Callable[[Sentence], Sequence[Mention]]
# Words between a holder and the cue ("has also repeatedly"), and between a passive cue and its holder.
LONGEST_GAP = 6
# A topic longer than this is no topic but the rest of a broken text.
LONGEST_OBJECT, LONGEST_CLAUSE, SHORTEST_CLAUSE = 14, 50, 3
LONGEST_SENTENCE = 2_000
# Letter for letter, so that offsets hold.
PLAIN = str.maketrans("’‘“”\u00a0", "''\"\" ")
WORD = re.compile(r"\w(?:[\w'.-]*\w)?")
# The full stop of the sentence; any other within it is an abbreviation's.
END = r"\.\"|\.\s*$"
HARD_STOP = re.compile(rf",(?!\d)|[;:!?()\[\]—–\n]|\s-\s|{END}")
CLAUSE_STOP = re.compile(rf"[;:!?()\[\]\n]|,\"|\s-\s|{END}")
COMMA, DASH = re.compile(r",(?!\d)"), re.compile("—")
SUBORDINATE = re.compile(r"\W*(?:although|while|though|since|as|because|if|when|after|even)\b", re.IGNORECASE)
# "denies interfering and Trump has ...": a new clause, not a second object.
NEW_CLAUSE = re.compile(r"\sand\s(?=(?:[\w'-]+\s){0,3}(?:has|have|had|is|are|was|were|will|would|said|says)\b)")
# Between the ground and whoever claims it: ", which China claims".
LINK = re.compile(r",?\s*(?:\b(?:which|that)\s+)?(?:\bthe\s+)?$")
TOLD = re.compile(r"\s+(?:to\s+)?(?:the\s+)?")
PRONOUNS = frozenset({"its", "their", "his", "her"})
SUBJECT_PRONOUNS = frozenset({"he", "she", "it"})
# Mentions less sure than this name somebody only because the article is about a state.
SURE = 0.7
# "Schiff, who heads the committee, insists": the committee is not the subject.
ASIDE = re.compile(r",\s(?:who|which|whose|where)\s[^,]*$")
# "The alliance must insist that", "officials do not deny that": nobody has said it.
HYPOTHETICAL = re.compile(
    r"\b(?:must|should|would|could|might|may|will|likely|probably|help|not|never|cannot|\w+n't"
    r"|(?<!continue )(?<!continues )(?<!continued )to)\s$"
)
# Objects that stand for what another sentence says: "did not mention that as a motive", "did not mention either".
STAND_IN = re.compile(
    r"\W*(?:that|either|neither|both|this|him|her|them|it)(?:\s+(?:as|to|in|on|at|during|when|for|by|and|or)\b|\W*$)",
    re.IGNORECASE,
)
NOT_BY_NAME = frozenset({"he", "she", "it", "they", *PRONOUNS})
# The press reports; what it leaves unsaid itself is nobody's policy.
PRESS = "JRN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One wording of a cue. `keys` are words of which one must stand in a sentence for the pattern to be tried."""

    name: str
    form: str
    polarity: Polarity
    pattern: re.Pattern[str]
    tail: re.Pattern[str] | None
    topic: str
    keys: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """The cues by their keys, and the word lists by their names."""

    by_key: Mapping[str, tuple[Cue, ...]]
    words: Mapping[str, frozenset[str]]
    object_stop: re.Pattern[str]
    clause_stop: re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A statement within one sentence; offsets count characters of the article's body."""

    speaker: Party
    topic: Span
    cue: Span
    anchor: Span
    addressee: Party | None = None


def find_statements(  # noqa: PLR0917 - an article and its four layers are one thing
    article: Article,
    sentences: Sequence[Sentence],
    attributions: Sequence[Attribution],
    mentions: Mentions,
    events: Sequence[FoundEvent],
    *,
    coder: str,
    codebook: Codebook,
    resolve: Resolve | None = None,
) -> tuple[Statement, ...]:
    """Gives the statements of an article in the order of its words.

    `mentions` gives those of a sentence: it is asked only where a cue stands, in about one sentence of twenty.
    `resolve` tells whom words mean that are no mention by themselves ("the Communist Party" in an article on China).
    """
    statements = []
    for sentence in sentences:
        matches = _matches(sentence)
        if not matches:
            continue
        here = _Here(
            sentence=sentence,
            plain=sentence.text.translate(PLAIN),
            mentions=[m for m in mentions(sentence) if m.entity],
            attributions=[a for a in attributions if sentence.start <= a.content.start < sentence.end],
            events=[e.anchor for e in events if e.sentence.start == sentence.start],
            resolve=resolve,
        )
        for cue, found in _in_sentence(here, matches):
            evidence = Evidence.of(article, sentence, found.anchor, coder=coder, codebook=codebook.version)
            statements.append(_statement(cue, found, evidence))
    return tuple(statements)


def likely_cues(sentence: Sentence) -> tuple[Cue, ...]:
    """Gives the cues of which a word stands in the sentence; none for a sentence too long to be one."""
    if len(sentence.text) > LONGEST_SENTENCE:
        return ()
    by_key = load_lexicon().by_key
    words = {word.lower() for word in WORD.findall(sentence.text.translate(PLAIN))}
    cues = {cue.pattern.pattern + cue.name: cue for word in sorted(words & by_key.keys()) for cue in by_key[word]}
    return tuple(cues.values())


# --- the lexicon ---


@cache
def load_lexicon() -> Lexicon:
    """Reads the cues and word lists."""
    words = {row["name"]: row["words"].split("|") for row in table_rows("statements", "words.tsv")}
    by_key: dict[str, list[Cue]] = {}
    for row in table_rows("statements", "cues.tsv"):
        for wording in row["words"].split("|"):
            cue = Cue(
                name=row["cue"],
                form=row["form"],
                polarity=cast(Polarity, row["polarity"]),
                pattern=_pattern(wording, words),
                tail=_tail(row["tail"], words) if row["tail"] else None,
                topic=row["topic"],
                keys=frozenset(_keys(wording, words)),
            )
            for key in cue.keys:
                by_key.setdefault(key, []).append(cue)
    return Lexicon(
        by_key={key: tuple(cues) for key, cues in by_key.items()},
        words={name: frozenset(listed) for name, listed in words.items()},
        object_stop=re.compile(rf"\s(?:{_any_of(words['objectstop'])})\b", re.IGNORECASE),
        clause_stop=re.compile(
            rf",\"?\s(?:{_any_of(words['clausestop'])})\b(?!,)|\s(?:{_any_of(words['newclause'])})\b", re.IGNORECASE
        ),
    )


def _pattern(wording: str, words: Mapping[str, Sequence[str]]) -> re.Pattern[str]:
    """Makes a pattern of a cue's wording; group `topic` is empty and stands where the topic begins."""
    parts = []
    for token in wording.split():
        if token == ">":
            parts.append("(?P<topic>)")
        elif token.startswith("<"):
            listed = f"(?:{_any_of(words[token.strip('<>?')])})"
            parts.append(rf"(?:{listed}\s+)?" if token.endswith("?") else rf"{listed}\s+")
        else:
            parts.append(rf"{re.escape(token)}\s+")
    body = "".join(parts).removesuffix(r"\s+")
    topic = "" if " > " in wording else "(?P<topic>)"
    opening = r"\b" if wording[0].isalnum() or wording[0] == "<" else ""
    return re.compile(rf"{opening}{body}\b(?!'){topic}", re.IGNORECASE)


def _tail(wordings: str, words: Mapping[str, Sequence[str]]) -> re.Pattern[str]:
    each = [_pattern(wording, words).pattern.replace("(?P<topic>)", "") for wording in wordings.split("|")]
    return re.compile("|".join(each), re.IGNORECASE)


def _keys(wording: str, words: Mapping[str, Sequence[str]]) -> list[str]:
    """Gives the longest plain word of a wording, or the last words of its last list where it has none."""
    tokens = wording.split()
    literals = [token for token in tokens if token[0] not in {"<", ">"}]
    if literals:
        return [max(literals, key=len).strip("'")]
    return [phrase.split()[-1] for phrase in words[tokens[-1].strip("<>?")]]


def _any_of(phrases: Sequence[str]) -> str:
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return "|".join(re.escape(phrase).replace(r"\ ", r"\s+") for phrase in longest_first)


# --- one sentence ---


def _matches(sentence: Sentence) -> list[tuple[Cue, re.Match[str]]]:
    """Gives the cues that stand in a sentence; those with a tail, then the longer ones, go first."""
    plain = sentence.text.translate(PLAIN)
    matches = [(cue, match) for cue in likely_cues(sentence) for match in cue.pattern.finditer(plain)]
    return sorted(
        matches,
        key=lambda pair: (pair[0].tail is None, pair[1].start() - pair[1].end(), pair[1].start(), pair[0].name),
    )


def _in_sentence(here: _Here, matches: Sequence[tuple[Cue, re.Match[str]]]) -> Iterator[tuple[Cue, Found]]:
    """Yields what the cues find, no two on the same words."""
    taken: list[Span] = []
    kept: list[tuple[Cue, Found]] = []
    for cue, match in matches:
        found = FORMS[cue.form](here, cue, match)
        if found is None or here.is_event(cue, found) or any(_overlap(found.cue, span) for span in taken):
            continue
        taken.append(found.cue)
        kept.append((cue, found))
    yield from sorted(kept, key=lambda pair: pair[1].anchor.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Here:
    """A sentence with what was found in it. Methods take and give offsets within the sentence."""

    sentence: Sentence
    plain: str
    mentions: Sequence[Mention]
    attributions: Sequence[Attribution]
    events: Sequence[Span]
    resolve: Resolve | None

    def span(self, start: int, end: int) -> Span:
        """Gives the span of words [start, end), without white space, quotes and commas at its ends."""
        while start < end and self.plain[start] in " \t\n\",'":
            start += 1
        while end > start and self.plain[end - 1] in ' \t\n",':
            end -= 1
        base = self.sentence.start
        return Span(start=base + start, end=base + end, text=self.sentence.text[start:end])

    def is_event(self, cue: Cue, found: Found) -> bool:
        """Tells whether the words are an event already: the cue itself, or what a position asserts or denies."""
        if any(_overlap(anchor, found.cue) for anchor in self.events):
            return True
        holds_content = cue.polarity != "leaves unsaid" and cue.topic == "any"
        return holds_content and any(_overlap(anchor, found.topic) for anchor in self.events)

    def words_before(self, at: int) -> list[re.Match[str]]:
        return list(WORD.finditer(self.plain, max(0, at - 120), at))

    def mention_before(self, at: int) -> Mention | None:
        """Gives the last mention that ends at or before an offset."""
        at += self.sentence.start
        return max((m for m in self.mentions if m.end <= at), key=lambda m: (m.end, -m.start), default=None)

    def mention_at(self, at: int) -> Mention | None:
        """Gives the longest mention that begins at an offset."""
        at += self.sentence.start
        return max((m for m in self.mentions if m.start == at), key=lambda m: m.end, default=None)

    def mentions_in(self, span: Span) -> list[Mention]:
        return [m for m in self.mentions if span.start <= m.start and m.end <= span.end]

    def party(self, mention: Mention) -> Party | None:
        """Gives the party a mention names; None where no state or body can be told, and for the press."""
        entity = mention.entity
        is_press = entity is not None and PRESS in entity.sectors and "state" not in mention.text.lower().split()
        if entity is None or entity.code is None or is_press:
            return None
        return Party.of(mention, mention)

    def resolved(self, span: Span) -> Party | None:
        """Gives whom words mean that are no mention; None where nobody can be told."""
        party = self.resolve(span) if self.resolve else None
        return party if party and party.code else None


# --- who holds it ---


def _subject(here: _Here, match: re.Match[str]) -> Party | None:
    """Finds who says it: the mention before the cue, or whom the reader found to speak with that very word."""
    at = match.start()
    if HYPOTHETICAL.search(here.plain[:at]):
        return None
    mention = here.mention_before(at)
    if mention and mention.text.lower() not in PRONOUNS and _is_subject(here, mention, at):
        is_sure = mention.confidence >= SURE or mention.text.lower() in SUBJECT_PRONOUNS
        return here.party(mention) if is_sure else None
    cue = here.span(*match.span())
    for attribution in here.attributions:
        if attribution.cue and attribution.source and _overlap(attribution.cue, cue):
            between = here.plain[max(0, attribution.source.end - here.sentence.start) : at]
            # "Obama dismissed sceptics who argued": they argued, not he.
            is_others = re.search(r"\b(?:who|which|that)\s+$", between) and len(WORD.findall(between)) > 1
            return None if is_others else _source(here, attribution.source)
    return None


def _is_subject(here: _Here, mention: Mention, at: int) -> bool:
    """Tells whether only words that may part subject and verb follow, and no preposition governs the mention."""
    base = here.sentence.start
    gap = here.plain[mention.end - base : at]
    words = [word.lower() for word in WORD.findall(gap.removeprefix("'s"))]
    allowed = load_lexicon().words["gap"]
    if len(words) > LONGEST_GAP or not all(word in allowed or word.endswith("ly") for word in words):
        return False
    if re.search(r"[^\w\s,'-]", gap):
        return False
    if gap.startswith(",") and ASIDE.search(here.plain[: mention.start - base]):
        return False
    # "Its statement": the possessive needs a voice that speaks for it.
    if gap.startswith("'s") and not words:
        return False
    return not _is_governed(here, mention.start - base) and _is_settled(here, mention)


def _is_governed(here: _Here, at: int) -> bool:
    """Tells a mention under a preposition ("critics of China"), unless its voice stands before ("spokesman for")."""
    lists = load_lexicon().words
    before = [word[0].lower() for word in here.words_before(at)]
    while before and before[-1] in lists["article"]:
        before.pop()
    if not before or before[-1] not in lists["bound"]:
        return False
    # An envoy for Iran does not speak for it; a spokesman for Iran does.
    voices = lists["spokesman"] if before[-1] == "for" else lists["voice"]
    return len(before) < 2 or before[-1] not in {"of", "by", "from", "for"} or before[-2] not in voices


def _is_settled(here: _Here, mention: Mention) -> bool:
    """Tells a mention that is no pronoun, or one whose name stands before it in the sentence.

    Across sentences "he" is too often another: of those read in news, about one in four.
    """
    if mention.text.lower() not in SUBJECT_PRONOUNS:
        return True
    earlier = (m.entity for m in here.mentions if m.end <= mention.start and m.text.lower() not in SUBJECT_PRONOUNS)
    wanted = mention.entity
    return any(e and wanted and (e.code, e.name) == (wanted.code, wanted.name) for e in earlier)


def _source(here: _Here, source: Span) -> Party | None:
    """Gives whom a source names: the mention that ends it, after nothing but words that describe ("a senior").

    "Trump's supporters" are not Trump, "officials of that country" nobody known; "he" is too often another.
    """
    start = source.start - here.sentence.start
    if _is_governed(here, start):
        return None
    for mention in here.mentions_in(source):
        at = mention.start - here.sentence.start
        is_named = mention.confidence >= SURE and mention.text.lower() not in NOT_BY_NAME
        is_last = mention.end == source.end and not _is_governed(here, at)
        if is_named and is_last and not re.search(r"[^a-zA-Z\s-]", here.plain[start:at]):
            return here.party(mention)
    return None


def _possessor(here: _Here, match: re.Match[str]) -> Party | None:
    """Finds whose claim: "Beijing's (long-standing) claim", "its claim", "Chinese claims", "the Communist Party's"."""
    opening = re.search(r"'s?\s+(?:[a-z][a-z-]*\s+){0,2}$|\s+$", here.plain[: match.start()])
    if opening is None:
        return None
    end, is_possessive = opening.start(), opening[0].startswith("'")
    mention = here.mention_before(end)
    base = here.sentence.start
    if mention and mention.end - base in {end, end + 2}:
        party = here.party(mention)
        is_pronoun = mention.text.lower() in PRONOUNS
    else:
        run = re.search(r"(?:\b[Tt]he\s+)?[A-Z][\w-]*(?:\s[A-Z][\w-]*){0,4}$", here.plain[:end])
        party = here.resolved(here.span(run.start(), end)) if run else None
        is_pronoun = False
    if party is None or is_possessive or is_pronoun:
        return party
    # "Iran claims over 100 killed" is no claim of Iran's to ground; "Iranian claims to the islands" is.
    return party if party.text != party.name else None


def _agent(here: _Here, at: int, *, needs_voice: bool) -> Party | None:
    """Finds who is named after a passive cue: "by the Kremlin", "in a Chinese government statement"."""
    lists = load_lexicon().words
    allowed = lists["article"] | lists["voice"] | {"both", "by", "from", "of", "joint", "official", "subsequent"}
    has_voice = not needs_voice
    for count, word in enumerate(WORD.finditer(here.plain, at)):
        mention = here.mention_at(word.start())
        if mention:
            after = WORD.findall(here.plain[mention.end - here.sentence.start :])[:3]
            heard = {w.lower() for w in [*WORD.findall(mention.text), *after]}
            return here.party(mention) if has_voice or heard & lists["voice"] else None
        if count > LONGEST_GAP or word[0].lower() not in allowed:
            return None
        has_voice = has_voice or word[0].lower() in lists["voice"]
    return None


# --- what it is about ---


def _object(here: _Here, at: int) -> Span | None:
    """Gives the words after a cue up to where the noun phrase ends; a clause where it opens one ("that", "whether")."""
    first = WORD.search(here.plain, at)
    lexicon = load_lexicon()
    if first is None or HARD_STOP.search(here.plain[at : first.start()].strip(' "')):
        return None
    if STAND_IN.match(here.plain, at):
        return None
    if first[0].lower() in lexicon.words["clausefirst"]:
        return _clause(here, at)
    end = _first_stop(here.plain, first.start(), [HARD_STOP, NEW_CLAUSE, lexicon.object_stop])
    words = list(WORD.finditer(here.plain, first.start(), end))
    while words and words[-1][0].lower() in lexicon.words["dangling"]:
        end = words.pop().start()
    span = here.span(first.start(), end)
    return span if 0 < len(WORD.findall(span.text)) <= LONGEST_OBJECT else None


def _clause(here: _Here, at: int) -> Span | None:
    """Gives the words after a cue to the end of what is said there."""
    stops = [CLAUSE_STOP, load_lexicon().clause_stop]
    # One dash opens an afterthought; two hold an aside, after which the clause goes on.
    if here.plain.count("—", at) == 1:
        stops.append(DASH)
    # "Although officials insist it is over, the talks go on": the comma ends it.
    if SUBORDINATE.match(here.plain):
        stops.append(COMMA)
    span = here.span(at, _first_stop(here.plain, at, stops))
    return span if SHORTEST_CLAUSE <= len(WORD.findall(span.text)) <= LONGEST_CLAUSE else None


def _first_stop(text: str, at: int, stops: Sequence[re.Pattern[str]]) -> int:
    found = [match.start() for match in (stop.search(text, at) for stop in stops) if match]
    return min(found, default=len(text))


def _before(here: _Here, at: int) -> Span | None:
    """Gives the noun phrase that ends at an offset: back to punctuation or a word that opens a clause."""
    stops = load_lexicon().words["topicstop"]
    start = at
    for word in reversed(here.words_before(at)):
        if HARD_STOP.search(here.plain[word.end() : start].rstrip(" ,")) or word[0].lower() in stops:
            break
        if "," in here.plain[word.end() : start] and start != at:
            break
        start = word.start()
    span = here.span(start, at)
    return span if 0 < len(WORD.findall(span.text)) <= LONGEST_OBJECT else None


def _ground_before(here: _Here, at: int) -> Span | None:
    """Gives the state, place or ground named right before an offset: "the disputed islands", "Taiwan,"."""
    lists = load_lexicon().words
    end = len(here.plain[:at].rstrip(" ,"))
    start = end
    for word in reversed(here.words_before(end)):
        lower = word[0].lower()
        known = lower in lists["land"] | lists["ground"] | lists["article"] or _is_named(here, word)
        if "," in here.plain[word.end() : start] or not known:
            break
        if lower not in lists["bound"]:
            start = word.start()
        if lower in lists["article"]:
            break
    span = here.span(start, end)
    return span if span.text and _is_ground(here, span) and _ends_in_ground(here, span) else None


def _is_named(here: _Here, word: re.Match[str]) -> bool:
    """Tells a word of a mention, or a capitalised one inside the sentence: part of a place's name."""
    base = here.sentence.start
    if any(m.start <= base + word.start() < m.end and m.text[:1].isupper() for m in here.mentions):
        return True
    return word[0][0].isupper() and word.start() > 0


def _ends_in_ground(here: _Here, topic: Span) -> bool:
    """Tells words whose last one names a party or ground: "democratically governed Taiwan", not "this as crucial"."""
    last = topic.text.split()[-1].lower() if topic.text else ""
    return last in load_lexicon().words["land"] or any(m.end == topic.end for m in here.mentions_in(topic))


def _is_topic(here: _Here, cue: Cue, topic: Span | None) -> bool:
    """Tells whether words can be the topic of a cue: ground to be claimed, a party, or any that say something."""
    if topic is None:
        return False
    if cue.topic == "ground":
        return _is_ground(here, topic)
    if cue.topic == "party":
        return any(m.text.lower() not in PRONOUNS for m in here.mentions_in(topic)) or _is_ground(here, topic)
    lists = load_lexicon().words
    weak = lists["weak"] | lists["bound"]
    return any(word.lower() not in weak for word in WORD.findall(topic.text))


def _is_ground(here: _Here, topic: Span) -> bool:
    """Tells words that name ground and nothing else: names, words for land, and what may stand beside them."""
    lists = load_lexicon().words
    base = here.sentence.start
    words = list(WORD.finditer(here.plain, topic.start - base, topic.end - base))
    rest = lists["land"] | lists["ground"] | lists["article"] | {"in", "region", "city"}
    if not all(word[0].lower() in rest or _is_named(here, word) for word in words):
        return False
    names_place = any(m.entity and m.entity.name and m.entity.code for m in here.mentions_in(topic))
    return names_place or any(word[0].lower() in lists["land"] for word in words)


# --- the forms ---


def _by_noun(here: _Here, cue: Cue, match: re.Match[str]) -> Found | None:
    topic, speaker = _object(here, match.end()), _possessor(here, match)
    return _found(here, cue, match, speaker=speaker, topic=topic)


def _by_object(here: _Here, cue: Cue, match: re.Match[str]) -> Found | None:
    topic, speaker = _object(here, match.start("topic")), _subject(here, match)
    return _found(here, cue, match, speaker=speaker, topic=topic)


def _by_clause(here: _Here, cue: Cue, match: re.Match[str]) -> Found | None:
    topic, speaker = _clause(here, match.start("topic")), _subject(here, match)
    return _found(here, cue, match, speaker=speaker, topic=topic)


def _by_verb(here: _Here, cue: Cue, match: re.Match[str]) -> Found | None:
    """Reads "claims Taiwan as its own", and "Taiwan, which China claims as its own"."""
    tail = cue.tail.search(here.plain, match.end(), match.end() + 120) if cue.tail else None
    mention = here.mention_before(match.start())
    if tail is None or mention is None or HARD_STOP.search(here.plain, match.end(), tail.start()):
        return None
    end = _first_stop(here.plain, tail.end(), [HARD_STOP, load_lexicon().object_stop])
    # "Part of the problem" is no claim; "part of its territory" and "part of China" are.
    if tail[0].endswith(" of") and not _names_owner(here, tail.end()):
        return None
    speaker = _subject(here, match)
    if here.plain[match.end() : tail.start()].strip():
        topic: Span | None = here.span(match.end(), tail.start())
        if topic and not _ends_in_ground(here, topic):
            return None
    else:
        link = LINK.search(here.plain[: mention.start - here.sentence.start])
        topic = _ground_before(here, link.start()) if link else None
        if topic and link:
            start = topic.start - here.sentence.start
            return _found(here, cue, match, speaker=speaker, topic=topic, anchor=here.span(start, end))
    return _found(here, cue, match, speaker=speaker, topic=topic, anchor=here.span(match.start(), end))


def _names_owner(here: _Here, at: int) -> bool:
    first = re.compile(r"\s+(?:the\s+)?").match(here.plain, at)
    word = WORD.match(here.plain, first.end()) if first else None
    return word is not None and (word[0].lower() in PRONOUNS or here.mention_at(word.start()) is not None)


def _by_passive(here: _Here, cue: Cue, match: re.Match[str]) -> Found | None:
    topic = _ground_before(here, match.start()) if cue.topic == "ground" else _before(here, match.start())
    speaker = _agent(here, match.end(), needs_voice=not match[0].lower().endswith(" by"))
    if topic is None:
        return None
    anchor = here.span(topic.start - here.sentence.start, match.start() + match[0].rindex(" "))
    return _found(here, cue, match, speaker=speaker, topic=topic, anchor=anchor)


def _by_said(here: _Here, cue: Cue, match: re.Match[str]) -> Found | None:
    """Reads a claim inside what somebody is found to say: "Xi told Biden that Taiwan is part of China"."""
    topic = _before(here, match.start())
    owner = _agent(here, match.end(), needs_voice=False)
    words = here.span(*match.span())
    for attribution in here.attributions:
        holds = attribution.content.start <= words.start and words.end <= attribution.content.end
        if holds and attribution.source and attribution.cue and owner:
            speaker = _source(here, attribution.source)
            addressee = _told(here, attribution)
            return _found(here, cue, match, speaker=speaker, topic=topic, addressee=addressee)
    return None


def _told(here: _Here, attribution: Attribution) -> Party | None:
    """Finds who is told: the party between the word of saying and what is said."""
    cue = attribution.cue
    word = TOLD.match(here.plain, cue.end - here.sentence.start) if cue else None
    mention = here.mention_at(word.end()) if word else None
    return here.party(mention) if mention and mention.end <= attribution.content.start else None


FORMS: Mapping[str, Callable[[_Here, Cue, re.Match[str]], Found | None]] = {
    "noun": _by_noun,
    "verb": _by_verb,
    "object": _by_object,
    "clause": _by_clause,
    "passive": _by_passive,
    "said": _by_said,
}


def _found(
    here: _Here,
    cue: Cue,
    match: re.Match[str],
    *,
    speaker: Party | None,
    topic: Span | None,
    anchor: Span | None = None,
    addressee: Party | None = None,
) -> Found | None:
    if speaker is None or topic is None or not _is_topic(here, cue, topic):
        return None
    # Nobody is the topic of his own claim: the words were read amiss.
    if speaker.start < topic.end and topic.start < speaker.end:
        return None
    words = here.span(match.start(), match.start("topic"))
    base = here.sentence.start
    whole = here.span(min(words.start, topic.start) - base, max(words.end, topic.end) - base)
    return Found(speaker=speaker, topic=topic, cue=words, anchor=anchor or whole, addressee=addressee)


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


# --- the noun ---


def _statement(cue: Cue, found: Found, evidence: Evidence) -> Statement:
    key = f"{evidence.article_id}|{found.cue.start}|{found.cue.end}|{cue.name}|{evidence.coder}"
    return Statement(
        statement_id="st_" + hashlib.sha256(key.encode()).hexdigest()[:16],
        speaker=found.speaker,
        addressee=found.addressee,
        topic=found.topic.text,
        polarity=cue.polarity,
        basis=f"statements: {cue.name} {found.cue.text!r}",
        evidence=evidence,
    )
