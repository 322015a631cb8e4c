"""The tutorial notebook runs from its first cell to its last, as a reader would run it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import nbformat
import pytest

NOTEBOOK = Path(__file__).parents[1] / "docs/tutorial.ipynb"
# A kernel that hangs is ended after so many seconds a cell; reading the samples takes about ten.
LONGEST_CELL = 300


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook after it ran, in a folder of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Jupyter's own parts about each other
        from nbclient import NotebookClient

        notebook = nbformat.read(NOTEBOOK, as_version=4)
        folder = tmp_path_factory.mktemp("notebook")
        client = NotebookClient(notebook, timeout=LONGEST_CELL, resources={"metadata": {"path": str(folder)}})
        return client.execute()


@pytest.mark.slow
def test_every_cell_runs(done: Any) -> None:
    cells = [cell for cell in done.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


@pytest.mark.slow
def test_what_the_text_promises_is_shown(done: Any) -> None:
    shown = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    printed = "".join(output.get("text", "") for output in shown)
    assert "16 articles" in printed
    assert "SAU" in printed  # the reasons of a tie
    kinds = {kind for output in shown for kind in output.get("data", {})}
    assert "image/svg+xml" in kinds  # the pictures, without the network
    assert "text/html" in kinds  # the frames


def test_the_notebook_is_kept_without_its_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert [cell.outputs for cell in notebook.cells if cell.get("outputs")] == []
    nbformat.validate(notebook)
