"""Flat files of event rows: CSV for spreadsheets and statistics, Parquet with every field as it is. Export only.

In CSV each list is joined by `; `, a party's own sectors by `|`. A text cell that begins with = + - @, a tab or a line
break gets a leading apostrophe, since a spreadsheet would run it as a formula; numbers stay as they are.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from dragoman.codebook import QUADS, load_codebook
from dragoman.exchange.cells import Row, cameo_of
from dragoman.exchange.knowledge import columns_of

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_LIST = "; "


def write_csv(rows: Iterable[Row], out: TextIO) -> int:
    """Writes event rows as CSV with a header and gives their number."""
    writer = csv.writer(out, lineterminator="\n")
    columns = columns_of("csv")
    writer.writerow(columns)
    count = 0
    for row in rows:
        cells = _cells(row)
        writer.writerow([guard(cells.get(column)) for column in columns])
        count += 1
    return count


def guard(value: object) -> object:
    """A cell that no spreadsheet runs: an apostrophe before text that would begin a formula."""
    if not isinstance(value, str):
        return value
    text = value if value.isascii() else value.encode("utf8", "replace").decode("utf8")
    return f"'{text}" if text.startswith(_FORMULA) else text


def _cells(row: Row) -> dict[str, object]:
    place, speaker = row["place"] or {}, row["attributed_to"] or {}
    way = load_codebook().from_cameo(cameo_of(row))
    plain = {name: value for name, value in row.items() if not isinstance(value, list | dict)}
    return {
        **plain,
        "contexts": _LIST.join(row["contexts"]),
        "quad_name": QUADS.get(row["quad"]),
        **_party_cells("actor", row["actors"]),
        **_party_cells("recipient", row["recipients"]),
        **{f"place_{field}": place.get(field) for field in ("name", "country", "latitude", "longitude", "geonameid")},
        "place_text": place.get("text"),
        "attributed_to_code": speaker.get("code"),
        "attributed_to_text": speaker.get("text"),
        **_span_cells("sentence", row["sentence"]),
        **_span_cells("anchor", row["anchor"]),
        "cameo": way.code,
        "goldstein": way.goldstein,
    }


def _party_cells(side: str, parties: Sequence[Row]) -> dict[str, object]:
    return {
        f"{side}_codes": _LIST.join(party["code"] or "" for party in parties),
        f"{side}_sectors": _LIST.join("|".join(party["sectors"]) for party in parties),
        f"{side}_names": _LIST.join(party["name"] or "" for party in parties),
        f"{side}_identifiers": _LIST.join(party["identifier"] or "" for party in parties),
        f"{side}_texts": _LIST.join(party["text"] for party in parties),
    }


def _span_cells(name: str, span: Row) -> dict[str, object]:
    return {name: span["text"], f"{name}_start": span["start"], f"{name}_end": span["end"]}


def write_parquet(batches: Iterable[pa.RecordBatch], schema: pa.Schema, path: Path) -> int:
    """Writes record batches of event rows as one Parquet file and gives the number of rows."""
    count = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch.cast(schema))
            count += batch.num_rows
    return count
