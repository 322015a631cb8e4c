"""Own types: files that can be coded by and files that cannot, what is found, and where it is kept and left out."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from dragoman.cli import main
from dragoman.codebook import load_codebook
from dragoman.coder import Coder
from dragoman.errors import CodebookError
from dragoman.model import Article
from dragoman.ontology import load_ontology, read_marked, stems
from dragoman.reader.own import draw_line, load_background, load_settings
from dragoman.store import RecordStore

HOW_TO = Path(__file__).parents[1] / "docs/how-to"
TYPES, REPORTS = HOW_TO / "votes-and-treaties.toml", HOW_TO / "votes-and-treaties.jsonl"

GOOD = """
name = "strikes"
version = "1"

[[type]]
name = "AIR-STRIKE"
definition = "Bombs from the air."
within = ["ASSAULT"]
examples = [
  "<s>Jets</s> <a>bombed</a> the port.", "The town was <a>hit from the air</a>.", "<a>Air strikes</a> killed ten.",
  "Planes <a>dropped bombs on</a> the depot.",
]
counterexamples = ["Gunmen <a>shot</a> a guard.", "Rebels <a>shelled</a> the town."]
"""


def call(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def article(text: str, doc: str = "one") -> Article:
    return Article(id=doc, doc=doc, title="", text=text)


@pytest.fixture(scope="module")
def coder() -> Coder:
    return Coder(threads=1, ontology=load_ontology(TYPES))


@pytest.fixture
def record(tmp_path: Path) -> Path:
    folder = tmp_path / "record"
    done = call("add", "--record", folder, "--ontology", TYPES, REPORTS)
    assert done.exit_code == 0, done.output
    return folder


# --- files ---


def test_a_file_is_read_with_the_scores_of_the_type_it_refines(tmp_path: Path) -> None:
    file = tmp_path / "strikes.toml"
    file.write_text(GOOD, encoding="utf8")
    ontology = load_ontology(file)
    (kind,) = ontology.types
    assert (kind.quad, kind.intensity) == (4, load_codebook().intensity("ASSAULT"))
    assert [each.words for each in kind.examples] == ["bombed", "hit from the air", "Air strikes", "dropped bombs on"]
    assert kind.examples[0].sentence == "Jets bombed the port."
    assert kind.examples[0].actors == ((0, 4),)
    assert re.fullmatch(r"strikes-1\+[0-9a-f]{8}", ontology.version)


def test_a_type_that_refines_none_and_says_no_scores_has_none() -> None:
    held, ratified = load_ontology(TYPES).types
    assert (held.quad, held.intensity) == (None, None)
    assert (ratified.quad, ratified.intensity) == (2, 6.0)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('name = "strikes"', 'name = "my strikes"', "letters, digits"),
        ('version = "1"', "", "add a line version"),
        ('"AIR-STRIKE"', '"ASSAULT"', "choose another name"),
        ('"AIR-STRIKE"', '"air strike"', "ELECTION-HELD"),
        ('"Bombs from the air."', "3", "add a line definition"),
        ('["ASSAULT"]', '["ASAULT"]', "did you mean ASSAULT"),
        ('["ASSAULT"]', '"ASSAULT"', "write a list"),
        ("within", "whithin", "did you mean within"),
        ("within =", "quad = 4\nwithin =", "give both, or neither"),
        ("within =", "quad = 5\nintensity = 1\nwithin =", "1 verbal cooperation"),
        ("within =", "quad = 4\nintensity = -11\nwithin =", "from -10 to 10"),
        ("within =", "needs_party = 1\nwithin =", "true or false"),
        ("<a>bombed</a>", "bombed", "mark the words"),
        ("<a>bombed</a>", "<a>bombed", "mark the words"),
        ("<a>bombed</a>", "bombed</a>", "do not pair"),
        ("<a>bombed</a>", "<a>bombed</a> <a>sank</a>", "no single anchor"),
        ('"Gunmen <a>shot</a> a guard.", ', "", "at least 2"),
        ('"Gunmen <a>shot</a> a guard."', "5", "sentences in quotes"),
        ("[[type]]", "[type]", "[[type]]"),
        ("[[type]]", "[[kind]]", "means nothing here"),
        ('version = "1"', "version = 1 1", "mend that line"),
    ],
)
def test_a_bad_file_says_what_to_do(before: str, after: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "strikes.toml"
    assert before in GOOD
    file.write_text(GOOD.replace(before, after), encoding="utf8")
    with pytest.raises(CodebookError, match=re.escape(told)) as caught:
        load_ontology(file)
    assert str(file) in str(caught.value)


def test_a_file_that_is_missing_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(CodebookError, match="cannot be opened"):
        load_ontology(tmp_path / "nothing.toml")
    (tmp_path / "bytes.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(CodebookError, match="UTF-8"):
        load_ontology(tmp_path / "bytes.toml")


def test_two_types_of_one_name_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "strikes.toml"
    file.write_text(GOOD + GOOD[GOOD.index("[[type]]") :], encoding="utf8")
    with pytest.raises(CodebookError, match="two types are named AIR-STRIKE"):
        load_ontology(file)


def test_an_anchor_beyond_what_is_read_of_a_sentence_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "strikes.toml"
    file.write_text(GOOD.replace("<s>Jets</s>", "and then " * 300), encoding="utf8")
    done = call("ontology", file)
    assert done.exit_code == 2
    assert "shorten the sentence" in done.stderr


def test_marks_of_parties_stay_out_of_the_sentence() -> None:
    example = read_marked("<s>Peru</s> <a>met</a> <t>Chile</t>.")
    assert (example.sentence, example.words) == ("Peru met Chile.", "met")
    assert (example.actors, example.recipients) == (((0, 4),), ((9, 14),))


def test_words_are_told_by_their_stems_without_closed_classes() -> None:
    assert stems("was ratified by") == stems("ratification of the")
    assert not stems("it was to the")


def test_the_background_is_marked_and_of_every_type() -> None:
    types = [event_type for event_type, _ in load_background()]
    assert set(types) == {"", *load_codebook().types}
    assert all(types.count(name) == 4 for name in load_codebook().types)
    assert len({example.sentence for _, example in load_background()}) == len(types)


# --- learning ---


def test_leaving_a_point_out_is_drawing_the_line_without_it() -> None:
    chance = np.random.default_rng(5)
    places = chance.normal(size=(12, 30)).astype(np.float32)
    is_mine = np.arange(12) < 5
    ridge = load_settings().ridge
    whole = draw_line(places, is_mine, ridge, shares=(0.1, 0.05))
    for left_out in (0, 7):
        kept = np.arange(12) != left_out
        without = draw_line(places[kept], is_mine[kept], ridge, shares=(0.1, 0.05))
        assert without.at(places[left_out]) == pytest.approx(whole.without[left_out], abs=1e-4)


def test_examples_that_are_not_told_from_counterexamples_are_not_coded(tmp_path: Path) -> None:
    file = tmp_path / "strikes.toml"
    same = "Jets <a>bombed</a> the {}."
    listed = [", ".join(f'"{same.format(word)}"' for word in words) for words in (
        ("port", "town", "camp", "depot"), ("bridge", "hill", "base", "road"),
    )]  # fmt: skip
    head = GOOD[: GOOD.index("examples = [")]
    file.write_text(f"{head}examples = [{listed[0]}]\ncounterexamples = [{listed[1]}]\n", encoding="utf8")
    done = call("ontology", file)
    assert done.exit_code == 1
    assert "not coded" in done.stdout
    refused = call("read", "--ontology", file, REPORTS)
    assert refused.exit_code == 2
    assert "dragoman ontology" in refused.stderr


def test_the_check_says_of_each_type_what_was_right_and_wrong() -> None:
    done = call("ontology", "--format", "jsonl", TYPES)
    told = {each["name"]: each for each in tomllib.loads(TYPES.read_text(encoding="utf8"))["type"]}
    for row in rows(done):
        for what in ("examples", "counterexamples"):
            assert (
                row[what]["right"] + len(row[what]["wrong"])
                == row[what]["number"]
                == len(told[row["event_type"]][what])
            )
        assert 0 <= row["parties"]["found"] <= row["parties"]["marked"]
        assert row["is_coded"] or done.exit_code == 1


# --- coding ---


def test_own_types_stand_beside_plovers_and_change_nothing_of_them(coder: Coder) -> None:
    texts = [json.loads(line)["text"] for line in REPORTS.read_text(encoding="utf8").splitlines()]
    plain = Coder(threads=1)
    for own, alone in zip(coder.code(map(article, texts)), plain.code(map(article, texts)), strict=True):
        told = [(e.event_type, e.evidence.anchor, e.status, e.confidence, e.actors) for e in own.events]
        assert told == [(e.event_type, e.evidence.anchor, e.status, e.confidence, e.actors) for e in alone.events]
        assert {e.evidence.codebook for e in own.events} <= {load_codebook().version}
        assert not alone.own_events


def test_an_own_event_has_its_words_its_parties_and_its_ontology(coder: Coder) -> None:
    text = "It rained. Kenya's parliament ratified the treaty on Tuesday."
    (coded,) = coder.code([article(text)])
    (event,) = coded.own_events
    assert event.event_type == "TREATY-RATIFIED"
    assert event.evidence.codebook == load_ontology(TYPES).version
    assert event.evidence.coder == coder.version
    assert "ratified" in event.evidence.anchor.text
    assert [party.code for party in event.actors] == ["KEN"]
    assert (event.quad, event.intensity, event.mode) == (2, 6.0, None)
    for span in (event.evidence.anchor, event.evidence.sentence, *event.actors):
        assert text[span.start : span.end] == span.text


def test_what_needs_a_party_and_has_none_is_told_as_a_skip(coder: Coder) -> None:
    (coded,) = coder.code([article("The accord was ratified after a long debate.")])
    assert not coded.own_events
    assert any(s.reason == "no party" and s.detail.startswith("TREATY-RATIFIED") for s in coded.skips)


# --- the record ---


def test_own_events_are_stored_and_merged_apart_and_stand_in_no_tie(record: Path, tmp_path: Path) -> None:
    own = rows(call("events", "--record", record, "--type", "treaty-ratified", "--format", "jsonl"))
    assert own
    assert {row["event_type"] for row in own} == {"TREATY-RATIFIED"}
    assert {row["codebook"] for row in own} == {load_ontology(TYPES).version}
    happenings = rows(call("records", "--record", record, "--type", "TREATY-RATIFIED", "--format", "jsonl"))
    day = next(row for row in happenings if row["date"] == "2026-02-27")
    assert (day["actors"], day["recipients"]) == (["ECU"], ["CHN"])
    plain = tmp_path / "plain"
    call("add", "--record", plain, REPORTS)
    for asked in (("ties", "ECU", "CHN"), ("records",)):
        words = (asked[0], "--record", record, *asked[1:], "--format", "jsonl")
        there = (asked[0], "--record", plain, *asked[1:], "--format", "jsonl")
        drop = {"events": None}
        assert [r | drop for r in rows(call(*words))] == [r | drop for r in rows(call(*there))]
    assert call("check", "--record", record).exit_code == 0


def test_own_records_are_asked_by_side_and_window(record: Path) -> None:
    view = RecordStore.open(record)
    assert view.own_records("TREATY-RATIFIED", actor="ECU")
    assert view.own_records("TREATY-RATIFIED", actor="FRA") == []
    assert view.own_records("TREATY-RATIFIED", since="2027-01-01") == []
    assert len(view.own_records("TREATY-RATIFIED", limit=1)) == 1
    assert {row["event_type"] for row in view.own_types()} >= {"TREATY-RATIFIED"}


def test_a_type_that_is_neither_plovers_nor_of_the_record_is_an_error(record: Path) -> None:
    done = call("events", "--record", record, "--type", "TREATY-BROKEN")
    assert done.exit_code == 2
    assert "TREATY-BROKEN" in done.stderr


def test_a_reading_with_own_types_takes_the_place_of_one_without(tmp_path: Path) -> None:
    record = tmp_path / "record"
    call("add", "--record", record, REPORTS)
    before = rows(call("events", "--record", record, "--format", "jsonl"))
    call("add", "--record", record, "--ontology", TYPES, REPORTS)
    after = rows(call("events", "--record", record, "--format", "jsonl"))
    told = [sorted((row["doc"], row["anchor"]["start"], row["event_type"]) for row in each) for each in (before, after)]
    assert told[0] == told[1]
    again = call("add", "--record", record, "--ontology", TYPES, REPORTS)
    assert "0 articles and 0 events" in again.stdout


def test_what_is_forgotten_is_gone_from_own_events_too(record: Path) -> None:
    call("forget", "--record", record, "--publisher", "andes-herald.example", "--reason", "test", "--yes")
    left = rows(call("events", "--record", record, "--type", "TREATY-RATIFIED", "--format", "jsonl"))
    assert {row["publisher"] for row in left} <= {"coast-times.example"}


@pytest.mark.parametrize("form", ["plover", "polecat", "gdelt", "gdelt2", "csv"])
def test_other_forms_leave_own_types_out_and_say_so(form: str, record: Path, tmp_path: Path) -> None:
    if form == "gdelt":
        done = call("read", "--ontology", TYPES, "--format", form, REPORTS)
    else:
        done = call("export", "--record", record, "--to", form, tmp_path / "out.file")
    assert done.exit_code == 0, done.output
    assert "of own types left out" in done.stderr


# --- the how-to ---


def test_the_worked_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in (TYPES, REPORTS):
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    text = (HOW_TO / "own-types.md").read_text(encoding="utf8")
    commands = re.findall(r"^    (dragoman [^#\n]*)", text, flags=re.MULTILINE)
    assert len(commands) >= 5
    for command in commands:
        done = call(*shlex.split(command)[1:])
        assert done.exit_code == 0, (command, done.output)
    assert "TREATY-RATIFIED" in done.output


def test_the_how_to_shows_what_is_in_the_file() -> None:
    shown = re.findall(r"```toml\n(.*?)```", (HOW_TO / "own-types.md").read_text(encoding="utf8"), flags=re.DOTALL)
    lines = TYPES.read_text(encoding="utf8").splitlines()
    assert shown
    assert all(line in lines for line in shown[0].splitlines() if line.strip() != "...")
