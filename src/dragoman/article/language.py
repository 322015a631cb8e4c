"""Tells English articles from others, offline.

Most articles are settled by their small words; only the rest is put to py3langid. Short texts are refused only where
the script is not Latin, the identifier is very sure, or it takes them for a language of much news and hardly for
English: headlines full of names mislead it into small languages. A short text is English, too, where its words with a
small letter are those of English headlines ("Louvre closed").
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from dragoman.knowledge import table_rows
from dragoman.words import load_words

ENGLISH = "en"
# Characters of the article that are looked at; more changes nothing.
_SAMPLE = 3000
_SHORT = 100
# How sure py3langid must be to refuse (probabilities of its 140 languages sum to 1); measured by eval/extraction.py.
_SURE = 0.9
_SURE_IF_SHORT = 0.999
# ... and how likely a language of much news must be for a short text, and how often likelier than English.
_LIKELY_IF_SHORT = 0.3
_LIKELIER_THAN_ENGLISH = 8
# From this share of words on, the text is English: no other language reaches half of it (eval/extraction.py).
_ENGLISH_SHARE = 0.1
_ENGLISH_WORDS = frozenset("the and of that with from which their would were has been this said".split())
# From this share of words with a small letter on, a short text whose words are in `data/words/headline.txt` is English;
# it lists no shorter words.
_HEADLINE_SHARE = 0.5
_LEAST_LETTERS = 4
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[A-Za-z\u00aa-\u024f\u1e00-\u1eff]+")


def identify_language(text: str) -> str:
    """ISO 639-1 code of the text's language; `en` also where a text is too short or doubtful to say otherwise.

    >>> identify_language("The minister met his counterpart from the north and said that the talks had been useful.")
    'en'
    """
    sample = text.strip()[:_SAMPLE]
    words = _WORD.findall(sample)
    if not words:
        return ENGLISH
    small = sum(word.lower() in _ENGLISH_WORDS for word in words)
    if small >= _ENGLISH_SHARE * len(words) and len(words) > 5:
        return ENGLISH
    chances: list[tuple[str, float]] = _load_identifier().rank(sample)
    code, probability = chances[0]
    if _is_foreign_script(words):
        return str(code) if code != ENGLISH else "und"
    if len(sample) < _SHORT and _has_headline_words(words):
        return ENGLISH
    if len(sample) < _SHORT and code in _languages_of_news():
        is_foreign = probability >= max(_LIKELY_IF_SHORT, _LIKELIER_THAN_ENGLISH * dict(chances)[ENGLISH])
        return str(code) if is_foreign else ENGLISH
    needed = _SURE if len(sample) >= _SHORT else _SURE_IF_SHORT
    return str(code) if probability >= needed else ENGLISH


def _has_headline_words(words: list[str]) -> bool:
    small = [word for word in words if len(word) >= _LEAST_LETTERS and word[0].islower()]
    known = sum(word in load_words("headline") for word in small)
    return known > 0 and known >= _HEADLINE_SHARE * len(small)


def _is_foreign_script(words: list[str]) -> bool:
    letters = sum(map(len, words))
    latin = sum(len(run) for word in words for run in _LATIN.findall(word))
    return latin * 2 < letters


@lru_cache(maxsize=1)
def _load_identifier() -> Any:
    """The identifier, loaded once at first need (0.6 s). Nigerian Pidgin is left out: it swallows English headlines."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    every = LanguageIdentifier.from_model_file(MODEL_FILE)
    every.set_languages(sorted(set(every.nb_classes) - {"pcm", "zxx"}))
    # One made of what is left does not hold the table of all languages beside its own: 27 MiB.
    return LanguageIdentifier(
        every.nb_ptc, every.nb_pc, every.nb_classes, every.tk_nextmove, every.tk_output, norm_probs=True,
        tk_row=every.tk_row,
    )  # fmt: skip


@lru_cache(maxsize=1)
def _language_names() -> dict[str, str]:
    return {row["code"]: row["name"] for row in table_rows("languages.tsv")}


@lru_cache(maxsize=1)
def _languages_of_news() -> frozenset[str]:
    return frozenset(row["code"] for row in table_rows("languages.tsv") if row["news"])


def language_name(code: str) -> str:
    """The English name of an ISO 639-1 code; the code itself where the table has none.

    >>> language_name("de")
    'German'
    """
    return _language_names().get(code, code)
