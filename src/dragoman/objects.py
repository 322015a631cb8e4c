"""Objects in a store (S3, GCS, Azure and what speaks as they do) under one address: read, put on conditions, listed.

Knows bytes and names, no tables. Everything else rests on two things that a store must do: put an object only where
none is, and put one only in place of a certain version. The library is an extra: `pip install 'dragoman[bucket]'`.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from dragoman.errors import StoreError

SCHEMES = ("s3", "s3a", "gs", "az", "azure", "adl", "abfs", "abfss")
# Options of the connection; all others are options of the store.
_CONNECTION = frozenset(
    """allow_http allow_invalid_certificates connect_timeout http1_only http2_only pool_idle_timeout proxy_excludes
    pool_max_idle_per_host proxy_ca_certificate proxy_url read_timeout root_certificate timeout""".split()
)
AT_ONCE = 16
# A larger file is sent in parts.
LARGEST_PART = 16 << 20
_READ_AT_ONCE = 8 << 20
T = TypeVar("T")
R = TypeVar("R")
# What a store calls one state of an object; it is handed back unread.
Version = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a record lies in a store, how the store is opened, and the folder for mirrors (None: the usual one).

    `options` are those of the store library, in pairs; they may hold secrets and are never printed.
    """

    url: str
    options: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    mirrors: Path | None = None

    def __str__(self) -> str:
        return self.url


# Where a record lies: a folder, or an address in a store.
Place = Path | Address


def is_address(place: object) -> bool:
    """Whether a text names a place in a store and no folder.

    >>> is_address("s3://bucket/record"), is_address("./record")
    (True, False)
    """
    return "://" in str(place)


def read_address(url: str, options: Mapping[str, str] | None = None, mirrors: Path | None = None) -> Address:
    """The address that a text names.

    Raises:
        StoreError: it is no address of a store that can hold a record.
    """
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in SCHEMES or not rest.strip("/"):
        raise StoreError(f"{url} can hold no record: name a folder, or s3://, gs:// or az:// with a bucket and a path")
    return Address(url.rstrip("/"), tuple(sorted((options or {}).items())), mirrors)


@dataclass(frozen=True, slots=True)
class Found:
    """What an object holds, and its version."""

    data: bytes
    version: Version


class Objects:
    """The objects under an address; names are relative to it, with slashes.

    Raises:
        StoreError: the library is missing, the store cannot be reached, or it refuses.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        try:
            self._library = importlib.import_module("obstore")
            stores = importlib.import_module("obstore.store")
        except ImportError as error:
            raise StoreError(
                f"{address} lies in a store, which needs an extra: pip install 'dragoman[bucket]'"
            ) from error
        self._errors = self._library.exceptions
        options = dict(address.options)
        connection = {name: options.pop(name) for name in _CONNECTION & options.keys()}
        with self._told():
            self._store: Any = stores.from_url(address.url, config=options, client_options=connection)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turns what the library raises into one sentence."""
        try:
            yield
        except (self._errors.PermissionDeniedError, self._errors.UnauthenticatedError) as error:
            raise StoreError(
                f"{self.address} refuses these credentials: see to the store's variables (AWS_..., GOOGLE_..., "
                f"AZURE_...) or name --store-option KEY=VALUE ({_first_line(error)})"
            ) from error
        except (self._errors.BaseError, FileNotFoundError) as error:
            raise StoreError(f"{self.address} cannot be used: {_first_line(error)}") from error

    # --- one object ---

    def get(self, name: str) -> Found | None:
        """What an object holds; None where there is none."""
        with self._told():
            try:
                return _found(self._library.get(self._store, name))
            except FileNotFoundError:
                return None

    def get_changed(self, name: str, known: Found) -> Found | None:
        """The same, with little effort where it is what is known of it already."""
        if "e_tag" not in known.version:
            return self.get(name)
        with self._told():
            try:
                options = {"if_none_match": known.version["e_tag"]}
                return _found(self._library.get(self._store, name, options=options))
            except self._errors.NotModifiedError:
                return known
            except FileNotFoundError:
                return None

    def put(self, name: str, data: bytes) -> None:
        """Puts an object, whatever is there."""
        with self._told():
            self._library.put(self._store, name, data)

    def put_new(self, name: str, data: bytes) -> Version | None:
        """Puts an object where none is; None, and nothing is changed, where another is there."""
        return self._put_if(name, data, "create")

    def put_instead(self, name: str, data: bytes, version: Version) -> Version | None:
        """Puts an object in place of a version of it; None, and nothing is changed, where it is that no more."""
        return self._put_if(name, data, dict(version))

    def _put_if(self, name: str, data: bytes, mode: str | dict[str, str]) -> Version | None:
        with self._told():
            try:
                return _version(self._library.put(self._store, name, data, mode=mode))
            except (self._errors.AlreadyExistsError, self._errors.PreconditionError):
                # The answer to a first try may have been lost on its way, and the second have met the first.
                there = self.get(name)
                return there.version if there and there.data == data else None

    # --- many ---

    def names(self, folder: str = "") -> list[str]:
        """Names of all objects under a folder, in order."""
        with self._told():
            pages = self._library.list(self._store, folder or None, chunk_size=1000)
            return sorted(row["path"] for page in pages for row in page)

    def delete(self, names: Sequence[str]) -> None:
        """Deletes objects that are there."""
        if names:
            with self._told():
                self._library.delete(self._store, list(names))

    def fetch(self, names: Iterable[str], folder: Path) -> None:
        """Copies objects into a folder under their names; a file is whole or not there."""
        try:
            self.at_once(lambda name: self._fetch_one(name, folder / name), names)
        except OSError as error:
            raise StoreError(f"{folder} cannot take what is copied from {self.address}: {error}") from error

    def _fetch_one(self, name: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
        try:
            with self._told(), part.open("wb") as stream:
                for chunk in self._library.get(self._store, name).stream(min_chunk_size=_READ_AT_ONCE):
                    stream.write(chunk)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def send(self, names: Iterable[str], folder: Path) -> None:
        """Copies files of a folder to objects of their names."""
        self.at_once(lambda name: self._send_one(name, folder / name), names)

    def _send_one(self, name: str, path: Path) -> None:
        with self._told():
            self._library.put(self._store, name, path, chunk_size=LARGEST_PART, max_concurrency=4)

    @staticmethod
    def at_once(act: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Results of acting on items, several at a time, in their order; the first fault is raised."""
        listed = list(items)
        if len(listed) < 2:
            return [act(item) for item in listed]
        with ThreadPoolExecutor(min(AT_ONCE, len(listed))) as threads:
            return list(threads.map(act, listed))


def _found(result: Any) -> Found:
    version = _version(result.meta)
    return Found(bytes(result.bytes()), version)


def _version(meta: Mapping[str, Any]) -> Version:
    return {name: str(meta[name]) for name in ("e_tag", "version") if meta.get(name)}


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0].strip()
