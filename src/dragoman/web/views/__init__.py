"""The pages of a site, in the order of its menu: each takes what was asked and the site, and gives an answer."""

from __future__ import annotations

from dragoman.web.views.happenings import HAPPENING_PAGES
from dragoman.web.views.page import NotThereError, Page
from dragoman.web.views.parties import PARTY_PAGES
from dragoman.web.views.pictures import PICTURE_PAGES
from dragoman.web.views.watching import WATCH_PAGES
from dragoman.web.views.writing import WRITING_PAGES

__all__ = ["PAGES", "NotThereError", "Page"]

PAGES: tuple[Page, ...] = (*HAPPENING_PAGES, *PARTY_PAGES, *PICTURE_PAGES, *WATCH_PAGES, *WRITING_PAGES)
