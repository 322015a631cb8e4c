"""Writes the reference pages from the code, so that they cannot drift: commands, row fields, codebook, errors.

usage: python scripts/docs.py [--check]      --check writes nothing and fails where a page is out of date
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click

from dragoman import errors, model
from dragoman.cli import main as cli
from dragoman.codebook import QUADS, load_codebook

PAGES = Path(__file__).parents[1] / "docs/reference"
NOTE = "<!-- Written by scripts/docs.py from the code: change the code, then run it. -->\n"


def commands_page() -> str:
    parts = ["# Commands\n"]
    for name, command in every_command(cli):
        context = click.Context(command, info_name=f"dragoman {name}", terminal_width=100, max_content_width=100)
        parts.append(f"## {name}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def every_command(group: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yields each command with its full name, those of a group after the group."""
    for name, command in sorted(group.commands.items()):
        yield f"{prefix}{name}", command
        if isinstance(command, click.Group):
            yield from every_command(command, f"{prefix}{name} ")


def nouns_page() -> str:
    parts = ["# The nouns\n", f"{inspect.getdoc(model)}\n"]
    for name, noun in vars(model).items():
        if inspect.isclass(noun) and noun.__module__ == model.__name__:
            rows = "\n".join(f"| `{f.name}` | `{f.type}` |" for f in fields(noun))
            parts.append(f"## {name}\n\n{inspect.getdoc(noun)}\n\n| field | type |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


def codebook_page() -> str:
    book = load_codebook()
    lines = [f"# Codebook\n\n{book.version}\n\n| type | quad class | score | modes (score) |\n|---|---|---|---|"]
    for kind in book.types.values():
        modes = ", ".join(f"{m} ({'type' if s is None else f'{s:+g}'})" for m, s in kind.modes.items())
        lines.append(f"| {kind.name} | {kind.quad} {QUADS[kind.quad]} | {kind.score:+g} | {modes} |")
    lines.append(f"\n## Contexts\n\n{', '.join(book.contexts)}\n\n## Sectors\n\n{', '.join(book.sectors)}\n")
    return "\n".join(lines)


def errors_page() -> str:
    return f"# Errors\n\n```text\n{inspect.getdoc(errors)}\n```\n"


def pages() -> Iterator[tuple[Path, str]]:
    for name, text in (
        ("commands", commands_page()),
        ("nouns", nouns_page()),
        ("codebook", codebook_page()),
        ("errors", errors_page()),
    ):
        yield PAGES / f"{name}.md", NOTE + text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    PAGES.mkdir(parents=True, exist_ok=True)
    for path, text in pages():
        if path.exists() and path.read_text(encoding="utf8") == text:
            continue
        stale.append(path.name)
        if not check:
            path.write_text(text, encoding="utf8")
    for name in stale:
        print(f"{name} {'is out of date: run scripts/docs.py' if check else 'written'}", file=sys.stderr)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
