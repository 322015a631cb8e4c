"""The record as pages, JSON, CSV and feeds: the same questions as on the command line and in Python.

Presents, and decides nothing: every figure on a page is a row of a view. What is written in articles is shown as text
and never as markup.
"""

from __future__ import annotations

from dragoman.web.app import listen, make_app, serve_record

__all__ = ["listen", "make_app", "serve_record"]
