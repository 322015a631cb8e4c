"""Knowledge as data: the tables that come with the package, read as rows.

A table is a file of text in UTF-8. Lines that begin with # are remarks and say where it is from; the first other line
names the columns; cells are parted by tabs.
"""

from __future__ import annotations

import csv
from importlib import resources

from dragoman.errors import CodebookError


def table_rows(*path: str, package: str = "dragoman.data", is_quoted: bool = False) -> list[dict[str, str]]:
    """Gives the rows of a table by the names of its columns; `is_quoted` where cells may stand in quotation marks.

    >>> table_rows("ties", "kinds.tsv")[0]["kind"]
    'pledge'

    Raises:
        CodebookError: the package has no such file.
    """
    lines = _lines(path, package)
    if is_quoted:
        return list(csv.DictReader(lines, delimiter="\t"))
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def table_cells(*path: str) -> list[list[str]]:
    """Gives the rows of a table as lists of cells, without the names of the columns.

    Raises:
        CodebookError: the package has no such file.
    """
    return [line.split("\t") for line in _lines(path, "dragoman.data")[1:]]


def _lines(path: tuple[str, ...], package: str) -> list[str]:
    try:
        text = resources.files(package).joinpath(*path).read_text(encoding="utf8")
    except OSError as fault:
        raise CodebookError(f"the file {'/'.join(path)} is missing: install the package again") from fault
    return [line for line in text.split("\n") if line and not line.startswith("#")]
