"""Commands for whoever counts: panel, sample, network, unusual, changes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dragoman.cli.base import (
    PICTURE,
    echo_lines,
    format_option,
    open_record,
    plot_option,
    record_option,
    scale_option,
    window_options,
    with_progress,
)
from dragoman.errors import QueryError
from dragoman.groups import MEMBERS
from dragoman.model import STATUSES
from dragoman.rows import counted
from dragoman.sides import members_of, side_code

if TYPE_CHECKING:
    from dragoman.objects import Place
    from dragoman.ties import Window
    from dragoman.view import RecordView

FILE = click.Path(dir_okay=False, path_type=Path)
least_option = click.option("--least", type=click.IntRange(min=1), default=3, show_default=True,
                            help="Leave out pairs with fewer happenings.")  # fmt: skip
limit_option = click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)


def asked_window(view: RecordView, since: date | None, until: date | None, by: Any = "month") -> Window:
    """The window asked for; what is left open reaches as far as anything was read."""
    from dragoman.ties import Window

    read = sorted(view.articles_by_day())
    if not read and not (since and until):
        raise QueryError("nothing was read yet: name the window with --since and --until")
    first, last = since or read[0], until or read[-1] + timedelta(days=1)
    return Window(since=first, until=last, by=by)


def asked_sides(words: str | None, day: date) -> list[str] | None:
    """Codes from `RUS,CHN` or `members:NATO`; `all` is every state; nothing means those the record saw."""
    from dragoman.countries import load_countries

    if not words:
        return None
    if words == "all":
        return sorted(load_countries())
    if words.lower().startswith(MEMBERS):
        return members_of(words[len(MEMBERS) :]).codes_on(day)
    return [side_code(word.strip()) for word in words.split(",") if word.strip()]


@click.command()
@click.argument("file", type=FILE, required=False)
@record_option
@window_options
@click.option("--by", type=click.Choice(("day", "week", "month")), default="month", show_default=True)
@click.option("--sides", help="RUS,CHN,USA, or members:NATO, or all; else all states that the record saw.")
@click.option("--undirected", is_flag=True, help="One row for two sides, what is mutual counted once.")
@scale_option
@click.option("--columns", is_flag=True, help="Say what each column holds and where it comes from.")
def panel(file: Path | None, record: Place, since: date | None, until: date | None, **wanted: Any) -> None:
    """Writes all dyads by period to FILE.csv or FILE.parquet: counts with zeros, coverage, COW, GW and ISO codes.

    A period in which nothing was read has blanks, not zeros.

    Example: dragoman panel --record ./record --by week --sides members:NATO panel.csv
    """
    from dragoman.panel import SIDES_AT_ONCE, check_panel_path, panel_columns, panel_parts, write_panel

    if wanted.pop("columns"):
        for column in panel_columns():
            click.echo(f"{column['column']:<16} {column['kind']:<6} {column['meaning']} ({column['source']})")
        return
    if file is None:
        raise click.UsageError("name the file to write: FILE.csv or FILE.parquet")
    check_panel_path(file)
    view = open_record(record)
    window = asked_window(view, since, until, wanted["by"])
    parts = panel_parts(
        view, window, sides=asked_sides(wanted["sides"], window.since), directed=not wanted["undirected"],
        scale=wanted["scale"],
    )  # fmt: skip
    rows = write_panel(with_progress(parts, f"parts of {SIDES_AT_ONCE} sides"), file)
    click.echo(f"wrote {file}: {rows:,} rows, {window.since} to {window.until} by {window.by}")


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@record_option
@click.option("--number", type=click.IntRange(min=1), default=200, show_default=True, help="Events to draw.")
@click.option("--by", type=click.Choice(("none", "type", "quad", "status", "confidence", "month")), default="none",
              show_default=True, help="Draw equally many of each.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed draws the same events.")
@click.option("--status", type=click.Choice(STATUSES), help="Only events of this status.")
@click.option("--min-confidence", type=click.FloatRange(0, 1), default=0.0, help="Only events at least so sure.")
@window_options
@click.option("--judge", is_flag=True, help="Read the sheets and print precision with its interval.")
@format_option("table", "jsonl")
def sample(files: tuple[Path, ...], record: Place, judge: bool, form: str, **wanted: Any) -> None:
    """Draws a coding sheet for people, or (--judge) turns their verdicts into precision with an interval.

    Open the sheet in a spreadsheet and write yes, no or unsure into the last columns. Give each judge a copy.

    \b
    Example:
      dragoman sample --record ./record --number 200 --by type sheet.csv
      dragoman sample --judge sheet-anna.csv sheet-ben.csv
    """
    if judge:
        judge_sheets(files, form)
        return
    if len(files) > 1:
        raise click.UsageError("name one sheet to draw; --judge reads several")
    from dragoman.sample import draw_sample, write_sheet

    view = open_record(record)
    since, until = wanted.pop("since"), wanted.pop("until")
    window = asked_window(view, since, until) if since or until else None
    rows = draw_sample(view, wanted.pop("number"), window=window, **wanted)
    click.echo(f"wrote {write_sheet(rows, files[0])}: {len(rows)} events to judge")


def judge_sheets(files: tuple[Path, ...], form: str) -> None:
    """Prints precision by field and stratum, and how far the judges agree."""
    from dragoman.sample import measure_agreement, measure_precision, read_sheet

    sheets = {file.name: read_sheet(file) for file in files}
    precisions, agreements = measure_precision(list(sheets.values())), measure_agreement(sheets)
    if form == "jsonl":
        echo_lines(asdict(each) for each in precisions)
        echo_lines(asdict(pair) for pair in agreements)
        return
    if not precisions:
        click.echo("no verdict stands in these sheets yet")
    for each in precisions:
        share = "?" if each.precision is None else f"{each.precision:.2f}"
        told = f"{each.right} of {each.judged}, unsure {each.unsure}"
        click.echo(f"{each.field:<16} {each.stratum:<20} {share}  95 %: {each.low:.2f} to {each.high:.2f}  ({told})")
    for pair in agreements:
        kappa = "none" if pair.kappa is None else f"{pair.kappa:.2f}"
        judges = " and ".join(pair.judges)
        click.echo(f"{pair.field:<16} {judges}: alike {pair.alike:.2f}, kappa {kappa} ({pair.both} judged by both)")


@click.command()
@record_option
@window_options
@click.option("--parties", type=click.IntRange(2, 200), default=40, show_default=True, help="The busiest so many.")
@click.option("--least", type=click.IntRange(min=1), default=1, show_default=True, help="Happenings that make a tie.")
@scale_option
@plot_option
@click.option(
    "--heat", type=PICTURE, help="Draw who did what to whom as a table in colour: FILE.svg, .png, .pdf or .html."
)
@format_option("table", "jsonl")
def network(record: Place, since: date | None, until: date | None, form: str, **wanted: Any) -> None:
    """Shows who moves with whom in a window: communities of cooperation, brokers between them, the busiest pairs.

    Example: dragoman network --record ./record --since 2025-06-01 --until 2025-09-01 --plot network.svg
    """
    from dragoman.neighbourhood import build_network, find_arrows

    view = open_record(record)
    window = asked_window(view, since, until)
    plot, heat = wanted.pop("plot"), wanted.pop("heat")
    found = build_network(view, window, **wanted)
    if form == "jsonl":
        echo_lines(found.to_rows())
    else:
        print_network(found)
    span = f"{window.since} to {window.until}"
    if plot:
        from dragoman.plots import plot_network

        rows = [node.to_row() for node in found.nodes], [edge.to_row() for edge in found.edges]
        click.echo(f"wrote {plot_network(*rows, plot, title=f'Ties from {span}')}", err=True)
    if heat:
        from dragoman.plots import plot_heat

        arrows = find_arrows(view, window, parties=min(30, wanted["parties"]), scale=wanted["scale"])
        click.echo(f"wrote {plot_heat(arrows, heat, title=f'Who did what to whom, {span}')}", err=True)


def print_network(found: Any) -> None:
    click.echo(f"communities of cooperation (modularity {found.modularity:.2f}):")
    for number, members in enumerate(found.communities, start=1):
        click.echo(f"  {number}  {' '.join(members)}")
    click.echo("brokers (share of shortest ways through them, spread over communities):")
    for node in found.brokers[:10]:
        click.echo(f"  {node.party}  {node.brokerage:.2f}  {node.reach:.2f}")
    click.echo("busiest pairs (happenings, of these cooperation, mean score):")
    for pair in found.edges[:15]:
        click.echo(f"  {pair.a}-{pair.b}  {pair.happenings}  {pair.cooperation}  {pair.intensity:+.1f}")


@click.command()
@record_option
@window_options
@least_option
@limit_option
@format_option("table", "jsonl")
def unusual(record: Place, since: date | None, until: date | None, least: int, limit: int, form: str) -> None:
    """Lists pairs that deal with each other more than their sizes and their past would lead one to expect.

    Without a window: the last thirty days that were read.

    Example: dragoman unusual --record ./record --since 2025-11-01 --until 2025-12-01
    """
    from dragoman.neighbourhood import find_unusual

    view = open_record(record)
    whole = asked_window(view, since, until)
    window = whole if since else asked_window(view, max(whole.since, whole.until - timedelta(days=30)), whole.until)
    found = find_unusual(view, window, least=least)[:limit]
    if form == "jsonl":
        echo_lines(each.to_row() for each in found)
        return
    click.echo(f"{window.since} to {window.until}: {len(found)} unusual pairs")
    for each in found:
        pair = each.pair
        click.echo(
            f"  {pair.a}-{pair.b}  {counted(pair.happenings, 'happening')} ({pair.intensity:+.1f}), expected "
            f"{each.expected:.1f} by their sizes and {each.before:.1f} by their past; chance {each.chance:.1g}"
        )


@click.command()
@record_option
@window_options
@click.option("--way", type=click.Choice(("both", "warming", "cooling", "all")), default="both", show_default=True,
              help="all: also changes within what chance allows.")  # fmt: skip
@click.option("--before", type=str, help="The window to compare with, as 2025-01-01/2025-04-01; else the first half.")
@least_option
@limit_option
@scale_option
@format_option("table", "jsonl")
def changes(record: Place, since: date | None, until: date | None, way: str, before: str | None, **wanted: Any) -> None:
    """Ranks the pairs that warmed and cooled between two windows, with how sure each change is.

    Without --before, the window is cut in two halves; without a window, the last 180 days that were read.

    \b
    Example:
      dragoman changes --record ./record --since 2025-05-01 --until 2025-11-01
      dragoman changes --record ./record --before 2025-05-01/2025-06-01 --since 2025-10-01 --until 2025-11-01
    """
    from dragoman.neighbourhood import compare_windows, halves, rank_changes

    view = open_record(record)
    form, limit = wanted.pop("form"), wanted.pop("limit")
    windows = (read_window(before), asked_window(view, since, until)) if before else halves(view, since, until)
    if way == "all":
        found = {"changed": compare_windows(view, *windows, **wanted)}
    else:
        warming, cooling = rank_changes(view, *windows, **wanted)
        found = {name: rows for name, rows in (("warming", warming), ("cooling", cooling)) if way in {"both", name}}
    if form == "jsonl":
        echo_lines({"way": name, **each.to_row()} for name, rows in found.items() for each in rows[:limit])
        return
    click.echo(" against ".join(f"{window.since} to {window.until}" for window in windows))
    for name, rows in found.items():
        click.echo(f"{name}: {len(rows)} pairs")
        for each in rows[:limit]:
            click.echo(change_line(each))


def change_line(each: Any) -> str:
    """A change in words: the pair, the size, both levels, how many standard deviations, how many happenings."""
    numbers = f"{each.before.happenings} and {each.after.happenings} happenings"
    return (
        f"  {each.after.a}-{each.after.b}  {each.size:+.2f} a day read ({each.level_before:+.2f} to "
        f"{each.level_after:+.2f}, z {each.z:+.1f}, {numbers})"
    )


def read_window(text: str) -> Window:
    """A window written as two days with a slash between them."""
    from dragoman.ties import Window

    try:
        since, until = (date.fromisoformat(day) for day in text.split("/"))
    except ValueError as error:
        raise QueryError(f"{text!r} is no window: write it as 2025-01-01/2025-04-01") from error
    return Window(since=since, until=until)


counting_commands = [panel, sample, network, unusual, changes]
