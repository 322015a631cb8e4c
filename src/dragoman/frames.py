"""Plain rows as the data frame that the caller works with: polars, pandas or Arrow.

Stands beside the journey. None of polars and pandas has to be there: whichever is installed is taken, and Arrow is
always there. Lists stay lists; days stay text, as in the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

from dragoman.errors import QueryError

FrameKind = Literal["polars", "pandas", "arrow"]
_LIBRARIES = {"polars": "polars", "pandas": "pandas", "arrow": "pyarrow"}


def to_frame(rows: Sequence[Mapping[str, Any]], kind: FrameKind | None = None) -> Any:
    """Gives rows as a polars or pandas DataFrame or an Arrow table; without `kind`, as the first that is installed.

    Raises:
        QueryError: there is no such kind, or its library is not installed.
    """
    import pyarrow as pa

    chosen: str = kind or next(name for name, library in _LIBRARIES.items() if find_spec(library))
    table = pa.Table.from_pylist([dict(row) for row in rows])
    if chosen == "arrow":
        return table
    library = _library(chosen)
    return library.from_arrow(table) if chosen == "polars" else table.to_pandas()


def _library(kind: str) -> Any:
    if kind not in _LIBRARIES:
        raise QueryError(f"no frame of kind {kind!r}: say one of {', '.join(_LIBRARIES)}")
    try:
        return import_module(_LIBRARIES[kind])
    except ImportError as error:
        raise QueryError(f"{kind} is not installed: pip install {kind}, or ask for another kind of frame") from error
