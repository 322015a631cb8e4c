"""The index of words of a record's events: how it is brought up to a state, and when it is ready."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from dragoman.tables import Snapshot, TableFolder
from dragoman.web.queries.columns import HeldColumns
from dragoman.web.queries.wanted import NotReadyError
from dragoman.web.queries.whereabouts import EVENT_NUMBER, SHORT_DIGEST, newest_first, of_files
from dragoman.web.words import WordIndex

# Events that a search adds to the index of words before it answers; more are left to the start of the site.
MOST_ON_THE_SPOT = 20_000
# Events that are put into the index of words at once.
WORDS_AT_ONCE = 50_000


class IndexedWords(HeldColumns):
    """A record whose words are indexed."""

    def __init__(self, folder: TableFolder, snapshot: Snapshot | None = None) -> None:
        super().__init__(folder, snapshot)
        self._words = WordIndex(folder.path)

    def index_words(self) -> None:
        """Brings the index of words up to the state that is shown: minutes for the first time in a large record."""
        self._index_words(self.snapshot())

    def _index_words(self, snapshot: Snapshot) -> None:
        def read(after: int, up_to: int) -> Iterator[list[tuple[int, str]]]:
            # The index grows fastest where numbers rise, so each partition is read in their order, the oldest first.
            for year in reversed(newest_first(self._partitions("events", snapshot))):
                paths = self._added_to(self._paths("events", snapshot, year), after)
                if not paths:
                    continue
                query = f"""SELECT {EVENT_NUMBER} AS number, concat_ws(' ', sentence.text, publisher,
                        array_to_string(list_transform(actors || recipients, lambda p: p.name), ' ')) AS words
                    FROM {of_files(paths)} WHERE added > ? AND added <= ? ORDER BY number"""
                with self._cursor() as cursor:
                    for batch in cursor.sql(query, params=[after, up_to]).to_arrow_reader(WORDS_AT_ONCE):
                        self._check_open()
                        yield list(zip(batch["number"].to_pylist(), batch["words"].to_pylist(), strict=True))

        self._words.update(snapshot, read)
        for path in self._folder.files("events", snapshot):
            self._short_digests(path)

    def _bring_words_up(self, snapshot: Snapshot) -> None:
        """Adds the newest batches to the index of words; raises NotReadyError where it has to be made first."""
        if self._words.reaches(snapshot):
            return
        if self._unindexed(snapshot) > MOST_ON_THE_SPOT:
            raise NotReadyError(
                "the words of this record are still being indexed: try again in some minutes, or search by states, "
                "types and days alone"
            )
        self._index_words(snapshot)

    def _keep_words_up(self, snapshot: Snapshot) -> None:
        """Adds the newest batches to an index that has been made, where they are few."""
        if self._words.added() and self._unindexed(snapshot) <= MOST_ON_THE_SPOT:
            self._index_words(snapshot)

    def _unindexed(self, snapshot: Snapshot) -> int:
        """How many events are not in the index of words yet."""
        after = self._words.added()
        paths = self._added_to(self._folder.files("events", snapshot), after)
        if not paths:
            return 0
        found = self._rows(f"SELECT count(*) AS number FROM {of_files(paths)} WHERE added > ?", [after])
        return int(found[0]["number"])

    def _added_to(self, paths: Iterable[str], after: int) -> list[str]:
        """Of some data files those with rows that a snapshot after a number added."""
        return [path for path in paths if self._files.may_exceed(path, "added", after)]

    def _short_digests(self, path: str) -> NDArray[np.uint32]:
        """Digests of the ids of a file's events, row by row."""

        def load() -> NDArray[np.uint32]:
            query = f"SELECT (md5_number_lower(event_id) & {SHORT_DIGEST})::UINTEGER AS digest FROM {of_files([path])}"
            with self._cursor() as cursor:
                return np.asarray(cursor.sql(query).to_arrow_table()["digest"].to_numpy())

        return self._held.get(("digests", path), load)
