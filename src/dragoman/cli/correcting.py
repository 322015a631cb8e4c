"""Commands by which people correct a record: correct accept, reject, amend, undo, list."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dragoman.cli.base import echo_lines, format_option, open_record, record_option
from dragoman.errors import QueryError
from dragoman.model import STATUSES
from dragoman.sides import side_code

if TYPE_CHECKING:
    from dragoman.objects import Place

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def correct() -> None:
    """Accepts, rejects or amends a happening or an event, in somebody's name and with a reason.

    A correction holds in every question from then on and when the text is read again; it can be undone.

    \b
    Example: dragoman correct reject r0f3a --record ./record --name "A. Reader" --reason "the treaty was of 1990"
    dragoman correct list --record ./record
    """


def signed_options(command: F) -> F:
    command = click.option("--reason", required=True, help="Why: it is shown beside what is corrected.")(command)
    return click.option("--name", required=True, envvar="DRAGOMAN_NAME", help="Who corrects (or $DRAGOMAN_NAME).")(
        command
    )


@correct.command()
@click.argument("target")
@record_option
@signed_options
def accept(target: str, record: Place, name: str, reason: str) -> None:
    """Vouches for a happening or an event, by its id.

    Example: dragoman correct accept r0f3a --record ./record --name "A. Reader" --reason "checked with the ministry"
    """
    tell(open_record(record).correct(target, "accept", reason=reason, name=name))


@correct.command()
@click.argument("target")
@record_option
@signed_options
def reject(target: str, record: Place, name: str, reason: str) -> None:
    """Takes a happening or an event out of all that is counted and listed.

    Example: dragoman correct reject ev_12ab --record ./record --name "A. Reader" --reason "a film, not the war"
    """
    tell(open_record(record).correct(target, "reject", reason=reason, name=name))


@correct.command()
@click.argument("target")
@record_option
@signed_options
@click.option("--type", "event_type", help="The PLOVER type that it is, as CONSULT.")
@click.option("--mode", help="Its mode, as visit.")
@click.option("--status", type=click.Choice(STATUSES))
@click.option("--actor", "actors", multiple=True, help="Who acts: a code or a name; give it again for several.")
@click.option("--recipient", "recipients", multiple=True, help="Likewise, who is acted upon.")
@click.option("--no-actor", is_flag=True, help="Nobody acts, or nobody can tell who.")
@click.option("--no-recipient", is_flag=True, help="Nobody is acted upon.")
@click.option("--date", help="When: YYYY-MM-DD, YYYY-MM, YYYY or START/END.")
def amend(target: str, record: Place, name: str, reason: str, **fields: Any) -> None:
    """Puts right what was read wrong in a happening or an event; what is not named stays.

    Example: dragoman correct amend r0f3a --type AGREE --recipient Sweden --record ./record --name "A. Reader"
    --reason "they signed it"
    """
    tell(open_record(record).correct(target, "amend", reason=reason, name=name, changes=changes_of(fields)))


def changes_of(fields: dict[str, Any]) -> dict[str, Any]:
    """Gives the changes that the options ask for; raises QueryError where they name somebody and nobody."""
    changes = {"type": fields["event_type"], "mode": fields["mode"], "status": fields["status"], "date": fields["date"]}
    changes = {name: value for name, value in changes.items() if value is not None}
    for side, nobody in (("actors", fields["no_actor"]), ("recipients", fields["no_recipient"])):
        if fields[side] and nobody:
            option = side.removesuffix("s")
            raise QueryError(f"--{option} and --no-{option} contradict each other: leave one of them out")
        if fields[side] or nobody:
            changes[side] = [] if nobody else [side_code(one) for one in fields[side]]
    return changes


@correct.command()
@click.argument("correction")
@record_option
@signed_options
def undo(correction: str, record: Place, name: str, reason: str) -> None:
    """Undoes a correction, by its id; undoing the undoing brings it back. All of them stay listed.

    Example: dragoman correct undo c3 --record ./record --name "A. Reader" --reason "the ministry confirmed it"
    """
    done = open_record(record).undo_correction(correction, reason=reason, name=name)
    click.echo(f"{done['correction_id']}: {correction} undone")


@correct.command("list")
@record_option
@click.option("--target", help="Only those of this happening or event.")
@format_option("table", "jsonl")
def list_corrections(record: Place, target: str | None, form: str) -> None:
    """Lists all corrections of a record, those undone too.

    Example: dragoman correct list --record ./record --format jsonl
    """
    rows = open_record(record).corrections(target_id=target)
    if form == "jsonl":
        echo_lines(rows)
        return
    for row in rows:
        click.echo(correction_line(row))
    if not rows:
        click.echo("no corrections")


def tell(correction: dict[str, Any]) -> None:
    click.echo(f"{correction_line({**correction, 'stands': True})}; `dragoman correct undo` takes it back")


def correction_line(row: dict[str, Any]) -> str:
    """Says of a correction: which, when, who, what became of which target, and why."""
    changed = [f"{name}: {told(row['was'].get(name))} → {told(value)}" for name, value in row["now"].items()]
    what = f"{row['verdict']} {row.get('undoes') or row['target_id']}" + (f" ({'; '.join(changed)})" if changed else "")
    fate = "" if row["stands"] or row["verdict"] == "undo" else " [undone]"
    return f"{row['correction_id']}  {row['made_at']}  {what}{fate}, by {row['name']}: {row['reason']}"


def told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "nobody"
    return "none" if value is None else str(value)


correcting_commands = [correct]
