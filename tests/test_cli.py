"""The commands as a user calls them, on the bundled samples: contract fields, exit codes, refusals."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dragoman.cli import main
from dragoman.sides import party_name, side_code
from dragoman.store import RecordStore

SAMPLES = Path(str(resources.files("dragoman.data").joinpath("samples")))
LINE = {
    "doc": "one",
    "url": "https://courier.example/1",
    "publisher": "courier.example",
    "published": "2022-09-20",
    "title": "Finland and Sweden sign defence pact in Helsinki",
    "text": "The foreign ministers of Finland and Sweden met in Helsinki on Monday and signed a defence agreement. "
    "Russia condemned the agreement, according to the Kremlin.",
}
EVENT_FIELDS = (
    "doc event_id event_type mode contexts status quad intensity confidence basis actors recipients date "
    "date_granularity date_basis place attributed_to sentence anchor coder codebook"
).split()


def call(*words: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(w) for w in words], input=stdin)


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def line(tmp_path: Path) -> Path:
    path = tmp_path / "lines.jsonl"
    path.write_text(json.dumps(LINE) + "\n", encoding="utf8")
    return path


@pytest.fixture(scope="session")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("record") / "record"
    result = call("add", "--record", folder, SAMPLES)
    assert result.exit_code == 0, result.output
    return folder


def test_read_gives_the_contract_fields_and_spans_that_equal_their_words(line: Path) -> None:
    result = call("read", "--format", "jsonl", line)
    assert result.exit_code == 0
    body = f"{LINE['title']}\n\n{LINE['text']}"
    found = rows(result)
    assert found
    for row in found:
        assert set(EVENT_FIELDS) <= set(row)
        assert row["doc"] == "one"
        spans = [row["anchor"], *row["actors"], *row["recipients"], row["place"], row["attributed_to"]]
        for span in filter(None, spans):
            assert body[span["start"] : span["end"]] == span["text"]
        assert row["sentence"]["start"] <= row["anchor"]["start"] < row["anchor"]["end"] <= row["sentence"]["end"]


def test_the_same_text_gives_the_same_events_in_any_company(line: Path, tmp_path: Path) -> None:
    alone = rows(call("read", "--format", "jsonl", line))
    crowd = tmp_path / "crowd.jsonl"
    others = [{**LINE, "doc": f"other{i}", "text": LINE["text"] * (i + 1)} for i in range(5)]
    crowd.write_text("".join(json.dumps(r) + "\n" for r in [*others[:3], LINE, *others[3:]]), encoding="utf8")
    among = [r for r in rows(call("read", "--format", "jsonl", crowd)) if r["doc"] == "one"]
    for left, right in zip(alone, among, strict=True):
        assert left | {"confidence": 0, "basis": ""} == right | {"confidence": 0, "basis": ""}
        assert left["confidence"] == pytest.approx(right["confidence"], abs=1e-3)


def test_a_page_without_politics_gives_no_event() -> None:
    page = next(SAMPLES.glob("*eclipse*.html"))
    assert rows(call("read", "--format", "jsonl", page)) == []


def test_refusals_are_lines_on_standard_error_and_json_in_a_file(line: Path, tmp_path: Path) -> None:
    broken, skips = tmp_path / "broken.jsonl", tmp_path / "skips.jsonl"
    broken.write_text('{"text": "They met."}\n{"text": \n{"text": "They met again."}\n', encoding="utf8")
    result = call("extract", "--skips", skips, broken, line)
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 3
    assert "broken.jsonl:2" in result.stderr
    assert "broken.jsonl:2" in json.loads(skips.read_text(encoding="utf8"))["location"]


@pytest.mark.parametrize(
    "words",
    [
        ("events", "--record", "nowhere"),
        ("ties", "--record", "nowhere", "RUS", "UKR"),
        ("annotate", "--layers", "colours", "x.txt"),
        ("read", "--published", "yesterday", "x.txt"),
        ("read",),
        ("nonsense",),
    ],
)
def test_a_wrong_call_ends_with_2_and_one_sentence(words: tuple[str, ...], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    result = call(*words)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_name_that_is_not_there_leaves_no_record_behind(tmp_path: Path) -> None:
    result = call("add", "--record", tmp_path / "record", tmp_path / "nofile.html")
    assert result.exit_code == 2
    assert "nofile.html" in result.stderr
    assert not (tmp_path / "record").exists()


def test_a_taken_port_is_named_before_anything_is_served(tmp_path: Path) -> None:
    RecordStore.open(tmp_path / "record", create=True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = call("serve", "--record", tmp_path / "record", "--port", str(port))
    assert result.exit_code == 2
    assert f"port {port} of 127.0.0.1" in result.stderr
    assert "serving" not in result.stderr


def test_the_agents_server_ends_quietly_with_its_input(tmp_path: Path) -> None:
    pytest.importorskip("mcp")
    RecordStore.open(tmp_path / "record", create=True)
    ended = subprocess.run(
        [sys.executable, "-m", "dragoman", "mcp", "--record", str(tmp_path / "record")],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")


def test_unknown_type_suggests_the_nearest(record: Path) -> None:
    result = call("events", "--record", record, "--type", "ASAULT")
    assert result.exit_code == 2
    assert "did you mean ASSAULT" in result.stderr


def test_adding_twice_changes_nothing(record: Path) -> None:
    before = rows(call("events", "--record", record, "--format", "jsonl", "--limit", "1000"))
    again = call("add", "--record", record, SAMPLES)
    assert again.exit_code == 0
    assert again.stdout.startswith("0 articles and 0 events added")
    assert rows(call("events", "--record", record, "--format", "jsonl", "--limit", "1000")) == before


def test_every_stored_event_has_its_sentence_and_belongs_to_a_record(record: Path) -> None:
    events = rows(call("events", "--record", record, "--format", "jsonl", "--limit", "1000"))
    assert events
    assert all(e["sentence"]["text"] and e["anchor"]["text"] in e["sentence"]["text"] for e in events)
    records = rows(call("records", "--record", record, "--format", "jsonl", "--limit", "1000"))
    assert {e for r in records for e in r["events"]} == {e["event_id"] for e in events}


def test_ties_count_only_what_the_records_hold(record: Path) -> None:
    series = rows(call("ties", "--record", record, "RUS", "CHN", "--format", "jsonl"))
    known = {r["record_id"] for r in rows(call("records", "--record", record, "--format", "jsonl", "--limit", "1000"))}
    for row in series:
        assert sum(row["quads"].values()) == len(row["records"])
        assert set(row["records"]) <= known
        assert (row["level"] is None) == (row["covered"] == 0)


def test_code_pairs_answers_every_line_in_order(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text(
        "sentence_id\tmarked_sentence\n"
        "7\t<s>Iran</s> condemned <t>Israel</t>.\n"
        '8\t"A ""quoted"" line, <t>Chad</t> thanked <s>the UN</s>."\n'
        "9\t\n",
        encoding="utf8",
    )
    result = call("code-pairs", pairs)
    lines = [row.split("\t") for row in result.stdout.splitlines()]
    assert lines[0] == ["sentence_id", "event_type", "mode", "status", "quad", "confidence"]
    assert [row[0] for row in lines[1:]] == ["7", "8", "9"]
    assert all(row[1] and row[4] in "1234" for row in lines[1:])
    assert "1 of 3 rows lack" in result.stderr


def test_resolve_answers_or_refuses_with_a_reason() -> None:
    row = rows(call("resolve", "the Kremlin", "--on", "2022-09-20"))[0]
    assert row["code"] == "RUS"
    assert row["basis"]
    lines = '{"phrase": "Georgia"}\nnonsense\n{"phrase": "qwertyuiop"}\n'
    answers = rows(call("resolve", "-", stdin=lines))
    assert len(answers) == 3
    assert all(a["reason"] for a in answers if a["code"] is None)
    assert answers[1]["code"] is None


def test_annotate_gives_only_the_wanted_layers(line: Path) -> None:
    row = rows(call("annotate", "--layers", "times,places", line))[0]
    assert set(row) == {"doc", "times", "places"}
    full = rows(call("annotate", line))[0]
    assert set(full) == {"doc", "actors", "times", "places", "attributions"}
    body = f"{LINE['title']}\n\n{LINE['text']}"
    for layer in ("actors", "times", "places"):
        assert full[layer], layer
        assert all(body[s["start"] : s["end"]] == s["text"] for s in full[layer])


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_says_what_it_does_and_gives_an_example(name: str) -> None:
    result = call(name, "--help")
    assert result.exit_code == 0
    assert "Example:" in result.output


def test_reading_standard_input() -> None:
    result = CliRunner().invoke(main, ["extract", "-"], input="Envoys of Chad and Niger met on Monday.\n" * 4)
    assert result.exit_code == 0
    assert "Envoys" in rows(result)[0]["text"]


@pytest.mark.parametrize("name", ["SAU", "sau", "Saudi Arabia"])
def test_a_side_is_found_by_code_or_name(record: Path, name: str) -> None:
    for command in ("events", "records"):
        by_code = call(command, "--record", record, "--actor", "SAU", "--format", "jsonl")
        by_name = call(command, "--record", record, "--actor", name, "--format", "jsonl")
        assert rows(by_name) == rows(by_code) != []


@pytest.mark.parametrize(
    "words",
    [
        ("events", "--actor", "Freedonia"),
        ("records", "--actor", "ZZZ"),
        ("ties", "RUS", "ZZZ"),
        ("statements", "--speaker", "Freedonia"),
    ],
)
def test_an_unknown_side_is_an_error_and_not_calm(record: Path, words: tuple[str, ...]) -> None:
    result = call(words[0], "--record", record, *words[1:])
    assert result.exit_code == 2
    assert "names no state or organisation" in result.stderr


@pytest.mark.parametrize(
    ("name", "meant"), [("Rusia", "Russia"), ("ukraene", "Ukraine"), ("Europan Union", "European")]
)
def test_a_side_written_wrongly_brings_the_nearest_name(record: Path, name: str, meant: str) -> None:
    result = call("ties", "--record", record, "USA", name)
    assert result.exit_code == 2 and f"did you mean {meant}" in result.stderr


def test_an_unknown_type_brings_the_nearest_else_all(record: Path) -> None:
    assert "did you mean ASSAULT?" in call("events", "--record", record, "--type", "ASAULT").stderr
    assert "the types are AGREE, CONSULT, " in call("events", "--record", record, "--type", "FIGHT").stderr


def test_a_day_that_is_none_is_noted_and_the_article_read(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text(json.dumps(LINE | {"published": "08/03/2024"}) + "\n", encoding="utf8")
    result = call("read", "--format", "jsonl", path)
    assert (result.exit_code, len(rows(result)) > 0) == (0, True)
    assert result.stderr.startswith("noted ") and "'08/03/2024' is no date; read without it" in result.stderr


def test_one_article_is_one_article(tmp_path: Path, line: Path) -> None:
    words = ("add", "--record", tmp_path / "r", line)
    assert "1 article and " in call(*words).stdout
    assert "1 article was there already" in call(*words).stdout


@pytest.mark.parametrize("name", ["Georgia", "georgia"])
def test_a_side_that_can_mean_two_is_said_to_be_ambiguous(record: Path, name: str) -> None:
    result = call("ties", "--record", record, "RUS", name)
    assert result.exit_code == 2
    assert "ambiguous: Georgia is a state (Georgia) and a US state" in result.stderr
    assert "GEO" in result.stderr


def test_unsure_events_can_be_left_out(record: Path, line: Path) -> None:
    kept = rows(call("events", "--record", record, "--min-confidence", "0.6", "--format", "jsonl", "--limit", "1000"))
    assert kept
    assert min(row["confidence"] for row in kept) >= 0.6
    assert rows(call("read", "--format", "jsonl", "--min-confidence", "1", line)) == []


def test_files_of_other_kinds_in_a_folder_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    (tmp_path / "b.txt").write_text("Envoys of Chad and Niger met on Monday to talk about the border.", encoding="utf8")
    result = call("extract", tmp_path)
    assert result.exit_code == 0
    assert "passed-over, 1 files: .pdf" in result.stderr


def test_a_window_before_anything_was_read_is_empty_and_no_error(record: Path) -> None:
    result = call("ties", "--record", record, "SAU", "IRN", "--until", "2001-01-01")
    assert result.exit_code == 0
    assert "nothing between SAU and IRN" in result.stdout


def test_asking_as_of_a_day_before_the_record_names_that_day(record: Path) -> None:
    result = call("events", "--record", record, "--as-of", "2020-01-01")
    assert result.exit_code == 2
    assert "2020-01-01" in result.stderr


def test_a_person_or_body_is_not_widened_to_its_state(record: Path) -> None:
    """Events of a named official are that official's, not everybody's of the state."""
    everybody = rows(call("events", "--record", record, "--actor", "RUS", "--format", "jsonl", "--limit", "1000"))
    patrushev = rows(call("events", "--record", record, "--actor", "Nikolai Patrushev", "--format", "jsonl"))
    assert 0 < len(patrushev) < len(everybody)
    assert all("Nikolai Patrushev" in {p["name"] for p in row["actors"]} for row in patrushev)
    person = call("ties", "--record", record, "Nikolai Patrushev", "CHN")
    assert person.exit_code == 2
    assert "ask for the state, RUS" in person.stderr


def test_sides_are_the_keys_that_records_count_by() -> None:
    assert side_code("rus") == side_code("Russia") == side_code("RUSGOV") == "RUS"
    assert side_code("NATO").startswith("IGO:")
    assert side_code("IGO:Q7184") == "IGO:Q7184"
    assert party_name("RUSGOV") == "RUSGOV"
    assert party_name("Q159") == "Q159"


def test_a_body_is_expanded_by_choice(record: Path) -> None:
    listed = rows(call("resolve", "NATO", "--on", "2003-03-01", "--expand"))[0]["members"]
    assert (len(listed), "FIN" in listed) == (19, False)
    plain = rows(call("events", "--record", record, "--actor", "European Union", "--format", "jsonl"))
    wide = rows(call("events", "--record", record, "--actor", "European Union", "--expand", "EU", "--format", "jsonl"))
    assert {row["event_id"] for row in plain} < {row["event_id"] for row in wide}


@pytest.mark.parametrize(
    ("asked", "reason"),
    [(("NATO", "RUS", "--expand", "EU"), "neither side"), (("FRA", "RUS", "--expand", "FRA"), "no members")],
)
def test_what_cannot_be_expanded_is_refused(record: Path, asked: tuple[str, ...], reason: str) -> None:
    result = call("ties", "--record", record, *asked)
    assert result.exit_code != 0
    assert reason in result.output + result.stderr


def test_bad_lines_of_a_dictionary_are_told_with_their_numbers(tmp_path: Path) -> None:
    own = tmp_path / "mine.csv"
    own.write_text("phrase,code,sectors\nHarbour League,GBR,PTY\nBad Code,XX,\n", encoding="utf8")
    result = call("resolve", "Harbour League", "--actors", own)
    found = rows(result)[0]
    assert (found["code"], found["sectors"], found["identifier"]) == ("GBR", ["PTY"], None)
    assert "mine.csv:3" in result.stderr


def test_a_record_gives_its_work_list_of_unknown_parties(record: Path) -> None:
    known, unknown = (call("actors", "--record", record, *more) for more in ((), ("--unknown",)))
    assert known.exit_code == unknown.exit_code == 0
    counts = [int(line.split()[0]) for line in unknown.output.splitlines()]
    assert counts == sorted(counts, reverse=True)
    assert known.output.splitlines()[0].split()[1].isupper()
    assert call("actors", "--record", record, "reports.jsonl").exit_code == 2
    assert call("actors").exit_code == 2


def test_an_import_of_nothing_but_refused_lines_says_why_and_fails(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.tsv"
    wrong.write_text("a\tb\nc\td\n" + "\t" * 19 + "x\n", encoding="utf8")
    result = call("import", "--record", tmp_path / "record", "--from", "icews", wrong)
    assert result.exit_code == 1
    assert "lines refused: 3, 2 with: wrong number of columns" in result.stderr
    assert not (tmp_path / "record").exists()


def test_an_import_that_cannot_be_read_leaves_no_record(tmp_path: Path) -> None:
    cut = tmp_path / "cut.tsv.gz"
    cut.write_bytes(gzip.compress(b"a\tb\n" * 1000)[:-20])
    for file in (cut, tmp_path / "missing.tsv"):
        assert call("import", "--record", tmp_path / "record", "--from", "icews", file).exit_code in {1, 2}
    assert not (tmp_path / "record").exists()


def test_an_import_with_some_refused_lines_counts_them_and_succeeds(tmp_path: Path, record: Path) -> None:
    file = tmp_path / "events.tsv"
    assert call("export", "--record", record, "--to", "icews", file).exit_code == 0
    header, first, *_ = file.read_text("utf8").splitlines()
    file.write_text(f"{header}\n{first}\ncut\toff\n", encoding="utf8")
    for _ in range(2):  # the second time everything is stored already, which is no failure
        result = call("import", "--record", tmp_path / "record", "--from", "icews", file)
        assert result.exit_code == 0
        assert "lines refused: 1, 1 with: wrong number of columns" in result.stderr


def test_forgetting_needs_an_article_that_is_there(tmp_path: Path, line: Path) -> None:
    record = tmp_path / "record"
    call("add", "--record", record, line)
    forget = ("forget", "--record", record, "--reason", "a test", "--yes")
    result = call(*forget)
    assert result.exit_code == 2
    assert "say what to forget: --url or --publisher" in result.stderr
    for what in (("--url", "https://courier.example/2"), ("--publisher", "nobody.example")):
        result = call(*forget, *what)
        assert result.exit_code == 1
        assert f"nothing of {what[1]} is stored" in result.stderr
    assert rows(call("events", "--record", record, "--format", "jsonl"))


def test_a_forgotten_outlet_is_named_in_no_report_of_a_run(tmp_path: Path, line: Path) -> None:
    record = tmp_path / "record"
    other = tmp_path / "other.jsonl"
    kept = {**LINE, "doc": "two", "url": "https://post.example/1", "publisher": "post.example"}
    other.write_text(json.dumps(kept) + "\n", encoding="utf8")
    call("add", "--record", record, line, other)
    assert "courier.example" in call("report", "--record", record).output
    result = call("forget", "--record", record, "--reason", "a test", "--yes", "--url", str(LINE["url"]))
    assert result.exit_code == 0, result.output
    told = call("report", "--record", record).output
    assert "courier.example" not in told
    assert "post.example" in told
    assert call("forget", "--record", record, "--reason", "a test", "--yes", "--url", str(LINE["url"])).exit_code == 1
