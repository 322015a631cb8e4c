"""Merging, copies, belief and links."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import START, event_lists, make_event, make_party

from dragoman.model import EventDate, Party, PlaceMention, Span
from dragoman.records import (
    Sources,
    cluster_events,
    family_of,
    find_copies,
    find_stories,
    find_topic,
    find_voices,
    find_wire,
    load_priors,
    measure_belief,
    merge_events,
    read_acts,
    read_harm,
    sketch_text,
)

FEW = settings(max_examples=25, deadline=None)
STORY = (
    "The two ministers met on the harbour bridge and agreed to reopen the border crossing before the winter begins. "
)


def place(country: str) -> PlaceMention:
    return PlaceMention(start=0, end=3, text=country, name=country, country=country)


# --- the same happening ---


@pytest.mark.parametrize(
    ("changes", "merges"),
    [
        ({}, True),
        ({"actors": ("FRA", "USA")}, True),
        ({"event_type": "AGREE"}, True),  # one family, and the words agree
        ({"event_type": "AGREE", "sentence": "A grain treaty was signed elsewhere."}, False),
        ({"event_type": "AID"}, False),
        ({"actors": ("USA",)}, False),
        ({"recipients": ("USA",)}, False),
        ({"actors": ("DEU",), "recipients": ("FRA",)}, False),
        ({"day": "2025-03-02"}, False),
        ({"day": "2025-03"}, False),
        ({"status": "negated"}, False),
        ({"status": "future"}, False),
        ({"status": "historical"}, False),
        ({"sentence": "Talks on a pipeline began.", "anchor": "Talks"}, False),
        ({"sentence": "They shook hands, and the summit on the bridge began.", "anchor": "They shook"}, False),
    ],
)
def test_what_two_articles_report_is_one_happening_or_two(changes: dict[str, object], merges: bool) -> None:
    one = make_event("e1")
    other = make_event("e2", **{"article": "a2", "publisher": "Sample Daily", **changes})
    assert len(merge_events([one, other])) == (1 if merges else 2)


@pytest.mark.parametrize(("others", "merges"), [(("RUS", "USA"), True), (("RUS", "VAT"), False), (("RUS",), True)])
def test_who_talks_with_whom_tells_two_talks_apart(others: tuple[str, ...], merges: bool) -> None:
    words = "Spoke with the president by phone on prisoners and grain."
    one = make_event("e1", actors=("RUS", "USA"), recipients=(), sentence=words, anchor="Spoke with")
    other = make_event("e2", actors=others, recipients=(), sentence=words, anchor="Spoke with", article="a2")
    assert len(merge_events([one, other])) == (1 if merges else 2)


def test_two_acts_of_one_sentence_are_two() -> None:
    words = "Warns that the city will burn and hints at a change of regime."
    one = make_event("e1", event_type="THREATEN", sentence=words, anchor="Warns")
    other = make_event("e2", event_type="THREATEN", sentence=words, anchor="Warns that the city will burn and hints")
    assert len(merge_events([one, other])) == 1
    hints = Span(
        start=len("Warns that the city will burn and "),
        end=len("Warns that the city will burn and hints"),
        text="hints",
    )
    other = replace(other, evidence=replace(other.evidence, anchor=hints))
    assert len(merge_events([one, other])) == 2


def test_one_report_like_two_others_does_not_join_them() -> None:
    left = "Missiles met the oil terminal at the harbour before dawn."
    right = "Shells wrecked a crowded school bus near the frontier."
    both = "Missiles met the oil terminal at the harbour; shells wrecked a crowded school bus near the frontier."
    told = [
        make_event(f"e{at}", event_type="ASSAULT", article=f"a{at}", sentence=sentence, anchor=sentence.split()[0])
        for at, sentence in enumerate((left, both, right))
    ]
    records = merge_events(told)
    assert not any({"e0", "e2"} <= set(record.event_ids) for record in records)


def test_events_of_one_article_with_the_same_type_parties_and_day_are_one() -> None:
    one = make_event("e1", sentence="The ministers met.")
    other = make_event("e2", sentence="Talks lasted three hours.", anchor="Talks")
    (record,) = merge_events([one, other])
    assert record.event_ids == ("e1", "e2") or record.event_ids == ("e2", "e1")
    assert record.voices == 1


def test_places_in_different_countries_keep_events_apart() -> None:
    one = make_event("e1", place=place("UKR"))
    other = make_event("e2", article="a2", place=place("FRA"))
    assert len(merge_events([one, other])) == 2


def test_inside_one_country_different_sectors_are_different_parties() -> None:
    def event(event_id: str, sector: str) -> object:
        base = make_event(event_id, actors=("FRA",), recipients=("FRA",), article=event_id)
        return replace(
            base,
            actors=(make_party("FRA", sectors=(sector,)),),
            recipients=(make_party("FRA", sectors=(sector,)),),
        )

    assert len(merge_events([event("e1", "COP"), event("e2", "LAB")])) == 2  # type: ignore[list-item]
    assert len(merge_events([event("e1", "COP"), event("e2", "COP")])) == 1  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("one", "other", "merges"),
    [
        # A report that names both on both sides does not join what each did to the other.
        ((("RUS", "UKR"), ("UKR",)), (("UKR",), ("RUS",)), False),
        ((("RUS", "UKR"), ("UKR",)), (("RUS",), ("UKR",)), True),
        # One side unknown: the words must agree.
        ((("RUS",), ()), (("RUS",), ("UKR",)), True),
        ((("RUS",), ()), ((), ("UKR",)), False),
        ((("RUS",), ("UKR",)), (("RUS",), ("USA",)), False),
    ],
)
def test_parties_that_face_each_other(one: tuple, other: tuple, merges: bool) -> None:  # type: ignore[type-arg]
    first = make_event("e1", actors=one[0], recipients=one[1], anchor="hit")
    second = make_event("e2", article="a2", actors=other[0], recipients=other[1])
    assert len(merge_events([first, second])) == (1 if merges else 2)


@pytest.mark.parametrize(("actors", "recipients"), [(("USA",), ("USA",)), ((), ("USA",)), (("USA",), ())])
def test_inside_one_country_one_word_in_common_is_too_little(actors: tuple, recipients: tuple) -> None:  # type: ignore[type-arg]
    events = [
        make_event(
            f"e{at}",
            article=f"a{at}",
            actors=actors,
            recipients=recipients,
            event_type="ASSAULT",
            sentence=sentence,
            anchor="shot",
        )
        for at, sentence in enumerate([
            "Two lawmakers were shot at home in the north.",
            "A man was shot at a rally by the lake.",
        ])
    ]
    assert len(merge_events(events)) == 2


def test_events_without_parties_or_day_stay_apart() -> None:
    nobody = {"actors": (), "recipients": (), "day": None, "published": None}
    events = [make_event(f"e{number}", article=f"a{number}", **nobody) for number in range(3)]
    assert len(merge_events(events)) == 3


def test_no_events_make_no_records() -> None:
    assert merge_events([]) == ()


def test_a_record_pools_its_evidence() -> None:
    events = [
        make_event("e1", article="a1", publisher="Sample Daily", published=START + timedelta(days=1), confidence=0.9),
        make_event("e2", article="a2", publisher="Sample Post", published=START, actors=("FRA", "USA")),
    ]
    (record,) = merge_events(events)
    assert record.actors == ("FRA", "USA")
    assert record.publishers == ("Sample Post", "Sample Daily")
    assert (record.first_reported, record.last_reported) == (START, START + timedelta(days=1))
    assert record.urls == ("https://sample.example/a2", "https://sample.example/a1")


@pytest.mark.parametrize(
    ("publishers", "event_type"),
    [
        (("Daily", "Post", "Mail"), "CONSULT"),  # two voices for one
        (("Daily", "Daily", "Mail"), "AGREE"),  # one voice that repeats itself is one; the surer one stands
    ],
)
def test_the_type_is_that_which_most_voices_back_and_the_others_are_kept(publishers: tuple, event_type: str) -> None:  # type: ignore[type-arg]
    told = zip(publishers, ("CONSULT", "CONSULT", "AGREE"), (0.7, 0.7, 0.9), strict=True)
    events = [
        make_event(f"e{at}", article=f"a{at}", publisher=publisher, event_type=kind, confidence=confidence)
        for at, (publisher, kind, confidence) in enumerate(told)
    ]
    for ordered in (events, events[::-1]):
        (record,) = merge_events(ordered)
        assert record.event_type == event_type
        assert "type: AGREE or CONSULT" in record.disagreements
        assert len(record.event_ids) == 3


def test_of_two_types_with_equal_backing_the_first_by_name_stands() -> None:
    events = [
        make_event(f"e{at}", article=f"a{at}", publisher=f"Paper {at}", event_type=kind)
        for at, kind in enumerate(("CONSULT", "AGREE"))
    ]
    assert {record.event_type for ordered in (events, events[::-1]) for record in merge_events(ordered)} == {"AGREE"}


def test_the_id_is_that_of_the_older_report_and_the_younger_one_is_an_alias() -> None:
    older = make_event("e1", published=START)
    younger = make_event("e2", article="a2", published=START + timedelta(days=1), anchor="talks")
    (old_record,), (young_record,) = merge_events([older]), merge_events([younger])
    (joined,) = merge_events([older, younger])
    assert joined.record_id == old_record.record_id
    assert joined.aliases == (young_record.record_id,)


def test_the_id_says_nothing_of_article_or_confidence() -> None:
    (one,) = merge_events([make_event("e1")])
    (other,) = merge_events([make_event("e2", article="a2", publisher="Sample Post", confidence=0.3)])
    assert one.record_id == other.record_id


def test_differing_numbers_are_disagreements() -> None:
    one = make_event("e1", event_type="ASSAULT", sentence="A missile strike on the harbour killed 5 people.")
    other = make_event(
        "e2",
        event_type="ASSAULT",
        article="a2",
        publisher="Sample Post",
        sentence="Missile on harbour: 12 dead.",
    )
    (record,) = merge_events([one, other])
    assert record.disagreements == ("killed: 5 (The Sample Times), 12 (Sample Post)",)


@pytest.mark.parametrize(
    ("sentence", "harm"),
    [
        ("At least 12 people were killed and three wounded.", [("killed", 12), ("injured", 3)]),
        ("The blast killed 1,204.", [("killed", 1204)]),
        ("Nobody was killed.", []),
        ("", []),
        ("killed " * 50, []),
    ],
)
def test_numbers_of_people_harmed(sentence: str, harm: list[tuple[str, int]]) -> None:
    assert read_harm(sentence) == harm


@FEW
@given(event_lists(), st.randoms(use_true_random=False))
def test_the_order_of_reading_changes_nothing(events: list, random: object) -> None:  # type: ignore[type-arg]
    shuffled = list(events)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merge_events(shuffled) == merge_events(events)


@FEW
@given(event_lists())
def test_merging_twice_the_same_changes_nothing(events: list) -> None:  # type: ignore[type-arg]
    assert merge_events([*events, *events]) == merge_events(events)


@FEW
@given(event_lists())
def test_every_event_is_in_exactly_one_record(events: list) -> None:  # type: ignore[type-arg]
    kept = [event_id for record in merge_events(events) for event_id in record.event_ids]
    assert sorted(kept) == sorted(event.event_id for event in events)


@FEW
@given(event_lists(), st.integers(0, 12))
def test_ids_given_before_more_was_read_are_still_known(events: list, size: int) -> None:  # type: ignore[type-arg]
    known = {name for record in merge_events(events) for name in (record.record_id, *record.aliases)}
    assert {record.record_id for record in merge_events(events[:size])} <= known


@FEW
@given(event_lists())
def test_no_two_records_share_an_id_or_an_alias(events: list) -> None:  # type: ignore[type-arg]
    names = [name for record in merge_events(events) for name in (record.record_id, *record.aliases)]
    assert len(names) == len(set(names))


@FEW
@given(event_lists())
def test_records_hold_one_status_and_one_family(events: list) -> None:  # type: ignore[type-arg]
    by_id = {event.event_id: event for event in events}
    for record in merge_events(events):
        members = [by_id[event_id] for event_id in record.event_ids]
        assert {event.status for event in members} == {record.status}
        assert len({family_of(event.event_type) for event in members}) == 1


# --- copies and voices ---


def test_near_verbatim_stories_are_copies_and_others_are_not() -> None:
    stories = {
        "a1": STORY * 3 + "End of story.",
        "a2": STORY * 3 + "Additional reporting by the desk.",
        "a3": "Parliament voted on a pipeline across the plain, and the opposition left the hall in protest at noon.",
    }
    copies = find_copies({name: sketch_text(text) for name, text in stories.items()})
    assert copies == {("a1", "a2")}


def test_whether_two_stories_are_copies_does_not_depend_on_the_others() -> None:
    texts = {f"a{number}": STORY + " ".join(f"word{at}" for at in range(number, number + 12)) for number in range(8)}
    sketches = {name: sketch_text(text) for name, text in texts.items()}
    together = find_copies(sketches)
    for one in sketches:
        for other in sketches:
            if one < other:
                alone = find_copies({one: sketches[one], other: sketches[other]})
                assert ((one, other) in together) == (len(alone) == 1)


def test_sketches_stay_the_same_from_one_version_to_the_next() -> None:
    """Sketches lie on disk: a library that hashes otherwise would make every stored copy an independent voice."""
    assert sketch_text(STORY).hex()[:32] == "d6aefa0459899f484f46f812a2386004"


@pytest.mark.parametrize("text", ["one", "\ud800 broken", "x" * 100_000])
def test_any_text_has_a_sketch(text: str) -> None:
    assert len(sketch_text(text)) == 4 * load_priors()["copies"]["permutations"]


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("KYIV (Reuters) - The ministers met.", "Reuters"),
        ("PARIS (AP) — The ministers met.", "AP"),
        ("The ministers met. Source: Xinhua", "Xinhua"),
        ("The ministers spoke to Reuters on Monday.", None),
        ("", None),
    ],
)
def test_credited_agencies(text: str, wire: str | None) -> None:
    assert find_wire(text) == wire


def test_stories_that_credit_one_agency_are_one_voice() -> None:
    events = [make_event(f"e{number}", article=f"a{number}", publisher=f"Paper {number}") for number in range(3)]
    assert len(find_voices(events, Sources())) == 3
    assert len(find_voices(events, Sources(wires={"a0": "Reuters", "a1": "Reuters"}))) == 2


# --- belief ---


@FEW
@given(event_lists())
def test_belief_is_a_probability(events: list) -> None:  # type: ignore[type-arg]
    assert all(0 <= record.belief < 1 for record in merge_events(events))


@FEW
@given(st.lists(st.integers(0, 10), min_size=1, max_size=6), st.integers(0, 10))
def test_an_independent_confirmation_never_lowers_belief(confidences: list[int], further: int) -> None:
    events = [
        make_event(f"e{at}", article=f"a{at}", publisher=f"Paper {at}", confidence=value / 10)
        for at, value in enumerate(confidences)
    ]
    (before,) = merge_events(events)
    (after,) = merge_events([*events, make_event("new", article="new", publisher="New", confidence=further / 10)])
    assert after.belief >= before.belief
    assert after.voices == before.voices + 1


@FEW
@given(event_lists(max_size=8), st.integers(0, 7), st.integers(1, 5))
def test_a_verbatim_copy_leaves_belief_unchanged(events: list, chosen: int, delay: int) -> None:  # type: ignore[type-arg]
    """A copy appears later than what it copies, in an outlet that has no story of its own in the record."""
    article = f"a{chosen}"
    copied = [
        replace(
            event,
            event_id=f"copy-{event.event_id}",
            evidence=replace(
                event.evidence,
                article_id="copy",
                publisher="Copying Post",
                published=event.evidence.published + timedelta(days=delay),
            ),
        )
        for event in events
        if event.evidence.article_id == article and event.date.value
    ]
    before = {event_id: record.belief for record in merge_events(events) for event_id in record.event_ids}
    after = merge_events([*events, *copied], copies=[(article, "copy")])
    for record in after:
        for event_id in record.event_ids:
            assert event_id.startswith("copy-") or record.belief == before[event_id]


def test_one_voice_repeating_itself_is_believed_no_more() -> None:
    events = [make_event(f"e{number}", article=f"a{number}") for number in range(5)]
    assert merge_events(events)[0].belief == merge_events(events[:1])[0].belief


@pytest.mark.parametrize(("stronger", "weaker"), [(None, "USA"), ("FRA", "USA"), ("USA", "DEU")])
def test_who_says_it_matters(stronger: str | None, weaker: str) -> None:
    def belief(code: str | None) -> float:
        return merge_events([make_event(speaker=make_party(code) if code else None)])[0].belief

    assert belief(stronger) > belief(weaker)


@pytest.mark.parametrize("status", ["negated", "future", "hypothetical", "historical"])
def test_no_status_is_believed_more_than_an_assertion(status: str) -> None:
    assert merge_events([make_event(status=status)])[0].belief <= merge_events([make_event()])[0].belief


def test_nothing_said_is_not_believed() -> None:
    assert measure_belief([]) == 0.0


# --- links ---


def links_between(one: object, other: object) -> list[tuple[str, str, str]]:
    records = merge_events([one, other])  # type: ignore[list-item]
    days = {record.record_id: f"{record.date} {record.status}" for record in records}
    return sorted(
        (days[record.record_id], link.kind, days[link.record_id]) for record in records for link in record.links
    )


def test_a_denial_contradicts_and_both_sides_are_shown() -> None:
    one, other = make_event("e1"), make_event("e2", article="a2", status="negated")
    assert links_between(one, other) == [
        ("2025-03-01 asserted", "contradicts", "2025-03-01 negated"),
        ("2025-03-01 negated", "contradicts", "2025-03-01 asserted"),
    ]
    assert all(len(record.disagreements) == 1 for record in merge_events([one, other]))


def test_a_day_apart_is_probably_the_same() -> None:
    other = make_event("e2", article="a2", day="2025-03-02")
    assert links_between(make_event("e1"), other) == [("2025-03-02 asserted", "probably same", "2025-03-01 asserted")]


def test_a_later_higher_count_is_an_update() -> None:
    one = make_event("e1", sentence="The missile on the harbour bridge killed 5.")
    other = make_event("e2", article="a2", day="2025-03-02", sentence="The missile on the harbour bridge killed 9.")
    assert links_between(one, other) == [("2025-03-02 asserted", "update", "2025-03-01 asserted")]


def test_a_day_is_more_precise_than_its_month() -> None:
    other = make_event("e2", article="a2", day="2025-03")
    assert links_between(make_event("e1"), other) == [("2025-03-01 asserted", "more precise", "2025-03 asserted")]


@pytest.mark.parametrize(
    "changes",
    [
        {"day": "2025-03-03"},
        {"day": "2025-03-02", "sentence": "A missile hit a pipeline."},
        {"day": "2025-03-02", "actors": ("USA",)},
        {"day": "2025-03-02", "event_type": "ASSAULT"},
        {"day": "not a date"},
        {"status": "future"},
    ],
)
def test_what_is_further_apart_is_not_linked(changes: dict[str, object]) -> None:
    assert links_between(make_event("e1"), make_event("e2", **{"article": "a2", **changes})) == []


@FEW
@given(event_lists())
def test_links_point_to_records_of_the_same_merge(events: list) -> None:  # type: ignore[type-arg]
    records = merge_events(events)
    ids = {record.record_id for record in records}
    assert all(link.record_id in ids - {record.record_id} for record in records for link in record.links)


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 3))
def test_many_events_of_one_day_merge_in_time(seed: int) -> None:
    sentences = ["harbour bridge", "pipeline grain", "border missile"]
    events = [
        make_event(f"e{at}", article=f"a{at}", publisher=f"P{at % 9}", sentence=sentences[(at + seed) % 3])
        for at in range(600)
    ]
    assert len(merge_events(events)) <= 3
    assert merge_events(events)[0].date == date(2025, 3, 1).isoformat()


def test_stories_without_words_are_copies_of_none() -> None:
    assert sketch_text(" \n—") == b""
    assert find_copies({"a": b"", "b": b"", "c": sketch_text("They met and talked at length in the capital.")}) == set()


# --- words, acts and places that keep reports apart ---


def domestic(event_id: str, sentence: str, anchor: str, **changes: object) -> object:
    fixed = {"actors": ("USA",), "recipients": ("USA",), "event_type": "ACCUSE"}
    return make_event(event_id, article=event_id, sentence=sentence, anchor=anchor, **{**fixed, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("anchor", "event_type", "acts"),
    [
        ("was shot and killed", "ASSAULT", {"shoot", "kill"}),
        ("fired two aides", "SANCTION", {"dismiss"}),
        ("barred the bank", "SANCTION", {"ban"}),
        ("fired at a van", "ASSAULT", {"shoot"}),
        ("has been made", "AGREE", set()),
        ("opened fire on the crowd", "ASSAULT", {"shoot"}),
        ("signed a deal", "AGREE", {"agree"}),
        ("the assassination probe", "ASSAULT", {"investigate"}),
        ("was shot down over", "ASSAULT", {"foil"}),
        ("shoots down", "ASSAULT", {"foil"}),
        ("intercepted", "COERCE", set()),
        ("probed a murder", "ASSAULT", {"investigate", "kill"}),
    ],
)
def test_an_anchor_names_acts_as_its_type_allows(anchor: str, event_type: str, acts: set[str]) -> None:
    assert read_acts(anchor, event_type).acts == acts


def test_a_charge_and_a_conviction_are_two_happenings_though_words_agree() -> None:
    told = "The harbour judge {} for letting a sailor leave through a side door."
    events = [
        domestic("e1", told.format("was charged"), "was charged"),
        domestic("e2", told.format("was convicted"), "was convicted"),
    ]
    assert len(merge_events(events)) == 2  # type: ignore[arg-type]


def test_a_vague_report_joins_no_charge_to_a_conviction() -> None:
    told = "The harbour judge {} for letting a sailor leave through a side door."
    events = [
        domestic("e1", told.format("was charged"), "was charged"),
        domestic("e2", told.format("was in court"), "was in court"),
        domestic("e3", told.format("was convicted"), "was convicted"),
    ]
    assert len(merge_events(events)) == 2  # type: ignore[arg-type]


def test_a_chain_of_reports_each_like_the_next_is_not_one_happening() -> None:
    words = [f"{''.join(pair)}word" for pair in zip("abcdefghijkl", "mnopqrstuvwx", strict=True)]
    sentences = [" ".join(words[at : at + 3]) for at in range(0, 9, 1)]
    events = [domestic(f"e{at}", sentence, "criticized") for at, sentence in enumerate(sentences)]
    assert len(merge_events(events)) > 1  # type: ignore[arg-type]


def test_words_that_stand_in_all_news_say_little() -> None:
    common = "President Trump said the administration "
    events = [
        domestic("e1", common + "upheld a grain quota", "criticized"),
        domestic("e2", common + "closed the border post", "criticized"),
        domestic("e3", "Fishermen criticized the lighthouse keeper over foghorns", "criticized"),
        domestic("e4", "Keeper of lighthouse criticized for foghorns", "criticized"),
    ]
    assert sorted(len(record.event_ids) for record in merge_events(events)) == [1, 1, 2]  # type: ignore[arg-type]


@pytest.mark.parametrize(("longitude", "merges"), [(30.6, True), (24.0, False)])
def test_spots_far_from_each_other_keep_events_apart(longitude: float, merges: bool) -> None:
    def spot(name: str, east: float) -> PlaceMention:
        return PlaceMention(
            start=0, end=3, text=name, name=name, country="UKR", latitude=50.4, longitude=east, kind="town"
        )

    one = make_event("e1", place=spot("Kyiv", 30.5))
    other = make_event("e2", article="a2", place=spot("elsewhere", longitude))
    assert len(merge_events([one, other])) == (1 if merges else 2)


# --- links on one day ---


def test_two_culprits_of_one_attack_contradict_each_other() -> None:
    told = "Missiles hit the harbour hospital at dawn and {} people died"
    one = make_event("e1", event_type="ASSAULT", actors=("RUS",), recipients=("UKR",), sentence=told.format("nine"))
    other = make_event(
        "e2", article="a2", event_type="ASSAULT", actors=("USA",), recipients=("UKR",), sentence=told.format("ten")
    )
    records = {record.actors: record for record in merge_events([one, other])}
    assert [link.kind for link in records["RUS",].links] == ["contradicts"]
    assert records["USA",].disagreements[-1].startswith("names USA where the other names RUS")


def test_other_culprits_of_other_attacks_are_not_linked() -> None:
    one = make_event("e1", event_type="ASSAULT", actors=("RUS",), recipients=("UKR",), sentence="A bridge fell.")
    other = make_event(
        "e2", article="a2", event_type="ASSAULT", actors=("USA",), recipients=("UKR",), sentence="Grain silos burnt."
    )
    assert all(not record.links for record in merge_events([one, other]))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"recipients": ()}, [("DEU", "more precise", "")]),
        ({"event_type": "AGREE"}, ["probably same"]),
        ({"event_type": "AID"}, []),
        ({"recipients": (), "status": "future"}, []),
    ],
)
def test_what_is_left_apart_on_one_day_is_linked_with_a_reason(changes: dict[str, object], expected: list) -> None:  # type: ignore[type-arg]
    one = make_event("e1", sentence="The envoys talked about grain silos, the pipeline and a border hospital there")
    other = make_event(
        "e2",
        article="a2",
        **{
            "sentence": "Grain silos, a ferry timetable and the harbour bridge were agreed upon with fishermen",
            **changes,
        },
    )  # type: ignore[arg-type]
    records = merge_events([one, other])
    by_id = {record.record_id: record for record in records}
    assert len(records) == 2
    found = [
        (",".join(record.recipients), link.kind, ",".join(by_id[link.record_id].recipients))
        for record in records
        for link in record.links
    ]
    assert [link if isinstance(expected[0], tuple) else link[1] for link in found] == expected


# --- one story ---

ABOUT = "lighthouse ferry timetable fishermen foghorn anchor lantern trawler harbourmaster quay dredger pilotage"
FILLER = (
    "oysters regatta seaweed customs warehouse cannery shipwright rigging sailmaker barnacle breakwater tugboat "
    "mooring bollard gangway ballast hull keel rudder tiller compass sextant chandlery buoy beacon slipway jetty "
    "marina herring cockle mussel"
)


def test_a_topic_is_what_a_story_is_about_and_too_few_words_have_none() -> None:
    topic = find_topic(f"{ABOUT} {FILLER} Trump said")
    assert {"light", "trawl"} <= set(topic)
    assert topic[0] != "trump"
    assert find_topic("They met on the old harbour bridge.") == ()
    assert find_topic("") == ()


@pytest.mark.parametrize(
    ("second", "anchor", "merges"),
    [(ABOUT, "was arrested", True), (FILLER, "was arrested", False), (ABOUT, "sued", False)],
)
def test_the_same_act_in_one_story_is_one_happening_however_its_parties_are_called(
    second: str, anchor: str, merges: bool
) -> None:
    nobody = {"recipients": (), "event_type": "COERCE"}
    one = make_event("e1", actors=(None,), sentence="The keeper was arrested", anchor="arrested", **nobody)  # type: ignore[arg-type]
    other = make_event(
        "e2",
        article="a2",
        actors=("USA",),
        sentence="A man of 40 " + anchor,
        anchor=anchor,
        **nobody,  # type: ignore[arg-type]
    )
    topics = {"a1": find_topic(f"{ABOUT} {FILLER} {ABOUT}"), "a2": tuple(find_topic(f"{second} " * 6))}
    assert len(cluster_events([one, other], Sources(topics=topics))) == (1 if merges else 2)


def test_names_are_in_capital_letters_in_a_topic_and_words_that_open_a_sentence_are_none() -> None:
    topic = find_topic(f"{ABOUT} {FILLER} Keepers sang. Ribera met the keepers. POLICE came.")
    assert {"RIBER", "keepe", "polic"} <= set(topic)


def test_names_weigh_more_than_other_words_in_what_makes_one_story() -> None:
    shared, own = "QUIST VORN HALD", "oysters regatta seaweed customs warehouse cannery rigging"
    named = {"a1": (*shared.split(), *own.split()), "a2": (*shared.split(), *ABOUT.split()[:7])}
    unnamed = {name: tuple(stem.lower() for stem in topic) for name, topic in named.items()}
    assert len(set(find_stories(named).values())) == 1
    assert len(set(find_stories({**unnamed, "a1": named["a1"][1:], "a2": unnamed["a2"][2:]}).values())) == 2


def test_two_short_texts_must_be_liker_to_tell_one_story_than_where_one_tells_it_at_length() -> None:
    short = find_topic(
        "oysters regatta seaweed customs warehouse cannery shipwright rigging sailmaker alpaca llama vicuna"
    )
    other = find_topic("oysters regatta seaweed puma jaguar ocelot tapir sloth armadillo toucan macaw iguana caiman")
    long = find_topic(f"{FILLER} {ABOUT}")
    assert len(set(find_stories({"a1": short, "a2": other}).values())) == 2
    assert len(set(find_stories({"a1": short, "a2": long}).values())) == 1


def test_the_pairs_of_a_great_story_are_kept_packed() -> None:
    """As objects of their own the pairs of one busy day took more memory than all else of a watch."""
    articles = 300
    topics = {f"a{at}": ("OLVIA", "ferry", f"word{at}") for at in range(articles)}
    tracemalloc.start()
    try:
        assert len(set(find_stories(topics).values())) == 1
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most / (articles * (articles - 1) / 2) < 80  # bytes a pair, with the articles themselves


TOPICS = st.lists(st.sampled_from(FILLER.split()), unique=True)


@given(st.dictionaries(st.text(min_size=1, max_size=3), TOPICS, max_size=8))
def test_stories_do_not_depend_on_the_order_of_articles(topics: dict[str, list[str]]) -> None:
    ordered = {name: tuple(topic) for name, topic in topics.items()}
    assert find_stories(ordered) == find_stories(dict(reversed(ordered.items())))


@pytest.mark.parametrize(("event_type", "merges"), [("CONSULT", True), ("AGREE", False)])
def test_briefly_told_stories_join_events_of_one_type_only(event_type: str, merges: bool) -> None:
    topic = find_topic(ABOUT)
    one = make_event("e1", recipients=(), sentence="He was ready for talks", anchor="talks")
    guests = {"sentence": "Guests sat in talks until midnight", "anchor": "talks", "event_type": event_type}
    other = make_event("e2", article="a2", recipients=(), **guests)  # type: ignore[arg-type]
    found = cluster_events([one, other], Sources(topics={"a1": topic, "a2": topic}))
    assert len(found) == (1 if merges else 2)


def test_a_charge_is_one_though_two_articles_place_the_accused_in_two_countries() -> None:
    told = {"event_type": "ACCUSE", "actors": ()}
    elsewhere = {**told, "article": "a2", "recipients": ("CAN",)}
    topics = {name: find_topic(f"{FILLER} {ABOUT}") for name in ("a1", "a2")}

    def count(words: str) -> int:
        one = make_event("e1", recipients=("GBR",), sentence=f"A man was {words}", anchor=words, **told)  # type: ignore[arg-type]
        other = make_event("e2", sentence=f"Somebody was {words}", anchor=words, **elsewhere)  # type: ignore[arg-type]
        return len(cluster_events([one, other], Sources(topics=topics)))

    assert (count("charged"), count("criticized")) == (1, 2)


def count_told_briefly(*told: dict[str, object], topics: tuple[str, str] = (ABOUT, ABOUT)) -> int:
    """Happenings of two brief reports of one story."""
    events = [
        replace(make_event(f"e{at}", article=f"a{at}", **fields), **parties)  # type: ignore[arg-type]
        for at, fields in enumerate(told)
        for parties in [{name: fields.pop(name) for name in ("actors", "recipients", "date") if name in fields}]
    ]
    return len(cluster_events(events, Sources(topics={f"a{at}": find_topic(text) for at, text in enumerate(topics)})))


def test_told_briefly_whoever_acts_in_one_report_is_not_acted_on_in_the_other() -> None:
    attack = {"event_type": "ASSAULT", "sentence": "Gunmen attacked the crowd", "anchor": "attacked"}
    defence = {"event_type": "ASSAULT", "sentence": "A keeper attacked a gunman", "anchor": "attacked"}
    gunmen, gunman, keeper = (make_party(None, text=text) for text in ("gunmen", "the gunman", "the lighthouse keeper"))
    crowd = make_party("AUS")
    assert (
        count_told_briefly(
            {**attack, "actors": (gunmen,), "recipients": (crowd,)}, {**attack, "actors": (gunmen,), "recipients": ()}
        )
        == 1
    )
    assert (
        count_told_briefly(
            {**attack, "actors": (gunmen,), "recipients": (crowd,)},
            {**defence, "actors": (keeper,), "recipients": (gunman,)},
        )
        == 2
    )


def test_told_briefly_the_police_and_the_suspect_of_one_country_have_not_swapped_sides() -> None:
    raid = {"event_type": "COERCE", "sentence": "The boss was arrested", "anchor": "was arrested"}
    police, boss = make_party("ITA", text="police"), make_party("ITA", text="the boss")
    by_police = {**raid, "actors": (police,), "recipients": (make_party(None, text="the boss"),)}
    assert count_told_briefly({**by_police}, {**raid, "actors": (), "recipients": (boss,)}) == 1
    assert count_told_briefly({**by_police}, {**raid, "actors": (), "recipients": (police,)}) == 2
    clan, boss = make_party("ITA", text="the harbour clan"), make_party(None, text="the harbour boss")
    assert count_told_briefly({**raid, "actors": (clan,)}, {**raid, "actors": (), "recipients": (boss,)}) == 1


SIGNS_OF_TWO: dict[str, tuple[object, object]] = {
    "date": tuple(
        EventDate(value="2025-03-01", granularity="day", basis=basis)
        for basis in ("told with the event: Saturday", "publication day (weak: no time is told with the event)")
    ),
    "place": (place("PRT"), replace(place("PRT"), name="Porto")),
    "actors": ((make_party("USA", text="the fleet"),), (make_party(None, text="pirates"),)),
    "recipients": ((make_party(None, text="three vessels"),), (make_party(None, text="a harbour"),)),
}


def count_with_signs(*signs: str, topics: tuple[str, str] = (ABOUT, ABOUT)) -> int:
    """Happenings of two brief reports of one attack that differ in what is named."""
    same = {"event_type": "ASSAULT", "sentence": "It was attacked", "anchor": "attacked"}
    sides = {"actors": (make_party("USA"),), "recipients": (make_party(None, text="it"),)}
    told = ({**same, **sides, **{sign: SIGNS_OF_TWO[sign][at] for sign in signs}} for at in (0, 1))
    return count_told_briefly(*told, topics=topics)


def test_told_briefly_three_signs_of_two_part_two_reports_and_two_do_not() -> None:
    signs = ("date", "place", "actors", "recipients")
    assert {count_with_signs(*chosen) for chosen in combinations(signs, 2)} == {1}
    assert {count_with_signs(*chosen) for chosen in combinations(signs, 3)} == {2}


def test_told_briefly_articles_that_are_little_alike_are_a_sign_of_two() -> None:
    far = " ".join(ABOUT.split()[:5]) + " puma jaguar ocelot tapir sloth armadillo toucan"
    assert count_with_signs("date", "recipients") == 1
    assert count_with_signs("date", "recipients", topics=(ABOUT, far)) == 2


def test_told_briefly_what_two_who_are_named_say_is_said_twice() -> None:
    def party(name: str) -> Party:
        return replace(make_party("USA", text=name), name=name)

    asked = {"event_type": "ACCUSE", "sentence": "criticised the mayor", "anchor": "criticised", "recipients": ()}
    for other, number in (("Vera Quist", 1), ("Harbour Party", 2), ("United States", 1)):
        one = {**asked, "actors": (party("Governor Vera Quist"),)}
        again = {**asked, "actors": (party(other),), "sentence": "criticised the mayor again"}
        assert count_told_briefly(one, again) == number


def test_told_briefly_a_protest_in_a_town_is_not_that_in_the_whole_country() -> None:
    town = PlaceMention(
        start=0, end=3, text="Porto", name="Porto", country="PRT", kind="town", latitude=41.1, longitude=-8.6
    )
    land = PlaceMention(start=0, end=3, text="Portugal", name="Portugal", country="PRT", kind="state")
    march = {"event_type": "PROTEST", "sentence": "Thousands protested", "anchor": "protested", "recipients": ()}
    assert count_told_briefly({**march, "place": land}, {**march, "place": land}) == 1
    assert count_told_briefly({**march, "place": land}, {**march, "place": town}) == 2


def test_told_briefly_parties_that_do_not_fit_need_articles_more_alike() -> None:
    raid = {"event_type": "ASSAULT", "sentence": "They attacked it", "anchor": "attacked", "recipients": ()}
    far = " ".join(ABOUT.split()[:5]) + " puma jaguar ocelot tapir sloth armadillo toucan"
    told = ({**raid, "actors": (make_party("USA"),)}, {**raid, "actors": (make_party("CAN"),)})
    assert count_told_briefly(*(dict(one) for one in told)) == 1
    assert count_told_briefly(*(dict(one) for one in told), topics=(ABOUT, far)) == 2


def test_a_headline_and_its_article_may_name_the_speaker_otherwise() -> None:
    told = [
        replace(
            make_event(f"e{at}", event_type="ACCUSE", sentence=words, anchor="condemned"),
            actors=(party,),
            recipients=(),
        )
        for at, (words, party) in enumerate((
            (
                "condemned the raid on the harbour",
                replace(make_party("USA", text="Harbour Party"), name="Harbour Party"),
            ),
            (
                "condemned the raid on the harbour bitterly",
                replace(make_party("USA", text="Vera Quist"), name="Vera Quist"),
            ),
        ))
    ]
    topics = Sources(topics={"a1": find_topic(ABOUT), "a2": find_topic(ABOUT)})
    assert len(cluster_events(told, topics)) == 1
    elsewhere = replace(told[1], evidence=replace(told[1].evidence, article_id="a2"))
    assert len(cluster_events([told[0], elsewhere], topics)) == 2
