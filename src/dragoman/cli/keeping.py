"""Commands that change a record: add, import, export, check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dragoman.cli.base import (
    cores_option,
    count_articles,
    echo_lines,
    format_option,
    gate_option,
    open_record,
    progress_bar,
    published_option,
    record_option,
    refusals,
    reported,
    wanted_options,
    with_progress,
)
from dragoman.cli.reading import (
    actors_option,
    check_dictionaries,
    inputs_argument,
    ontology_option,
    read_own_types,
    second_reader_options,
    skips_option,
)
from dragoman.errors import QueryError
from dragoman.model import Skip
from dragoman.rows import counted

if TYPE_CHECKING:
    from dragoman.objects import Place
    from dragoman.pipeline import Work
    from dragoman.second import SecondReader
    from dragoman.sieve import Wanted
    from dragoman.store import RecordStore

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
@ontology_option
@second_reader_options
@wanted_options
@cores_option
@gate_option
@click.option("--keep-text", is_flag=True, help="Store the articles' full text as well (mind the copyright).")
@click.option("--ray", "cluster", metavar="ADDRESS", help="Read on a Ray cluster; `local` starts one on this machine.")
def add(
    inputs: tuple[str, ...],
    record: Place,
    published: date | None,
    skips: Path | None,
    dictionaries: tuple[Path, ...],
    ontology: Path | None,
    second: SecondReader | None,
    wanted: Wanted,
    cores: int,
    gate: bool,
    keep_text: bool,
    cluster: str | None,
) -> None:
    """Reads inputs and stores their events in a record.

    Safe to interrupt and to repeat: what is stored is not read again, and an archive is read on from the first record
    that is not stored.

    Example: dragoman add --record ./record reports/ https://example.org/feed.xml

    Example: dragoman add --record ./record --language en --since 2026-01-01 CC-NEWS-20260101.warc.gz

    Example: dragoman add --record ./record --ray 10.0.0.1:6379 /shared/archives/
    """
    from dragoman.adding import Adding
    from dragoman.coder import coder_version
    from dragoman.pipeline import Work
    from dragoman.sources import check_inputs

    if cluster and second:
        raise QueryError("--ray and --second-reader do not go together: leave one of them out")
    # Before the record: a wrong name leaves no empty one behind.
    check_inputs(inputs)
    check_dictionaries(dictionaries)
    own_types = read_own_types(ontology)
    store = open_record(record, create=True)
    work = Work(dictionaries=dictionaries, gate=gate, record=_from_anywhere(record), wanted=wanted, ontology=own_types)
    version = coder_version(gate=gate, second=second, ontology=own_types)
    with refusals(skips) as told, progress_bar("reading", count_articles(inputs)) as advance:
        adding = Adding(store, coder=version, tell=told.take, keep_text=keep_text)
        adding.run.inputs = inputs
        if cluster:
            batches = coded_on_ray(inputs, work, (store, version, cluster), published)
        else:
            batches = coded_here(inputs, work, (store, version, second), published=published, cores=cores)
        with reported(adding.run, store):
            for batch in batches:
                adding.store(batch)
                advance(len(batch))
            store.merge()
    click.echo(
        f"{counted(adding.articles, 'article')} and {counted(adding.events, 'event')} added to {record}, "
        f"{counted(adding.known, 'article')} {'was' if adding.known == 1 else 'were'} there already"
    )
    told.end()


def _from_anywhere(record: Place) -> Place:
    """The place of a record as processes that stand in other folders name it."""
    return record.absolute() if isinstance(record, Path) else record


def coded_here(
    inputs: tuple[str, ...],
    work: Work,
    by: tuple[RecordStore, str, SecondReader | None],
    *,
    published: date | None,
    cores: int,
) -> Iterator[list[Any]]:
    """Codes what is new in the inputs for a record, with a coder's version and second reader; gives it by commits."""
    from dragoman.pipeline import code_reports, read_new_inputs

    store, version, second = by
    reports = read_new_inputs(
        inputs, published=published, coder=reading_of(version, work), known=store.known_inputs(),
        is_marked=store.is_marked(),
    )  # fmt: skip
    return batched(code_reports(reports, work, cores=cores, second=second), IN_A_COMMIT)


def coded_on_ray(
    inputs: tuple[str, ...], work: Work, by: tuple[RecordStore, str, str], published: date | None
) -> Iterator[list[Any]]:
    """Codes what is new in the inputs for a record, with a coder's version on the cluster at an address."""
    from dragoman.cluster import Order, code_on_ray
    from dragoman.shards import plan_shards

    store, version, address = by
    if not isinstance(work.record, Path):
        work = replace(work, record=None)  # the options of a store, which may be secrets, stay here
    is_marked = store.is_marked()
    # Its workers stand in other folders.
    named = [str(Path(name).absolute()) if Path(name).exists() else name for name in inputs]
    shards = plan_shards(named, published=published, reading=reading_of(version, work))
    fresh = (shard for shard in shards if shard.mark is None or not is_marked(shard.mark))
    return code_on_ray(fresh, Order(work=work, version=version, published=published), address=address)


def reading_of(version: str, work: Work) -> str:
    """Says how inputs are read: a file read otherwise is another piece of work. Filters count where there are any."""
    return version if work.wanted.is_everything else f"{version} {work.wanted}"


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@record_option
@click.option("--from", "form", type=click.Choice(IMPORTS), required=True, help="The format of the files.")
@skips_option
def import_files(files: tuple[Path, ...], record: Place, form: str, skips: Path | None) -> None:
    """Brings event files of other systems into a record, to be compared with one's own.

    Example: dragoman import --record ./record --from gdelt2 20260101.export.CSV
    """
    from dragoman.exchange import import_events, readings_of
    from dragoman.mirror import is_taken

    # A record that is there is opened before anything is read, and none is made for files of which nothing is stored.
    store = open_record(record, create=True) if is_taken(record) else None
    events = articles = known = 0
    refused: Counter[str] = Counter()
    with refusals(skips) as told:
        stories = with_progress(readings_of(import_events(files, form)), "importing")
        for batch in batched(stories, IN_AN_IMPORT):
            declined = [each for each in batch if isinstance(each, Skip)]
            for skip in declined:
                told.take(skip)
                refused[skip.reason] += skip.count
            if store is None and IN_AN_IMPORT > len(batch) == len(declined):
                break  # it is the only batch
            store = store or open_record(record, create=True)
            added = store.add([each for each in batch if not isinstance(each, Skip)], skips=declined, merge=False)
            events, articles = events + added.events, articles + added.articles
            known += added.already_stored
        if store is not None:
            store.merge()
    click.echo(f"{events} events of {articles} reports imported into {record}")
    if refused:
        reason, most = refused.most_common(1)[0]
        click.echo(f"lines refused: {refused.total()}, {most} with: {reason}; --skips FILE lists them all", err=True)
    told.end()
    if refused and not articles + known:
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@record_option
@click.option("--to", "form", type=click.Choice(EXPORTS), required=True, help="The format to write.")
def export(file: Path, record: Place, form: str) -> None:
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
def check(record: Place, repair: bool) -> None:
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
@click.option("--all", "every", is_flag=True, help="Every run; else the last.")
@format_option("table", "jsonl")
def report(record: Place, every: bool, form: str) -> None:
    """Tells what the last run did: rates, what was declined and why, outlets and days, versions.

    Example: dragoman report --record ./record
    """
    from dragoman.runs import FOLDER, read_runs

    store = open_record(record)
    store.gather(FOLDER)
    rows = read_runs(store.path)
    if not rows:
        click.echo(f"nothing was added to {record} yet", err=True)
    chosen = rows if every else rows[-1:]
    if form == "jsonl":
        echo_lines(chosen)
    else:
        for row in chosen:
            click.echo("\n".join(report_lines(row)))


def report_lines(row: dict[str, Any]) -> Iterator[str]:
    """Gives the report of a run as lines of text, of long lists the ten largest."""
    rate = f", {row['articles_a_second']:g} a second" if row["articles_a_second"] else ""
    yield f"{row['what']} of {row['began_at']}, {row['seconds']:.0f} s ({row['cpu_seconds']:.0f} s of CPU)"
    yield f"  {row['articles']} articles{rate}, {row['events']} events, {row['already_stored']} stored before"
    if row["fault"]:
        yield f"  ended by: {row['fault']}"
    for what, name in (("skips", "reason"), ("outlets", "publisher"), ("days", "day")):
        if row[what]:
            yield f"  {what}:"
        for one in row[what][:10]:
            stage = f" ({one['stage']})" if what == "skips" else ""
            yield f"    {one.get('count') or one.get('articles'):7}  {one[name] or 'not told'}{stage}"
        if len(row[what]) > 10:
            yield f"    and {len(row[what]) - 10} more"
    yield f"  coder {row['coder']}, codebook {row['codebook']}"


@click.command()
@record_option
@click.option("--undo", is_flag=True, help="Make the record what it was before it was upgraded.")
def upgrade(record: Place, undo: bool) -> None:
    """Brings a record of an earlier version to this one, without copying it; --undo leads back.

    Happenings and ties are made anew from the events. The way back is open until something is added.

    Example: dragoman upgrade --record ./record
    """
    from dragoman.store import RecordStore

    if undo:
        RecordStore.undo_upgrade(record)
        click.echo(f"{record} is what it was before it was upgraded")
        return
    changed = RecordStore.upgrade(record)
    for table, difference in changed.items():
        click.echo(f"upgraded {table}: {difference}")
    back = f"; `dragoman upgrade --undo --record {record}` leads back" if changed else ", nothing to do"
    click.echo(f"{record} is of this version{back}")


@click.command()
@record_option
@click.option("--url", "urls", multiple=True, help="Remove the article at this address.")
@click.option("--publisher", help="Remove all articles of this outlet.")
@click.option("--reason", required=True, help="Why: this stays in the record.")
@click.confirmation_option("--yes", prompt="This removes articles, their events and the record's history. Go on?")
def forget(record: Place, urls: tuple[str, ...], publisher: str | None, reason: str) -> None:
    """Takes articles down, from the record, its history and the reports of runs; only that, when and why remains.

    Example: dragoman forget --record ./record --url https://example.org/1 --reason "publisher's wish"
    """
    if not urls and not publisher:
        raise QueryError("say what to forget: --url or --publisher")
    store = open_record(record)
    missing = store.not_stored(urls=urls, publisher=publisher)
    number = store.forget(reason=reason, urls=urls, publisher=publisher)
    click.echo(f"{number} articles removed")
    if number and store.after_forgetting:
        click.echo(store.after_forgetting, err=True)
    for what in missing:
        click.echo(f"nothing of {what} is stored in {record}: look for it with `dragoman events`", err=True)
    if missing:
        raise click.exceptions.Exit(1)


keeping_commands = [add, import_files, export, report, check, upgrade, forget]
