"""Tells whether an act hangs on a condition: "in case Russia attacks", "should it refuse, troops would march in".

The network knows most of these. The rules, on closed classes of words, are for those that it takes for told or to
come. What would be done on a condition is looked for among deeds alone: whoever threatens or promises on a condition
does so now.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from dragoman.knowledge import table_cells

# Types that somebody does by saying so: a condition is part of what is said.
SPOKEN = frozenset({"ACCUSE", "AGREE", "CONCEDE", "REJECT", "REQUEST", "THREATEN"})
# Types that become another where they are still to come, a promise (`data/codebook/rules.tsv`), which is made today.
PROMISED = frozenset({"AID", "CONSULT", "COOPERATE", "RETREAT", "SUPPORT"})
# A condition that follows its main clause stands that near, in characters: "would send troops to the border if".
REACH = 60
_BETWEEN = r"(?:(?:not|never|also|then|still|now|have|has|had|be|been|\w+ly) )*"
_BREAK = re.compile(r"[,;:.!?—–\"“”]|\b(?:that|who|which|whose|whom|because|since|when|while|where|after|before)\b")
# With a capital, "May" is a name or a month, but for the first word of a sentence.
_MAY = r"(?:(?-i:may)|(?:(?<!.)|(?<=^[\"“‘'(]))may)"
_OPENING = r"^[\s\"“‘'(]*"


@cache
def _choices() -> Mapping[str, str]:
    """Gives, by kind, a pattern of the words of that kind."""
    rows = table_cells("lexicon", "conditions.tsv")
    kinds = {kind for _, kind in rows}
    return {kind: "|".join(sorted((_choice(w) for w, k in rows if k == kind), reverse=True)) for kind in kinds}


def _choice(word: str) -> str:
    return _MAY if word == "may" else re.escape(word)


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    words = _choices()
    opening = rf"{_OPENING}(?:(?:{words['lead']}),? )*"
    patterns = {
        "opened": rf"(?:(?<!\w)(?:{words['opener']})|{opening}(?:{words['inverted']})) (?:the |a |an )?$",
        "opener": rf"(?:{words['opener']}|{words['inverted']}) \w",
        "verb follows": rf" (?:(?:{words['modal']}|do|does|did|to) )?{_BETWEEN}$|$",
        "opens": rf"{opening}(?:{words['opener']}|{words['inverted']}) [^;!?]*?,",
        "concedes": rf"{opening}(?:{words['concession']}) ",
        "follows": r"\b(?:if|unless|in case|in the event)\b",
        "asks": rf"\b(?:{words['concession']}|(?:{words['asking']}) if)$",
        "begins with modal": rf"(?:{words['modal']}) ",
        "ends with modal": rf"(?:\b|(?=['’]))(?:{words['modal']}) {_BETWEEN}$",
    }
    return {name: re.compile(pattern, re.IGNORECASE) for name, pattern in patterns.items()}


def is_condition(text: str, subject: tuple[int, int], anchor: int) -> bool:
    """Tells whether a clause is a condition, given its subject and the start of its anchor, as places in its sentence.

    >>> text = "In case Russia attacks, Poland is ready."
    >>> is_condition(text, (8, 14), 15)
    True
    >>> is_condition("Whether Russia's attacks go on is unclear.", (8, 14), 8)
    False
    """
    first, last = subject
    known = _patterns()
    if _BREAK.search(text, last, anchor) or not known["verb follows"].match(text[last : max(last, anchor)]):
        return False
    if text[last : last + 1] != " ":
        return False  # "whether Russia's attacks": theirs, and no subject
    return bool(known["opened"].search(text[:first]) or known["opener"].match(text, first))


def hangs_on_condition(text: str, start: int, end: int) -> bool:
    """Tells whether what stands from `start` to `end` of a sentence would be done only on a condition told beside it.

    >>> text = "If Russia attacks, Poland will close its border."
    >>> hangs_on_condition(text, text.index("close"), len(text) - 1)
    True
    >>> hangs_on_condition("If confirmed, he follows Ms Roe, who resigned.", 37, 45)
    False
    """
    known = _patterns()
    if not known["begins with modal"].match(text, start) and not known["ends with modal"].search(text[:start]):
        return False
    if known["opens"].match(text[:start]) and not known["concedes"].match(text):
        return True
    after = known["follows"].search(text, end, end + REACH)
    return bool(after and not _BREAK.search(text, end, after.start()) and not known["asks"].search(text[: after.end()]))
