"""What articles are about, and which of them tell one story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import log, sqrt

from dragoman.records.joining import Groups, LikePairs, earlier_with_a_key
from dragoman.records.words import STEM_LENGTH, WORD, add_to, product_of, stem_weights, stems_of

# What an article is about: so many of its weightiest stems; fewer words than LEAST_WORDS do not say it. One that has
# TOLD_STEMS of them tells its story at length.
TOPIC_WORDS = 60
LEAST_WORDS = 12
TOLD_STEMS = 40
# Weighted cosine of what articles are about, on average, from which they tell one story, and that where none of them
# tells it at length. The first was set on topics of ECB+ that eval/coreference.py does not report, the second on
# headlines as well.
SAME_STORY = 0.14
SAME_SHORT_STORY = 0.3
# How much more than another word as rare a name says which story it is.
NAME_SHARE = 3.0
# Stems of a topic by which articles that may tell one story find each other.
TOPIC_KEYS = 8


def find_topic(text: str) -> tuple[str, ...]:
    """The stems that say what a story is about, the weightiest first; none where it is too short to say it.

    A stem weighs more the oftener it stands in the story (by the logarithm) and the seldomer in news. What the story
    only writes with a capital letter is a name, and given in capital letters.
    """
    counts = Counter(stems_of(text))
    if counts.total() < LEAST_WORDS:
        return ()
    weights, unknown = stem_weights()
    weighed = {stem: (1 + log(number)) ** 2 * weights.get(stem, unknown) for stem, number in counts.items()}
    names = _names_in(text)
    weightiest = sorted(weighed, key=lambda stem: (-weighed[stem], stem))[:TOPIC_WORDS]
    return tuple(stem.upper() if stem in names else stem for stem in weightiest)


def _names_in(text: str) -> frozenset[str]:
    """Stems of the words that begin with a capital letter wherever they stand; words all in capitals say nothing."""
    words = [word for word in WORD.findall(text) if not word.isupper()]
    capital = {word.casefold()[:STEM_LENGTH] for word in words if word[0].isupper()}
    return frozenset(capital - {word.casefold()[:STEM_LENGTH] for word in words if word[0].islower()})


def find_stories(topics: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """For each article id the number of the story that it tells, by what the articles are about (`find_topic`).

    The likest articles are joined first, and two groups of them only if they are alike on average: a chain of
    articles, each like the next, is not one story.
    """
    article_ids = sorted(topics)
    stories = _Stories([topics[article_id] for article_id in article_ids])
    for one, other, _ in stories.like_pairs().likest_first():
        stories.join_if_alike(one, other)
    return {article_id: stories.find(at) for at, article_id in enumerate(article_ids)}


def topic_part(topic: Sequence[str]) -> dict[str, float]:
    """What an article is about as a vector of length 1, by stems in small letters; names weigh more."""
    weights, unknown = stem_weights()
    masses = {
        stem.casefold(): weights.get(stem.casefold(), unknown) * (NAME_SHARE if stem.isupper() else 1.0)
        for stem in topic
    }
    length = sqrt(sum(masses.values())) or 1.0
    return {stem: sqrt(mass) / length for stem, mass in sorted(masses.items())}


class _Stories(Groups):
    """Disjoint sets of articles that know how like each other they are on average, by the sum of their vectors."""

    def __init__(self, topics: Sequence[Sequence[str]]) -> None:
        super().__init__(len(topics))
        self._topics = topics
        self._sums = [topic_part(topic) for topic in topics]
        self._sizes = [1] * len(topics)
        self._at_length = [len(topic) >= TOLD_STEMS for topic in topics]

    def like_pairs(self) -> LikePairs[None]:
        """Positions of two articles that are about the same, with their likeness; before any is joined."""
        found = LikePairs[None](len(self._topics))
        weightiest = ((stem.casefold() for stem in topic[:TOPIC_KEYS]) for topic in self._topics)
        for at, earlier in enumerate(earlier_with_a_key(weightiest)):
            for before in earlier:
                if (likeness := product_of(self._sums[before], self._sums[at])) >= self._least(before, at):
                    found.add(likeness, before, at, None)
        return found

    def join_if_alike(self, one: int, other: int) -> None:
        low, high = sorted((self.find(one), self.find(other)))
        least = self._least(low, high) * self._sizes[low] * self._sizes[high]
        if low == high or product_of(self._sums[low], self._sums[high]) < least - 1e-9:
            return
        self.join(low, high)
        self._at_length[low] |= self._at_length[high]
        self._sizes[low] += self._sizes[high]
        add_to(self._sums[low], self._sums[high])
        self._sums[high] = {}

    def _least(self, one: int, other: int) -> float:
        return SAME_STORY if self._at_length[one] or self._at_length[other] else SAME_SHORT_STORY
