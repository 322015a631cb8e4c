"""All dyads by period, for the statistician: zeros where something was read and nothing passed, blanks where not.

Stands on the view. Columns, with their meaning and source, are rows of `data/ties/panel_columns.tsv`. It refuses
to hold panels that would not fit in memory, and never turns a period that was not read into a zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet

from dragoman.countries import load_countries
from dragoman.errors import QueryError
from dragoman.kinds import types_of
from dragoman.knowledge import table_rows
from dragoman.rows import each_day
from dragoman.tables import open_database
from dragoman.ties import Period, Scale, Window
from dragoman.view import RecordView

FORMS = (".csv", ".parquet")
# A row takes about 300 bytes of memory: so many, 3 GB.
MOST_ROWS = 10_000_000
# More at once take more memory, fewer take longer.
SIDES_AT_ONCE = 20
_NOT_ISO = frozenset({"KOS"})
_NAMES = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}


@cache
def panel_columns() -> tuple[dict[str, str], ...]:
    """The columns of a panel in their order: column, kind, meaning, source."""
    return tuple(table_rows("ties", "panel_columns.tsv"))


def build_panel(
    view: RecordView,
    window: Window,
    *,
    sides: Sequence[str] | None = None,
    directed: bool = True,
    scale: Scale = "plover",
) -> pa.Table:
    """Gives a row for each pair of sides and period of the window, in the columns of `panel_columns`.

    `sides` are codes; without them, all states that the record saw in the window. Undirected, what is mutual counts
    once. A happening counts where its date lies within the period: one dated by a month is in no week.

    Raises:
        QueryError: fewer than two sides, or more rows than memory should hold: `write_panel(panel_parts(...))` has
            no such limit.
    """
    codes = _codes(view, window, sides)
    number = len(codes) * (len(codes) - 1) * len(window.periods()) // (1 if directed else 2)
    if number > MOST_ROWS:
        raise QueryError(f"this panel has {number:,} rows: write it part by part, or name fewer sides")
    return pa.concat_tables(panel_parts(view, window, sides=codes, directed=directed, scale=scale))


def panel_parts(
    view: RecordView,
    window: Window,
    *,
    sides: Sequence[str] | None = None,
    directed: bool = True,
    scale: Scale = "plover",
) -> Iterator[pa.Table]:
    """Gives the same rows as `build_panel`, those of a few `side_a` at a time, so that memory stays small.

    Raises:
        QueryError: fewer than two sides.
    """
    codes = _codes(view, window, sides)
    with open_database() as connection:
        for name, table in (
            ("counts", _counts(view, window, directed=directed, scale=scale)),
            ("periods", _periods(view, window)),
            ("sides", _codes_table(codes)),
        ):
            connection.register("given", table)
            connection.sql(f"CREATE TABLE {name} AS SELECT * FROM given")
            connection.unregister("given")
        query = _panel_query(directed=directed)
        for at in range(0, len(codes), SIDES_AT_ONCE):
            yield connection.sql(query, params=[codes[at : at + SIDES_AT_ONCE]]).to_arrow_table()


def write_panel(parts: pa.Table | Iterable[pa.Table], path: str | Path) -> int:
    """Writes a panel, or its parts one by one, as CSV or Parquet, by the file's ending; gives the number of rows.

    The file takes its name only when it is whole.

    Raises:
        QueryError: the ending is neither, or the file cannot be written.
    """
    path = Path(path)
    check_panel_path(path)
    tables = iter([parts] if isinstance(parts, pa.Table) else parts)
    first = next(tables)
    part = path.with_name(f"{path.name}.part")
    rows = 0
    try:
        with _writer(part, first.schema, path.suffix.lower()) as writer:
            for table in chain([first], tables):
                writer.write_table(table)
                rows += table.num_rows
        part.replace(path)
    except OSError as fault:
        raise QueryError(f"{path} cannot be written: {fault}") from fault
    finally:
        part.unlink(missing_ok=True)
    return rows


def _writer(path: Path, schema: pa.Schema, kind: str) -> Any:
    if kind == ".csv":
        return arrow_csv.CSVWriter(path, schema, write_options=arrow_csv.WriteOptions(quoting_style="needed"))
    return parquet.ParquetWriter(path, schema, compression="zstd")


def check_panel_path(path: Path) -> None:
    """Raises QueryError where a panel could not be written to a file, before any work is done."""
    if path.suffix.lower() not in FORMS:
        raise QueryError(f"no panel of kind {path.suffix!r}: end the file's name with .csv or .parquet")
    if not path.parent.is_dir():
        raise QueryError(f"there is no folder {path.parent}: make it, or name another")


def _codes(view: RecordView, window: Window, sides: Sequence[str] | None) -> list[str]:
    codes = sorted(set(sides)) if sides is not None else _states_seen(view, window)
    if len(codes) < 2:
        raise QueryError("a panel needs two sides: widen the window, or name the sides")
    return codes


def _states_seen(view: RecordView, window: Window) -> list[str]:
    query = """SELECT DISTINCT unnest([low, high]) AS code FROM {dyads} WHERE day >= ? AND last_day < ?"""
    seen = view.ask(query, [window.since, window.until], window=window)["code"].to_pylist()
    return sorted(code for code in seen if code in load_countries())


def _periods(view: RecordView, window: Window) -> pa.Table:
    read = view.articles_by_day()
    rows = []
    for number, (since, until) in enumerate(window.periods(), start=1):
        articles = [read.get(day, 0) for day in each_day(since, until)]
        rows.append({
            "period": since.strftime(_NAMES[window.by]),
            "period_number": number,
            "since": since,
            "until": until,
            "days": len(articles),
            "days_read": sum(1 for number in articles if number > 0),
            "articles": sum(articles),
        })
    return pa.Table.from_pylist(rows, schema=_PERIODS)


_PERIODS = pa.schema([
    ("period", pa.string()),
    ("period_number", pa.int32()),
    ("since", pa.date32()),
    ("until", pa.date32()),
    ("days", pa.int32()),
    ("days_read", pa.int32()),
    ("articles", pa.int64()),
])


def _counts(view: RecordView, window: Window, *, directed: bool, scale: Scale) -> pa.Table:
    """What passed, by pair and period."""
    by: Period = window.by
    ends = "if(is_forward, low, high) AS side_a, if(is_forward, high, low) AS side_b"
    once = "TRUE" if directed else "(is_forward OR NOT is_mutual)"
    sides = ends if directed else "low AS side_a, high AS side_b"
    quads = ", ".join(f"count(*) FILTER (quad = {quad}) AS quad{quad}" for quad in (1, 2, 3, 4))
    pledges, threats = (", ".join(f"'{name}'" for name in types_of(kind)) for kind in ("pledge", "threat"))
    query = f"""SELECT {sides}, greatest(date_trunc('{by}', day)::DATE, $since) AS since,
            count(*) AS happenings, {quads},
            count(*) FILTER (event_type IN ({pledges})) AS pledges,
            count(*) FILTER (event_type IN ({threats})) AS threats, sum(belief) AS believed,
            sqrt(sum(belief * (1 - belief))) AS believed_sd, sum(intensity) AS score_sum,
            coalesce(sum(intensity) FILTER (quad <= 2), 0) AS cooperation_sum,
            coalesce(sum(intensity) FILTER (quad > 2), 0) AS conflict_sum
        FROM {{dyads:{scale}}} WHERE low <> high AND {once} AND day >= $since AND last_day < $until
            AND date_trunc('{by}', day) = date_trunc('{by}', last_day) GROUP BY ALL"""
    return view.ask(query, {"since": window.since, "until": window.until}, window=window)


def _codes_table(codes: Sequence[str]) -> pa.Table:
    countries = load_countries()
    known = [countries.get(code) for code in codes]
    return pa.table({
        "code": pa.array(codes, pa.string()),
        "iso3": pa.array([c.code if c and c.code not in _NOT_ISO else None for c in known], pa.string()),
        "cow": pa.array([c.cow if c else None for c in known], pa.int32()),
        "gw": pa.array([c.gw if c else None for c in known], pa.int32()),
    })


def _panel_query(*, directed: bool) -> str:
    """The panel in SQL: a count is 0 where something was read, and blank where nothing was."""
    counted = ("happenings", "quad1", "quad2", "quad3", "quad4", "pledges", "threats")
    summed = ("believed", "believed_sd", "score_sum", "cooperation_sum", "conflict_sum")
    zeros = {
        **{name: f"coalesce(c.{name}, if(p.days_read > 0, 0, NULL))::INT" for name in counted},
        **{name: f"round(coalesce(c.{name}, if(p.days_read > 0, 0, NULL)), 4)" for name in summed},
        "score_mean": "round(c.score_sum / c.happenings, 4)",
        "covered": "round(p.days_read / p.days, 4)",
        "side_a": "a.code",
        "side_b": "b.code",
        "dyad": "a.code || '_' || b.code",
    }
    codes = {f"{name}_{side}": f"{side}.{name}" for name in ("iso3", "cow", "gw") for side in ("a", "b")}
    told = {column["column"]: column["column"] for column in panel_columns()}
    parts = {name: (zeros | codes).get(name, f"p.{name}") for name in told}
    return f"""SELECT {", ".join(f"{part} AS {name}" for name, part in parts.items())}
        FROM periods AS p CROSS JOIN sides AS a JOIN sides AS b ON a.code {"<>" if directed else "<"} b.code
        LEFT JOIN counts AS c ON c.side_a = a.code AND c.side_b = b.code AND c.since = p.since
        WHERE list_contains(?, a.code) ORDER BY a.code, b.code, p.since"""
