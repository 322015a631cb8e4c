"""Watches feeds: what is new in them is fetched politely and added to a record, round after round.

A conductor beside the pipeline. `subscriptions` says which feeds, `ledger` remembers what was fetched and when,
`manners` says when a host may be asked and for what, and `rounds` does the asking. Nothing is fetched twice, nothing
that robots.txt forbids, and no host more often than it likes.
"""

from __future__ import annotations

from dragoman.watch.ledger import Ledger
from dragoman.watch.rounds import Habits, Round, Watcher
from dragoman.watch.subscriptions import read_subscriptions

__all__ = ["Habits", "Ledger", "Round", "Watcher", "read_subscriptions"]
