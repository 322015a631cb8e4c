"""Articles from reports: clean text, titles, authors, dates with their basis, encodings, language, limits."""

from __future__ import annotations

import json
import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.article import REASONS, article_line, extract_article
from dragoman.article.dates import read_date, read_url_date
from dragoman.article.encoding import decode_page, repair_mojibake, tidy_characters
from dragoman.article.furniture import drop_furniture, plain_words, split_paragraphs, split_title
from dragoman.article.language import identify_language, language_name
from dragoman.article.page import MAX_ELEMENTS, read_page
from dragoman.model import Article, Report, Skip

PROSE = (
    "The foreign ministers of the two countries met in the capital on Tuesday and agreed to reopen their embassies.",
    "A spokesman said that the talks had been useful and that both sides would continue them next month in Geneva.",
    "The opposition criticised the agreement because it does not mention the border dispute between the neighbours.",
)
BODY = "\n".join(f"<p>{paragraph}</p>" for paragraph in PROSE)


def page_report(content: str | bytes, **fields: object) -> Report:
    raw = content if isinstance(content, bytes) else content.encode()
    return Report(location="a.html", kind="html", content=raw, **fields)  # type: ignore[arg-type]


def make_page(head: str = "", body: str = BODY, top: str = "<h1>Ministers agree to reopen embassies</h1>") -> str:
    return f"<!DOCTYPE html><html><head>{head}</head><body><article>{top}\n{body}</article></body></html>"


def read(report: Report) -> Article:
    article = extract_article(report)
    assert isinstance(article, Article), article
    return article


def refuse(report: Report) -> Skip:
    skip = extract_article(report)
    assert isinstance(skip, Skip), skip
    assert skip.stage == "article"
    assert skip.reason in REASONS
    return skip


# Article lines -------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    title=st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200),
)
def test_the_characters_of_a_line_are_never_touched(title: str, text: str) -> None:
    found = extract_article(Report(location="a:1", kind="line", fields={"title": title, "text": text}))
    if isinstance(found, Article):
        assert found.body == (f"{title}\n\n{text}" if title else text)


def test_a_line_keeps_its_name_and_its_day() -> None:
    fields = {"doc": "hl_1", "text": "They met.", "url": "https://a.example/1", "authors": ["Courier Desk", 3]}
    report = Report(
        location="a:1", kind="line", fields=fields, url="https://a.example/1", published=date(2022, 9, 20),
        published_basis="line",
    )  # fmt: skip
    article = read(report)
    assert (article.doc, article.published, article.published_basis) == ("hl_1", date(2022, 9, 20), "line")
    assert article.authors == ("Courier Desk",)


def test_extract_prints_lines_that_read_back_as_the_same_article() -> None:
    article = read(page_report(make_page(), url="https://a.example/1"))
    line = json.loads(json.dumps(article_line(article)))
    again = read(Report(location="b:1", kind="line", fields=line, url=line["url"]))
    assert (again.id, again.body, again.fingerprint) == (article.id, article.body, article.fingerprint)
    assert {"title", "text", "published", "authors", "language", "url"} <= set(line)


def test_ids_tell_address_and_body_fingerprints_tell_words() -> None:
    first = read(page_report(make_page(), url="https://a.example/1"))
    moved = read(page_report(make_page(), url="https://b.example/2"))
    assert first.id != moved.id
    assert first.fingerprint == moved.fingerprint
    long = " ".join(PROSE)
    copies = [read(Report(location="a", kind="line", fields={"title": title, "text": long})) for title in ("A", "B")]
    assert copies[0].fingerprint == copies[1].fingerprint
    short = [read(Report(location="a", kind="line", fields={"title": t, "text": "Live updates."})) for t in ("A", "B")]
    assert short[0].fingerprint != short[1].fingerprint


# Pages ---------------------------------------------------------------------------------------------------------------


def test_the_text_of_a_page_is_its_report_alone() -> None:
    furniture = """<div>Share this: <a href="#">Facebook</a></div><p>Advertisement</p>
        <h3>Leave a Reply</h3><p>Your email address will not be published. Required fields are marked *</p>"""
    page = make_page("<title>Ministers agree to reopen embassies</title>", f"{BODY}{furniture}")
    article = read(page_report(page))
    assert article.text == "\n\n".join(PROSE)
    assert article.title == "Ministers agree to reopen embassies"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('<meta property="og:title" content="Ministers agree to reopen embassies | The Courier">', None),
        ('<meta property="og:title" content="Ministers agree to reopen...">', None),
        ("<title>Ministers agree to reopen embassies - The Courier</title>", None),
        (
            '<meta property="og:title" content="Envoys to return &amp; flags to rise">',
            "Envoys to return & flags to rise",
        ),
        (
            '<script type="application/ld+json">{"@type":"NewsArticle","headline":"Envoys return"}</script>',
            "Envoys return",
        ),
        ('<script type="application/ld+json">{broken</script>', None),
    ],
)
def test_titles(head: str, expected: str | None) -> None:
    assert read(page_report(make_page(head))).title == (expected or "Ministers agree to reopen embassies")


def test_the_outlet_is_no_part_of_the_title() -> None:
    head = (
        '<meta property="og:site_name" content="The Courier">'
        '<meta property="og:title" content="Envoys to return - The Courier">'
    )
    assert read(page_report(make_page(head, top=""))).title == "Envoys to return"


JSON_LD = '<script type="application/ld+json">%s</script>'


@pytest.mark.parametrize(
    ("head", "top", "url", "expected"),
    [
        (JSON_LD % '{"@type":"NewsArticle","datePublished":"2022-09-20T23:30:00-04:00"}', "", None, "json-ld"),
        (JSON_LD % '{"@graph":[{"@type":["Article"],"datePublished":"2022-09-20"}]}', "", None, "json-ld"),
        ('<meta property="article:published_time" content="2022-09-20T06:00:00Z">', "", None, "meta"),
        ('<meta name="pubdate" content="20 Sep 2022">', "", None, "meta"),
        ("", '<span itemprop="datePublished" content="2022-09-20">Tuesday</span>', None, "microdata"),
        ("", '<time datetime="2022-09-20T10:00">20 September</time>', None, "time"),
        ("", "", "https://courier.example/2022/09/20/talks", "url"),
        ("", "<p>Tuesday, 20 September 2022</p>", None, "text"),
    ],
)
def test_the_day_of_a_page_has_its_basis(head: str, top: str, url: str | None, expected: str) -> None:
    article = read(page_report(make_page(head, top=top), url=url))
    assert (article.published, article.published_basis) == (date(2022, 9, 20), expected)


def test_no_day_is_made_up() -> None:
    article = read(page_report(make_page(), url="https://courier.example/talks"))
    assert (article.published, article.published_basis) == (None, None)


def test_a_given_day_wins_over_a_guess() -> None:
    report = page_report(
        make_page(), published=date(2022, 1, 2), published_basis="given", url="https://a.example/2022/09/20/x"
    )
    assert (read(report).published, read(report).published_basis) == (date(2022, 1, 2), "given")


@pytest.mark.parametrize(
    ("head", "authors"),
    [
        (JSON_LD % '{"@type":"NewsArticle","author":{"@type":"Person","name":"A. Writer"}}', ("A. Writer",)),
        (JSON_LD % '{"@type":"NewsArticle","author":[{"name":"A. Writer"},"B. Editor"]}', ("A. Writer", "B. Editor")),
        ('<meta name="author" content="By A. Writer and B. Editor">', ("A. Writer", "B. Editor")),
        ('<meta name="author" content="https://courier.example/authors/1">', ()),
    ],
)
def test_authors(head: str, authors: tuple[str, ...]) -> None:
    assert read(page_report(make_page(head))).authors == authors


def test_a_page_tells_its_own_address_and_outlet() -> None:
    article = read(page_report(make_page('<link rel="canonical" href="https://www.courier.example/talks">')))
    assert (article.url, article.publisher) == ("https://www.courier.example/talks", "courier.example")


# Plain texts and feed items ------------------------------------------------------------------------------------------


def test_a_plain_text_loses_its_repeated_title_and_comment_form() -> None:
    text = f"Talks held\n\nTalks held\n\n{PROSE[0]}\n\n{PROSE[1]}\n\n\nLeave a Reply\n\nRequired fields are marked *"
    article = read(Report(location="a.txt", kind="text", content=text.encode()))
    assert (article.title, article.text) == ("Talks held", f"{PROSE[0]}\n\n{PROSE[1]}")


def test_wrapped_lines_are_joined_and_menus_are_not() -> None:
    wrapped = (
        "The ministers of the two countries met in the capital on\nTuesday and agreed to reopen their embassies\nsoon."
    )
    assert split_paragraphs(wrapped) == [wrapped.replace("\n", " ")]
    assert split_paragraphs("Home\nNews\nSport") == ["Home", "News", "Sport"]


@pytest.mark.parametrize(
    ("paragraphs", "title"),
    [(["Talks held", PROSE[0]], "Talks held"), ([PROSE[0], PROSE[1]], ""), (["Talks held"], ""), ([], "")],
)
def test_first_line_as_title(paragraphs: list[str], title: str) -> None:
    assert split_title(paragraphs)[0] == title


def test_a_feed_item_is_read_from_its_markup() -> None:
    fields = {
        "title": "Talks &amp; tea",
        "html": f"<p>{PROSE[0]}</p><p>{PROSE[1]}</p><script>x()</script><p><a href='#'>Continue reading</a></p>",
        "authors": ("Courier Desk",),
    }
    article = read(Report(location="f#1", kind="feed-item", fields=fields, url="https://a.example/1"))
    assert (article.title, article.text) == ("Talks & tea", f"{PROSE[0]}\n\n{PROSE[1]}")
    assert article.authors == ("Courier Desk",)


def test_a_feed_item_may_be_a_headline_alone() -> None:
    article = read(Report(location="f#1", kind="feed-item", fields={"title": "Truce signed", "html": ""}))
    assert article.body == "Truce signed\n\n"


# Furniture -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "Share this:",
        "Click to share on Twitter (Opens in new window)",
        "We use cookies to make this site work. By continuing you accept them.",
        "Advertisement",
        "READ MORE: How a quarrel shut two embassies",
        "The Courier. All rights reserved.",
        "Read next",
        "12 min read",
        "By Courier Desk",
        "Published: 19:31, 10 March 2023",
        "Tuesday, 20 September 2022",
        "World",
    ],
)
def test_furniture_goes(line: str) -> None:
    assert drop_furniture([line, *PROSE], []) == list(PROSE)


@pytest.mark.parametrize(
    "line",
    [
        "By contrast, the north accepted the terms.",
        "Share prices fell after the attack, the bank said.",
        "Read more carefully, the treaty says nothing of the kind, the minister said.",
        "Printing presses were seized on Tuesday.",
        "“Leave the city,” the general said.",
        "Subscribe to the treaty or leave, the president said.",
    ],
)
def test_sentences_stay(line: str) -> None:
    assert line in drop_furniture([line, *PROSE], [])


def test_what_follows_a_comment_form_goes() -> None:
    assert drop_furniture([*PROSE, "Leave a Reply", "I agree with the minister."], []) == list(PROSE)


@given(paragraphs=st.lists(st.text(max_size=60), max_size=12), title=st.text(max_size=30))
def test_paragraphs_are_kept_whole_and_in_order_or_go(paragraphs: list[str], title: str) -> None:
    kept = drop_furniture(paragraphs, [title])
    rest = iter(paragraphs)
    assert all(paragraph in rest for paragraph in kept)
    assert drop_furniture([*PROSE, *kept], [title])[:3] == list(PROSE)


# Encodings -----------------------------------------------------------------------------------------------------------

WORDS = "“Zürich’s café” – 5 €"


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        (WORDS.encode(), None),
        (WORDS.encode(), "iso-8859-1"),
        (b'<meta charset="latin-1">' + WORDS.encode(), None),
        (WORDS.encode("cp1252"), None),
        (WORDS.encode("cp1252"), "ISO-8859-1"),
        (WORDS.encode("cp1252"), "no-such-charset"),
        (WORDS.encode("cp1252"), "hex"),
        (b'<meta charset="windows-1252">' + WORDS.encode("cp1252"), None),
        (WORDS.encode("utf-8-sig"), None),
        (WORDS.encode("utf-16"), None),
        ("éé".encode() + WORDS.encode("cp1252")[:1] + WORDS.encode()[3:], "utf-8"),
    ],
)
def test_pages_are_decoded_whatever_they_declare(content: bytes, charset: str | None) -> None:
    assert decode_page(content, charset).endswith(WORDS[1:])


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("Itâ€™s â€œnewâ€\x9d", "It’s “new”"),
        ("SÃ£o TomÃ©", "São Tomé"),
        ("â‚¬5 â€“ â€¦", "€5 – …"),
        ("São Tomé, Â£5", "São Tomé, £5"),
        ("Å ibenik", "Å ibenik"),
        ("naïve café", "naïve café"),
        ("NESCAFÉ® „groß“ déterminé”\u00a0", "NESCAFÉ® „groß“ déterminé”\u00a0"),
        ("", ""),
    ],
)
def test_mojibake_is_repaired(wrong: str, right: str) -> None:
    assert repair_mojibake(wrong) == right


@given(text=st.text(max_size=80))
def test_plain_text_of_one_language_survives_repair(text: str) -> None:
    ascii_only = text.encode("ascii", "ignore").decode()
    assert repair_mojibake(ascii_only) == ascii_only


@given(text=st.text(max_size=200))
def test_tidying_twice_changes_nothing_more(text: str) -> None:
    once = tidy_characters(text)
    assert not set(once) & {"\x00", "\u00a0", "\u200b", "\ufeff"}
    if repair_mojibake(once) == once:
        assert tidy_characters(once) == once


@given(
    content=st.binary(max_size=300), charset=st.sampled_from([None, "utf-8", "utf-16", "gbk", "hex", "zlib", "idna"])
)
def test_any_bytes_can_be_decoded(content: bytes, charset: str | None) -> None:
    decode_page(content, charset).encode()


# Dates ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-09-20T23:40:00-04:00", date(2022, 9, 20)),
        ("2022-09-20 23:40:00+00:00", date(2022, 9, 20)),
        ("20220920", date(2022, 9, 20)),
        ("20220920T101500", date(2022, 9, 20)),
        ("Tue, 20 Sep 2022 10:00:00 GMT", date(2022, 9, 20)),
        ("September 20th, 2022", date(2022, 9, 20)),
        ("Sept. 20, 2022 at 9 a.m.", date(2022, 9, 20)),
        ("20.09.2022", date(2022, 9, 20)),
        ("2022/9/20", date(2022, 9, 20)),
        ("31 February 2022", None),
        ("1 May 1897", None),
        ("12 October 2931", None),
        ("yesterday", None),
        ("", None),
        ("9" * 5000, None),
    ],
)
def test_dates_are_read_in_their_usual_forms(text: str, expected: date | None) -> None:
    assert read_date(text) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/2022/09/20/talks", date(2022, 9, 20)),
        ("https://a.example/world/2022/sep/20/talks", date(2022, 9, 20)),
        ("https://a.example/talks-2022-09-20.html", date(2022, 9, 20)),
        ("https://a.example/20220920/talks", date(2022, 9, 20)),
        ("https://a.example/2022/13/45/talks", None),
        ("https://a.example/talks-1234567", None),
        ("", None),
    ],
)
def test_dates_are_read_from_addresses(url: str, expected: date | None) -> None:
    assert read_url_date(url) == expected


@given(text=st.text(max_size=200))
def test_any_text_is_a_plausible_day_or_none(text: str) -> None:
    day = read_date(text)
    assert day is None or day.year >= 1990


# Language ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Der Außenminister traf am Dienstag seinen Amtskollegen in der Hauptstadt, und beide Seiten einigten sich "
         "darauf, die Botschaften wieder zu öffnen.", "German"),
        ("Le ministre des affaires étrangères a rencontré mardi son homologue dans la capitale, et les deux parties "
         "ont décidé de rouvrir leurs ambassades.", "French"),
        ("Министр иностранных дел встретился во вторник со своим коллегой в столице, и стороны договорились открыть "
         "посольства.", "Russian"),
        ("Переговоры прошли успешно", "Russian"),
        ("Bundeskanzler Merz trifft Trump in Washington", "German"),
        ("La Russie attaque l'Ukraine", "French"),
        ("El gobierno anuncia nuevas medidas", "Spanish"),
        ("Rosja atakuje Ukrainę", "Polish"),
        ("التقى وزير الخارجية نظيره في العاصمة", "Arabic"),
        ("两国外长周二在首都会晤并同意重开大使馆", "Chinese"),
    ],
)  # fmt: skip
def test_other_languages_are_refused_by_name(text: str, language: str) -> None:
    skip = refuse(Report(location="a:1", kind="line", fields={"text": text}))
    assert (skip.reason, skip.detail) == ("not-english", f"in {language}")


@pytest.mark.parametrize(
    "text",
    [
        "Xi Jinping meets Vladimir Putin in Samarkand",
        "Macron, Scholz, Draghi visit Kyiv",
        "Your daily horoscope: October 24, 2025",
        "Talks held.",
        "Russia attacks Ukraine",
        "Iran bombs Israel",
        "Hamas frees hostages",
        "Deutsche Bahn strike ends",
        "Louvre closed",
        "Kaczyński slams Tusk",
        "Støre meets Zelensky",
        "Indonesia bans Temu",
        "Solingen attacker jailed",
        "Van der Bellen warns",
        "Marcelo Rebelo de Sousa dissolves parliament",
        "12345 !!!",
        "Ex-French President Nicolas Sarkozy heads to jail in blaze of media",
        " ".join(PROSE),
    ],
)
def test_english_is_read_however_short(text: str) -> None:
    assert identify_language(text) == "en"


def test_an_unknown_code_names_itself() -> None:
    assert language_name("zz") == "zz"


# Limits --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no-text"),
        (b"<!-- nothing -->", "no-text"),
        (b"<html></html>", "no-text"),
        (b"\x00\x00\x00", "no-text"),
        (b"<div>" * 100_000 + " ".join(PROSE).encode(), "nested-too-deep"),
        (b"<div>" * 100_000 + " ".join(PROSE).encode() + b"</div>" * 100_000, "nested-too-deep"),
        (b"<p>a" * (MAX_ELEMENTS + 1), "too-many-elements"),
        (b'<script type="application/ld+json">' + b"[" * 300_000 + b"</script>", "no-text"),
    ],
)
def test_pages_that_hold_no_article_are_refused_in_time(content: bytes, reason: str) -> None:
    start = time.monotonic()
    assert refuse(page_report(content)).reason == reason
    assert time.monotonic() - start < 5


def test_a_title_without_end_is_no_title() -> None:
    page = make_page(f"<title>{'x ' * 100_000}</title>", top="")
    assert len(read(page_report(page)).title) < 1000


@settings(max_examples=60, deadline=None)
@given(pieces=st.lists(st.sampled_from([
    "<p>", "</p>", "<div>", "</div>", "<table>", "<tr><td>", "<h1>", "<time datetime='x'>",
    "<script type='application/ld+json'>", "</script>", "{\"@type\":\"Article\",\"author\":[{}]}",
    "<meta name=author content='&#0;'>",
    "<!--", "-->", "&", "<![CDATA[", "\x00", "\ud7ff", "é", PROSE[0], "2022-09-20",
    "<link rel=canonical href='http://['>", "<base href='::'>", "<html lang>",
]), max_size=40))  # fmt: skip
def test_any_markup_ends_in_an_article_or_a_skip(pieces: list[str]) -> None:
    found = extract_article(page_report("".join(pieces)))
    assert isinstance(found, Article | Skip)


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=300), kind=st.sampled_from(["html", "text"]))
def test_any_bytes_end_in_an_article_or_a_skip(content: bytes, kind: str) -> None:
    found = extract_article(Report(location="a", kind=kind, content=content))  # type: ignore[arg-type]
    if isinstance(found, Article):
        found.body.encode()


def test_reading_a_page_twice_gives_the_same() -> None:
    page = make_page()
    assert read_page(page, None) == read_page(page, None)


def test_plain_words() -> None:
    assert plain_words("Leave a Reply: “It’s now!”") == "leave a reply it's now"


@pytest.mark.parametrize("stray", ["\x01", "\x0b", "\x1f", "\uffff", "&#1;", "&#x1f;", "&#00011;", "&#xFFFF;", "&#2"])
def test_control_characters_do_not_stop_extraction(stray: str) -> None:
    """The parser lets them into its tree, on which the extractor then fails; found by scripts/hostile.py."""
    words = "Envoys of Chad and Niger met in the capital on Monday and agreed to open the border again."
    body = f"<div><time>10 March 2023</time>ned. {words}{stray} {words}</p><p>{words}</p></div>"
    page = f"<<<!DOCTYPE html><html><body>{body}"
    article = extract_article(Report(location="page", kind="html", content=page.encode()))
    assert isinstance(article, Article)
    assert "open the border again." in article.text
    assert not any(ord(letter) < 32 and letter != "\n" for letter in article.text)
