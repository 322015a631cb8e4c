"""Commands for watches: saved searches and ties whose alerts are a feed, a webhook or a mail."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import click

from dragoman.cli.base import Group, echo_lines, format_option, open_record, record_option
from dragoman.errors import QueryError
from dragoman.sides import side_code

if TYPE_CHECKING:
    from dragoman.objects import Place


def sending_options(command: Any) -> Any:
    """Adds how alerts leave: the site's address, the mail server, whether private webhooks are allowed."""
    options = (
        click.option("--site-url", default="", help="The address under which readers reach the site, for links."),
        click.option("--smtp", envvar="DRAGOMAN_SMTP", help="smtp://host:port or smtps://user:password@host:port."),
        click.option("--mail-from", envvar="DRAGOMAN_MAIL_FROM", help="Who alerts by mail come from."),
        click.option("--allow-private", is_flag=True, help="Send to webhooks inside the own network too."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def make_sender(*, site_url: str, smtp: str | None, mail_from: str | None, allow_private: bool) -> Any:
    """The sender that these options describe."""
    from dragoman.web.sending import MailServer, Sender

    if smtp and not mail_from:
        raise QueryError("mail needs a sender: name it with --mail-from")
    mail = MailServer.read(smtp, str(mail_from)) if smtp else None
    return Sender(site_url=site_url.rstrip("/"), mail=mail, allow_private=allow_private)


@click.command("add")
@click.argument("name")
@record_option
@click.option("--search", "query", help="What the search box takes: states, types in capitals, days, words.")
@click.option("--tie", nargs=2, metavar="A B", help="Two sides, by code or name.")
@click.option(
    "--threshold", type=click.FloatRange(min=0, min_open=True), default=None,
    help="So many new happenings of a search (1), or so large a move of a tie's level within a week (5).",
)  # fmt: skip
@click.option("--webhook", help="An address to which each alert is posted as JSON.")
@click.option("--mail", help="An e-mail address to which each alert is sent.")
def add_watch(
    name: str, record: Place, query: str | None, tie: tuple[str, str] | None, threshold: float | None,
    webhook: str | None, mail: str | None,
) -> None:  # fmt: skip
    """Saves a watch.

    \b
    Example: dragoman alerts add "Strait" --search "China Taiwan MOBILIZE" --record ./record
             dragoman alerts add "Neighbours" --tie RUS UKR --threshold 3 --mail me@example.org --record ./record
    """
    from dragoman.web.queries import PageView
    from dragoman.web.watches import Watch, WatchBox

    store = open_record(record)
    a, b = (side_code(tie[0]), side_code(tie[1])) if tie else (None, None)
    limit = threshold or (1.0 if query else 5.0)
    watch = Watch(name=name, query=query, a=a, b=b, threshold=limit, webhook=webhook, mail=mail)
    WatchBox(store.path).save(watch, PageView.of(record))
    click.echo(f"watching {name!r}: alerts are at /alerts of the site, as a feed at /alerts.atom", err=True)


@click.command("list")
@record_option
@format_option("table", "jsonl")
def list_watches(record: Place, form: str) -> None:
    """Lists the watches of a record.

    Example: dragoman alerts list --record ./record
    """
    from dataclasses import asdict

    from dragoman.web.watches import WatchBox

    rows = [asdict(watch) for watch in WatchBox(open_record(record).path).watches()]
    if form == "jsonl":
        echo_lines(rows)
        return
    for row in rows:
        what = row["query"] or f"{row['a']} and {row['b']}"
        sent = ", ".join(way for way in ("webhook", "mail") if row[way]) or "feed alone"
        click.echo(f"{row['name']}: {what} (threshold {row['threshold']:g}; {sent})")


@click.command("remove")
@click.argument("name")
@record_option
def remove_watch(name: str, record: Place) -> None:
    """Removes a watch and its alerts.

    Example: dragoman alerts remove "Strait" --record ./record
    """
    from dragoman.web.watches import WatchBox

    if not WatchBox(open_record(record).path).remove(name):
        raise QueryError(f"there is no watch {name!r}: `dragoman alerts list` names them")


@click.command("run")
@record_option
@sending_options
@click.option("--every", type=click.FloatRange(min=1), help="Check again after so many seconds, until interrupted.")
def run_watches(record: Place, every: float | None, **sending: Any) -> None:
    """Checks all watches once, keeps their alerts and sends them. `dragoman serve` does so by itself.

    Example: dragoman alerts run --record ./record --smtp smtp://localhost:25 --mail-from record@example.org
    """
    from dragoman.web.queries import PageView
    from dragoman.web.sending import keep_watch
    from dragoman.web.watches import WatchBox

    store = open_record(record)
    view, box, sender = PageView.of(record), WatchBox(store.path), make_sender(**sending)
    for alert in box.check(view):
        click.echo(f"{alert.title}\n    {alert.summary}")
    sender.send_waiting(box)
    if every:
        keep_watch(view, box, sender, every=every, stop=threading.Event())


alerts = Group(
    "alerts",
    commands=[add_watch, list_watches, remove_watch, run_watches],
    help="""Watches searches and ties: alerts as a feed, to a webhook or by mail.

    Example: dragoman alerts add "Strait" --search "China Taiwan MOBILIZE" --record ./record
    """,
)
alerting_commands = [alerts]
