"""Cross-document coreference of events on ECB+: what merging does, beside the lemma-and-document baseline.

    python eval/coreference.py [--tune]
        B-cubed, MUC, CEAF-e and CoNLL F1 (their mean) of the gold mentions that the reader finds politically codable

A mention counts if an anchor of an event lies at its words. ECB+ (topics 1 to 35, in $DRAGOMAN_SHARED or ../shared) has
no days of publication, so that merging cannot tell days apart nor history from news: all events get one day, and what
seems to be past counts as asserted. ECB+ tells the shooting from the death, and a record counts one ASSAULT; so a
mention's cluster is the record it lies in together with the act its words name.

Baselines: the same first lemma within a document, within a topic (documents by their gold topic), and within a
cluster of like documents (tf-idf, average linkage, threshold set on the topics for tuning). The last is the one to
beat: it needs no gold. Each is scored on one mention an event, the first in its anchor ("charged", not "murders", of
"charged with the murders": the reader found that act and no other), and on all mentions that lie in anchors; and so is
the record alone, without the words. Topics whose number leaves 3 when divided by 5 are reported; all else (`--tune`)
served to set thresholds.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import os
import re
import sys
import tarfile
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import squareform

from dragoman.model import Article, Event, EventDate
from dragoman.records import Sources, cluster_events, find_topic, read_acts

TOPICS = "data/coreference/ecbplus_topics_1_35.tar.xz"
CHECKED = "data/coreference/ECBplus_coreference_sentences.csv"
GAIN_FLOOR = 5.0
# Distance (1 - cosine) up to which documents are one cluster of the baseline: best on the topics for tuning.
DOCUMENT_DISTANCE = 0.8
DAY = "2010-01-01"
_EVENT_TAG = re.compile(r"(NEG_)?ACTION")
_WORD = re.compile(r"[^\W_]+")
_IRREGULAR = {"shot": "shoot", "died": "die", "dead": "die", "slain": "slay", "struck": "strike", "fought": "fight"}

Clusters = list[set[int]]
Place = tuple[str, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A gold mention of an event: its words in the article and the happening that annotators gave it."""

    doc: str
    topic: int
    start: int
    end: int
    text: str
    happening: str


# --- the corpus ---


def shared_folder() -> Path:
    folder = Path(os.environ.get("DRAGOMAN_SHARED", Path(__file__).parents[2] / "shared"))
    if not (folder / TOPICS).is_file():
        print(f"no ECB+ at {folder / TOPICS}: set DRAGOMAN_SHARED to the folder that holds data/coreference")
        raise SystemExit(3)
    return folder


def read_corpus(folder: Path) -> Iterator[tuple[Article, list[Mention]]]:
    """Articles with the gold mentions in the sentences that the corpus's makers checked."""
    checked: dict[str, set[int]] = defaultdict(set)
    with (folder / CHECKED).open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            checked[f"{row['Topic']}_{row['File']}"].add(int(row["Sentence Number"]))
    with tarfile.open(folder / TOPICS) as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.name.endswith(".xml") else None
            if stream:
                name = Path(member.name).stem
                yield read_document(name, stream.read(), checked[name])


def read_document(name: str, content: bytes, checked: set[int]) -> tuple[Article, list[Mention]]:
    """An article (tokens joined by blanks, sentences by line ends) and its gold mentions in checked sentences."""
    root = ElementTree.parse(io.BytesIO(content)).getroot()
    text, places, sentence_of = "", {}, {}
    last = None
    for token in root.iter("token"):
        token_id, sentence, words = token.get("t_id"), int(token.get("sentence", 0)), token.text or ""
        if last is not None:
            text += "\n" if sentence != last else " "
        places[token_id] = (len(text), len(text) + len(words))
        sentence_of[token_id] = sentence
        text, last = text + words, sentence
    article = Article(id=name, doc=name, title="", text=text, publisher=name, fingerprint=name)
    happenings = _happenings(root, name)
    mentions = [
        Mention(
            doc=name, topic=int(name.split("_")[0]), start=places[tokens[0]][0], end=places[tokens[-1]][1],
            text=text[places[tokens[0]][0] : places[tokens[-1]][1]], happening=happenings[m_id],
        )
        for m_id, tokens in _event_tokens(root).items()
        if sentence_of[tokens[0]] in checked
    ]  # fmt: skip
    return article, mentions


def _event_tokens(root: ElementTree.Element) -> dict[str, list[str]]:
    found = {}
    for tag in root.iterfind("Markables/*"):
        tokens = [str(anchor.get("t_id")) for anchor in tag.iter("token_anchor")]
        if tokens and _EVENT_TAG.match(tag.tag):
            found[str(tag.get("m_id"))] = tokens
    return found


def _happenings(root: ElementTree.Element, name: str) -> dict[str, str]:
    """The happening of each mention: the cross-document instance, else the chain within the document, else its own."""
    happenings = {m_id: f"{name}/{m_id}" for m_id in _event_tokens(root)}
    for relation in root.iterfind("Relations/*"):
        target = relation.find("target")
        if target is None:
            continue
        across = relation.get("note") if relation.tag == "CROSS_DOC_COREF" else None
        for source in relation.iter("source"):
            if source.get("m_id") in happenings:
                happenings[str(source.get("m_id"))] = across or f"{name}/{target.get('m_id')}"
    return happenings


# --- scores (Bagga and Baldwin 1998; Vilain et al. 1995; Luo 2005; Pradhan et al. 2012) ---


def clusters_of(labels: Sequence[Hashable]) -> Clusters:
    groups: dict[Hashable, set[int]] = defaultdict(set)
    for at, label in enumerate(labels):
        groups[label].add(at)
    return list(groups.values())


def b_cubed(gold: Clusters, found: Clusters) -> tuple[float, float]:
    """Precision and recall: how much of each mention's cluster is its happening, and the other way round."""
    of_gold = {at: cluster for cluster in gold for at in cluster}
    of_found = {at: cluster for cluster in found for at in cluster}
    shared = {at: len(of_gold[at] & of_found[at]) for at in of_gold}
    precision = sum(shared[at] / len(of_found[at]) for at in shared) / len(shared)
    return precision, sum(shared[at] / len(of_gold[at]) for at in shared) / len(shared)


def muc(gold: Clusters, found: Clusters) -> tuple[float, float]:
    """Precision and recall of the links that hold clusters together."""

    def recall(these: Clusters, those: Clusters) -> float:
        home = {at: number for number, cluster in enumerate(those) for at in cluster}
        links = sum(len(cluster) - 1 for cluster in these)
        kept = sum(len(cluster) - len({home[at] for at in cluster}) for cluster in these)
        return kept / links if links else 0.0

    return recall(found, gold), recall(gold, found)


def ceaf_e(gold: Clusters, found: Clusters) -> tuple[float, float]:
    """Precision and recall of the best one-to-one alignment of clusters, by their Dice overlap."""
    overlap = np.array([[2 * len(one & other) / (len(one) + len(other)) for other in found] for one in gold])
    rows, columns = linear_sum_assignment(-overlap)
    total = float(overlap[rows, columns].sum())
    return total / len(found), total / len(gold)


def f1(scores: tuple[float, float]) -> float:
    precision, recall = scores
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def conll(gold: Clusters, found: Clusters) -> float:
    """The mean F1 of MUC, B-cubed and CEAF-e."""
    return (f1(muc(gold, found)) + f1(b_cubed(gold, found)) + f1(ceaf_e(gold, found))) / 3


# --- baselines ---


def lemma(words: str) -> str:
    """A rough lemma of a mention's first word: irregular forms by table, else plain endings off."""
    word = next(iter(_WORD.findall(words.casefold())), "")
    word = _IRREGULAR.get(word, word)
    for ending in ("ings", "ing", "ies", "ied", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def cluster_documents(articles: Sequence[Article]) -> dict[str, int]:
    """Clusters of documents by tf-idf over the corpus, average linkage."""
    counts = [Counter(map(lemma, _WORD.findall(article.text))) for article in articles]
    in_documents = Counter(word for count in counts for word in count)
    column = {word: at for at, word in enumerate(word for word in in_documents if in_documents[word] > 1)}
    vectors = np.zeros((len(articles), len(column)))
    for row, count in enumerate(counts):
        for word, number in count.items():
            if word in column:
                vectors[row, column[word]] = (1 + math.log(number)) * math.log(len(articles) / in_documents[word])
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    distances = np.clip(1 - vectors @ vectors.T, 0, 2)
    np.fill_diagonal(distances, 0)
    labels = fcluster(linkage(squareform(distances, checks=False), "average"), DOCUMENT_DISTANCE, "distance")
    return {article.id: int(label) for article, label in zip(articles, labels, strict=True)}


# --- ours ---


def without_days(event: Event) -> Event:
    status = "asserted" if event.status == "historical" else event.status
    return replace(event, status=status, date=EventDate(value=DAY, granularity="day", basis="the corpus has no days"))


def merge_mentions(
    found: Sequence[tuple[Mention, Event]], events: Sequence[Event], texts: Mapping[str, str]
) -> list[tuple[str, str]]:
    """For each mention the record that its event lies in, and the act that its words name."""
    topics = {article_id: find_topic(text) for article_id, text in texts.items()}
    happenings = cluster_events(map(without_days, events), Sources(topics=topics))
    record_of = {event_id: one.record.record_id for one in happenings for event_id in one.record.event_ids}
    acts = [
        min(read_acts(mention.text, event.event_type).acts, default=lemma(mention.text)) for mention, event in found
    ]
    return [(record_of[event.event_id], act) for (_, event), act in zip(found, acts, strict=True)]


def own_mentions(found: Sequence[tuple[Mention, Event]]) -> list[tuple[Mention, Event]]:
    """One mention for each event: the first in its anchor. The others name something in passing."""
    first: dict[str, tuple[Mention, Event]] = {}
    for mention, event in found:
        known = first.setdefault(event.event_id, (mention, event))
        if mention.start < known[0].start:
            first[event.event_id] = (mention, event)
    return list(first.values())


def is_reported(topic: int) -> bool:
    return topic % 5 == 3


def score(name: str, found: Sequence[tuple[Mention, Event]], labels: Sequence[Hashable]) -> float:
    gold, ours = clusters_of([mention.happening for mention, _ in found]), clusters_of(labels)
    figures = [f1(measure(gold, ours)) for measure in (b_cubed, muc, ceaf_e)]
    mean = conll(gold, ours)
    told = ", ".join(f"{what} {100 * figure:.1f}" for what, figure in zip(("B3", "MUC", "CEAFe"), figures, strict=True))
    print(f"{name:<34} {told}, CoNLL F1 {100 * mean:.1f} ({len(ours)} clusters, {len(gold)} gold)")
    return 100 * mean


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tune", action="store_true", help="score the topics that thresholds were set on")
    wanted = parser.parse_args()
    corpus = list(read_corpus(shared_folder()))
    from dragoman.coder import Coder

    coded = {one.article.id: one.events for one in Coder().code(article for article, _ in corpus)}
    found = []
    for article, mentions in corpus:
        for mention in mentions:
            at_words = [
                e
                for e in coded[article.id]
                if e.evidence.anchor.start < mention.end and mention.start < e.evidence.anchor.end
            ]
            if at_words and is_reported(mention.topic) != wanted.tune:
                found.append((mention, at_words[0]))
    print(f"{len(found)} mentions of ECB+ that the reader codes, topics {'tuned on' if wanted.tune else 'held out'}")
    documents = cluster_documents([article for article, _ in corpus])
    events = [event for told in coded.values() for event in told]
    labels = merge_mentions(found, events, {article.id: article.text for article, _ in corpus})
    ours = dict(zip(((mention.doc, mention.start, mention.end) for mention, _ in found), labels, strict=True))
    print("-- one mention an event")
    compare(own_mentions(found), documents, ours)
    print("-- all mentions in the anchors")
    return 0 if compare(found, documents, ours) >= GAIN_FLOOR else 1


def compare(
    found: Sequence[tuple[Mention, Event]], documents: Mapping[str, int], ours: Mapping[Place, tuple[str, str]]
) -> float:
    """Prints the scores of merging and of the baselines, and gives the gain over the lemma in clusters of documents."""
    score("lemma and document", found, [(mention.doc, lemma(mention.text)) for mention, _ in found])
    by_topic = score("lemma and topic", found, [(mention.topic, lemma(mention.text)) for mention, _ in found])
    in_cluster = [(documents[mention.doc], lemma(mention.text)) for mention, _ in found]
    by_cluster = score("lemma and document cluster", found, in_cluster)
    labels = [ours[mention.doc, mention.start, mention.end] for mention, _ in found]
    score("record", found, [record_id for record_id, _ in labels])
    merged = score("record and act", found, labels)
    print(f"gain over lemma and topic: {merged - by_topic:+.1f}")
    print(f"gain over lemma and document cluster: {merged - by_cluster:+.1f} (floor +{GAIN_FLOOR})")
    return merged - by_cluster


if __name__ == "__main__":
    sys.exit(main())
