"""The questions that pages ask beside those of a view: what is new, who deals with whom, where, how often.

Stands between the record and the pages. Counts come from columns held in memory, one object for each partition of the
data files, so that a commit costs the reading of few files; whole rows are read from the files for what is shown
alone. It refuses to answer without a limit.

PageView        a record as pages ask it
Wanted, Found   what a search asks for, and what it found
NotReadyError   a question that can be answered in a while
"""

from __future__ import annotations

from dragoman.web.queries.view import PageView
from dragoman.web.queries.wanted import Found, NotReadyError, Wanted

__all__ = ["Found", "NotReadyError", "PageView", "Wanted"]
