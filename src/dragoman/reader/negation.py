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
_WORDS = re.compile(r"n't|\w+|[^\w\s]")
_CONTRACTED = re.compile(r"n ?['’]t\b")
# What makes a subject nobody: "no troops", "neither side", "nor China", "none of the".
_NOBODY = r"(?:no|neither|nor|none of)(?: (?:the|of|a|an|single))*"
_BEGINS_WITH_NOBODY = re.compile(rf"{_NOBODY} \w", re.IGNORECASE)
_ENDS_WITH_NOBODY = re.compile(rf"(?<!\w){_NOBODY}\s*$", re.IGNORECASE)
# A name in quotation marks that begins so, up to its end: “No Other Land”, ‘No Kings’.
_QUOTED_NAME = re.compile(rf"[“\"‘'](?:{_NOBODY}) [^“”\"‘]*?[”\"’'](?!\w)", re.IGNORECASE)
# What opens the content of a claim, and what ends it: another clause or another's words.
_OPENS_CONTENT = " that "
_ENDS_CONTENT = re.compile(
    r"[,;:.!?—–\"“”]|\b(?:that|who|which|whose|whom|because|when|while|where|after|before|but)\b"
)
_IN_SUBJECT = re.compile(r"(?:(?:the|a|an|this|these|those|any) )?(?:.*['’]s? )?", re.IGNORECASE)
_VERY = r"(?:(?:also|all|just|simply|\w+ly) )*"


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
    before = text[max(0, party[0] - REACH) : party[0]]
    return bool(_BEGINS_WITH_NOBODY.match(text[slice(*party)]) or _ENDS_WITH_NOBODY.search(before))


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
    if opened < 0 or _ENDS_CONTENT.search(text, content, start):
        return False
    if _IN_SUBJECT.fullmatch(text, content, start):
        return False  # "no evidence that the weekend's strike came from the sea": there was a strike
    if known["denies"].search(text[:opened]):
        return True
    denial = known["is false"].search(text, start) if known["claims"].search(text[:opened]) else None
    return bool(denial and denial.start() > start and not _ENDS_CONTENT.search(text, start, denial.start()))


@cache
def _denials() -> dict[str, re.Pattern[str]]:
    rows = table_cells("lexicon", "denials.tsv")
    words = {kind: "|".join(re.escape(w) for w, k in rows if k == kind) for kind in {kind for _, kind in rows}}
    untrue = (
        rf"(?:is|are|was|were|['’]s) {_VERY}(?:{words['false']}|not {_VERY}(?:{words['true']}))"
        rf"|(?:is|are|was|were)n['’]t {_VERY}(?:{words['true']})"
    )
    patterns = {
        "denies": rf"(?:(?<!\w)(?:{words['lead']})|\bit(?: |(?=['’]))(?:{untrue}))$",
        "claims": rf"(?<!\w)(?:{words['claim']})$",
        "is false": rf"\b(?:{untrue})(?!\w)",
    }
    return {name: re.compile(pattern, re.IGNORECASE) for name, pattern in patterns.items()}
