"""Commands that read and store nothing: read, annotate, extract, code-pairs, resolve."""

from __future__ import annotations

import csv
import functools
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dragoman.cli.base import (
    DAY,
    RECORD_PLACE,
    Refusals,
    confidence_option,
    cores_option,
    count_articles,
    echo_lines,
    format_option,
    gate_option,
    open_record,
    published_option,
    refusals,
    store_options,
    wanted_options,
    with_progress,
)
from dragoman.errors import CodebookError, QueryError
from dragoman.model import Article, Skip

if TYPE_CHECKING:
    from dragoman.coder import Coded
    from dragoman.objects import Place
    from dragoman.ontology import Ontology
    from dragoman.second import SecondReader
    from dragoman.sieve import Wanted

LAYERS = ("actors", "times", "places", "attributions")
inputs_argument = click.argument("inputs", nargs=-1, required=True)
skips_option = click.option("--skips", type=click.Path(path_type=Path), help="Write what was declined, as JSON lines.")
actors_option = click.option(
    "--actors", "dictionaries", multiple=True, type=click.Path(exists=True, path_type=Path),
    help="Your own actor dictionary (PETRARCH *.actors.txt, *.agents.txt, or CSV); its entries win.",
)  # fmt: skip


ontology_option = click.option(
    "--ontology", type=click.Path(dir_okay=False, path_type=Path),
    help="Also code your own event types, by this TOML file; `dragoman ontology FILE` checks it.",
)  # fmt: skip


PROBLEMS_SHOWN = 50


def tell_problems(problems: Sequence[str]) -> None:
    """Says on standard error which lines of the user's dictionaries could not be read, with their numbers."""
    for problem in problems[:PROBLEMS_SHOWN]:
        click.echo(problem, err=True)
    if len(problems) > PROBLEMS_SHOWN:
        click.echo(f"and {len(problems) - PROBLEMS_SHOWN} more lines of the dictionaries could not be read", err=True)


def check_dictionaries(dictionaries: Sequence[Path]) -> None:
    """Says before any reading what is wrong with the user's dictionaries, where there are some."""
    if dictionaries:
        from dragoman.actors import ActorIndex

        tell_problems(ActorIndex.load(dictionaries).problems)


def read_own_types(path: Path | None) -> Ontology | None:
    """Reads a file of own types; says on standard error which of them will not be coded, and why.

    Raises:
        CodebookError: the file cannot be read, or none of its types can be coded.
    """
    if path is None:
        return None
    from dragoman.ontology import load_ontology
    from dragoman.reader import Reader

    ontology = load_ontology(path)
    own = Reader(ontology=ontology).own
    refused = [one.kind.name for one in own.fitted if not one.is_told_apart] if own else []
    if len(refused) == len(ontology.types):
        raise CodebookError(f"{path}: no type is told from its counterexamples: `dragoman ontology {path}` shows which")
    for name in refused:
        click.echo(f"{path}: {name} is not told from its counterexamples and is not coded", err=True)
    return ontology


def second_reader_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the second reader's options, gives the command its `second` reader, and reports at the end what it cost."""

    @functools.wraps(command)
    def with_second(
        *, second_reader: str | None, second_below: float, second_prices: tuple[float, float] | None, **given: Any
    ) -> None:
        if second_reader is None:
            command(second=None, **given)
            return
        from dragoman.second import Prices, SecondReader

        prices = Prices(prompt=second_prices[0], completion=second_prices[1]) if second_prices else None
        second = SecondReader(second_reader, below=second_below, prices=prices)
        try:
            command(second=second, **given)
        finally:
            click.echo(second.report(), err=True)

    spec = click.option(
        "--second-reader", metavar="openai:MODEL@URL",
        help="Let a language model read again what the reader is unsure of. It gets the sentence, title and context.",
    )  # fmt: skip
    below = click.option(
        "--second-below", type=click.FloatRange(0, 1, min_open=True), default=0.5, show_default=True,
        help="Unsure means a confidence below this.",
    )  # fmt: skip
    prices = click.option(
        "--second-prices", type=float, nargs=2, metavar="IN OUT",
        help="What a million tokens cost, read and written, to report the cost.",
    )  # fmt: skip
    return spec(below(prices(with_second)))


@click.command()
@inputs_argument
@format_option("table", "jsonl", "plover", "polecat", "gdelt")
@published_option
@skips_option
@actors_option
@ontology_option
@second_reader_options
@confidence_option
@wanted_options
@cores_option
@gate_option
@click.option("--why", is_flag=True, help="Say what spoke for each code, and why other sentences gave none.")
def read(
    inputs: tuple[str, ...],
    form: str,
    published: date | None,
    skips: Path | None,
    dictionaries: tuple[Path, ...],
    ontology: Path | None,
    second: SecondReader | None,
    min_confidence: float | None,
    wanted: Wanted,
    cores: int,
    gate: bool,
    why: bool,
) -> None:
    """Codes reports and prints their events; stores nothing.

    INPUT is a URL, -, a file or a folder: .html .txt .jsonl .xml (feeds) .warc, each also .gz, .xz or .zst.

    Example: dragoman read --published 2022-09-20 page.html
    """
    from dragoman.pipeline import Work, code_reports
    from dragoman.rows import event_row
    from dragoman.sources import read_reports

    check_dictionaries(dictionaries)
    own_types = read_own_types(ontology)
    work = Work(dictionaries=dictionaries, gate=gate, is_brief=True, wanted=wanted, ontology=own_types)
    with refusals(skips) as told:
        found = code_reports(read_reports(inputs, published=published), work, cores=cores, second=second)
        told_of = taken(with_progress(found, "reading", count_articles(inputs)), told)
        coded = (surer(each, min_confidence or 0) for each in told_of)
        if form == "table":
            from dragoman.cli import show

            for each in coded:
                show.print_article(each, why=why)
        elif form == "jsonl":
            echo_lines(event_row(event) for each in coded for event in each.all_events)
        else:
            from dragoman.exchange import write_events

            losses = write_events((event_row(event) for each in coded for event in each.all_events), form, sys.stdout)
            for loss in losses:
                click.echo(f"lost: {loss}", err=True)
    told.end()


def surer(coded: Coded, least: float) -> Coded:
    """Gives the article with only the events whose confidence is at least `least`."""
    kept, own = (tuple(e for e in events if e.confidence >= least) for events in (coded.events, coded.own_events))
    return replace(coded, events=kept, own_events=own)


def taken(found: Iterator[Any], told: Refusals) -> Iterator[Any]:
    """Passes coded articles on and tells of every skip among and inside them."""
    for each in found:
        if isinstance(each, Skip):
            told.take(each)
            continue
        for skip in each.skips:
            told.take(skip)
        yield each


@click.command()
@inputs_argument
@click.option("--layers", default=",".join(LAYERS), show_default=True, help="Which layers, parted by commas.")
@published_option
@skips_option
@actors_option
def annotate(
    inputs: tuple[str, ...], layers: str, published: date | None, skips: Path | None, dictionaries: tuple[Path, ...]
) -> None:
    """Prints the spans of each layer of each article, resolved: one JSON line an article.

    Example: dragoman annotate --layers times,places page.html
    """
    from dragoman.layers import Annotator
    from dragoman.pipeline import read_articles

    wanted = tuple(layers.split(","))
    for name in wanted:
        if name not in LAYERS:
            raise QueryError(f"there is no layer {name!r}: choose from {', '.join(LAYERS)}")
    annotator = Annotator(wanted, dictionaries)
    tell_problems(annotator.problems)
    with refusals(skips) as told:
        for article in articles_of(with_progress(read_articles(inputs, published=published), "reading"), told):
            echo_lines([annotator.row(article)])
    told.end()


def articles_of(found: Iterator[Article | Skip], told: Refusals) -> Iterator[Article]:
    for each in found:
        if isinstance(each, Skip):
            told.take(each)
        else:
            yield each


@click.command()
@inputs_argument
@published_option
@skips_option
def extract(inputs: tuple[str, ...], published: date | None, skips: Path | None) -> None:
    """Prints title, text, date, authors and language of each page, as JSON lines.

    Example: dragoman extract page.html | jq .text
    """
    from dragoman.article import article_line
    from dragoman.pipeline import read_articles

    with refusals(skips) as told:
        echo_lines(article_line(a) for a in articles_of(read_articles(inputs, published=published), told))
    told.end()


@click.command("code-pairs")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def code_pairs(file: Path) -> None:
    """Codes the event between the two marked parties of each line of a TSV file.

    FILE has columns sentence_id and marked_sentence, with <s>actor</s> and <t>recipient</t>. Every line is answered;
    how many lack a mark is told on standard error.

    Example: dragoman code-pairs pairs.tsv > coded.tsv
    """
    from dragoman.codebook import load_codebook
    from dragoman.reader import Reader

    book = load_codebook()
    with file.open(encoding="utf8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    if rows and "marked_sentence" not in rows[0]:
        raise QueryError(f"{file} has no column marked_sentence: its first line must name the columns")
    out = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
    out.writerow(["sentence_id", "event_type", "mode", "status", "quad", "confidence"])
    reader = Reader()
    marked = [row["marked_sentence"] or "" for row in rows]
    for row, code in zip(rows, reader.code_pairs(marked), strict=True):
        quad = book.quad(code.event_type)
        out.writerow([row.get("sentence_id", ""), code.event_type, "", code.status, quad, code.confidence])
    if unmarked := sum(not is_marked_pair(sentence) for sentence in marked):
        without = f"{unmarked} of {len(rows)} rows lack <s>actor</s> or <t>recipient</t>"
        click.echo(f"{without}: their types are guesses, mark both parties", err=True)


def is_marked_pair(sentence: str) -> bool:
    """Says whether both an actor and a recipient are marked."""
    from dragoman.reader.pairs import parse_marked

    return {kind for start, end, kind in parse_marked(sentence)[1] if start < end} == {1, 2}


@click.command()
@click.argument("phrase")
@click.option("--on", type=DAY, help="The day on which it was said.")
@click.option("--context", default="", help="Text around it.")
@actors_option
@click.option("--expand", is_flag=True, help="List a body's members on the day: `members`, as codes.")
def resolve(phrase: str, on: date | None, context: str, dictionaries: tuple[Path, ...], expand: bool) -> None:
    """Says who is meant by a phrase, or why that cannot be told: one JSON line.

    With - as PHRASE it reads JSON lines {phrase, on, context} and answers line by line.

    Example: dragoman resolve "the Kremlin" --on 2022-09-20

    Example: dragoman resolve NATO --on 2003-03-01 --expand
    """
    from dragoman.actors import ActorIndex

    index = ActorIndex.load(dictionaries)
    tell_problems(index.problems)
    told = functools.partial(answer, index, expand=expand)
    if phrase != "-":
        echo_lines([told(phrase, on, context)])
        return
    for number, line in enumerate(sys.stdin, start=1):
        if line.strip():
            echo_lines([answer_line(told, line, number)])


def answer_line(told: Callable[..., dict[str, Any]], line: str, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
        day = date.fromisoformat(row["on"]) if row.get("on") else None
        phrase = row["phrase"]
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        return {"code": None, "reason": f"line {number} is not {{phrase, on, context}}: {fault}"}
    return told(str(phrase), day, str(row.get("context") or ""))


def answer(index: Any, phrase: str, on: date | None, context: str, *, expand: bool = False) -> dict[str, Any]:
    """Gives the contract's row of a resolved phrase, or {code: null, reason}; with `expand` a body's `members`."""
    found = index.resolve(phrase, on=on, context=context)
    entity = getattr(found, "entity", None)
    if entity is None:
        return {"code": None, "reason": getattr(found, "reason", None) or found.basis}
    row = {**asdict(entity), "sectors": list(entity.sectors), "basis": found.basis}
    return {**row, "members": list(index.members(entity.name or "", on))} if expand else row


@click.command()
@click.argument("inputs", nargs=-1)
@click.option("--record", type=RECORD_PLACE, help="Count the parties of this record's events instead of inputs.")
@store_options
@click.option("--unknown", is_flag=True, help="List political names that no table knows, commonest first.")
@published_option
@actors_option
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True)
def actors(
    inputs: tuple[str, ...],
    record: Place | None,
    unknown: bool,
    published: date | None,
    dictionaries: tuple[Path, ...],
    limit: int,
) -> None:
    """Counts who is named in the inputs or is a party in a record; with --unknown, who stays unresolved: a work-list.

    \b
    Example:
      dragoman actors --unknown reports.jsonl
      dragoman actors --unknown --record ./record
    """
    if record and inputs:
        raise QueryError("name inputs or --record, not both")
    if record:
        for row in open_record(record).party_counts(is_known=not unknown, limit=limit):
            click.echo(f"{row['events']:7}  {' '.join(filter(None, (row['code'], row['name'])))}")
        return
    if not inputs:
        raise QueryError("nothing to read: name inputs, or a record with --record")
    count_names(inputs, unknown=unknown, published=published, dictionaries=dictionaries, limit=limit)


def count_names(
    inputs: tuple[str, ...], *, unknown: bool, published: date | None, dictionaries: tuple[Path, ...], limit: int
) -> None:
    """Prints how often each party, or each unknown name, stands in the inputs."""
    from dragoman.actors import ActorIndex
    from dragoman.pipeline import read_articles
    from dragoman.reader.sentences import split_article

    index = ActorIndex.load(dictionaries)
    tell_problems(index.problems)
    counts: Counter[str] = Counter()
    with refusals(None) as told:
        for article in articles_of(with_progress(read_articles(inputs, published=published), "reading"), told):
            sentences = split_article(article)
            mentions = index.annotate(article, sentences)
            if unknown:
                counts.update(index.unknown_names(article, sentences, mentions))
            else:
                counts.update(f"{m.entity.code} {m.entity.name}" for m in mentions if m.entity and m.entity.code)
    for name, number in counts.most_common(limit):
        click.echo(f"{number:7}  {name}")
    told.end()


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@format_option("table", "jsonl")
def ontology(file: Path, form: str) -> None:
    """Checks a file of your own event types, and says of each how well its examples tell it.

    Each example and counterexample is judged by what the others teach (leave-one-out). A type is coded where, in three
    of four pairs, the example is likelier than the counterexample. Ends with 1 where a type is not coded.

    Example: dragoman ontology votes.toml
    """
    from dragoman.cli import show
    from dragoman.ontology import load_ontology
    from dragoman.reader import Reader

    own = Reader(ontology=load_ontology(file)).own
    fitted = own.fitted if own else ()
    if form == "jsonl":
        echo_lines(one.row() for one in fitted)
    else:
        for one in fitted:
            show.print_own_type(one.row())
    if not all(one.is_told_apart for one in fitted):
        raise click.exceptions.Exit(1)


reading_commands = [read, annotate, extract, code_pairs, resolve, actors, ontology]
