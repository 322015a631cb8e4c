"""The OpenAPI 3.1 description of a site, made from the table of its pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import dragoman
from dragoman.web.views import Page

_PART = re.compile(r"\{(\w+)(?::\w+)?\}")
_ERROR = {
    "type": "object",
    "required": ["ok", "error", "status"],
    "properties": {
        "ok": {"const": False},
        "error": {"type": "string", "description": "One sentence that says what to do."},
        "status": {"type": "integer"},
    },
}
_GIVEN = {"type": "object", "required": ["ok"], "properties": {"ok": {"const": True}}}


def describe(pages: Iterable[Page], *, site_url: str) -> Mapping[str, Any]:
    """The description of all pages that can be asked for as JSON."""
    paths = {
        f"{_PART.sub(lambda part: '{' + part[1] + '}', page.path)}.json": {"get": _operation(page)}
        for page in pages
        if page.method == "GET" and page.path != "/" and not page.is_private
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Dragoman record",
            "version": dragoman.__version__,
            "description": "Who did what to whom, when, where, and according to whom. Each address also answers "
            "without its ending as a page, many as .csv and .atom.",
        },
        "servers": [{"url": site_url}],
        "paths": paths,
        "components": {"schemas": {"Error": _ERROR}},
    }


def _operation(page: Page) -> Mapping[str, Any]:
    error = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
    return {
        "operationId": page.name,
        "summary": page.summary,
        "parameters": [*_path_parameters(page), *_query_parameters(page)],
        "responses": {
            "200": {"description": "What was asked for.", "content": {"application/json": {"schema": _GIVEN}}},
            "400": {"description": "The question cannot be answered as it was asked.", **error},
            "301": {"description": "It lies under another id since it was joined with others."},
            "303": {"description": "It lies under another address: a code in place of a name."},
            "404": {"description": "The record holds no such thing.", **error},
            "414": {"description": "The address is too long.", **error},
            "429": {"description": "Too many requests.", **error},
            "503": {"description": "It cannot be answered just now: try again.", **error},
        },
    }


def _path_parameters(page: Page) -> Iterable[Mapping[str, Any]]:
    for part in _PART.finditer(page.path):
        yield {"name": part[1], "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameters(page: Page) -> Iterable[Mapping[str, Any]]:
    for name, schema in page.parameters.items():
        yield {"name": name, "in": "query", "required": False, "schema": schema}
