"""Tells whether a deed is announced: "the ministry said it would send troops", in English the past of "will".

The network takes some of these for told, and some for mere possibilities, which "would" tells of elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from dragoman.knowledge import table_cells
from dragoman.reader.conditions import SPOKEN

# Far enough for "announced on Friday that the Ministry of Defence ", near enough to stay in its clause.
REACH = 80
_DAY = r"(?:(?:on )?(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day )?"
_CONDITION = re.compile(
    r"\b(?:if|unless|whether|in case|in the event|provided|otherwise|as long as|once|until|without)\b"
    r"|^(?:should|were|had)\b",
    re.IGNORECASE,
)
# "In 2018 he said he would": announced long ago.
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_ADVERBS = r"(?:(?:also|soon|then|now|(?!only)\w+ly) )*"


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    rows = table_cells("lexicon", "announcements.tsv")
    words = {kind: "|".join(re.escape(w) for w, k in rows if k == kind) for kind in {kind for _, kind in rows}}
    # Somebody: what "a move", "such an attack" or "Russia's attacks" would do is mere possibility.
    subject = (
        rf"{words['pronoun']}|(?:the )?[A-Z][\w.&-]+(?: (?:[A-Z][\w.&-]*|of|and|the))*(?: (?:{words['body']}))?"
        rf"|(?:the|its|his|her|their)(?: [a-z]+)? (?:{words['body']})"
    )
    patterns = {
        "would": rf"\bwould (?!{_ADVERBS}(?:(?:{words['tentative']})\b|be (?!\w+(?:ing|ed)\b))){_ADVERBS}\w",
        "announcing": rf"(?P<before>(?:\S+ ){{0,2}})\b(?:{words['announcing']}) {_DAY}(?:that )?(?:{subject}) {_DAY}$",
        "back": rf"(?<!\w)(?:{words['back']})\b|n['’]t\b",
        "legal": rf"\b(?:{words['legal']})\b",
    }
    return {name: re.compile(pattern) for name, pattern in patterns.items()}


def is_announced(text: str, start: int, end: int, *, event_type: str) -> bool:
    """Tells whether what stands from `start` to `end` of a sentence was said to be done later.

    What is done by saying it is no later deed, but for an accusation that will be brought to court.

    >>> text = "Poland said it would send troops."
    >>> is_announced(text, text.index("send"), len(text), event_type="MOBILIZE")
    True
    >>> text = "Poland said it would have sent troops."
    >>> is_announced(text, text.index("sent"), len(text), event_type="MOBILIZE")
    False
    """
    known = _patterns()
    if event_type in SPOKEN and not (event_type == "ACCUSE" and known["legal"].search(text, start, end)):
        return False
    would = next((m for m in known["would"].finditer(text, max(0, start - REACH), end + 1) if m.end() > start), None)
    if would is None or would.start() > start or _CONDITION.search(text) or _YEAR.search(text, 0, would.start()):
        return False
    said = known["announcing"].search(text[max(0, would.start() - REACH) : would.start()])
    return said is not None and not known["back"].search(said["before"])
