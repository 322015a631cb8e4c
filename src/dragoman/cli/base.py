"""What the commands share: the group that turns errors into one sentence, options, refusals and progress."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast

import click

from dragoman import __version__
from dragoman.errors import DragomanError
from dragoman.model import Skip

if TYPE_CHECKING:
    from dragoman.objects import Place
    from dragoman.runs import Run
    from dragoman.store import RecordStore

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
REFUSED, WRONG_CALL, INTERRUPTED = 1, 2, 130
# Stages whose skips mean that an input was refused; those of later stages only say why a sentence gave no event.
INPUT_STAGES = frozenset({"sources", "article", "workers", "cluster"})
# Reasons at those stages with which a report is read all the same: told, and no refusal.
READ_ALL_THE_SAME = frozenset({"unknown-date"})


def _start_log(*, log_json: bool) -> None:
    if log_json:
        from dragoman.logs import log_as_json

        log_as_json(sys.stderr)


class Group(click.Group):
    """A click group: errors end in exit 2 with one sentence, and a closed pipe ends quietly."""

    def __init__(self, name: str, *, commands: Sequence[click.Command], help: str) -> None:  # noqa: A002
        super().__init__(name, commands=list(commands), help=help, callback=_start_log)
        click.version_option(__version__, prog_name=name)(self)
        click.option(
            "--log-json", is_flag=True, envvar="DRAGOMAN_LOG_JSON", help="Log to standard error as JSON lines."
        )(self)

    def invoke(self, ctx: click.Context) -> Any:
        # Before numpy is loaded: its matrices here are small, and threads for them only wait for each other.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        try:
            return super().invoke(ctx)
        except DragomanError as fault:
            click.echo(f"dragoman: {fault}", err=True)
            ctx.exit(WRONG_CALL)
        except KeyboardInterrupt:
            click.echo("dragoman: interrupted; what was stored stays, and repeating the command goes on", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            # Whoever read our output has had enough (`| head`); closing here keeps Python's own complaint away.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)


class Day(click.ParamType[date]):
    """A calendar day as YYYY-MM-DD."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day: write it as YYYY-MM-DD", param, ctx)


DAY = Day()


class Picture(click.Path):
    """A file that a picture can be written to: of a known kind, in a folder that is there. Said before any work."""

    name = "file"

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        from dragoman.plots import check_picture_path

        path = Path(str(super().convert(value, param, ctx)))
        check_picture_path(path)
        return path


PICTURE = Picture()


def plot_option(command: F) -> F:
    """Adds --plot: the file of a picture."""
    return click.option("--plot", type=PICTURE, help="Draw it: FILE.svg, .png, .pdf or .html.")(command)


def scale_option(command: F) -> F:
    """Adds --scale: whose scores count."""
    return click.option(
        "--scale", type=click.Choice(("plover", "goldstein")), default="plover", show_default=True,
        help="Whose scores: PLOVER's, or Goldstein's of the nearest CAMEO code.",
    )(command)  # fmt: skip


class RecordPlace(click.Path):
    """Where a record lies: a folder, or an address in an object store, opened as --store-option and --mirror say."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from dragoman.objects import is_address, read_address

        if not (isinstance(value, str) and is_address(value)):
            return super().convert(value, param, ctx)
        given = ctx.params if ctx else {}
        return read_address(value, dict(given.get("store_options", ())), given.get("mirrors"))


class StoreOption(click.ParamType[tuple[str, str]]):
    """An option of an object store as KEY=VALUE."""

    name = "key=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        key, equals, text = str(value).partition("=")
        if not (equals and key):
            self.fail(f"{key!r} is no option of a store: write it as KEY=VALUE", param, ctx)
        return key.strip().lower(), text


RECORD_PLACE = RecordPlace()


def store_options(command: F) -> F:
    """Adds --store-option and --mirror; `RecordPlace` takes them, before any other option is read."""

    @functools.wraps(command)
    def without_options(*, store_options: object, mirrors: object, **given: Any) -> None:
        command(**given)

    options = click.option(
        "--store-option", "store_options", type=StoreOption(), multiple=True, is_eager=True, metavar="KEY=VALUE",
        envvar="DRAGOMAN_STORE_OPTIONS", help="For a record in an object store: an option of the store.",
    )  # fmt: skip
    mirrors = click.option(
        "--mirror", "mirrors", type=click.Path(file_okay=False, path_type=Path), is_eager=True, metavar="FOLDER",
        envvar="DRAGOMAN_MIRROR", help="And where its copies on this machine lie.",
    )  # fmt: skip
    return cast(F, options(mirrors(without_options)))


def record_option(command: F) -> F:
    """Adds --record: where the record lies, else $DRAGOMAN_RECORD, else ./record."""
    return click.option(
        "--record", "record", type=RECORD_PLACE, envvar="DRAGOMAN_RECORD", default=Path("record"), show_default=True,
        help="Folder of the record, or s3://bucket/path (or $DRAGOMAN_RECORD).",
    )(store_options(command))  # fmt: skip


def window_options(command: F) -> F:
    """Adds --since (inside the window) and --until (outside it)."""
    command = click.option("--until", type=DAY, help="Up to this day, which is left out.")(command)
    return click.option("--since", type=DAY, help="From this day on.")(command)


def wanted_options(command: F) -> F:
    """Adds --language, --domain, --since and --until, given to the command as `wanted`."""

    @functools.wraps(command)
    def with_wanted(
        *, languages: tuple[str, ...], domains: tuple[str, ...], since: date | None, until: date | None, **given: Any
    ) -> None:
        from dragoman.sieve import Wanted

        named = tuple(domain.lower().strip(".") for domain in domains)
        codes = tuple(language.lower() for language in languages)
        command(wanted=Wanted(languages=codes, domains=named, since=since, until=until), **given)

    language = click.option(
        "--language", "languages", multiple=True, metavar="CODE",
        help="Pass over pages of other languages than this one (en); what they declare is believed.",
    )  # fmt: skip
    domain = click.option(
        "--domain", "domains", multiple=True, metavar="HOST", help="Only pages of this outlet and below (example.org)."
    )
    since = click.option("--since", type=DAY, help="Only what was published from this day on.")
    until = click.option("--until", type=DAY, help="Only what was published before this day.")
    return cast(F, language(domain(since(until(with_wanted)))))


def format_option(*forms: str) -> Callable[[F], F]:
    """Adds --format with `forms`, the first of which is the default."""
    return click.option("--format", "form", type=click.Choice(forms), default=forms[0], show_default=True)


def confidence_option(command: F) -> F:
    """Adds --min-confidence: events the reader is less sure of are left out."""
    return click.option(
        "--min-confidence", type=click.FloatRange(0, 1), help="Only events the reader is at least so sure of."
    )(command)  # fmt: skip


def published_option(command: F) -> F:
    return click.option("--published", type=DAY, help="Publication day where an input does not tell its own.")(command)


def cores_option(command: F) -> F:
    """Adds --cores: how many worker processes read."""
    return click.option(
        "--cores", type=click.IntRange(min=0), default=0, metavar="N",
        help="Read with N worker processes; by default one for each core. A small job needs none.",
    )(command)  # fmt: skip


def gate_option(command: F) -> F:
    """Adds --no-gate: the network reads every sentence."""
    return click.option(
        "--gate/--no-gate", default=True, show_default=True,
        help="Whether a cheap gate spares the network sentences that cannot hold an event.",
    )(command)  # fmt: skip


def open_record(place: Place, *, create: bool = False) -> RecordStore:
    from dragoman.store import RecordStore

    return RecordStore.open(place, create=create)


class Refusals:
    """Tells of skips: refused inputs as a line each on standard error, all of them as JSON where a file is named."""

    def __init__(self, out: IO[str] | None = None) -> None:
        self._out = out
        self.refused = 0

    def take(self, skip: Skip) -> None:
        if skip.stage in {"folder", "filter"}:
            click.echo(f"{skip.location}: {skip.reason}, {skip.detail}", err=True)
        if skip.stage in INPUT_STAGES:
            is_read = skip.reason in READ_ALL_THE_SAME
            self.refused += not is_read
            detail = f" ({skip.detail})" if skip.detail else ""
            click.echo(f"{'noted' if is_read else 'refused'} {skip.location}: {skip.reason}{detail}", err=True)
        if self._out is not None:
            row = {"location": skip.location, "stage": skip.stage, "reason": skip.reason, "detail": skip.detail}
            self._out.write(json.dumps(row, ensure_ascii=False) + "\n")

    def end(self) -> None:
        """Exits with 1 where an input was refused."""
        if self.refused:
            raise click.exceptions.Exit(REFUSED)


@contextlib.contextmanager
def refusals(path: Path | None) -> Iterator[Refusals]:
    """Gives a `Refusals` that writes to `path` where one is named."""
    with path.open("w", encoding="utf8") if path else contextlib.nullcontext() as out:
        yield Refusals(out)


@contextlib.contextmanager
def reported(run: Run, store: RecordStore) -> Iterator[None]:
    """Writes the report of a run beside the record when the block ends, also where a fault or Ctrl+C ends it."""
    logger = logging.getLogger("dragoman.runs")
    logger.info("began", extra={"what": run.what, "coder": run.coder})
    try:
        yield
    except (DragomanError, KeyboardInterrupt) as fault:
        run.fault = str(fault) or "interrupted"
        raise
    finally:
        report = run.write(store.path)
        store.keep(report)
        logger.info("ended", extra={"report": str(report), "articles": run.articles, "fault": run.fault})


@contextlib.contextmanager
def progress_bar(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A progress bar with rate and remaining time, advanced by what it gives; silent where there is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total, rate="")

        def advance(number: int) -> None:
            progress.advance(task, number)
            speed = progress.tasks[0].speed
            progress.update(task, rate=f"{speed:.0f}/s" if speed else "")

        yield advance


def with_progress(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """Passes items on under a progress bar with rate and remaining time; silent where standard error is no terminal."""
    with progress_bar(what, total) as advance:
        for item in items:
            yield item
            advance(1)


def count_articles(inputs: Sequence[str]) -> int | None:
    """Counts the articles of inputs where that is cheap (article lines, single pages), for the progress bar."""
    if not sys.stderr.isatty():
        return None
    total = 0
    for name in inputs:
        found = _count_input(Path(name))
        if found is None:
            return None
        total += found
    return total


def _count_input(path: Path) -> int | None:
    if path.is_dir():
        counts = [_count_input(p) for p in path.rglob("*") if p.is_file()]
        return None if None in counts else sum(filter(None, counts))
    if not path.is_file() or path.stat().st_size > 200_000_000:
        return None
    kind = path.suffix.lower()
    if kind in {".html", ".htm", ".txt"}:
        return 1
    opener = _opener(path)
    if opener is None:
        return None
    try:
        with opener(path, "rb") as stream:
            return sum(1 for _ in stream)
    except (OSError, EOFError, ValueError):  # the reading itself will say what is wrong with it
        return None


def _opener(path: Path) -> Callable[..., Any] | None:
    import gzip
    import lzma

    if path.suffix == ".jsonl":
        return open
    if path.name.endswith(".jsonl.gz"):
        return gzip.open
    return lzma.open if path.name.endswith(".jsonl.xz") else None


def echo_lines(rows: Iterable[Any]) -> None:
    """Prints rows as JSON lines."""
    for row in rows:
        click.echo(json.dumps(row, ensure_ascii=False))
