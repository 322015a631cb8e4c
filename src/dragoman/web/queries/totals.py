"""What a record holds as a whole: articles, events, happenings, publishers, days and parties."""

from __future__ import annotations

from collections import Counter
from datetime import date

from dragoman.tables import Snapshot
from dragoman.view import Row
from dragoman.web.queries.columns import HeldColumns
from dragoman.web.queries.whereabouts import newest_first, of_files


class Totals(HeldColumns):
    """The totals of a record."""

    def last_day(self) -> date | None:
        """The last day on which an article was read; None in an empty record."""
        last = self.totals()["last_day"]
        return date.fromisoformat(last) if last else None

    def totals(self) -> Row:
        """How much the record holds: articles, events, happenings, publishers, first and last day read."""
        return self._totals(self.snapshot())

    def _totals(self, snapshot: Snapshot) -> Row:
        def load() -> Row:
            parts = [self._covered(path) for path in self._folder.files("coverage", snapshot)]
            days = [day for part in parts for day in part[2] if day]
            return {
                "articles": sum(part[0] for part in parts),
                "publishers": len(frozenset[str]().union(*(part[1] for part in parts))),
                "first_day": min(days).isoformat() if days else None,
                "last_day": max(days).isoformat() if days else None,
                "events": self._total("events", snapshot),
                "records": self._total("records", snapshot),
                "snapshot": snapshot.number,
                "committed_at": snapshot.committed_at.isoformat(timespec="seconds"),
            }

        return self._held.get(("totals", snapshot.number, snapshot.committed_at), load)

    def _covered(self, path: str) -> tuple[int, frozenset[str], tuple[date | None, date | None]]:
        def load() -> tuple[int, frozenset[str], tuple[date | None, date | None]]:
            row = self._rows(
                f"""SELECT sum(articles)::BIGINT AS articles, list(DISTINCT publisher) AS publishers, min(day) AS first,
                    max(day) AS last FROM {of_files([path])}""",
                [],
            )[0]
            publishers = frozenset(name for name in row["publishers"] or () if name)
            return row["articles"] or 0, publishers, (row["first"], row["last"])

        return self._held.get(("covered", path), load)

    def _total(self, name: str, snapshot: Snapshot) -> int:
        return sum(self._rows_in(path) for path in self._folder.files(name, snapshot))

    def _articles_by_day(self, snapshot: Snapshot) -> dict[date, int]:
        def load_file(path: str) -> list[tuple[date, int]]:
            query = f"""SELECT day, sum(articles)::BIGINT AS articles FROM {of_files([path])}
                WHERE day IS NOT NULL GROUP BY day"""
            return [(row["day"], row["articles"]) for row in self._rows(query, [])]

        def load() -> dict[date, int]:
            counts: Counter[date] = Counter()
            for path in self._folder.files("coverage", snapshot):
                counts.update(dict(self._held.get(("by day", path), lambda path=path: load_file(path))))  # type: ignore[misc]
            return {day: number for day, number in counts.items() if number > 0}

        return self._held.get(("articles by day", snapshot.versions["coverage"]), load)

    def parties(self, *, limit: int) -> list[Row]:
        """The parties with most happenings."""
        totals = self._party_totals(self.snapshot())
        told = sorted(totals.items(), key=lambda entry: (-entry[1], entry[0]))[:limit]
        return [{"party": party, "records": number} for party, number in told]

    def knows(self, party: str) -> bool:
        """Whether a party stands under this key in any happening, be it one that nobody confirmed."""
        snapshot = self.snapshot()
        months = self._partitions("records", snapshot)
        return party in self._party_totals(snapshot) or any(
            party in self._parties_of(months[month]) for month in newest_first(months)
        )

    def _party_totals(self, snapshot: Snapshot) -> Counter[str]:
        """Rows of dyads in which each party stands."""

        def load_year(paths: tuple[str, ...]) -> list[tuple[str, int]]:
            query = f"""SELECT party, count(*) AS number FROM (SELECT low AS party FROM {of_files(paths)} UNION ALL
                SELECT high FROM {of_files(paths)}) GROUP BY party"""
            return [(row["party"], row["number"]) for row in self._rows(query, [])]

        def load() -> Counter[str]:
            counts: Counter[str] = Counter()
            for paths in self._partitions("dyads", snapshot).values():
                counts.update(dict(self._held.get(("parties", paths), lambda paths=paths: load_year(paths))))  # type: ignore[misc]
            return counts

        return self._held.get(("party totals", snapshot.versions["dyads"]), load)

    def _parties_of(self, paths: tuple[str, ...]) -> frozenset[str]:
        """The parties of a month's happenings."""

        def load() -> frozenset[str]:
            query = f"SELECT DISTINCT unnest(actors || recipients) AS party FROM {of_files(paths)}"
            return frozenset(row["party"] for row in self._rows(query, []))

        return self._held.get(("parties of", paths), load)
