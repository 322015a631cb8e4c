"""The scorer of eval/coreference.py against cases worked by hand."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest


def load() -> ModuleType:
    path = Path(__file__).parents[1] / "eval/coreference.py"
    spec = importlib.util.spec_from_file_location("coreference", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["coreference"] = module
    spec.loader.exec_module(module)
    return module


coreference = load()
# Seven mentions in three happenings, found as two clusters (the example of Luo 2005, figure 1, cut to seven).
GOLD = [{0, 1, 2, 3}, {4, 5}, {6}]
FOUND = [{0, 1, 2, 3}, {4, 5, 6}]


def test_b_cubed_by_hand() -> None:
    precision, recall = coreference.b_cubed(GOLD, FOUND)
    assert precision == pytest.approx((4 * 1 + 2 * 2 / 3 + 1 / 3) / 7)
    assert recall == 1.0


def test_muc_by_hand() -> None:
    assert coreference.muc(GOLD, FOUND) == pytest.approx((4 / 5, 1.0))


def test_ceaf_e_by_hand() -> None:
    precision, recall = coreference.ceaf_e(GOLD, FOUND)
    assert precision == pytest.approx((1 + 4 / 5) / 2)
    assert recall == pytest.approx((1 + 4 / 5) / 3)


def test_the_mean_is_one_for_the_truth_and_links_are_worth_nothing_alone() -> None:
    assert coreference.conll(GOLD, GOLD) == 1.0
    alone = [{at} for at in range(7)]
    assert coreference.muc(GOLD, alone) == (0.0, 0.0)
    assert coreference.b_cubed(GOLD, alone)[0] == 1.0


@pytest.mark.parametrize(
    ("words", "lemma"), [("shot dead", "shoot"), ("arrested", "arrest"), ("killings", "kil"), ("", "")]
)
def test_a_rough_lemma(words: str, lemma: str) -> None:
    assert coreference.lemma(words) == lemma


DOCUMENT = b"""<Document><token t_id="1" sentence="0">Police</token><token t_id="2" sentence="0">arrested</token>
<token t_id="3" sentence="1">Later</token><token t_id="4" sentence="1">freed</token>
<Markables><ACTION_OCCURRENCE m_id="7"><token_anchor t_id="2"/></ACTION_OCCURRENCE>
<ACTION_OCCURRENCE m_id="8"><token_anchor t_id="4"/></ACTION_OCCURRENCE>
<HUMAN_PART m_id="9"><token_anchor t_id="1"/></HUMAN_PART></Markables>
<Relations><CROSS_DOC_COREF note="ACT1"><source m_id="7"/><target m_id="10"/></CROSS_DOC_COREF></Relations>
</Document>"""


def test_a_document_gives_its_checked_mentions_with_their_words() -> None:
    article, mentions = coreference.read_document("3_1ecb", DOCUMENT, {0, 1})
    assert article.text == "Police arrested\nLater freed"
    assert [(m.text, m.happening, m.topic) for m in mentions] == [("arrested", "ACT1", 3), ("freed", "3_1ecb/8", 3)]
    assert coreference.read_document("3_1ecb", DOCUMENT, {1})[1][0].text == "freed"


def test_an_event_has_one_mention_of_its_own_the_first_in_its_anchor() -> None:
    event, other = SimpleNamespace(event_id="e1"), SimpleNamespace(event_id="e2")
    murders, charged, arrested = (SimpleNamespace(start=start) for start in (30, 10, 20))
    found = [(murders, event), (charged, event), (arrested, other)]
    assert coreference.own_mentions(found) == [(charged, event), (arrested, other)]
