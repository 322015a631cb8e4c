"""Tables of earlier versions: in what they differ from those of now, and their rows in the columns of now.

Below the tables: knows columns, not records. It invents nothing: a column that an earlier version did not have is empty
in its rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable


def digest_columns(schemas: Mapping[str, pa.Schema]) -> str:
    """What tells the columns of all tables from those of another version."""
    text = "\n".join(f"{name}: {schemas[name]}" for name in sorted(schemas))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def find_differences(folder: Path, versions: Mapping[str, int], schemas: Mapping[str, pa.Schema]) -> dict[str, str]:
    """By table, in words, how its columns differ from those of now; a table that is not there differs in nothing."""
    found = {
        name: _difference(pa.schema(DeltaTable(folder / name, version=version).schema().to_arrow()), schemas[name])
        for name, version in versions.items()
        if name in schemas
    }
    return {name: difference for name, difference in found.items() if difference}


def _difference(there: pa.Schema, wanted: pa.Schema) -> str:
    parts = {
        "lacks": [name for name in wanted.names if name not in there.names],
        "has another kind of": [
            field.name for field in wanted if field.name in there.names and not _is_same(there.field(field.name), field)
        ],
        "still has": [name for name in there.names if name not in wanted.names],
    }
    return " and ".join(f"{verb} {', '.join(names)}" for verb, names in parts.items() if names)


def _is_same(one: pa.Field, other: pa.Field) -> bool:
    """Whether two columns hold the same, whatever an engine calls its texts and lists."""
    return _plain(one.type) == _plain(other.type)


def _plain(kind: pa.DataType) -> object:
    if pa.types.is_struct(kind):
        return {field.name: _plain(field.type) for field in kind}
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_list_view(kind):
        return ["list", _plain(kind.value_type)]
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "text"
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return "bytes"
    return str(kind)


def fit_batches(table: DeltaTable, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows of a table in other columns: what is missing is null, what is no more is left out."""
    import pyarrow.dataset as datasets  # here, since it loads pandas where that is installed

    if not (files := table.file_uris()):
        return
    # Not the library's own dataset: its files cannot be read while the same library writes.
    folders = pa.schema([(name, pa.string()) for name in table.metadata().partition_columns])
    dataset = datasets.dataset(files, partitioning=datasets.partitioning(folders, flavor="hive"))
    for batch in dataset.to_batches():
        columns = [_fit_column(batch, field) for field in schema]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _fit_column(batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
    if field.name not in batch.schema.names:
        return pa.nulls(batch.num_rows, field.type)
    column = batch.column(field.name)
    if _plain(column.type) == _plain(field.type):
        return column.cast(field.type)
    return pa.array(column.to_pylist(), type=field.type)
