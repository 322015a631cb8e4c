"""The command that compares two states of a record, two records, or two coders: diff."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from dragoman.cli.base import DAY, RECORD_PLACE, echo_lines, format_option, open_record, record_option
from dragoman.cli.correcting import told

if TYPE_CHECKING:
    from dragoman.differences import Difference
    from dragoman.objects import Place

MARKS = {"added": "+", "removed": "-", "changed": "~"}


@click.command()
@record_option
@click.option("--from", "since", type=DAY, help="Compare the record as it stood at the end of this day ...")
@click.option("--to", "until", type=DAY, help="... with how it stood at the end of this day (else: now).")
@click.option("--with", "other", type=RECORD_PLACE, help="Compare with another record, the newer one.")
@click.option("--coders", nargs=2, metavar="OLD NEW", help="Compare what two coders read in the same articles.")
@click.option("--what", type=click.Choice(("all", "events", "happenings")), default="all", show_default=True)
@click.option("--limit", type=click.IntRange(min=0), default=50, show_default=True, help="At most so many in a table.")
@format_option("table", "jsonl")
def diff(record: Place, what: str, limit: int, form: str, **wanted: Any) -> None:
    """Compares two states of a record: events and happenings added, removed and changed.

    \b
    Example: dragoman diff --record ./record --from 2025-06-01 --to 2025-07-01
    dragoman diff --record ./older --with ./newer --format jsonl
    dragoman diff --record ./record --coders dragoman-0.1.0/reader-1 dragoman-0.2.0/reader-2
    """
    found = (one for one in differences(record, **wanted) if what in {"all", f"{one.what}s"})
    if form == "jsonl":
        echo_lines(one.to_row() for one in found)
    else:
        tell(found, limit)


def differences(
    record: Place, *, since: date | None, until: date | None, other: Place | None, coders: tuple[str, str] | None
) -> Iterator[Difference]:
    """Gives the differences that the options ask for; exactly one kind of comparison must be named."""
    from dragoman.differences import compare_coders, compare_states

    if sum(one is not None for one in (since, other, coders)) != 1:
        raise click.UsageError("say what to compare with: --from DAY, --with RECORD or --coders OLD NEW")
    if until is not None and since is None:
        raise click.UsageError("--to belongs to --from")
    store = open_record(record)
    if coders:
        return compare_coders(store, *coders)
    if other:
        return compare_states(store, open_record(other))
    old = store.as_of(since) if since else store
    return compare_states(old, store.as_of(until) if until else store)


def tell(found: Iterable[Difference], limit: int) -> None:
    """Prints a line for each difference up to the limit, and the counts of all."""
    counts: Counter[tuple[str, str]] = Counter()
    for one in found:
        counts[one.what, one.change] += 1
        if sum(counts.values()) <= limit:
            click.echo(line(one))
    if sum(counts.values()) > limit > 0:
        click.echo(f"the first {limit}; --limit N shows more")
    for what in ("event", "happening"):
        numbers = ", ".join(f"{counts[what, change]} {change}" for change in MARKS)
        click.echo(f"{what}s: {numbers}")


def line(one: Difference) -> str:
    """Says of a difference what it is, and of a changed one what was and is."""
    row = one.new or one.old or {}
    name = row.get("event_id") or row.get("record_id")
    sides = " → ".join(told(row[side]) for side in ("actors", "recipients"))
    words = f" “{row['sentence']['text']}”" if "sentence" in row else ""
    changed = "; ".join(f"{name}: {told(had)} → {told(has)}" for name, had, has in changes(one))
    elsewhere = f" [in {', '.join(one.elsewhere)} on the other side]" if one.elsewhere else ""
    told_change = f" ({changed})" if changed else ""
    return (
        f"{MARKS[one.change]} {one.what} {name}  {row['date'] or '?'}  {row['event_type']} ({row['status']})  {sides}"
        f"{told_change}{elsewhere}{words}"
    )


def changes(one: Difference) -> Iterator[tuple[str, Any, Any]]:
    if one.old and one.new:
        yield from ((name, one.old[name], one.new[name]) for name in one.fields)


comparing_commands = [diff]
