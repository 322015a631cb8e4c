"""What the terminal shows: events with their words, record rows, tie rows. Whatever a page may carry is escaped."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dragoman.codebook import QUADS
from dragoman.rows import event_row

if TYPE_CHECKING:
    from dragoman.coder import Coded

QUAD_STYLES = {1: "green", 2: "bold green", 3: "yellow", 4: "bold red"}
MARKS = {
    "asserted": "",
    "negated": "did not happen",
    "future": "to come",
    "hypothetical": "hypothetical",
    "historical": "historical",
}


# Where the output is no terminal (a pipe, a log), lines are this wide.
PIPE_WIDTH = 110


def console() -> Console:
    """Gives a console as wide as the terminal; in a pipe, wide enough for a headline."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def print_article(coded: Coded, *, why: bool = False) -> None:
    """Prints an article's title and date, and its events with their words."""
    out = console()
    article = coded.article
    day = f"{article.published} ({article.published_basis})" if article.published else "no date known"
    out.print(f"\n[bold]{escape(article.title or article.doc)}[/]  [dim]{escape(article.publisher or '')} {day}[/]")
    if not coded.all_events:
        out.print("[dim]  no event found[/]")
    else:
        print_events([event_row(e) for e in coded.all_events], why=why)
    if why:
        for skip in coded.skips:
            out.print(f"[dim]  {escape(skip.location)}: {escape(skip.reason)} ({escape(skip.detail)})[/]")
        if coded.silent:
            places = " ".join(f"[{sentence.start}:{sentence.end}]" for sentence in coded.silent)
            told = f"{article.location or article.doc}: no event (read, and nothing likely enough found in {places})"
            out.print(f"[dim]  {escape(told)}[/]")


def print_own_type(row: Mapping[str, Any]) -> None:
    """Prints how well an own type is told: its figures, and what was judged wrongly when it was left out."""
    out = console()
    told = "coded" if row["is_coded"] else "[red]not coded[/]"
    pairs = f"likelier than a counterexample in {row['apart']:.0%} of pairs"
    out.print(f"[bold]{row['event_type']}[/]  {told}; an example is {pairs}")
    for what in ("examples", "counterexamples"):
        figures = row[what]
        out.print(f"  {figures['right']} of {figures['number']} {what} right when left out")
        for wrong in figures["wrong"]:
            out.print(Padding(Text(f"wrong: {wrong['sentence']} [{wrong['anchor']}]"), (0, 0, 0, 4)))
    if row["unseen"]:
        out.print(f"  {row['unseen']} examples would not be looked at, but for their own words: add more with these")
    if row["parties"]["marked"]:
        out.print(f"  {row['parties']['found']} of {row['parties']['marked']} marked parties found by the reader")


def print_events(rows: Iterable[Mapping[str, Any]], *, why: bool = False, links: bool = False) -> None:
    """Prints events: day, who, what, to whom; under it the sentence that says so, with the anchor in bold."""
    out = console()
    for row in rows:
        out.print(Text.from_markup(headline(row)), overflow="fold")
        for line in evidence_lines(row, why=why, links=links):
            out.print(Padding(Text.from_markup(line), (0, 0, 0, 12)))


def headline(row: Mapping[str, Any]) -> str:
    """Gives the line of an event: `2022-02-24  Russia RUS  ASSAULT  Ukraine UKR  earlier, in Ukraine`."""
    style = QUAD_STYLES.get(row["quad"], "cyan")
    mode = f"/{row['mode']}" if row["mode"] else ""
    told = [f"confidence {row['confidence']:.2f}", MARKS[row["status"]]]
    if row.get("place"):
        told.append(f"in {row['place']['text']}")
    if row.get("attributed_to"):
        told.append(f"says {row['attributed_to']['text']}")
    side = parties(row["recipients"])
    return (
        f"[bold]{row['date'] or '?':<11}[/] {parties(row['actors']) or '[dim]somebody[/]'}  "
        f"[{style}]{row['event_type']}{escape(mode)}[/]  {side}{'  ' if side else ''}"
        f"[cyan]{escape(', '.join(filter(None, told)))}[/]"
    )


def evidence_lines(row: Mapping[str, Any], *, why: bool, links: bool) -> Iterator[str]:
    yield f"[dim]{marked_sentence(row)}[/]"
    if links and row.get("url"):
        yield f"[blue]{escape(row['url'])}[/]"
    if why:
        yield f"[dim]why: {escape(row['basis'])}; confidence {row['confidence']:.2f}[/]"
        yield f"[dim]date: {escape(row['date_basis'])}[/]"
        for party in (*row["actors"], *row["recipients"]):
            yield f"[dim]{escape(party['text'])}: {escape(party.get('basis') or '')}[/]"


def marked_sentence(row: Mapping[str, Any]) -> str:
    """Gives the sentence with its anchor in bold."""
    sentence, anchor = row["sentence"], row["anchor"]
    text = sentence["text"]
    start, end = anchor["start"] - sentence["start"], anchor["end"] - sentence["start"]
    return f"{escape(text[:start])}[/][bold]{escape(text[start:end])}[/][dim]{escape(text[end:])}"


def parties(found: Sequence[Mapping[str, Any]]) -> str:
    """Gives each party's words with its code and first sector, escaped."""
    told = dict.fromkeys(f"{p['text']} ({' '.join([p['code'] or '?', *p['sectors'][:1]])})" for p in found)
    return escape(", ".join(told))


def print_records(rows: Iterable[Mapping[str, Any]]) -> None:
    """Prints happenings, a line each: day, who, what, to whom; how sure, how many independent voices, its id."""
    out = console()
    for row in rows:
        voices, reports = row.get("voices", 1), len(row["events"])
        told = f"{voices} voice{'s' if voices != 1 else ''} in {reports} sentence{'s' if reports != 1 else ''}"
        sides = escape(", ".join(row["actors"])) or "[dim]somebody[/]", escape(", ".join(row["recipients"]))
        out.print(
            f"[bold]{row['date'] or '?':<11}[/] {sides[0]}  {happening(row)}  {sides[1]}{'  ' if sides[1] else ''}"
            f"[dim]belief {row['belief']:.2f}, {told}, {row['record_id']}[/]"
        )


def happening(row: Mapping[str, Any]) -> str:
    mark = f" ({MARKS[row['status']]})" if MARKS[row["status"]] else ""
    mode = f"/{row['mode']}" if row["mode"] else ""
    return f"[{QUAD_STYLES.get(row['quad'], 'cyan')}]{row['event_type']}{escape(mode)}[/]{mark}"


QUAD_HEADS = {quad: f"Q{quad}" for quad in QUADS}


def tie_table(rows: Iterable[Mapping[str, Any]]) -> Table:
    """Gives a table of tie rows: counts by quad class, mean intensity, level; what was not read is left empty."""
    legend = ", ".join(f"Q{quad} {name}" for quad, name in QUADS.items())
    table = Table(pad_edge=False, padding=(0, 1), header_style="dim", box=None, caption=legend, caption_justify="left")
    for name in ("since", "direction", *QUAD_HEADS.values(), "intensity", "level", "read"):
        table.add_column(name, justify="left" if name in {"since", "direction"} else "right", no_wrap=True)
    for row in rows:
        counts = [str(row["quads"][str(q)] or "·") if row["covered"] else "" for q in QUAD_HEADS]
        way = f"{row['actor']}→{row['recipient']}"
        read = f"{row['covered']:.0%}" if row["covered"] else "unread"
        table.add_row(row["since"], way, *counts, number(row["intensity"]), number(row["level"]), read)
    return table


def number(value: float | None) -> str:
    return "" if value is None else f"{value:+.1f}"
