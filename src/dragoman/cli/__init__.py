"""The command line: thin commands over the pipeline and the record. The same verbs as in Python and over HTTP."""

from __future__ import annotations

from dragoman.cli.alerting import alerting_commands
from dragoman.cli.asking import asking_commands
from dragoman.cli.base import Group
from dragoman.cli.comparing import comparing_commands
from dragoman.cli.correcting import correcting_commands
from dragoman.cli.counting import counting_commands
from dragoman.cli.keeping import keeping_commands
from dragoman.cli.questions import question_commands
from dragoman.cli.reading import reading_commands
from dragoman.cli.watching import watching_commands

__all__ = ["main"]

main = Group(
    "dragoman",
    commands=[
        *reading_commands,
        *keeping_commands,
        *watching_commands,
        *correcting_commands,
        *comparing_commands,
        *asking_commands,
        *counting_commands,
        *question_commands,
        *alerting_commands,
    ],
    help="""Reads news reports and keeps the record: who did what to whom, when, where, and according to whom.

    \b
    dragoman read report.html             events of a page, nothing stored
    dragoman add --record DIR reports/    reads and stores
    dragoman ties --record DIR RUS CHN    the tie between two states
    """,
)
