"""Commands that ask a record: events, records, ties, statements, serve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dragoman.cli.base import confidence_option, echo_lines, format_option, open_record, record_option, window_options
from dragoman.codebook import load_codebook
from dragoman.model import STATUSES
from dragoman.sides import expanded_members, party_name, side_code

limit_option = click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many."
)
as_of_option = click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="As the record stood on that day.")
type_option = click.option("--type", "event_type", help="A PLOVER type, as ASSAULT.")
status_option = click.option("--status", type=click.Choice(STATUSES))


expand_option = click.option(
    "--expand", "expanded", multiple=True, metavar="BODY",
    help="Also count BODY's members, by membership on the day (NATO, 'European Union'); may be repeated.",
)  # fmt: skip


def known_type(name: str | None) -> str | None:
    """Gives the type's own spelling; an unknown one ends with the nearest suggested."""
    return load_codebook().event_type(name).name if name else None


def asked_record(path: Path, as_of: Any) -> Any:
    store = open_record(path)
    return store.as_of(as_of.date()) if as_of else store


@click.command()
@record_option
@click.option("--actor", help="A code (ISR), with sector (ISRMIL), an identifier or a name.")
@click.option("--recipient", help="Likewise, of the other side.")
@type_option
@status_option
@window_options
@click.option("--text", help="Words in the sentence.")
@confidence_option
@expand_option
@limit_option
@as_of_option
@format_option("table", "jsonl")
def events(record: Path, event_type: str | None, form: str, as_of: Any, **wanted: Any) -> None:
    """Lists the events of a record with their sentences and links.

    Example: dragoman events --record ./record --actor ISR --type ASSAULT --since 2025-06-01
    """
    wanted |= {side: wanted[side] and party_name(wanted[side]) for side in ("actor", "recipient")}
    wanted["members"] = expanded_members(wanted.pop("expanded"), (wanted["actor"], wanted["recipient"]))
    rows = asked_record(record, as_of).events(event_type=known_type(event_type), **wanted)
    if form == "jsonl":
        echo_lines(rows)
    else:
        print_rows("print_events", rows, wanted["limit"], links=True)


@click.command()
@record_option
@click.option("--id", "record_id", help="A record's id, or one it bore before.")
@click.option("--actor", help="A code, as RUS.")
@click.option("--recipient", help="Likewise, of the other side.")
@type_option
@status_option
@window_options
@limit_option
@as_of_option
@format_option("table", "jsonl")
def records(record: Path, event_type: str | None, form: str, as_of: Any, **wanted: Any) -> None:
    """Lists the merged happenings of a record: who reports them, how sure they are.

    Example: dragoman records --record ./record --actor RUS --recipient UKR
    """
    wanted |= {side: wanted[side] and side_code(wanted[side]) for side in ("actor", "recipient")}
    view, record_id = asked_record(record, as_of), wanted.pop("record_id")
    if record_id:
        rows = [row for row in [view.record(record_id)] if row]
    else:
        rows = view.records(event_type=known_type(event_type), **wanted)
    if form == "jsonl":
        echo_lines(rows)
    else:
        print_rows("print_records", rows, wanted["limit"])


@click.command()
@click.argument("a")
@click.argument("b")
@record_option
@window_options
@click.option("--by", type=click.Choice(("day", "week", "month")), default="month", show_default=True)
@click.option("--undirected", is_flag=True, help="Pool what both sides did.")
@click.option("--turns", is_flag=True, help="Mark where the tie turned, and the happenings that turned it.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw it: FILE.svg, .png or .html.")
@expand_option
@as_of_option
@format_option("table", "jsonl")
def ties(a: str, b: str, record: Path, form: str, as_of: Any, **wanted: Any) -> None:
    """Shows the tie between two sides as a series: counts by quad class, intensity, level.

    Example: dragoman ties --record ./record RUS UKR --by week --plot tie.svg

    Example: dragoman ties --record ./record NATO RUS --expand NATO
    """
    view = asked_record(record, as_of)
    plot, with_turns, directed = wanted.pop("plot"), wanted.pop("turns"), not wanted.pop("undirected")
    sides = (side_code(a), side_code(b))
    wanted["members"] = expanded_members(wanted.pop("expanded"), sides)
    rows = view.ties(*sides, directed=directed, turns=with_turns, **wanted)
    if form == "jsonl":
        echo_lines(rows)
    elif rows:
        print_rows("tie_table", rows, None)
        for row in rows:
            for turn in row.get("turns", []):
                click.echo(turn_line(row, turn))
    else:
        click.echo(f"nothing between {sides[0]} and {sides[1]} in that window")
    if plot:
        from dragoman.plots import plot_tie

        for series in view.tie_series(*sides, directed=False, **wanted):
            click.echo(f"wrote {plot_tie(series, plot)}", err=True)


def turn_line(row: dict[str, Any], turn: dict[str, Any]) -> str:
    """Says of a turn: when, which way, how sure, and which happenings made it."""
    way = "warmer" if turn["size"] > 0 else "colder"
    happenings = ", ".join(turn["records"][:5]) or "none"
    return (
        f"turn {turn['date']} {row['actor']} → {row['recipient']}: {way} by {abs(turn['size']):.2f} a day read "
        f"(confidence {turn['confidence']:.2f}), happenings: {happenings}"
    )


@click.command()
@record_option
@click.option("--speaker")
@click.option("--addressee")
@click.option("--topic")
@format_option("table", "jsonl")
def statements(record: Path, speaker: str | None, addressee: str | None, topic: str | None, form: str) -> None:
    """Lists claims and positions that are no event: who holds what, and what was left unsaid.

    Example: dragoman statements --record ./record --speaker CHN --topic Taiwan
    """
    sides = {"speaker": speaker and party_name(speaker), "addressee": addressee and party_name(addressee)}
    rows = open_record(record).statements(**sides, topic=topic)
    if form == "jsonl":
        echo_lines(rows)
        return
    for row in rows:
        who = row["speaker"]["text"] if row["speaker"] else "?"
        click.echo(f"{row['published'] or '?'}  {who} {row['polarity']}: {row['anchor']['text']}")


def print_rows(table: str, rows: list[dict[str, Any]], limit: int | None, **options: Any) -> None:
    """Prints rows as a table of `show`, and says where the limit cut them."""
    from dragoman.cli import show

    out = show.console()
    shown = getattr(show, table)(rows, **options)
    if shown is not None:
        out.print(shown)
    if not rows:
        out.print("[dim]nothing found[/]")
    elif limit and len(rows) == limit:
        out.print(f"[dim]the first {limit}; --limit N shows more[/]")


@click.command()
@record_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--name", "hosts", multiple=True, help="A host name under which the site is reached, beside localhost.")
@click.option(
    "--owner-token", envvar="DRAGOMAN_OWNER_TOKEN", help="Opens /owner, where replies are moderated (or the variable)."
)
def serve(record: Path, host: str, port: int, hosts: tuple[str, ...], owner_token: str | None) -> None:
    """Serves the record as pages and JSON.

    Example: dragoman serve --record ./record --port 8000
    """
    from dragoman.web import serve_record

    store = open_record(record)
    click.echo(f"serving {record} at http://{host}:{port}/ (Ctrl+C ends it)", err=True)
    serve_record(store, host=host, port=port, owner_token=owner_token, hosts=hosts)


asking_commands = [events, records, ties, statements, serve]
