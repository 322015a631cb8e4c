"""The command that watches feeds and adds what is new to a record."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dragoman.cli.base import open_record, record_option, refusals, reported, wanted_options
from dragoman.cli.reading import actors_option, skips_option
from dragoman.errors import QueryError

if TYPE_CHECKING:
    from dragoman.figures import WatchFigures
    from dragoman.objects import Place
    from dragoman.runs import Run
    from dragoman.sieve import Wanted
    from dragoman.store import RecordStore
    from dragoman.watch import Round, Watcher

# A rest is cut into naps of at most so many seconds, so that an interruption is noticed.
LONGEST_REST = 60.0


@click.command()
@click.argument("feeds", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@record_option
@wanted_options
@actors_option
@skips_option
@click.option("--once", is_flag=True, help="One round over the feeds that are due, then end (for cron).")
@click.option(
    "--every", type=click.FloatRange(min=1), default=15.0, show_default=True, help="Minutes between two looks."
)
@click.option(
    "--delay",
    type=click.FloatRange(min=0),
    default=2.0,
    show_default=True,
    help="Seconds between two requests to a host; more where its robots.txt asks for it.",
)
@click.option(
    "--per-host", type=click.IntRange(min=1), default=60, show_default=True, help="Pages of a host in a round."
)
@click.option("--connections", type=click.IntRange(1, 200), default=16, show_default=True, help="Hosts asked at once.")
@click.option(
    "--pages/--no-pages", default=True, show_default=True, help="Fetch the pages, or read the feeds' own text."
)
@click.option("--metrics-port", type=click.IntRange(1, 65535), help="Tell Prometheus at this port of this machine.")
@click.option(
    "--allow-private", is_flag=True, help="Also ask private and local addresses: for an intranet of your own."
)
def watch(
    feeds: Path,
    record: Place,
    wanted: Wanted,
    dictionaries: tuple[Path, ...],
    skips: Path | None,
    once: bool,
    every: float,
    delay: float,
    per_host: int,
    connections: int,
    pages: bool,
    metrics_port: int | None,
    allow_private: bool,
) -> None:
    """Watches feeds, fetches what is new in them, and adds it to a record.

    FEEDS is an OPML file or a list with one address a line. Safe to interrupt: it goes on where it stood.

    Example: dragoman watch --record ./record feeds.opml

    Example: dragoman watch --record ./record --once --no-pages feeds.txt
    """
    from dragoman.adding import Adding
    from dragoman.heap import give_back_large_blocks
    from dragoman.pipeline import Desk, Work
    from dragoman.runs import Run
    from dragoman.watch import Habits, Ledger, Watcher, read_subscriptions

    give_back_large_blocks()
    habits = Habits(
        interval=60 * every, delay=delay, per_host=per_host, connections=connections, pages=pages,
        allow_private=allow_private,
    )  # fmt: skip
    subscribed = read_subscriptions(feeds)
    store = open_record(record, create=True)
    desk = Desk(Work(dictionaries=dictionaries, record=store.place, wanted=wanted))
    with refusals(skips) as told, contextlib.closing(Ledger(store.path)) as ledger:
        adding = Adding(store, coder=desk.coder.version, tell=told.take, keep_text=False)
        watcher = Watcher(
            subscribed, ledger, lambda found: adding.store(desk(found)), known=store.known_urls, habits=habits
        )
        figures = serve_figures(metrics_port)
        while True:
            adding.run = Run(what="watch", coder=desk.coder.version, codebook=adding.run.codebook, inputs=(str(feeds),))
            watch_once(watcher, adding.run, store, figures)
            if once:
                return
            rest(watcher)


def serve_figures(port: int | None) -> WatchFigures | None:
    if port is None:
        return None
    from dragoman.figures import WatchFigures

    figures = WatchFigures()
    try:
        figures.serve(port)
    except OSError as error:
        raise QueryError(f"port {port} cannot be used ({error.strerror}): name another --metrics-port") from error
    return figures


def watch_once(watcher: Watcher, run: Run, store: RecordStore, figures: WatchFigures | None) -> None:
    """Does one round, and tells of it: a line, the report beside the record, the figures."""
    with reported(run, store):
        done = watcher.run_round()
        store.merge()
    tell_round(done)
    if figures:
        figures.take_round(done.counts, done.seconds)
        figures.take_stored(articles=run.articles, events=run.events, skips=run.skips)


def tell_round(done: Round) -> None:
    said = ", ".join(f"{number} {what}" for what, number in sorted(done.counts.items())) or "nothing was due"
    click.echo(f"{said}; {done.seconds:.0f} s")


def rest(watcher: Watcher) -> None:
    """Waits until something is due."""
    while (seconds := watcher.seconds_to_next()) > 0:
        time.sleep(min(seconds, LONGEST_REST))


watching_commands = [watch]
