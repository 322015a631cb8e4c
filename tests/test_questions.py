"""Questions that people come with, asked of the invented record."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from click.testing import CliRunner
from worlds import FIRST, LAST

from dragoman.cli import main
from dragoman.cli.questions import ask
from dragoman.errors import QueryError
from dragoman.kinds import find_theme, load_follows, load_themes, types_of
from dragoman.questions import (
    find_agreements,
    find_by_theme,
    find_meetings,
    find_members,
    find_positions,
    find_sanctions,
    find_ties_inside,
    find_unsaid,
    find_words,
)
from dragoman.rows import counted
from dragoman.sides import find_side, party_name, side_code
from dragoman.store import RecordStore
from dragoman.ties import Window

WHOLE = Window(since=FIRST, until=LAST)


def kinds_of(rows: list[dict[str, Any]]) -> list[str]:
    return [row["event_type"] for row in rows]


# --- knowledge ---


def test_every_kind_theme_and_consequence_is_known_to_the_codebook() -> None:
    assert types_of("pledge") == ("AGREE", "CONCEDE") and types_of("threat") == ("THREATEN",)
    assert {follow.outcome for follow in load_follows("AGREE")} == {"kept", "broken"}
    contexts = set(load_themes()) - {"trade"}
    assert all(set(theme.contexts) <= contexts for theme in load_themes().values())


def test_an_unknown_theme_suggests_the_nearest() -> None:
    assert find_theme("Cyber").contexts == ("cyber",)
    with pytest.raises(QueryError, match="did you mean terrorism"):
        find_theme("terorism")


# --- words and deeds ---


def test_words_stand_apart_from_deeds(world: RecordStore) -> None:
    assert kinds_of(find_words(world, "pledge", "CHN", "IDN")) == ["AGREE"]
    assert kinds_of(find_words(world, "deed", "CHN", "IDN")) == ["COOPERATE"]
    assert kinds_of(find_words(world, "threat", "PRK", "KOR")) == ["THREATEN"]
    assert find_words(world, "threat", "KOR", "PRK") == []


def test_pledges_are_asked_by_theme_and_window(world: RecordStore) -> None:
    assert len(find_words(world, "pledge", "CHN", theme="cyber")) == 1
    assert len(find_words(world, "pledge", "CHN", theme="trade")) == 1
    assert find_words(world, "pledge", "CHN", window=Window(since=date(2025, 3, 7), until=date(2025, 4, 1))) == []


def test_a_theme_brings_happenings_and_statements(world: RecordStore) -> None:
    records, statements = find_by_theme(world, "trade")
    assert set(kinds_of(records)) == {"AGREE", "REJECT", "COOPERATE", "SANCTION", "RETREAT"}
    assert [row["topic"] for row in statements] == ["trade with all"]
    assert find_by_theme(world, "trade", "FRA", "DEU") == ([], [])


def test_meetings_of_two_leaders_show_the_sentences(world: RecordStore) -> None:
    meetings = find_meetings(world, "Ada Example", "bo sample")
    assert [row["date"] for row in meetings] == ["2025-03-20", "2025-05-07"]
    assert all("CONSULT" in row["told"][0]["sentence"] for row in meetings)
    march = Window(since=FIRST, until=date(2025, 4, 1))
    assert len(find_meetings(world, "Ada Example", "Bo Sample", window=march)) == 1
    assert find_meetings(world, "Ada Example", "Nobody") == []


def test_what_did_not_happen_and_what_was_denied(world: RecordStore) -> None:
    unsaid = find_unsaid(world, "PRK", "KOR")
    assert [(row["event_type"], row["status"]) for row in unsaid.records] == [("ASSAULT", "negated")]
    assert [row["topic"] for row in unsaid.statements] == ["the attack"]
    assert [row["topic"] for row in find_positions(world, "PRK")] == ["trade with all"]
    assert find_positions(world, "PRK", window=Window(since=date(2025, 5, 1), until=LAST)) == []


# --- what came of it ---


def test_agreements_are_kept_broken_or_pending(world: RecordStore) -> None:
    found = {(p.record["date"], *sorted(p.record["actors"])): p for p in find_agreements(world)}
    assert {key: promise.state for key, promise in found.items()} == {
        ("2025-03-05", "CHN", "IDN"): "kept",
        ("2025-03-06", "CHN", "JPN"): "broken",
        ("2025-05-06", "CHN"): "pending",  # what followed was of another theme
    }
    assert kinds_of(list(found["2025-03-05", "CHN", "IDN"].followed_by)) == ["COOPERATE"]
    assert [p.state for p in find_agreements(world, "JPN", "CHN", theme="economic")] == ["broken"]


def test_sanctions_last_until_they_are_eased(world: RecordStore) -> None:
    found = {each.recipient: each for each in find_sanctions(world, "USA")}
    assert (found["RUS"].since, found["RUS"].until) == (date(2025, 3, 10), date(2025, 5, 12))
    assert found["IRN"].until is None
    assert "CUB" not in found  # an expulsion is done once
    assert {each.recipient for each in find_sanctions(world, on=date(2025, 4, 20))} == {"RUS", "IRN"}
    assert {each.recipient for each in find_sanctions(world, on=date(2025, 5, 12))} == {"IRN"}
    assert find_sanctions(world, "USA", "RUS", on=date(2025, 3, 9)) == []


def test_members_and_the_ties_inside(world: RecordStore) -> None:
    assert "SWE" not in find_members("NATO", date(2024, 3, 6)) and "SWE" in find_members("NATO", date(2024, 3, 7))
    pairs = {(pair.a, pair.b) for pair in find_ties_inside(world, "European Union", WHOLE)}
    assert pairs == {("DEU", "FRA"), ("FRA", "POL")}


# --- the commands ---


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("pledges CHN IDN --theme cyber", "AGREE"),
        ("threats PRK KOR", "THREATEN"),
        ("deeds CHN IDN", "COOPERATE"),
        ("about trade CHN JPN", "REJECT"),
        ("agreements --state kept", "by 2025-04-02"),
        ("sanctions USA --on 2025-04-20", "in force"),
        ("members NATO --on 2024-03-07", "SWE"),
        ("members G7 --on 2025-03-07 --ties", "DEU-FRA"),
        ("denied PRK KOR", "denies"),
        ("positions PRK", "affirms"),
        ("threats FRA DEU", "nothing found"),
    ],
)
def test_each_question_has_a_command(world: RecordStore, words: str, expected: str) -> None:
    result = CliRunner().invoke(main, ["ask", words.split()[0], "--record", str(world.path), *words.split()[1:]])
    assert result.exit_code == 0, result.output
    assert expected in result.output


@pytest.mark.parametrize("words", ["pledges CHN", "agreements", "sanctions", "denied PRK", "positions", "members G7"])
def test_answers_come_as_json_too(world: RecordStore, words: str) -> None:
    name, *rest = words.split()
    result = CliRunner().invoke(main, ["ask", name, "--record", str(world.path), *rest, "--format", "jsonl"])
    assert result.exit_code == 0, result.output
    assert all(json.loads(line) for line in result.stdout.splitlines())
    assert result.stdout


@pytest.mark.parametrize("name", sorted(ask.commands))
def test_every_question_gives_an_example(name: str) -> None:
    assert f"dragoman ask {name}" in CliRunner().invoke(main, ["ask", name, "--help"]).output


# --- sides ---


def call(world: RecordStore, *words: str) -> Any:
    return CliRunner().invoke(main, [words[0], *words[1:], "--record", str(world.path), "--format", "jsonl"])


def test_pledges_agreements_and_sanctions_take_groups_as_ties_do(world: RecordStore) -> None:
    assert kinds_of(find_words(world, "pledge", find_side("members:ASEAN"), "CHN")) == ["AGREE"]
    assert len(find_words(world, "pledge", "CHN", find_side("IDN+JPN"))) == 3
    assert find_words(world, "pledge", "CHN", find_side("members:NATO")) == []
    assert find_words(world, "threat", find_side("rest"), "KOR") == find_words(world, "threat", "PRK", "KOR")
    assert len(find_agreements(world, find_side("members:ASEAN"))) == 1
    (laid,) = find_sanctions(world, find_side("members:NATO"), "RUS")
    assert (laid.actor, laid.recipient) == ("USA", "RUS")
    assert find_words(world, "deed", find_side("RUS+UKR"), find_side("RUS+UKR")) != []
    with pytest.raises(QueryError, match="rest is whoever"):
        find_words(world, "pledge", find_side("rest"))


def test_a_group_where_one_party_is_asked_for_is_refused(world: RecordStore) -> None:
    for words in (
        ("ask", "denied", "members:NATO"),
        ("events", "--actor", "members:NATO"),
        ("records", "--actor", "FRA+DEU"),
    ):
        result = call(world, *words)
        assert result.exit_code == 2
        assert "is a group" in result.stderr and "--expand NATO" in result.stderr
    for question in (lambda: world.ties("members:NATO", "RUS"), lambda: world.events(actor="members:NATO")):
        with pytest.raises(QueryError, match="find_side"):
            question()


def test_names_are_found_whatever_their_case() -> None:
    assert side_code("saudi arabia") == "SAU" and party_name("iran") == "IRN"
    assert side_code("nato") == side_code("NATO")
    assert find_side("members:nato") == find_side("members:NATO")


def test_bodies_with_known_members_are_listed(world: RecordStore) -> None:
    with pytest.raises(QueryError, match="ask members --list"):
        find_side("members:FOO")
    with pytest.raises(QueryError, match="did you mean European Union"):
        find_side("members:Europan Unio")
    assert '{"body": "NATO"}' in call(world, "ask", "members", "--list").stdout.splitlines()


def test_a_tie_takes_iso_days_and_refuses_others(world: RecordStore) -> None:
    days = {"since": "2025-03-03", "until": "2025-04-01"}
    assert world.ties("RUS", "UKR", **days) == world.ties("RUS", "UKR", since=FIRST, until=date(2025, 4, 1))
    assert world.events(actor="RUS", **days) != []
    with pytest.raises(QueryError, match="YYYY-MM-DD"):
        world.ties("RUS", "UKR", since="March")


def test_no_turn_is_said_and_an_expanded_body_keeps_its_name(world: RecordStore) -> None:
    calm = CliRunner().invoke(main, ["ties", "--record", str(world.path), "CHN", "IDN", "--turns"])
    assert "no turn found" in calm.stdout
    wide = call(world, "ties", "nato", "RUS", "--expand", "NATO")
    assert {(row["actor"], row["recipient"]) for row in map(json.loads, wide.stdout.splitlines())} == {
        ("nato", "RUS"), ("RUS", "nato"),
    }  # fmt: skip


def test_network_lines_bear_their_kind_and_the_numbers_of_the_table(world: RecordStore) -> None:
    rows = [json.loads(line) for line in call(world, "network").stdout.splitlines()]
    assert {row["kind"] for row in rows} == {"node", "pair"}
    assert min(row["community"] for row in rows if row["kind"] == "node") == 1


def test_one_happening_is_one() -> None:
    assert (counted(1, "happening"), counted(2, "happening")) == ("1 happening", "2 happenings")


def days_of(world: RecordStore, *words: str) -> list[str]:
    done = CliRunner().invoke(main, [words[0], "--record", str(world.path), *words[1:], "--format", "jsonl"])
    assert done.exit_code == 0, done.output
    return [json.loads(line)["date"] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("command", ["events", "records"])
def test_the_newest_come_first_where_asked(world: RecordStore, command: str) -> None:
    oldest, newest = (days_of(world, command, "--limit", "1000", *more) for more in ((), ("--newest",)))
    assert oldest == sorted(oldest) and newest == sorted(oldest, reverse=True)
    assert days_of(world, command, "--newest", "--limit", "2") == newest[:2]


def test_happenings_are_asked_for_by_belief(world: RecordStore) -> None:
    beliefs = [row["belief"] for row in world.records()]
    middle = sorted(beliefs)[len(beliefs) // 2]
    kept = [row["belief"] for row in world.records(min_belief=middle)]
    assert sorted(kept) == sorted(belief for belief in beliefs if belief >= middle)
    refused = CliRunner().invoke(main, ["records", "--record", str(world.path), "--min-confidence", "0.8"])
    assert refused.exit_code == 2 and "say --min-belief" in refused.stderr


def statements(world: RecordStore, *words: str) -> str:
    done = CliRunner().invoke(main, ["statements", "--record", str(world.path), *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_statements_bear_their_source_and_id(world: RecordStore) -> None:
    first, source, *_ = statements(world).splitlines()
    assert first.startswith("2025-03-04  ") and source.split("  ")[-1] == "s1" and "The Sample Times" in source


def test_statements_are_asked_for_by_window_and_number(world: RecordStore) -> None:
    inside = statements(world, "--since", "2025-03-04", "--until", "2025-03-05", "--format", "jsonl")
    assert [json.loads(line)["statement_id"] for line in inside.splitlines()] == ["s1", "s2"]
    assert statements(world, "--since", "2025-03-05") == statements(world, "--until", "2025-03-04") == "nothing found\n"
    assert "the first 1; --limit N shows more" in statements(world, "--limit", "1")
