"""Commands that change a record: add, import, export, check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from dragoman.cli.base import (
    Refusals,
    count_articles,
    open_record,
    published_option,
    record_option,
    refusals,
    with_progress,
)
from dragoman.cli.reading import actors_option, inputs_argument, second_reader_options, skips_option, tell_problems
from dragoman.model import Article, Skip

if TYPE_CHECKING:
    from dragoman.coder import Coded, Coder
    from dragoman.second import SecondReader
    from dragoman.store import Reading, RecordStore

T = TypeVar("T")
# Articles in one commit: at most this many are read again after an interruption, and the log stays short.
IN_A_COMMIT = 384
IN_AN_IMPORT = 20_000
EXPORTS = ("csv", "parquet", "plover", "polecat", "gdelt1", "gdelt2", "icews", "graphml", "gexf")
IMPORTS = ("plover", "polecat", "gdelt1", "gdelt2", "icews", "phoenix")


@click.command()
@inputs_argument
@record_option
@published_option
@skips_option
@actors_option
@second_reader_options
@click.option("--keep-text", is_flag=True, help="Store the articles' full text as well (mind the copyright).")
def add(
    inputs: tuple[str, ...],
    record: Path,
    published: date | None,
    skips: Path | None,
    dictionaries: tuple[Path, ...],
    second: SecondReader | None,
    keep_text: bool,
) -> None:
    """Reads inputs and stores their events in a record.

    Safe to interrupt and to repeat: what is stored is not read again.

    Example: dragoman add --record ./record reports/ https://example.org/feed.xml
    """
    from dragoman.coder import Coder
    from dragoman.pipeline import read_articles

    store = open_record(record, create=True)
    coder = Coder(dictionaries=dictionaries, second=second)
    tell_problems(coder.actors.problems)
    articles = events = known = 0
    with refusals(skips) as told:
        found = with_progress(read_articles(inputs, published=published), "reading", count_articles(inputs))
        for batch in batched(found, IN_A_COMMIT):
            added = add_batch(store, coder, batch, told=told, keep_text=keep_text)
            articles, events, known = articles + added[0], events + added[1], known + added[2]
        store.merge()
    click.echo(f"{articles} articles and {events} events added to {record}, {known} articles were there already")
    told.end()


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch


def add_batch(
    store: RecordStore, coder: Coder, batch: list[Article | Skip], *, told: Refusals, keep_text: bool
) -> tuple[int, int, int]:
    """Codes and stores one batch in one commit; gives the numbers of articles, events, and articles known before."""
    declined = [each for each in batch if isinstance(each, Skip)]
    articles = list({each.id: each for each in batch if isinstance(each, Article)}.values())
    stored = {article_id for article_id, by in store.stored_readings([a.id for a in articles]) if by == coder.version}
    coded = list(coder.code(a for a in articles if a.id not in stored))
    declined.extend(skip for each in coded for skip in each.skips)
    for skip in declined:
        told.take(skip)
    added = store.add([reading_of(each, coder) for each in coded], skips=declined, keep_text=keep_text, merge=False)
    return added.articles, added.events, len(stored) + added.already_stored


def reading_of(coded: Coded, coder: Coder) -> Reading:
    """Gives what the store keeps of a coded article."""
    from dragoman.store import Reading

    return Reading(
        article=coded.article, coder=coder.version, codebook=coder.codebook.version, events=coded.events,
        statements=coded.statements,
    )  # fmt: skip


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@record_option
@click.option("--from", "form", type=click.Choice(IMPORTS), required=True, help="The format of the files.")
@skips_option
def import_files(files: tuple[Path, ...], record: Path, form: str, skips: Path | None) -> None:
    """Brings event files of other systems into a record, to be compared with one's own.

    Example: dragoman import --record ./record --from gdelt2 20260101.export.CSV
    """
    from dragoman.exchange import import_events, readings_of

    store = open_record(record, create=True)
    events = articles = 0
    with refusals(skips) as told:
        stories = with_progress(readings_of(import_events(files, form)), "importing")
        for batch in batched(stories, IN_AN_IMPORT):
            declined = [each for each in batch if isinstance(each, Skip)]
            for skip in declined:
                told.take(skip)
            added = store.add([each for each in batch if not isinstance(each, Skip)], skips=declined, merge=False)
            events, articles = events + added.events, articles + added.articles
        store.merge()
    click.echo(f"{events} events of {articles} reports imported into {record}")
    told.end()


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@record_option
@click.option("--to", "form", type=click.Choice(EXPORTS), required=True, help="The format to write.")
def export(file: Path, record: Path, form: str) -> None:
    """Writes a record's events to a file, and names what the format cannot hold.

    Example: dragoman export --record ./record --to gdelt2 events.export.CSV
    """
    from dragoman.exchange import export_record

    report = export_record(open_record(record), form, file)
    for written in report.files:
        click.echo(f"wrote {written}")
    click.echo(f"{report.rows} rows")
    for loss in report.losses:
        click.echo(f"lost: {loss}", err=True)


@click.command()
@record_option
@click.option("--repair", is_flag=True, help="Make the merged happenings and ties anew from the events.")
def check(record: Path, repair: bool) -> None:
    """Looks through a record for damage and says what it found.

    Example: dragoman check --record ./record
    """
    store = open_record(record)
    if repair:
        store.repair()
    found = store.check()
    for trouble in found:
        click.echo(trouble, err=True)
    counts = ", ".join(f"{number} {name}" for name, number in store.counts().items())
    click.echo(f"{record}: {counts}" + ("" if found else "; no damage found"))
    if found:
        raise click.exceptions.Exit(1)


@click.command()
@record_option
@click.option("--url", "urls", multiple=True, help="Remove the article at this address.")
@click.option("--publisher", help="Remove all articles of this outlet.")
@click.option("--reason", required=True, help="Why: this stays in the record.")
@click.confirmation_option("--yes", prompt="This removes articles, their events and the record's history. Go on?")
def forget(record: Path, urls: tuple[str, ...], publisher: str | None, reason: str) -> None:
    """Takes articles down, from the record and from its history; only that, when and why remains.

    Example: dragoman forget --record ./record --url https://example.org/1 --reason "publisher's wish"
    """
    number = open_record(record).forget(reason=reason, urls=urls, publisher=publisher)
    click.echo(f"{number} articles removed")


keeping_commands = [add, import_files, export, check, forget]
