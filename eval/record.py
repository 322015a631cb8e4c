"""Opens the record that a command of eval/ is asked about."""

from __future__ import annotations

import sys
from pathlib import Path

from dragoman.errors import StoreError
from dragoman.store import RecordStore

WRONG_CALL = 2


def open_record(place: str) -> RecordStore:
    """Gives the record at a place; where none can be opened, says why on standard error and ends with exit 2."""
    try:
        return RecordStore.open(place)
    except StoreError as fault:
        print(f"{Path(sys.argv[0]).name}: {fault}", file=sys.stderr)
        raise SystemExit(WRONG_CALL) from fault
