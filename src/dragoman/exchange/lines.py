"""Lines of event files, one after the other: plain, or packed as gz, xz, bz2 or zip.

Only a line feed ends a line. A line that is too long is refused and skipped; bytes that are no UTF-8 are read as
Latin-1, which is what older releases use. A packed file that breaks off ends with a Skip that says where.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, cast

from dragoman.errors import SourceError
from dragoman.model import Skip

STAGE = "exchange"
# The longest row of an event file is some kilobytes; PLOVER lines may hold a whole story.
LONGEST_LINE = 4_000_000


def read_lines(path: Path) -> Iterator[tuple[int, str] | Skip]:
    """The lines of a file with their numbers from 1, without line ends; a Skip for what cannot be read.

    Raises:
        SourceError: the file cannot be opened.
    """
    with ExitStack() as stack:
        stream = _open(path, stack)
        number = 0
        while True:
            number += 1
            try:
                raw = stream.readline(LONGEST_LINE)
            except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as fault:
                yield Skip(location=f"{path}:{number}", stage=STAGE, reason="file breaks off", detail=str(fault)[:200])
                return
            if not raw:
                return
            if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
                yield Skip(location=f"{path}:{number}", stage=STAGE, reason="line too long")
                _pass_rest(stream)
                continue
            yield number, _decode(raw).rstrip("\r\n")


def _open(path: Path, stack: ExitStack) -> BinaryIO:
    try:
        file = stack.enter_context(path.open("rb"))
        if path.suffix == ".zip":
            archive = stack.enter_context(zipfile.ZipFile(file))
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) != 1:
                raise SourceError(f"{path} holds {len(names)} files: unpack it and name the one to import")
            return cast("BinaryIO", stack.enter_context(archive.open(names[0])))
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as fault:
        raise SourceError(f"{path} cannot be opened ({fault}): check its name and that it is whole") from fault
    openers: dict[str, Callable[[BinaryIO], BinaryIO]] = {
        ".gz": lambda packed: cast("BinaryIO", gzip.GzipFile(fileobj=packed)),
        ".xz": lambda packed: cast("BinaryIO", lzma.LZMAFile(packed)),  # noqa: SIM115 - closed by the stack
        ".bz2": lambda packed: cast("BinaryIO", bz2.BZ2File(packed)),
    }
    opener = openers.get(path.suffix)
    return stack.enter_context(opener(file)) if opener else file


def _pass_rest(stream: BinaryIO) -> None:
    """Reads on to the end of a line that is too long, without keeping it."""
    try:
        while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
            pass
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile):
        return  # the next read meets the same break and says so


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
