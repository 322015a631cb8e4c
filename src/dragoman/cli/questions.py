"""`dragoman ask`: the questions that people come with, a command each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dragoman.cli.base import DAY, echo_lines, format_option, open_record, record_option, window_options
from dragoman.cli.counting import asked_window
from dragoman.rows import counted
from dragoman.sides import find_side, known_bodies, party_name, side_code

if TYPE_CHECKING:
    from dragoman.groups import Side
    from dragoman.objects import Place
    from dragoman.ties import Window
    from dragoman.view import RecordView

F = TypeVar("F", bound=Callable[..., Any])
Row = dict[str, Any]
theme_option = click.option("--theme", help="cyber, trade, terrorism, energy ... or a PLOVER context.")


def question(command: F) -> F:
    """Adds what all questions share: --record, --since, --until, --format."""
    return record_option(window_options(format_option("table", "jsonl")(command)))


def window_of(view: RecordView, asked: dict[str, Any]) -> Window | None:
    """The window asked for; None where neither end was."""
    since, until = asked.pop("since"), asked.pop("until")
    return asked_window(view, since, until) if since or until else None


def code_of(name: str | None) -> str | None:
    return side_code(name) if name else None


def side_of(name: str | None) -> Side | None:
    """A side as `ties` takes them: also FRA+DEU, members:NATO, rest."""
    return find_side(name) if name else None


@click.group()
def ask() -> None:
    """Answers what people come with: pledges, meetings, agreements kept, sanctions in force, denials, positions.

    Pledges, threats, deeds, agreements and sanctions take sides as `ties` does: RUS, FRA+DEU, members:NATO, rest.

    Example: dragoman ask sanctions --record ./record USA RUS
    """


@ask.command()
@click.argument("a")
@click.argument("b", required=False)
@theme_option
@question
def pledges(a: str, b: str | None, record: Place, form: str, theme: str | None, **asked: Any) -> None:
    """What A pledged to B, by theme: agreements and concessions, words and not deeds.

    Example: dragoman ask pledges --record ./record CHN IDN --theme cyber
    """
    words_of("pledge", (a, b), record, form, theme=theme, **asked)


@ask.command()
@click.argument("a")
@click.argument("b", required=False)
@theme_option
@question
def threats(a: str, b: str | None, record: Place, form: str, theme: str | None, **asked: Any) -> None:
    """What A threatened B with, apart from what it did.

    Example: dragoman ask threats --record ./record PRK KOR
    """
    words_of("threat", (a, b), record, form, theme=theme, **asked)


@ask.command()
@click.argument("a")
@click.argument("b", required=False)
@theme_option
@question
def deeds(a: str, b: str | None, record: Place, form: str, theme: str | None, **asked: Any) -> None:
    """What A did to B, apart from words: material cooperation and conflict.

    Example: dragoman ask deeds --record ./record FRA DEU --theme environment
    """
    words_of("deed", (a, b), record, form, theme=theme, **asked)


def words_of(kind: Any, sides: tuple[str, str | None], record: Place, form: str, **asked: Any) -> None:
    from dragoman.questions import find_words

    view = open_record(record)
    window = window_of(view, asked)
    show_records(find_words(view, kind, *map(side_of, sides), theme=asked["theme"], window=window), form)


@ask.command()
@click.argument("theme")
@click.argument("a", required=False)
@click.argument("b", required=False)
@question
def about(theme: str, a: str | None, b: str | None, record: Place, form: str, **asked: Any) -> None:
    """Everything on a theme between A and B: happenings either way, and statements.

    Example: dragoman ask about --record ./record trade USA CHN
    """
    from dragoman.questions import find_by_theme

    view = open_record(record)
    window = window_of(view, asked)
    records, statements = find_by_theme(view, theme, code_of(a), code_of(b), window=window)
    show_records(records, form)
    show_statements(statements, form)


@ask.command()
@click.argument("a")
@click.argument("b")
@question
def meetings(a: str, b: str, record: Place, form: str, **asked: Any) -> None:
    """Meetings of two leaders, by name, with the sentences that name both.

    Example: dragoman ask meetings --record ./record "Xi Jinping" "Vladimir Putin"
    """
    from dragoman.questions import find_meetings

    view = open_record(record)
    window = window_of(view, asked)
    show_records(find_meetings(view, party_name(a), party_name(b), window=window), form)


@ask.command()
@click.argument("a", required=False)
@click.argument("b", required=False)
@theme_option
@click.option("--state", type=click.Choice(("pending", "kept", "broken")), help="Only these.")
@question
def agreements(a: str | None, b: str | None, record: Place, form: str, state: str | None, **asked: Any) -> None:
    """Agreements and concessions, and whether they were kept: what the same parties did on the same theme later.

    Pending means that nothing further was read, not that nothing happened.

    Example: dragoman ask agreements --record ./record CHN IDN --state kept
    """
    from dragoman.questions import find_agreements

    view = open_record(record)
    window = window_of(view, asked)
    found = find_agreements(view, side_of(a), side_of(b), theme=asked["theme"], window=window)
    found = [each for each in found if state in {None, each.state}]
    if form == "jsonl":
        echo_lines(each.to_row() for each in found)
        return
    for each in found:
        click.echo(f"{each.state:<8} {record_line(each.record)}")
        for row in each.followed_by[:3]:
            click.echo(f"         by {record_line(row)}")
    say_none(found)


@ask.command()
@click.argument("a", required=False)
@click.argument("b", required=False)
@click.option("--on", type=DAY, help="In force on this day; else all, with when they ended.")
@record_option
@format_option("table", "jsonl")
def sanctions(a: str | None, b: str | None, record: Place, form: str, on: date | None) -> None:
    """Sanctions of A against B: in force since when, and until when if they were eased.

    Example: dragoman ask sanctions --record ./record USA --on 2025-11-01
    """
    from dragoman.questions import find_sanctions

    found = find_sanctions(open_record(record), side_of(a), side_of(b), on=on)
    if form == "jsonl":
        echo_lines(each.to_row() for each in found)
        return
    for each in found:
        until = f"eased {each.until}" if each.until else "in force"
        number = counted(len(each.records), "happening")
        click.echo(f"{each.actor} against {each.recipient}: since {each.since}, {until}, {number}")
        click.echo(f"         {record_line(each.records[0])}")
    say_none(found)


@ask.command()
@click.argument("body", required=False)
@click.option("--list", "listed", is_flag=True, help="Name the bodies whose members are known.")
@click.option("--on", type=DAY, default=str(date.today()), show_default="today", help="Members of this day.")
@click.option("--ties", "inside", is_flag=True, help="And what passed among them in the window.")
@question
def members(body: str | None, listed: bool, on: date, inside: bool, record: Place, form: str, **asked: Any) -> None:
    """The members of a body on a day, and the ties among them.

    Example: dragoman ask members --record ./record ASEAN --on 2025-11-01 --ties
    """
    if listed:
        bodies = known_bodies()
        echo_lines({"body": each} for each in bodies) if form == "jsonl" else click.echo("\n".join(bodies))
        return
    if body is None:
        raise click.UsageError("name a body, as NATO; --list names those known")
    from dragoman.questions import find_members, find_ties_inside

    codes = find_members(body, on)
    pairs = []
    if inside:
        view = open_record(record)
        pairs = find_ties_inside(view, body, window_of(view, asked) or asked_window(view, None, None))
    if form == "jsonl":
        echo_lines([{"body": body, "on": on.isoformat(), "members": codes}, *(pair.to_row() for pair in pairs)])
        return
    click.echo(f"{len(codes)} members on {on}: {' '.join(codes)}")
    for pair in pairs:
        click.echo(f"  {pair.a}-{pair.b}  {counted(pair.happenings, 'happening')}, {pair.cooperation} of cooperation")


@ask.command()
@click.argument("a", required=False)
@click.argument("b", required=False)
@question
def denied(a: str | None, b: str | None, record: Place, form: str, **asked: Any) -> None:
    """What A did not do to B, and what A denied or left unsaid.

    Example: dragoman ask denied --record ./record PRK KOR
    """
    from dragoman.questions import find_unsaid

    view = open_record(record)
    window = window_of(view, asked)
    found = find_unsaid(view, code_of(a), code_of(b), window=window)
    show_records(found.records, form)
    show_statements(found.statements, form)


@ask.command()
@click.argument("a", required=False)
@click.option("--topic", help="Words in the topic.")
@question
def positions(a: str | None, record: Place, form: str, topic: str | None, **asked: Any) -> None:
    """What A claims or holds, where it is no event.

    Example: dragoman ask positions --record ./record CHN --topic Taiwan
    """
    from dragoman.questions import find_positions

    view = open_record(record)
    window = window_of(view, asked)
    show_statements(find_positions(view, party_name(a) if a else None, topic=topic, window=window), form)


def show_records(rows: Sequence[Row], form: str) -> None:
    if form == "jsonl":
        echo_lines({name: value for name, value in row.items() if name not in {"day", "last_day"}} for row in rows)
        return
    for row in rows:
        click.echo(record_line(row))
        for told in row.get("told", [])[:2]:
            click.echo(f"    {told['publisher'] or '?'}: {' '.join((told['sentence'] or '').split())}")
    say_none(rows)


def record_line(row: Row) -> str:
    """A happening in a line: day, who, what, to whom, theme, belief, id."""
    what = f"{row['event_type']}{'/' + row['mode'] if row['mode'] else ''}"
    about = f" ({', '.join(row['contexts'])})" if row["contexts"] else ""
    sides = f"{', '.join(row['actors'])} {what} {', '.join(row['recipients'])}".rstrip()
    return f"{row['date']}  {sides}{about}  belief {row['belief']:.2f}  {row['record_id']}"


def show_statements(rows: Sequence[Row], form: str, if_none: str = "no statement") -> None:
    """Prints statements: day, who, what is said; under it who printed it, where, and the statement's id."""
    if form == "jsonl":
        echo_lines(rows)
        return
    for row in rows:
        who = row["speaker"]["text"] if row["speaker"] else "?"
        click.echo(f"{row['published'] or '?'}  {who} {row['polarity']}: {' '.join(row['anchor']['text'].split())}")
        printed = [row["publisher"] or "?", row["url"] or row["doc"], row["statement_id"]]
        click.echo(f"    {'  '.join(part for part in printed if part)}")
    say_none(rows, if_none)


def say_none(rows: Sequence[object], what: str = "nothing found") -> None:
    if not rows:
        click.echo(what)


question_commands = [ask]
