"""Commands that ask a record: events, records, ties, statements, serve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dragoman.cli.alerting import make_sender, sending_options
from dragoman.cli.base import (
    DAY,
    PICTURE,
    confidence_option,
    echo_lines,
    format_option,
    open_record,
    plot_option,
    record_option,
    scale_option,
    window_options,
)
from dragoman.cli.questions import show_statements
from dragoman.codebook import load_codebook
from dragoman.errors import QueryError
from dragoman.model import STATUSES
from dragoman.rows import counted
from dragoman.sides import expanded_members, expanded_sides, find_side, party_name, side_code

# Happenings printed on either side of a turn; the rows (--format jsonl) list all.
HAPPENINGS_OF_A_TURN = 5

limit_option = click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many."
)
newest_option = click.option("--newest", is_flag=True, help="The newest first, instead of the oldest.")

if TYPE_CHECKING:
    from dragoman.objects import Place
as_of_option = click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="As the record stood on that day.")
type_option = click.option("--type", "event_type", help="A PLOVER type, as ASSAULT, or an own type of the record.")
status_option = click.option("--status", type=click.Choice(STATUSES))


expand_option = click.option(
    "--expand", "expanded", multiple=True, metavar="BODY",
    help="Also count BODY's members, by membership on the day (NATO, 'European Union'); may be repeated.",
)  # fmt: skip


def say_belief(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    """Leads who asks a happening for an event's confidence to what a happening has."""
    if value is not None:
        raise click.UsageError("happenings have a belief, events a confidence: say --min-belief, or ask `events`", ctx)


def known_type(name: str | None, view: Any) -> str | None:
    """Gives the type's own spelling, a PLOVER type's or an own type's of a record; an unknown one ends with a hint."""
    if not name:
        return None
    own = {row["event_type"] for row in view.own_types()} - load_codebook().types.keys()
    return name.upper() if name.upper() in own else load_codebook().event_type(name).name


def is_plover(event_type: str | None) -> bool:
    return event_type is None or event_type in load_codebook().types


def asked_record(place: Place, as_of: Any) -> Any:
    store = open_record(place)
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
@newest_option
@limit_option
@as_of_option
@format_option("table", "jsonl")
def events(record: Place, event_type: str | None, form: str, as_of: Any, **wanted: Any) -> None:
    """Lists the events of a record with their sentences and links.

    Example: dragoman events --record ./record --actor ISR --type ASSAULT --since 2025-06-01
    """
    wanted |= {side: wanted[side] and party_name(wanted[side]) for side in ("actor", "recipient")}
    wanted["members"] = expanded_members(wanted.pop("expanded"), (wanted["actor"], wanted["recipient"]))
    view = asked_record(record, as_of)
    rows = view.events(event_type=known_type(event_type, view), **wanted)
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
@click.option("--min-belief", type=click.FloatRange(0, 1), help="Only happenings believed at least so much.")
@click.option("--min-confidence", hidden=True, expose_value=False, callback=say_belief)
@newest_option
@limit_option
@as_of_option
@format_option("table", "jsonl")
def records(record: Place, event_type: str | None, form: str, as_of: Any, **wanted: Any) -> None:
    """Lists the merged happenings of a record: who reports them, how sure they are.

    Example: dragoman records --record ./record --actor RUS --recipient UKR
    """
    wanted |= {side: wanted[side] and side_code(wanted[side]) for side in ("actor", "recipient")}
    view, record_id = asked_record(record, as_of), wanted.pop("record_id")
    if record_id:
        rows = [row for row in [view.record(record_id)] if row]
    else:
        kind = known_type(event_type, view)
        rows = view.records(event_type=kind, **wanted) if is_plover(kind) else view.own_records(kind, **wanted)
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
@click.option("--explain", type=DAY, help="Open the period of this day: its happenings and their sentences.")
@click.option(
    "--half-life",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    help="Days after which a happening weighs half as much in the level.",
)
@scale_option
@plot_option
@click.option("--calendar", type=PICTURE, help="Draw the days as a calendar instead: FILE.svg, .png, .pdf or .html.")
@expand_option
@as_of_option
@format_option("table", "jsonl")
def ties(a: str, b: str, record: Place, form: str, as_of: Any, **wanted: Any) -> None:
    """Shows the tie between two sides as a series: counts by quad class, intensity, level.

    A side is a state or body (RUS, "Saudi Arabia"), several together (FRA+DEU), the members of a body
    (members:NATO), or everybody else (rest).

    \b
    Example:
      dragoman ties --record ./record RUS UKR --by week --plot tie.svg
      dragoman ties --record ./record members:NATO rest --turns
      dragoman ties --record ./record NATO RUS --expand NATO
    """
    view = asked_record(record, as_of)
    pictures, explain = (wanted.pop("plot"), wanted.pop("calendar")), wanted.pop("explain")
    with_turns, directed = wanted.pop("turns"), not wanted.pop("undirected")
    sides = expanded_sides((find_side(a), find_side(b)), wanted.pop("expanded"), (a, b))
    found = view.ties(*sides, directed=directed, turns=with_turns, **wanted)
    if explain:
        print_explanation(found.explain(explain), form)
    elif form == "jsonl":
        echo_lines(found)
    elif found:
        print_rows("tie_table", found, None)
        for turn in found.turns if with_turns else ():
            print_turn(found, turn)
        if with_turns and not found.turns:
            click.echo("no turn found")
    else:
        click.echo(f"nothing between {a} and {b} in that window")
    draw_ties(view, sides, pictures, wanted)


def draw_ties(view: Any, sides: Any, pictures: tuple[Path | None, Path | None], wanted: dict[str, Any]) -> None:
    """Draws the series, and the calendar of its days, where a file is named for it; both directions pooled."""
    from dragoman import plots

    series, calendar = pictures
    if any(pictures) and not view.tie_series(*sides, directed=False, **wanted):
        raise QueryError("nothing to draw: nothing was read and nothing passed in that window")
    if series:
        for each in view.tie_series(*sides, directed=False, **wanted):
            click.echo(f"wrote {plots.plot_tie(each, series)}", err=True)
    if calendar:
        for each in view.tie_series(*sides, directed=False, **{**wanted, "by": "day"}):
            click.echo(f"wrote {plots.plot_calendar(each, calendar)}", err=True)


def print_explanation(explanation: Any, form: str) -> None:
    if form == "jsonl":
        echo_lines(explanation.happenings)
    else:
        click.echo(str(explanation))


def print_turn(found: Any, turn: Any) -> None:
    """Says of a turn: when, which way, how sure, and which happenings stopped and began with it."""
    from dragoman.dyads import happening_lines

    way = "warmer" if turn.size > 0 else "colder"
    click.echo(f"turn {turn.day}: {way} by {abs(turn.size):.2f} a day read (confidence {turn.confidence:.3f})")
    for heading, rows in zip(("before", "after"), found.happenings_of(turn), strict=True):
        click.echo(f"  {heading}: {counted(len(rows), 'happening')}")
        for row in rows[:HAPPENINGS_OF_A_TURN]:
            for line in happening_lines(row):
                click.echo(f"  {line}")


@click.command()
@record_option
@click.option("--speaker", help="Who says it: a code (CHN), an identifier or a name.")
@click.option("--addressee", help="Likewise, whom it is said to or about.")
@click.option("--topic", help="Words in the topic.")
@click.option("--since", type=DAY, help="Published from this day on.")
@click.option("--until", type=DAY, help="Published before this day.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many; without it, all.")
@format_option("table", "jsonl")
def statements(record: Place, form: str, **wanted: Any) -> None:
    """Lists claims and positions that are no event: who holds what, and what was left unsaid.

    Example: dragoman statements --record ./record --speaker CHN --topic Taiwan
    """
    wanted |= {side: wanted[side] and party_name(wanted[side]) for side in ("speaker", "addressee")}
    rows = open_record(record).statements(**wanted)
    show_statements(rows, form, "nothing found")
    if form == "table" and wanted["limit"] == len(rows):
        click.echo(f"the first {len(rows)}; --limit N shows more")


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
@sending_options
@click.option("--metrics", is_flag=True, help="Tell Prometheus at /metrics, to whoever reaches the site.")
def serve(
    record: Place,
    host: str,
    port: int,
    hosts: tuple[str, ...],
    owner_token: str | None,
    metrics: bool,
    **sending: Any,
) -> None:
    """Serves the record as pages and JSON.

    Example: dragoman serve --record ./record --port 8000
    """
    from dragoman.web import listen, serve_record

    store = open_record(record)
    listener = listen(host, port)
    port = listener.getsockname()[1]
    click.echo(f"serving {record} at http://{host}:{port}/ (Ctrl+C ends it)", err=True)
    sending["site_url"] = sending["site_url"] or f"http://{host}:{port}"
    sender = make_sender(**sending)
    serve_record(store, host=host, port=listener, owner_token=owner_token, hosts=hosts, sender=sender, metrics=metrics)


@click.command()
@record_option
def mcp(record: Place) -> None:
    """Answers language-model agents about a record, over standard input and output (Model Context Protocol).

    Needs the extra: pip install 'dragoman[mcp]'. A running `dragoman serve` answers the same at /mcp.

    Example: dragoman mcp --record ./record
    """
    from dragoman.web.background import Background
    from dragoman.web.queries import PageView

    open_record(record)
    view = PageView.of(record)
    server = _agent_server(view)
    with Background(view) as beside:
        beside.start(view.index_words)
        server.run("stdio")


def _agent_server(view: Any) -> Any:
    import importlib.util

    if importlib.util.find_spec("mcp") is None:
        raise QueryError("the Model Context Protocol needs an extra: pip install 'dragoman[mcp]'")
    from dragoman.web.agents import make_agent_server

    return make_agent_server(view)


asking_commands = [events, records, ties, statements, serve, mcp]
