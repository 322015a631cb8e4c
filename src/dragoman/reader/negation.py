"""Tells whether a negating word governs what follows it: "did not formally attack", "without any deal".

The network knows negation where it stands inside an anchor, as labels have it. These rules, on closed classes of words,
are for anchors that begin behind it, and for claims that a sentence calls false. They look within the clause only, and
refuse whatever they do not know.
"""

from __future__ import annotations

import re
from functools import cache

from dragoman.knowledge import table_cells

# Far enough for "n't yet been able to", near enough to cost nothing on endless sentences.
REACH = 60
# No clause is read further than that from an anchor, in characters.
CLAUSE = 240
_WORDS = re.compile(r"n't|\w+|[^\w\s]")
_CONTRACTED = re.compile(r"n ?['’]t\b")
# What makes a subject nobody: "no troops", "neither side", "nor China", "none of the".
_NOBODY = r"(?:no|neither|nor|none of)(?: (?:the|of|a|an|single))*"
_BEGINS_WITH_NOBODY = re.compile(rf"{_NOBODY} \w", re.IGNORECASE)
_ENDS_WITH_NOBODY = re.compile(rf"(?<!\w){_NOBODY}\s*$", re.IGNORECASE)
# A "no" that negates no subject: "no fewer than 30", "and no other"; "the No campaign"; "in Ohio No Kings protesters".
_COUNTS = re.compile(r"no (?:\d|(?:fewer|less|more) than\b)", re.IGNORECASE)
_NO_OTHER = re.compile(r"no other\b", re.IGNORECASE)
_AND = re.compile(r"(?<!\w)and $", re.IGNORECASE)
_ARTICLE = re.compile(r"(?<!\w)(?:the|a|its|their|his|her|our) $", re.IGNORECASE)
# More characters than any word looked for right before "no" has, with those around it.
_SHORT = 10
_INSIDE_SENTENCE = re.compile(r"[\w,] $")
# A name in quotation marks that begins so, up to its end: “No Other Land”, ‘No Kings’.
_QUOTED_NAME = re.compile(rf"[“\"‘'](?:{_NOBODY}) [^“”\"‘]*?[”\"’'](?!\w)", re.IGNORECASE)
# What opens the content of a claim, and what ends it: another clause or another's words.
_OPENS_CONTENT = " that "
_OTHER_CLAUSE = r"[,;:.!?—–\"“”]|\b(?:that|who|which|whose|whom|because|when|while|where|after|before|but)\b"
_ENDS_CONTENT = re.compile(_OTHER_CLAUSE)
_ENDS_CONTENT_BEFORE_ANCHOR = re.compile(
    rf"{_OTHER_CLAUSE}|\b(?:since|although|though|despite|until|unless|if|and|by \w+ing|(?<!such )as)\b"
)
_NAMES_JOINED = re.compile(r"(?:(?:both|the) )*(?:[A-Z][\w.’'-]* )+and ")
_IN_SUBJECT = re.compile(r"(?:(?:the|a|an|this|these|those|any) )?(?:.*['’]s? )?", re.IGNORECASE)
# The verb that an anchor begins with, behind its auxiliaries.
_OWN_VERB = re.compile(r"(?:(?:has|have|had|is|are|was|were|been|also|\w+ly) )*\w+")
# A noun and the subject of a clause about it: "the boat it". "The day it attacked" tells when, and is none.
_CONTACT = (
    r"(?:the|a|an|any|this|these|those|its|their|his|her) (?:[\w’'-]+ ){1,4}"
    r"(?<!day )(?<!week )(?<!month )(?<!year )(?<!time )(?<!night )(?<!morning )(?:it|he|she|they|we|you|I) "
    r"(?:(?:has|have|had|also|\w+ly) )*"
)
# "No evidence that they attacked yesterday was found": the verb behind is that of the denial.
_FOUND = (
    r"(?:was|were|is|are|(?:has|have|had) been) (?:ever |yet )?(?:found|shown|presented|seen|offered|produced|given)\b"
)
_TIMED = (
    r"(?:yesterday|today|recently|overnight|(?:(?:earlier|late|later) )?(?:last|this) \w+|(?:\w+ ){1,3}ago"
    r"|(?:(?:early|late) )?(?:on )?(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)"
)
_VERY = r"(?:(?:also|all|just|simply|\w+ly) )*"
# Behind "not" only what leaves the denial whole: "not only true" and "not entirely true" are none.
_TRULY = r"(?:(?:also|at all|actually|really|remotely|factually) )*"


@cache
def _kinds() -> dict[str, str]:
    return dict(table_cells("lexicon", "negators.tsv"))


def negator_before(text: str, start: int) -> str | None:
    """Gives the negating word that governs what begins at character `start`, or None.

    >>> negator_before("They did not formally attack it.", 22)
    'not'
    >>> negator_before("He did not call, and they attacked.", 26) is None
    True
    """
    kinds = _kinds()
    left: str = _CONTRACTED.sub(" n't", text[max(0, start - REACH) : start].lower()).replace("cannot", "can not")
    words: list[str] = _WORDS.findall(left)
    for word in reversed(words):
        kind = kinds.get(word)
        if kind == "negator":
            return word
        if kind != "between" and not word.endswith("ly"):
            return None
    return None


def is_nobody(text: str, party: tuple[int, int], start: int) -> bool:
    """Tells whether what begins at `start` is said of nobody: its subject, the `party` before it, is negated.

    >>> text = "Neither Russia nor China has condemned it."
    >>> is_nobody(text, (19, 24), 29)
    True
    >>> is_nobody("Russia and China condemned it.", (11, 16), 17)
    False
    """
    kinds = _kinds()
    between = _WORDS.findall(text[party[1] : start].lower())
    if any(kinds.get(word) != "between" and not word.endswith("ly") for word in between):
        return False
    named = [name.span() for name in _QUOTED_NAME.finditer(text, max(0, party[0] - REACH), start)]
    if any(first < party[1] and party[0] < end for first, end in named):
        return False
    nobody = _BEGINS_WITH_NOBODY.match(text, *party) or _ENDS_WITH_NOBODY.search(
        text, max(0, party[0] - REACH), party[0]
    )
    return bool(nobody and not _is_no_negation(text, nobody.start()))


def _is_no_negation(text: str, at: int) -> bool:
    """Tells whether the "no" at a place is part of a name, counts, or sets a subject apart from others."""
    before = text[max(0, at - _SHORT) : at]
    if _COUNTS.match(text, at) or _no_names().match(text, at) or _ARTICLE.search(before):
        return True
    if _NO_OTHER.match(text, at) and _AND.search(before):
        return True
    return text.startswith("No ", at) and bool(_INSIDE_SENTENCE.search(before))


@cache
def _no_names() -> re.Pattern[str]:
    names = "|".join(re.escape(name) for name, _ in table_cells("lexicon", "no_names.tsv"))
    return re.compile(rf"(?:{names})\b")


def is_denied(text: str, start: int) -> bool:
    """Tells whether what begins at character `start` of a sentence is the content of a claim that it calls false.

    >>> text = "The claim that Russia attacked Poland is false."
    >>> is_denied(text, text.index("attacked")), is_denied(text, text.index("is false"))
    (True, False)
    >>> is_denied("The claim that Russia attacked Poland is true.", 22)
    False
    """
    known = _denials()
    opened = text.rfind(_OPENS_CONTENT, 0, start)
    content = opened + len(_OPENS_CONTENT)
    if opened < 0 or not _is_main_verb(text, content, start):
        return False
    if known["denies"].search(text[:opened]):
        return True
    if known["false claim"].search(text[:opened]):
        effect = known["effect"].search(text, content)
        return not effect or effect.start() > start
    denial = known["is false"].search(text, start) if known["claims"].search(text[:opened]) else None
    return bool(denial and denial.start() > start and not _ENDS_CONTENT.search(text, start, denial.start()))


def _is_main_verb(text: str, content: int, start: int) -> bool:
    """Tells whether nothing says that `start` stands beside the verb of the clause that begins at `content`."""
    joined = _NAMES_JOINED.match(text, content, start)
    if _ENDS_CONTENT_BEFORE_ANCHOR.search(text, joined.end() if joined else content, start):
        return False
    if _IN_SUBJECT.fullmatch(text, content, start):
        return False  # "no evidence that the weekend's strike came from the sea": there was a strike
    if _denials()["contact"].fullmatch(text, content, start) and _is_before_verb(text, start):
        return False  # "no evidence that the boat it attacked carried drugs": there was an attack
    return not (_is_in_reduced_relative(text, content, start) or _is_in_timed_relative(text, content, start))


def _is_before_verb(text: str, start: int) -> bool:
    """Tells whether behind the verb at `start` another one stands in its clause."""
    own = _OWN_VERB.match(text, start)
    clause = _ENDS_CONTENT.search(text, start, start + CLAUSE)
    end = clause.start() if clause else start + CLAUSE
    return bool(own and _denials()["verb"].search(text, own.end(), end))


def _is_in_timed_relative(text: str, content: int, start: int) -> bool:
    """Tells whether `start` is in words like "detained last week" that stand right before the verb of their clause."""
    known = _denials()
    return any(
        told.start() <= start < told.end()
        and not known["auxiliary before"].search(text, max(content, told.start() - REACH), told.start())
        for told in known["timed"].finditer(text, max(content, start - REACH), start + REACH)
    )


def _is_in_reduced_relative(text: str, content: int, start: int) -> bool:
    """Tells whether `start` is in words like "detained by ICE" that stand before the verb of their clause."""
    known = _denials()
    clause = _ENDS_CONTENT.search(text, start, start + CLAUSE)
    end = clause.start() if clause else start + CLAUSE
    for opened in known["participle"].finditer(text, max(content, start - CLAUSE), end):
        if opened.start() > start:
            return False
        if known["auxiliary before"].search(text, max(content, opened.start() - REACH), opened.start()):
            continue
        verb = known["verb"].search(text, opened.end(), end)
        last = verb.start() if verb else opened.end() * opened.group().endswith(" by")
        if start < last:
            return True
    return False


@cache
def _words() -> dict[str, str]:
    """Gives, by kind, the words of denials as choices of a pattern."""
    rows = table_cells("lexicon", "denials.tsv")
    words = {kind: "|".join(re.escape(w) for w, k in rows if k == kind) for kind in {kind for _, kind in rows}}
    participles = [w for w, kind in table_cells("lexicon", "passives.tsv") if kind == "participle"]
    return words | {"participle": "|".join(map(re.escape, participles))}


def _untrue(false: str) -> str:
    true = _words()["true"]
    return (
        rf"(?:is|are|was|were|['’]s) {_VERY}(?:{false}|not {_TRULY}(?:{true}))"
        rf"|(?:is|are|was|were)n['’]t {_TRULY}(?:{true})"
    )


@cache
def _denials() -> dict[str, re.Pattern[str]]:
    words = _words()
    by_somebody = rf"(?: (?:by|from)(?: (?!(?:{words['finite']}|\w+ed|says?|said)\b)[\w.’'-]+){{1,5}})?"
    patterns = {
        "denies": rf"(?:(?<!\w)(?:{words['lead']})(?: (?:{words['shows']}))?"
        rf"|\bit(?: |(?=['’]))(?:{_untrue(words['false'])}))$",
        "false claim": rf"(?<!\w)(?:{words['false claim']})$",
        "effect": rf"\b(?:(?:has|have|had|also|\w+ly) )*(?:{words['effect']})\b",
        "claims": rf"(?<!\w)(?:{words['claim']}){by_somebody}$",
        "is false": rf"\b(?:{_untrue(words['false'] + '|' + words['mistaken'])})(?!\w)",
    }
    return {name: re.compile(pattern, re.IGNORECASE) for name, pattern in patterns.items()} | _verbs()


def _verbs() -> dict[str, re.Pattern[str]]:
    words = _words()
    participle = rf"(?:[a-z]+ed|{words['participle']})(?: (?:out|off|up|down))?"
    finite = rf"(?:{words['auxiliary']}|{words['finite']}|[a-z]+ed|{words['participle']})"
    no_adjective = "(?<!the )(?<!an )(?<! a )(?<!its )(?<!his )(?<!their )"
    patterns = {
        "participle": rf"\b{participle} (?:by|in|on|to|at|from|off|over|during)\b",
        "timed": rf"\b{participle} {_TIMED} (?!{_FOUND})(?=(?:also |\w+ly )*{finite}\b(?! by\b))",
        "contact": _CONTACT,
        "auxiliary before": rf"\b(?:{words['auxiliary']})(?:n['’]t)?(?: (?:not|also|never|\w+ly))* $",
        "verb": rf"\b(?:{words['auxiliary']}|{words['finite']})\b"
        rf"|{no_adjective}\b(?:[a-z]+ed|{words['participle']})\b(?! by\b)",
    }
    return {name: re.compile(pattern) for name, pattern in patterns.items()}
