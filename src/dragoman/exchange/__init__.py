"""Exchange: the record in other codebooks' files and back, beside the journey.

Requires a record or event rows, or files of GDELT 1.0/2.0, ICEWS, POLECAT, Phoenix or PLOVER JSON; gives files, or
events with evidence as far as the file has any. It names every loss, measured by reading each written row back, and
declines with a Skip what it cannot read; it invents nothing that a form asks for and the record does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TextIO

from dragoman.errors import QueryError, SourceError
from dragoman.exchange import gdelt, icews, phoenix, plover, polecat
from dragoman.exchange.cells import Row, Unreadable
from dragoman.exchange.flat import write_csv, write_parquet
from dragoman.exchange.lines import STAGE, read_lines
from dragoman.exchange.mentions import MentionTable, is_mentions_file
from dragoman.exchange.network import write_gexf, write_graphml
from dragoman.exchange.readings import group_readings
from dragoman.exchange.stored import EVENT_SCHEMA, read_arrows, read_batches, read_events, read_happenings
from dragoman.exchange.tally import DEEDS, Tally, expand_dyads, own_types_left_out
from dragoman.model import STATUSES, Event, Skip
from dragoman.store import Reading
from dragoman.view import RecordView
from dragoman.words import nearest

EXPORT_FORMS = ("csv", "parquet", "jsonl", "plover", "polecat", "gdelt1", "gdelt2", "icews", "graphml", "gexf")
IMPORT_FORMS = ("gdelt1", "gdelt2", "icews", "polecat", "phoenix", "plover")
ROW_FORMS = ("plover", "polecat", "gdelt", "gdelt1", "gdelt2", "icews")

LineReader = Callable[[str], list[Event]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What an export wrote: rows (events, dyads or arrows), files, and one sentence for each thing that is lost."""

    rows: int
    files: tuple[Path, ...]
    losses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _RowForm:
    """A form with a line for an event row: its header, whether it splits events into dyads, and its statuses."""

    name: str
    write: Callable[[Row], str]
    open_reader: Callable[[], LineReader]
    header: Callable[[], str] | None = None
    splits: bool = False
    statuses: frozenset[str] = frozenset(STATUSES)


_ROW_FORMS: Mapping[str, _RowForm] = {
    "plover": _RowForm(name="plover", write=plover.write_event, open_reader=lambda: plover.read_events),
    "polecat": _RowForm(
        name="polecat", write=polecat.write_event, open_reader=polecat.open_reader, header=polecat.header
    ),
    "icews": _RowForm(
        name="icews",
        write=icews.write_event,
        open_reader=icews.open_reader,
        header=icews.header,
        splits=True,
        statuses=DEEDS,
    ),
}
_READERS: Mapping[str, Callable[[], LineReader]] = {
    "phoenix": phoenix.open_reader,
    **{name: form.open_reader for name, form in _ROW_FORMS.items()},
}


# --- out ---


def write_events(rows: Iterable[Row], form: str, out: TextIO) -> tuple[str, ...]:
    """Writes event rows in one of `ROW_FORMS` (`gdelt` is the event table of 2.0) and gives the named losses.

    Raises:
        QueryError: there is no such form.
    """
    _check_form(form, ROW_FORMS, "event rows can be written as")
    tally = Tally("gdelt2" if form == "gdelt" else form)
    if tally.form in gdelt.CODERS:
        _write_gdelt(([row] for row in rows), tally, out)
    else:
        _write_rows(rows, _ROW_FORMS[form], tally, out)
    return tally.sentences()


def export_record(store: RecordView, form: str, path: Path) -> ExportReport:
    """Writes a record as a file of a form and reports what is lost; `gdelt2` writes a mentions file beside it.

    GDELT forms have a row for each happening and pair of parties, graphml and gexf an arrow for each pair, the others a
    row for each event. A file takes its name only when it is whole.

    Raises:
        QueryError: there is no such form.
        SourceError: the file cannot be written.
        StoreError: the record cannot be read.
    """
    _check_form(form, EXPORT_FORMS, "a record can be exported as")
    files = [path, _mentions_path(path)] if form == "gdelt2" else [path]
    parts = [file.with_name(f"{file.name}.part") for file in files]
    try:
        rows, losses = _export(store, form, parts)
        own = sum(row["events"] for row in store.own_types())
        losses = (*losses, own_types_left_out(own)) if own else losses
        for part, file in zip(parts, files, strict=True):
            part.replace(file)
    except OSError as fault:
        what = f"{path} cannot be written ({fault.strerror}): name a file in a folder that is there"
        raise SourceError(what) from fault
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    return ExportReport(rows=rows, files=tuple(files), losses=losses)


def _export(store: RecordView, form: str, parts: list[Path]) -> tuple[int, tuple[str, ...]]:
    if form == "parquet":
        return write_parquet(read_batches(store), EVENT_SCHEMA, parts[0]), ()
    with ExitStack() as stack:
        outs = [stack.enter_context(part.open("w", encoding="utf8", newline="\n")) for part in parts]
        if form == "csv":
            return write_csv(read_events(store), outs[0]), _CSV_LOSSES
        if form in {"graphml", "gexf"}:
            arrows = read_arrows(store)
            (write_graphml if form == "graphml" else write_gexf)(arrows, outs[0])
            return len(arrows), _NETWORK_LOSSES
        tally = Tally("plover" if form == "jsonl" else form)
        if form in gdelt.CODERS:
            _write_gdelt(read_happenings(store), tally, *outs)
        else:
            _write_rows(read_events(store), _ROW_FORMS[tally.form], tally, outs[0])
        return tally.rows, tally.sentences()


_CSV_LOSSES = (
    "Offsets, bases and confidence of single parties and of the place are not kept.",
    "Text that begins with = + - @, a tab or a line break has an apostrophe before it.",
)
_NETWORK_LOSSES = (
    "Days, types, places and evidence are not kept: each arrow sums all happenings between two parties.",
    "What was denied, planned, supposed or long past is left out, and so are events without two resolved parties.",
)


def _write_rows(rows: Iterable[Row], form: _RowForm, tally: Tally, out: TextIO) -> None:
    read_back = form.open_reader()
    if form.header:
        out.write(form.header() + "\n")
    for row in rows:
        if not tally.is_told(row, form.statuses):
            continue
        dyads = expand_dyads(row) if form.splits else [row]
        tally.note_dyads(dyads)
        for at, dyad in enumerate(dyads):
            # Each pair is an event of its own in the file: with one id, all but the first would be told twice.
            line = form.write(dyad if len(dyads) == 1 else {**dyad, "event_id": f"{dyad['event_id']}/{at}"})
            out.write(line + "\n")
            tally.compare(dyad, _first(read_back, line))


def _write_gdelt(happenings: Iterable[list[Row]], tally: Tally, out: TextIO, mentions: TextIO | None = None) -> None:
    for happening in happenings:
        reports = [row for row in happening if tally.is_told(row, DEEDS)]
        if not reports:
            continue
        reports.sort(key=lambda row: (-row["confidence"], row["event_id"]))
        dyads = expand_dyads(reports[0])
        tally.note_dyads(dyads)
        tally.note_merged(len(reports) - 1)
        written = gdelt.write_happening(reports, dyads, tally.form, with_mentions=mentions is not None)
        for dyad, (line, told) in zip(dyads, written, strict=True):
            out.write(line + "\n")
            if mentions is not None:
                mentions.writelines(f"{mention}\n" for mention in told)
            tally.compare(dyad, _first(_gdelt_reader(tally.form, told), line))


def _gdelt_reader(form: str, told: list[str]) -> LineReader:
    """A reader of one line that has the mentions just written."""
    mentions = [gdelt.read_mention(line) for line in told]
    return lambda line: gdelt.read_events(line, form, lambda _: mentions)


def _first(read: LineReader, line: str) -> Event | None:
    """The event that a written line is read back as; None where it cannot be read, so that all its fields are lost."""
    try:
        return next(iter(read(line)), None)
    except Unreadable:
        return None


def _mentions_path(path: Path) -> Path:
    """`x.csv` has its mentions in `x.mentions.csv`, GDELT's `x.export.CSV` in `x.mentions.CSV`."""
    return path.with_name(f"{path.stem.removesuffix('.export')}.mentions{path.suffix}")


# --- in ---


def import_events(paths: Iterable[Path], form: str) -> Iterator[Event | Skip]:
    """The events of files of a form, in their order, and a Skip with its line for each row that cannot be one.

    Files may be packed (gz, xz, bz2, zip). Among `gdelt2` files those with mentions are found by their name or their 16
    columns, and give each event of the others its reports.

    Raises:
        QueryError: there is no such form.
        SourceError: a file cannot be opened.
    """
    _check_form(form, IMPORT_FORMS, "files can be imported from")
    found = [Path(path) for path in paths]
    if form not in gdelt.CODERS:
        return chain.from_iterable(_read_file(path, _READERS[form]()) for path in found)
    return _import_gdelt(found, form)


def readings_of(events: Iterable[Event | Skip]) -> Iterator[Reading | Skip]:
    """Imported events as readings that a record can store, one for each story and coder; skips pass through.

    An event whose id came before is declined with a Skip.
    """
    return group_readings(events)


def _import_gdelt(paths: list[Path], form: str) -> Iterator[Event | Skip]:
    tables = [path for path in paths if form == "gdelt2" and is_mentions_file(path)]
    with ExitStack() as stack:
        mentions_of: gdelt.MentionsOf = gdelt.no_mentions
        if tables:
            table = stack.enter_context(MentionTable())
            for path in tables:
                yield from table.load(path)
            mentions_of = table.find
        for path in paths:
            if path not in tables:
                yield from _read_file(path, lambda line: gdelt.read_events(line, form, mentions_of))


def _read_file(path: Path, read: LineReader) -> Iterator[Event | Skip]:
    for numbered in read_lines(path):
        if isinstance(numbered, Skip):
            yield numbered
            continue
        number, line = numbered
        if not line.strip() or line.startswith(("GLOBALEVENTID\t", "GlobalEventID\t")):
            continue
        try:
            yield from read(line)
        except Unreadable as why:
            yield Skip(location=f"{path}:{number}", stage=STAGE, reason=why.reason, detail=why.detail)


def _check_form(form: str, known: tuple[str, ...], what: str) -> None:
    if form not in known:
        close = nearest(form, known)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise QueryError(f"{what} {', '.join(known)}, not as {form!r}.{hint}")
