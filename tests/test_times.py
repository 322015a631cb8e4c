"""Time expressions, their values, and the dates of events."""

from __future__ import annotations

import re
import time
from datetime import date
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.model import Article, FoundEvent, Span, Status
from dragoman.reader.sentences import split_article
from dragoman.times import Timeline, calendar, date_event, date_with_history, find_times, is_history
from dragoman.times.holidays import holiday_day, holiday_days

PUBLISHED = date(2025, 7, 9)  # a Wednesday


def make_article(text: str, *, title: str = "", published: date | None = PUBLISHED, url: str | None = None) -> Article:
    return Article(id="a", doc="a", title=title, text=text, published=published, url=url)


def values(text: str, published: date | None = PUBLISHED) -> list[str]:
    article = make_article(text, published=published)
    return [m.value for m in find_times(article, split_article(article))]


def found_event(
    article: Article, words: str, *, status: Status = "asserted", event_type: str = "CONSULT"
) -> FoundEvent:
    start = article.body.index(words)
    sentence = next(s for s in split_article(article) if s.start <= start < s.end)
    anchor = Span(start=start, end=start + len(words), text=words)
    return FoundEvent(sentence=sentence, anchor=anchor, event_type=event_type, status=status, confidence=1.0)


def dated(article: Article, words: str, *, status: Status = "asserted") -> tuple[str | None, str]:
    sentences = split_article(article)
    found = found_event(article, words, status=status)
    told = date_event(found, find_times(article, sentences), article, sentences)
    return told.value, told.basis


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("They met on Monday.", ["2025-07-07"]),
        ("They will meet on Monday.", ["2025-07-14"]),
        ("They met last Thursday.", ["2025-07-03"]),
        ("Police acted on Monday night.", ["2025-07-07"]),
        ("Police acted at 3 p.m. on Monday.", ["2025-07-07T15:00"]),
        ("The truce had been due to expire on Monday.", ["2025-07-07"]),
        ("The aid will be delivered on Monday, and fees are to be paid in January.", ["2025-07-14", "2026-01"]),
        ("Until Monday, they had not spoken.", ["2025-07-07"]),
        ("Envoys arrived ahead of Monday's vote.", ["2025-07-14"]),
        ("They met on Tuesday of last week.", ["2025-07-01"]),
        ("They met a week ago Tuesday.", ["2025-07-01"]),
        ("The talks of 3-5 July failed.", ["2025-07-03/2025-07-05"]),
        ("They met on 8.7.2025.", ["2025-07-08"]),
        ("The war of 2014-2016 and the 1991-95 war are over.", ["2014/2016", "1991/1995"]),
        ("It grew in the 2024/25 fiscal year.", ["2024/2025"]),
        ("Trade fell in Q1 2024 and in the first six months of 2023.", ["2024-Q1", "2023-H1"]),
        ("The envoy came on Wed., July 2, and left.", ["2025-07-02"]),
        ("They gathered on Eid al-Adha and on Lunar New Year.", ["2025-06-06", "2025-01-29"]),
        ("They fasted during Ramadan.", ["2025-03-01/2025-03-29"]),
        ("The strike came at dawn.", ["2025-07-09TMO"]),
        ("The firm earned $2 million, up from a year earlier.", ["2024-Q2"]),
        ("In the first quarter it earned 2; it had earned 1 a year ago.", ["2025-Q1", "2024-Q1"]),
        ("In the past, they met.", ["PAST_REF"]),
        ("He was shot at 10 p.m. as he stood by.", ["2025-07-09T22:00"]),
        ("The bridge is open from today through July 17.", ["2025-07-09", "2025-07-17"]),
        ("They met as recently as Monday.", ["PAST_REF", "2025-07-07"]),
        ("They may meet as soon as Monday.", ["2025-07-14"]),
        ("The law passed last fall in the lower house.", ["2024-FA"]),
        ("It came in May 2024. That same day, police acted.", ["2024-05", "2024-05-XX"]),
        ("It took a year.", ["P1Y"]),
        ("He spoke yesterday morning.", ["2025-07-08TMO"]),
        ("It came last week, and again last month.", ["2025-W27", "2025-06"]),
        ("The law passed in late February.", ["2025-02"]),
        ("He arrived on March 3.", ["2025-03-03"]),
        ("He arrived on Dec. 20.", ["2024-12-20"]),
        ("Talks will open on Jan. 14.", ["2026-01-14"]),
        ("He arrived on 24 February 2022.", ["2022-02-24"]),
        ("Talks ran on March 3-5, 2025.", ["2025-03-03/2025-03-05"]),
        ("The report of 2025-03-01 said so.", ["2025-03-01"]),
        ("The deal came in the third quarter of last year.", ["2024-Q3"]),
        ("Trade fell in the first half of 2020.", ["2020-H1"]),
        ("Exports grew in the late 1980s.", ["198"]),
        ("In fiscal 2024 the budget grew.", ["2024"]),
        ("It was signed two years ago.", ["2023"]),
        ("The nearly seven-month conflict goes on.", ["P7M"]),
        ("They talked for two and a half hours.", ["PT2H30M"]),
        ("The patrols are daily.", ["P1D"]),
        ("They meet every Friday.", ["XXXX-WXX-5"]),
        ("They met on Easter Monday.", ["2025-04-21"]),
        ("He was seized on Christmas Day.", ["2024-12-25"]),
        ("It began with the Feb. 24 invasion.", ["2022-02-24"]),
        ("He was taken in the Oct. 7 attack.", ["2023-10-07"]),
        ("He was elected in nineteen ninety-four.", ["1994"]),
        ("The firm earned 2 for the quarter and 1 in the quarter a year ago.", ["2025-Q2", "2024-Q2"]),
        ("Trade fell in the spring of 1990 and in fiscal 1990's second quarter.", ["1990-SP", "1990-Q2"]),
        ("It was the 1990s budget in the 1990's, and fiscal 2020's budget after.", ["199", "199", "2020"]),
        ("He spoke on Tuesday evening, and in the month of May.", ["2025-07-08TEV", "2025-05"]),
        ("It will open in December, and in coming years.", ["2025-12", "FUTURE_REF"]),
        ("They meet every morning and every other week.", ["XXXX-XX-XXTMO", "P2W"]),
        ("Trade rose 2% in May and 1% the month before.", ["2025-05", "2025-04"]),
        ("They plan for the future; in the future of the pact, they trust.", ["FUTURE_REF", "FUTURE_REF"]),
        ("It came at 0735 GMT.", ["2025-07-09T07:35"]),
        ("He will one day return.", ["FUTURE_REF"]),
        ("They met on Monday and left the next day.", ["2025-07-07", "2025-07-08"]),
        ("The visit was on May 2. The same day, police acted.", ["2025-05-02", "2025-05-02"]),
    ],
)
def test_values_count_from_publication_and_from_the_story(text: str, expected: list[str]) -> None:
    assert values(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "He may resign.",
        "They march on the capital.",
        "The six-year-old boy spoke.",
        "Some 2019 people came.",
        "It cost $2019.",
        "He came second.",
        "He met Jan Kavan, the envoy.",
        "It costs $2 a year.",
        "It is a matter of months.",
        "Output grows by 20% annually.",
        "The line is open 24 hours a day.",
        "The Daily Beast wrote of the Winter Olympics.",
        "Now, he says, they agree on the future of the pact.",
        "He was in his 40s on Flight 1990.",
        "Prices fall sharply.",
        "",
        "   ",
    ],
)
def test_what_is_no_calendar_time_is_not_found(text: str) -> None:
    assert values(text) == []


def test_a_day_that_the_calendar_lacks_is_no_day() -> None:
    assert values("They met on February 30.") == ["2025-02"]


def test_without_a_publication_day_nothing_is_invented() -> None:
    assert values("They met on Monday, in March, and in 2019.", None) == ["XXXX-WXX-1", "XXXX-03", "2019"]
    article = make_article("They met in the capital.", published=None)
    assert dated(article, "met")[0] is None


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("The ministers met on Monday, officials said Tuesday.", "met", "2025-07-07"),
        ("Rebels shelled the town in May, a report of 2019 notwithstanding.", "shelled", "2025-05"),
        ("The army attacked the port on July 1.", "attacked", "2025-07-01"),
        ("They signed the treaty in 2019.", "signed", "2019"),
        ("On the eve of the July 4 holiday, troops attacked the port.", "attacked", "2025-07-03"),
        ("Two days after the Oct. 7 attack, Israel declared war.", "declared", "2023-10-09"),
        ("Three days before the June 1 vote, police arrested the leader.", "arrested", "2025-05-29"),
        ("A day after Monday's vote, police arrested the leader.", "arrested", "2025-07-08"),
        ("Police clashed with crowds on Sunday. The same day, the army moved in.", "moved", "2025-07-06"),
        ("They gathered to mark the second anniversary of the attack on the town.", "attack", "2023"),
        ("They marked the 20th anniversary of the attack on the town.", "attack", "2005"),
        ("It came on Saturday, a day after the first anniversary of the invasion.", "invasion", "2024"),
        ("They applied in May 2022, three months after Russia invaded Ukraine.", "invaded", "2022-02"),
        ("Two years since the uprising, the president met his critics.", "uprising", "2023-07-09"),
        ("Russia, which annexed Crimea in 2014, shelled the city.", "annexed", "2014"),
        ("Since 2014, Russia has occupied the peninsula.", "occupied", "2014"),
        ("The minister said Tuesday that troops killed four people on Sunday.", "killed", "2025-07-06"),
        ("The minister accused rebels on Tuesday of an attack on Sunday.", "accused", "2025-07-08"),
        ("The minister accused rebels on Tuesday of an attack on Sunday.", "attack", "2025-07-06"),
        ("The army seized the town last week, officials said Tuesday.", "seized", "2025-06-30/2025-07-06"),
        ("Talks were held between July 3 and July 5.", "held", "2025-07-03/2025-07-05"),
    ],
)
def test_the_governing_expression_dates_an_event(text: str, words: str, expected: str) -> None:
    value, basis = dated(make_article(text), words)
    assert value == expected
    assert basis.startswith("told with the event")


def test_a_readers_mark_outweighs_the_nearest_expression() -> None:
    article = make_article("On Monday, after a raid on Sunday, the ministers met.")
    sentences = split_article(article)
    found = found_event(article, "met")
    start = article.body.index("Monday")
    marked = FoundEvent(
        sentence=found.sentence, anchor=found.anchor, event_type="CONSULT", status="asserted", confidence=1.0,
        times=(Span(start=start, end=start + 6, text="Monday"),),
    )  # fmt: skip
    assert date_event(marked, find_times(article, sentences), article, sentences).value == "2025-07-07"


def test_an_undated_event_takes_the_weaker_publication_basis() -> None:
    value, basis = dated(make_article("The ministers met in the capital."), "met")
    assert value == "2025-07-09"
    assert "weak" in basis


@pytest.mark.parametrize("status", ["future", "hypothetical", "historical"])
def test_no_day_is_invented_for_acts_to_come_and_for_background(status: Status) -> None:
    value, basis = dated(make_article("The ministers could meet."), "meet", status=status)
    assert value is None
    assert status in basis


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("Monday's summit will bring the leaders together.", "summit", "2025-07-14"),
        ("Leaders will meet in Busan at the end of November.", "will meet", "2025-11"),
    ],
)
def test_an_act_to_come_takes_the_day_ahead(text: str, words: str, expected: str) -> None:
    assert dated(make_article(text), words, status="future")[0] == expected


def test_an_old_war_named_beside_the_news_makes_no_history() -> None:
    article = make_article(
        "They agreed on a truce on Tuesday after the worst fighting since the war of 2020, an official said.\n\n"
        "The government said that forces from across the border shelled two towns with artillery."
    )
    sentences = split_article(article)
    found = found_event(article, "shelled", event_type="ASSAULT")
    assert is_history(found, find_times(article, sentences), article, sentences) is None


def test_an_old_date_of_another_clause_makes_no_history() -> None:
    assert dated(make_article("Russia, which annexed Crimea in 2014, shelled the city."), "shelled")[0] == "2025-07-09"


def test_the_same_day_needs_a_day_told() -> None:
    assert values("It began in 2011. On the very same day, rebels struck.") == ["2011"]


def test_the_storys_own_day_dates_an_undated_title() -> None:
    article = make_article("The ministers met in Paris on Sunday, their offices said.", title="Ministers meet in Paris")
    assert dated(article, "meet")[0] == "2025-07-06"


def test_an_anniversary_counts_back_from_publication() -> None:
    article = make_article("The city marks three years since the siege ended.", published=date(2025, 7, 9))
    assert dated(article, "siege ended", status="historical")[0] == "2022-07-09"


def test_background_has_a_reason_and_news_has_none() -> None:
    past = make_article("He was a minister in 2009, when rebels stormed the palace.")
    sentences = split_article(past)
    reason = is_history(
        found_event(past, "stormed", event_type="ASSAULT"), find_times(past, sentences), past, sentences
    )
    assert reason and "background" in reason
    news = make_article("Rebels stormed the palace on Monday.")
    sentences = split_article(news)
    found = found_event(news, "stormed", event_type="ASSAULT")
    assert is_history(found, find_times(news, sentences), news, sentences) is None


@pytest.mark.parametrize(
    ("text", "words", "is_lately"),
    [
        ("Tensions rose in May when the army rushed troops to the border.", "rushed troops", True),
        ("The army shelled the town on Monday.", "shelled the town", True),
        ("A court on Monday sentenced the man who shelled the town.", "shelled the town", False),
        ("The army shelled the town in 2019.", "shelled the town", False),
        ("The army shelled the town in January.", "shelled the town", False),
        ("The army shelled the town.", "shelled the town", False),
    ],
)
def test_a_date_of_late_told_with_an_event_makes_it_no_background(text: str, words: str, *, is_lately: bool) -> None:
    article = make_article(text)
    found = found_event(article, words, status="historical", event_type="ASSAULT")
    timeline = Timeline(find_times(article, split_article(article)), article)
    assert date_with_history(found, timeline).is_lately is is_lately


def test_the_day_in_an_address_is_read() -> None:
    article = make_article("Police acted.", url="https://news.example/2025/jul/07/police")
    assert dated(article, "acted")[0] in {"2025-07-07", "2025-07-08", "2025-07-09"}


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2022-W08-WE", "2022-02-26", "2022-02-27"),
        ("2024-WI", "2024-12-01", "2025-02-28"),
        ("198", "1980-01-01", "1989-12-31"),
        ("2025-03-03/2025-03-05", "2025-03-03", "2025-03-05"),
    ],
)
def test_values_span_days(value: str, first: str, last: str) -> None:
    days = calendar.days_of(value)
    assert days is not None
    assert (days[0].isoformat(), days[1].isoformat()) == (first, last)


@pytest.mark.parametrize(
    "value", ["PAST_REF", "P3D", "XXXX-03", "2025-02-30", "2025-W60", "0000", "a/b", "2025-01-02/2025-01-01"]
)
def test_what_spans_no_days_gives_none(value: str) -> None:
    assert calendar.days_of(value) is None


@given(
    st.dates(date(1, 1, 2), date(9999, 12, 30)),
    st.sampled_from(["D", "W", "M", "Q", "Y", "DE", "CE"]),
    st.integers(-500, 500),
)
def test_shifting_stays_in_the_calendar_or_says_so(day: date, unit: str, count: int) -> None:
    value = calendar.shift(day, unit, count)
    assert value is None or value


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("They met in the last week of October.", ["2024-W44"]),
        ("They vote on the first Sunday in May 2025.", ["2025-05-04"]),
        ("They met over the last weekend of October.", ["2024-W43-WE"]),
        ("It opened on the final day of August.", ["2024-08-31"]),
        ("It ran on April 24 and 25.", ["2024-04-24", "2024-04-25"]),
        ("On Feb. 5, 6 and 7 they met.", ["2024-02-05", "2024-02-06", "2024-02-07"]),
        ("On April 24 and 25 people died.", ["2024-04-24"]),
        ("It happened half a century ago.", ["1974"]),
        ("In the quarter ended July 31, profit rose from a year ago.", ["2024-Q2", "2024-07-31", "2023-Q2"]),
        ("Profit for nine months ended Sept. 30 rose from a year ago.", ["P9M", "2024-09-30", "2023"]),
        ("The ministers meet Monday in Paris.", ["2024-11-18"]),
        ("The poet wrote in the sixties and the mid-nineties.", ["196", "199"]),
        ("He was away for the past couple of months and the last year and a half.", ["P2M", "P1Y6M"]),
        ("It will last for the next three to five years.", ["P3Y"]),
        ("It fell in the latter half of 1989.", ["1989-H2"]),
        ("They speak at 6:30 tonight.", ["2024-11-14T18:30"]),
        ("They met on Nov. 3 and on the previous day.", ["2024-11-03", "2024-11-02"]),
        ("They met on Nov. 3. The night before, envoys had called.", ["2024-11-03", "2024-11-02TNI"]),
        ("The night before the raid he left.", []),
        ("On Nov. 3 it was more than the year before last.", ["2024-11-03", "2022"]),
        ("The project should be done by spring.", ["2025-SP"]),
        ("He left as planned on Monday.", ["2024-11-11"]),
        ("On Monday, when she set aside her travel plans, he wept.", ["2024-11-11"]),
        ("They did not confirm it until Monday.", ["2024-11-11"]),
        ("By Monday, it was over.", ["2024-11-11"]),
        ("By Monday, it will be over.", ["2024-11-18"]),
        ("Her statement Monday that talks would go on is new.", ["2024-11-11"]),
        ("Following Monday's talks, the two will work on a text.", ["2024-11-11"]),
        ("He found that four days were enough.", ["P4D"]),
        ("The group has more than 1500 members.", []),
        ("The week-old siege goes on.", []),
        ("USA TODAY wrote of the worst days of the war, and of calls from some quarters.", []),
        ("The vote is just days away.", ["PXD"]),
        ("The vice president plans to have dinner on Sunday with senators.", ["2024-11-17"]),
        ("The house has signaled that Monday's address will be long.", ["2024-11-18"]),
        ("The house has signaled that Monday's address was long.", ["2024-11-11"]),
        ("On the night of the raid he read China Daily; it was part of Foal Eagle 2013.", []),
        ("He signed the Good Friday Agreement, coming a day before the vote.", ["P1D"]),
        ("Just before Halloween, three men fled.", ["2024-10-31"]),
        ("The talks could last about three hours.", ["PT3H"]),
        ("It came in the weeks before the vote, which was denied for months after it.", ["PXM"]),
        ("They gave him a week to leave.", ["P1W"]),
        ("They will soon move.", ["FUTURE_REF"]),
        ("He left as soon as the court allowed it.", []),
        ("The recently passed law bans it.", []),
    ],
)
def test_days_and_weeks_of_months_and_periods_by_their_end(text: str, values: list[str]) -> None:
    article = make_article(text, published=date(2024, 11, 14))
    assert [mention.value for mention in find_times(article, split_article(article))] == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        # The publication day is a Thursday.
        ("Leaders will meet in Geneva on Wednesday.", ["2024-11-13"]),
        ("Leaders will meet in Geneva next Wednesday.", ["2024-11-20"]),
        ("Leaders will meet in Geneva on Tuesday.", ["2024-11-19"]),
        ("A summit on Friday in Geneva brings the two together.", ["2024-11-15"]),
        ("The army attacked the port on Friday.", ["2024-11-08"]),
        ("The parliament may vote Tuesday.", ["2024-11-19"]),
        ("The talks must end by Monday.", ["2024-11-18"]),
        ("It might rain in May, and he may not stay.", ["2025-05"]),
        ("The leaders are to sign the pact on Monday.", ["2024-11-18"]),
        ("The envoy was to arrive on Monday.", ["2024-11-18"]),
        ("The minister heads to Cairo on Saturday.", ["2024-11-16"]),
        ("The funeral is Monday.", ["2024-11-18"]),
        ("Marines raided a house before dawn Tuesday.", ["2024-11-12"]),
        ("They backed a plan for the region at a meeting on Monday.", ["2024-11-11"]),
        ("They published the plan that they agreed on Monday.", ["2024-11-11"]),
    ],
)
def test_which_way_a_weekday_lies(text: str, values: list[str]) -> None:
    article = make_article(text, published=date(2024, 11, 14))
    assert [mention.value for mention in find_times(article, split_article(article))] == values


def test_a_weekday_of_yesterday_dates_an_act_to_come() -> None:
    assert dated(make_article("The ministers will meet on Tuesday."), "will meet", status="future")[0] == "2025-07-08"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("It rained in March and April 2023.", ["2023-03", "2023-04"]),
        ("It rained from May 3 to June 5, 2023.", ["2023-05-03", "2023-06-05"]),
        ("It rained in March and April of last year.", ["2023-03", "2023-04"]),
        ("The attacks of May 3 and 4, 2023, killed ten.", ["2023-05-03", "2023-05-04", "2023"]),
        ("In March and 2023 reports they agreed.", ["2024-03", "2023"]),
        ("Output grew in the July-September quarter.", ["2024-Q3"]),
        ("Output grew in the February-June period of 2023.", ["2023-02/2023-06"]),
        ("Output grew in the first half.", ["2024-H1"]),
        ("The striker scored in the second half.", []),
        ("They met on April the 12th.", ["2024-04-12"]),
        ("In May the third round failed.", ["2024-05"]),
        ("An August poll and August's figures surprised them.", ["2024-08", "2024-08"]),
        ("Thousands joined a March for Justice.", []),
        ("The offer ends at midnight EST Nov. 29.", ["2024-11-29T24:00"]),
        ("Drones struck overnight on Nov. 9-10.", ["2024-11-09/2024-11-10"]),
        ("It began at 10:35 a.m. (0735 GMT) Tuesday.", ["2024-11-12T10:35", "2024-11-12"]),
        ("It began at 3 o'clock in the afternoon.", ["2024-11-14T15:00"]),
        ("They called the press at 4 a.m. (2000 GMT).", ["2024-11-14T04:00"]),
        ("Planes struck on Nov. 3 and, in the morning, again.", ["2024-11-03", "2024-11-03TMO"]),
        ("Two Fridays ago they met.", ["2024-11-01"]),
        ("They met the Saturday before last.", ["2024-11-02"]),
        ("They will meet a week from Monday.", ["2024-11-25"]),
        ("They will meet the week after next.", ["2024-W48"]),
        ("Twenty years ago today they signed; ten years ago this month they met.", ["2004-11-14", "2014-11"]),
        ("Two-and-a-half years ago they met.", ["2022-05"]),
        ("Claims fell in the week ended Oct. 26.", ["2024-W43", "2024-10-26"]),
        ("The war of the nineteen sixties is over.", ["196"]),
        ("The 2023 summer drought is over.", ["2023-SU"]),
    ],
)
def test_days_and_months_told_with_others(text: str, values: list[str]) -> None:
    article = make_article(text, published=date(2024, 11, 14))
    assert [mention.value for mention in find_times(article, split_article(article))] == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("It lasted two years and three months.", ["P2Y3M"]),
        ("It lasted 3 hours, 20 minutes and 5 seconds.", ["PT3H20M5S"]),
        ("It lasted three months and two years.", ["P3M", "P2Y"]),
        ("The weeklong visit and the month-long siege are over.", ["P1W", "P1M"]),
        ("He stays for another year; another day of storms came.", ["P1Y"]),
        ("It grew over the past half century and in the next half hour.", ["P50Y", "PT30M"]),
        ("They talked for hours; minutes later it was over.", ["PTXH", "PTXM"]),
        ("The shop's opening hours and the decades-old rule change.", []),
        ("Her family wants the truth 48 years later.", ["P48Y"]),
        ("It began in 2012; three days later it ended.", ["2012", "P3D"]),
        ("It began on May 2, 2012; three days later it ended.", ["2012-05-02", "2012-05-05"]),
    ],
)
def test_lengths_of_several_words(text: str, values: list[str]) -> None:
    article = make_article(text, published=date(2024, 11, 14))
    assert [mention.value for mention in find_times(article, split_article(article))] == values


PIECES = st.sampled_from(
    "Monday next last 2019 24 May the of , - . ' first quarter year two weeks ago 5 p.m. 99999999999 half a 's since "
    "Oct. 7 early fiscal 1980s '80s 3/14/2025 2025-13-45 century every twenty five ½ Ω 25:99".split()
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=40), st.sampled_from([None, PUBLISHED, date(1, 1, 1), date(9999, 12, 31)]))
def test_any_words_give_spans_that_equal_their_text(pieces: list[str], published: date | None) -> None:
    article = make_article(" ".join(pieces), published=published)
    last = 0
    for mention in find_times(article, split_article(article)):
        assert article.body[mention.start : mention.end] == mention.text
        assert mention.start >= last
        assert mention.value
        assert 0 < mention.confidence <= 1
        last = mention.end


HOSTILE = st.one_of(
    PIECES,
    st.text(max_size=12),
    st.text("0123456789/-:.,'’%$ ²½١９\u00a0\u200b\x00", max_size=16),
    st.sampled_from([
        "²",
        "١٩٩٠",
        "１９９０",
        "９/１１",
        "May ３１",
        "0",
        "00/00/0000",
        "24:00",
        "99999s",
        "0000",
        "'00s",
    ]),
)
TIMEX = re.compile(
    r"(?:P|PT)[0-9X.][0-9A-Z.]*|[0-9X]{1,4}(?:[-/T][0-9A-Z:./-]+)?|FY\d+|(?:PAST|PRESENT|FUTURE)_REF|T\d\d:\d\d"
)


@settings(max_examples=400, deadline=None)
@given(st.lists(HOSTILE, max_size=30), st.sampled_from([None, PUBLISHED, date(1, 1, 1), date(9999, 12, 31)]))
def test_hostile_strings_give_plain_values_or_nothing(pieces: list[str], published: date | None) -> None:
    article = make_article(" ".join(pieces), published=published)
    for mention in find_times(article, split_article(article)):
        assert article.body[mention.start : mention.end] == mention.text
        assert mention.value.isascii()
        assert TIMEX.match(mention.value)
        calendar.days_of(mention.value)


@pytest.mark.parametrize("text", ["It began in １９９０.", "It began in ١٩٩٠."])
def test_figures_of_other_scripts_give_plain_values(text: str) -> None:
    assert values(text) == ["1990"]


def test_time_grows_with_the_text_only() -> None:
    for piece in ("Monday ", "two ", "1 ", "the year ", "'", "a a a ", "May 3-"):
        article = make_article(piece * 5_000)
        begin = time.process_time()
        find_times(article, split_article(article))
        assert time.process_time() - begin < 3


def test_every_holiday_of_the_lexicon_has_a_day_in_every_year() -> None:
    """One mistyped rule ("05-1--1") once stopped whole runs at the first article that named Memorial Day."""
    rules = [
        line.split("\t")[2]
        for line in resources.files("dragoman.data").joinpath("times", "lexicon.tsv").read_text("utf8").splitlines()
        if line.count("\t") >= 2 and line.split("\t")[1] == "h"
    ]
    assert len(rules) > 30
    for rule in rules:
        for year in range(1990, 2031):
            # The Islamic year is shorter, and no day of Holi is known before 2001: a neighbour year has one.
            near = (holiday_days(rule, y) for y in ((year,) if ":" not in rule else (year, year + 1, year + 11)))
            assert any(near)
    assert holiday_day("05--1-1", 2025) == date(2025, 5, 26)


def test_the_dates_nearest_to_a_sentence_are_those_of_all_dates() -> None:
    text = " ".join(f"Talks were held on March {day}, 2022." for day in range(1, 20))
    article = Article(id="a", doc="a", title="", text=text, published=date(2022, 4, 1))
    sentences = split_article(article)
    times = find_times(article, sentences)
    timeline = Timeline(times, article)
    for sentence in sentences:
        inside, near = timeline.split(sentence)
        assert inside == [t for t in times if sentence.start <= t.start < sentence.end]
        others = sorted((t for t in times if t not in inside), key=lambda t: abs(t.start - sentence.start))
        assert near == others[:4]
        assert list(timeline.within(sentence)) == inside
        assert timeline.days_before(sentence) == [t for t in times if t.start < sentence.start]
