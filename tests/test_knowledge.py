"""The tables that come with the package."""

from __future__ import annotations

import pytest

from dragoman.errors import CodebookError
from dragoman.knowledge import table_cells, table_rows


def test_rows_are_named_by_the_head_line_and_hold_no_remark() -> None:
    rows = table_rows("ties", "themes.tsv")
    assert set(rows[0]) == {"theme", "contexts", "words"}
    assert not any(row["theme"].startswith("#") for row in rows)


def test_cells_are_those_of_the_rows() -> None:
    assert table_cells("ties", "themes.tsv") == [list(row.values()) for row in table_rows("ties", "themes.tsv")]


def test_a_cell_in_quotation_marks_is_read_without_them_where_asked() -> None:
    labels = [row["label"] for row in table_rows("codebook", "cameo.tsv", is_quoted=True)]
    assert not any(label.startswith('"') for label in labels)


def test_a_table_of_another_package_is_found() -> None:
    assert table_rows("wording.tsv", package="dragoman.web")[0]["verb"]


def test_a_missing_table_says_what_to_do() -> None:
    with pytest.raises(CodebookError, match=r"ties/none\.tsv is missing: install the package again"):
        table_rows("ties", "none.tsv")
