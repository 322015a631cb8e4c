"""A record in an object store, through a folder of this machine that mirrors what is asked of it.

The tables lie in the store as they do in a folder, under the same names, so that any reader of Delta Lake opens them
there. Nearly all their files are never changed: what is needed is copied here once, and questions run on the copies. A
batch is written here first, then sent, and visible once the head in the store names it (`turns`).

What is in the mirror beyond the head was sent by nobody, or by one who lost its turn: it is thrown away before the next
state is copied. The mirror may be deleted while nothing runs; what readers send to a site lies in it alone.
"""

from __future__ import annotations

import os
import re
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from dragoman.errors import StoreError
from dragoman.objects import Address, Objects, Place, read_address
from dragoman.tables import (
    FORMAT_FILE,
    HEAD_FILE,
    LOCK_FILE,
    LOCK_TIMEOUT,
    WAY_BACK_FILE,
    Snapshot,
    TableFolder,
    TableSpec,
    history_file,
    replace_file,
    wrapped,
)
from dragoman.turns import HEAD, Fields, SharedHead

# A question looks whether the head has moved if it did not within so many seconds.
LOOK_AGAIN = 5.0
LOG = "_delta_log"
_ENTRY = re.compile(r"(\d{20})\.(json|checkpoint\.parquet|checkpoint\.\d+\.\d+\.parquet)")
_SMALL_FILES = (FORMAT_FILE, WAY_BACK_FILE)


def open_folder(
    place: str | Place, specs: Mapping[str, TableSpec], *, create: bool = False, any_version: bool = False
) -> TableFolder:
    """Opens the tables of a record, in a folder or at an address; with `create`, makes them where there are none.

    With `any_version`, the tables of an earlier version are let through, to be upgraded.

    Raises:
        StoreError: there is no record, it is damaged, of another version, or cannot be reached.
    """
    if isinstance(place, str):
        place = read_address(place) if "://" in place else Path(place)
    if isinstance(place, Path):
        return TableFolder.open(place, specs, create=create, any_version=any_version)
    return MirroredFolder.open_at(place, specs, create=create, any_version=any_version)


def is_taken(place: Place) -> bool:
    """Whether something lies at a place already: a folder or file, or a record in a store."""
    if isinstance(place, Path):
        return place.exists()
    return Objects(place).get(HEAD) is not None


def usual_mirrors() -> Path:
    """The folder for mirrors where none is named."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    return Path(home) / "dragoman" / "mirrors"


class MirroredFolder(TableFolder):
    """The tables of a record in a store, and their mirror at `path`.

    Raises:
        StoreError: as for a folder, and where the store cannot be reached or a turn to write was lost.
    """

    def __init__(
        self, path: Path, specs: Mapping[str, TableSpec], *, objects: Objects, shared: SharedHead, record: str
    ) -> None:
        super().__init__(path, specs)
        self._objects, self._shared, self._record = objects, shared, record
        self._looking = threading.Lock()
        self._looked_at = 0.0
        self._is_writing = False
        self._here: set[str] = set()
        self._sent_through: dict[str, int] = {}

    @classmethod
    def open_at(
        cls, address: Address, specs: Mapping[str, TableSpec], *, create: bool = False, any_version: bool = False
    ) -> MirroredFolder:
        """Opens the record at an address, or makes one there."""
        objects = Objects(address)
        shared = SharedHead(objects)
        fields = shared.read()
        if fields is None and not create:
            raise StoreError(f"no record at {address}: name another place, or `dragoman add` something to make one")
        record = str(fields["record"]) if fields else uuid.uuid4().hex
        folder = cls(_mirror_of(address, record), specs, objects=objects, shared=shared, record=record)
        if fields is None:
            folder._make()
            return cls.open_at(address, specs, any_version=any_version)
        folder._refresh()
        folder._check_version(any_version=any_version)
        return folder

    @property
    def place(self) -> Place:
        return self._objects.address

    def _make(self) -> None:
        names = set(self._objects.names())
        if HEAD in names:
            return  # another was faster
        if names - {FORMAT_FILE}:
            raise StoreError(f"{self.place} holds other objects and is no record: name an empty or a new place")
        with wrapped(f"{self.path} cannot mirror {self.place}"):
            self.path.mkdir(parents=True, exist_ok=True)
            self._stamp()
        first = Snapshot(number=0, committed_at=datetime.now(UTC), versions={})
        self._shared.create(self._record, first.to_fields())

    # --- reading ---

    def head(self) -> Snapshot:
        """The newest snapshot, as of some seconds ago at most."""
        is_old = time.monotonic() - self._looked_at > LOOK_AGAIN
        if is_old and not self._is_writing and self._looking.acquire(blocking=False):
            try:
                self._refresh()
            finally:
                self._looking.release()
        return super().head()

    def history(self) -> list[Snapshot]:
        """All snapshots up to the head, oldest first."""
        self.gather("snapshots")
        return super().history()

    def _refresh(self) -> None:
        """Brings the mirror to the head in the store, unless another process of this machine is at it."""
        known = self._mirrored()
        if self._snapshot_in(self._shared.read()) != known:
            with wrapped(f"{self.path} cannot mirror {self.place}"):
                self._bring_newest(is_usable=known is not None)
        self._looked_at = time.monotonic()

    def _bring_newest(self, *, is_usable: bool) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path / LOCK_FILE, timeout=0 if is_usable else LOCK_TIMEOUT):
                # Once more, since a neighbour may have brought or written a newer one meanwhile.
                self._bring_to(self._snapshot_in(self._shared.read()))
        except Timeout as error:
            if not is_usable:
                raise StoreError(f"another process has been copying {self.place} for too long: end it") from error

    def _snapshot_in(self, fields: Fields | None) -> Snapshot:
        if fields is None or fields["record"] != self._record:
            raise StoreError(f"the record at {self.place} was replaced or removed: open it again")
        return Snapshot.from_fields(fields)

    def _mirrored(self) -> Snapshot | None:
        """The snapshot that the mirror is at; None where it is at none."""
        return super().head() if (self.path / HEAD_FILE).is_file() else None

    def _bring_to(self, newest: Snapshot) -> None:
        """Makes the mirror what a snapshot says. For the holder of the mirror's lock."""
        known = self._mirrored()
        self._drop_unsent(known)
        if newest == known:
            return
        for name in _SMALL_FILES:
            self._bring_small(name)
        self._objects.at_once(lambda each: self._bring_log(*each), newest.versions.items())
        replace_file(self.path / HEAD_FILE, newest.to_json())
        if known and known.notes.get("oldest_readable", 0) != newest.notes.get("oldest_readable", 0):
            self._drop_forgotten(newest)

    def _bring_small(self, name: str) -> None:
        found = self._objects.get(name)
        if found is None:
            (self.path / name).unlink(missing_ok=True)
        else:
            replace_file(self.path / name, found.data.decode())

    def _drop_unsent(self, known: Snapshot | None) -> None:
        """Throws away log entries beyond the snapshot that the mirror is at: the store's may be others."""
        versions = known.versions if known else {}
        for name in self.specs:
            folder = self.path / name / LOG
            beyond = [path for path in folder.glob("*") if _is_beyond(path.name, versions.get(name, -1))]
            if not beyond:
                continue
            for path in (*beyond, folder / "_last_checkpoint"):  # a hint, which may name one of them
                path.unlink(missing_ok=True)
            self._files.clear()

    def _drop_forgotten(self, newest: Snapshot) -> None:
        """Deletes what was taken down: data files that the newest state does not hold, and the reports of runs."""
        for name, version in newest.versions.items():
            kept = set(self._listed(name, version))
            data = (path for path in (self.path / name).rglob("*.parquet") if LOG not in path.parts)
            for path in [path for path in data if str(path) not in kept]:
                path.unlink()
        for path in (self.path / "runs").glob("*"):
            path.unlink()
        for path in self.path.rglob("*.part"):  # copies that broke off
            path.unlink(missing_ok=True)
        self._here.clear()

    def _bring_log(self, name: str, version: int) -> None:
        folder = self.path / name / LOG
        here = {path.name for path in folder.glob("*")}
        if not _reaches(here, version):
            wanted = _needed(self._log_names(name), version)
            self._objects.fetch([f"{name}/{LOG}/{entry}" for entry in wanted if entry not in here], self.path)

    def _log_names(self, name: str) -> list[str]:
        return [full.rpartition("/")[2] for full in self._objects.names(f"{name}/{LOG}")]

    def _bring(self, files: Sequence[str]) -> None:
        missing = [path for path in files if path not in self._here and not Path(path).is_file()]
        self._objects.fetch(self._names_of(missing), self.path)
        self._here.update(files)

    def _names_of(self, files: Iterable[str]) -> list[str]:
        return [Path(path).relative_to(self.path).as_posix() for path in files]

    # --- writing ---

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with self._shared.turn() as fields, super()._lock():
            self._bring_to(self._snapshot_in(fields))
            if self._shared.has_leftovers:
                self._bring_leftovers()
            self._sent_through = {name: _last_entry(self.path / name / LOG) for name in self.specs}
            self._is_writing = True
            try:
                yield
            finally:
                self._is_writing = False

    def _bring_leftovers(self) -> None:
        """Copies log entries beyond the head, which a dead writer sent, so that they are undone as in a folder."""
        for name in self.specs:
            last = _last_entry(self.path / name / LOG)
            beyond = [entry for entry in self._log_names(name) if _is_beyond(entry, last)]
            self._objects.fetch([f"{name}/{LOG}/{entry}" for entry in beyond], self.path)

    def publish(self, snapshot: Snapshot) -> None:
        """Sends what a transaction wrote and makes it the head, in the store and then here."""
        before = super().head()
        self._shared.has_leftovers = True  # until the head names what is sent
        self._send_data(before, snapshot)
        self._objects.at_once(self._send_log, self.specs)
        # The history entry of a state goes when it is over: whoever lost its turn can write none that is wrong.
        (self.path / "snapshots").mkdir(exist_ok=True)
        replace_file(self.path / history_file(before.number), before.to_json())
        self._objects.put_new(history_file(before.number), before.to_json().encode())
        self._replace_head(snapshot)
        self._shared.has_leftovers = False

    def _send_data(self, before: Snapshot, snapshot: Snapshot) -> None:
        fresh: set[str] = set()
        for name, version in snapshot.versions.items():
            known = self._listed(name, before.versions[name]) if name in before.versions else []
            fresh |= set(self._listed(name, version)) - set(known)
        self._objects.send(self._names_of(sorted(fresh)), self.path)

    def _send_log(self, name: str) -> None:
        """Sends the fresh entries of a table's log, one after another, so that none is ever missing between two."""
        folder = self.path / name / LOG
        fresh = [path.name for path in folder.glob("*") if _is_beyond(path.name, self._sent_through[name])]
        for entry in sorted(fresh, key=lambda entry: (entry.endswith(".parquet"), entry)):
            data = (folder / entry).read_bytes()
            if self._objects.put_new(f"{name}/{LOG}/{entry}", data) is None and entry.endswith(".json"):
                raise StoreError(
                    f"another writer, which had lost its turn, has written to {self.place}; nothing of this batch was "
                    "stored: repeat the command"
                )

    def _replace_head(self, snapshot: Snapshot) -> None:
        if snapshot.number < super().head().number:  # an upgrade is undone, and what it wrote lies there
            self._shared.has_leftovers = True
        self._shared.swap(snapshot.to_fields())
        super()._replace_head(snapshot)

    def _write_beside(self, name: str, text: str) -> None:
        self._objects.put(name, text.encode())
        super()._write_beside(name, text)

    def _remove_beside(self, name: str) -> None:
        self._objects.delete([name])
        super()._remove_beside(name)

    # --- beside the tables ---

    def gather(self, name: str) -> None:
        missing = [full for full in self._objects.names(name) if not (self.path / full).is_file()]
        self._objects.fetch(missing, self.path)

    def keep(self, path: Path) -> None:
        self._objects.put(path.relative_to(self.path).as_posix(), path.read_bytes())

    # --- taking down, checking ---

    def discard_history(self) -> None:
        super().discard_history()
        listed = {name: self._objects.names(name) for name in self.specs}
        # What was listed lay there before anybody else could have had a turn: it is ours to delete.
        self._shared.confirm()
        head = super().head()
        for name, names in listed.items():
            kept = set(self._names_of(self._listed(name, head.versions[name])))
            self._objects.delete([full for full in names if full not in kept and f"/{LOG}/" not in full])

    @property
    def after_deleting(self) -> str | None:
        return (
            f"deleted from {self.place} too; a bucket that keeps versions, replicas or backups still has it: "
            "delete it there as well, and old mirrors on other machines"
        )

    def find_damage(self) -> list[str]:
        """As for a folder, and what is missing from the store itself."""
        head = self.head()
        findings = []
        for name, version in head.versions.items():
            there = set(self._objects.names(name))
            wanted = self._names_of(self._listed(name, version))
            findings += [f"table {name}: {full} is missing from {self.place}" for full in wanted if full not in there]
        return findings or super().find_damage()


def _mirror_of(address: Address, record: str) -> Path:
    """The mirror of a record: told by what the record calls itself, since another may come to lie at its address."""
    last = re.sub(r"[^\w.-]", "-", address.url.rpartition("/")[2])[:40]
    return ((address.mirrors or usual_mirrors()) / f"{last}-{record[:16]}").absolute()


def _version_of(entry: str) -> int | None:
    """The version of a log entry or checkpoint; None for any other file."""
    match = _ENTRY.fullmatch(entry)
    return int(match[1]) if match else None


def _is_beyond(entry: str, version: int) -> bool:
    at = _version_of(entry)
    return at is not None and at > version


def _last_entry(folder: Path) -> int:
    return max(
        (version for path in folder.glob("*.json") if (version := _version_of(path.name)) is not None), default=-1
    )


def _reaches(entries: set[str], version: int) -> bool:
    """Whether log entries lead up to a version, from the first or from a checkpoint."""
    checkpoints = {_version_of(entry) for entry in entries if entry.endswith(".parquet")}
    at = version
    while f"{at:020}.json" in entries:
        if at == 0 or at in checkpoints:
            return True
        at -= 1
    return False


def _needed(entries: Iterable[str], version: int) -> list[str]:
    """The log entries that lead up to a version: from the last checkpoint before it, if there is one."""
    known = [(at, entry) for entry in entries if (at := _version_of(entry)) is not None and at <= version]
    start = max((at for at, entry in known if entry.endswith(".parquet")), default=0)
    return [entry for at, entry in known if at >= start]
