"""Coding sheets for people: events drawn by chance from a record, and people's verdicts as precision with an interval.

Stands on the view. A sheet is a CSV file that a spreadsheet opens: the sentence, what was coded, and an empty column
for each verdict. What a judge should not see (confidence, belief) is not in it. It refuses a sheet with words that are
no verdict instead of guessing at them.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from dragoman.errors import QueryError
from dragoman.knowledge import table_rows
from dragoman.ties import Window
from dragoman.view import RecordView

Row = dict[str, Any]
Stratum = Literal["none", "type", "quad", "status", "confidence", "month"]
_STRATA: Mapping[str, str] = {
    "none": "'all'",
    "type": "event_type",
    "quad": "'quad ' || quad",
    "status": "status",
    "confidence": "'confidence ' || printf('%.1f', floor(confidence * 5) / 5)",
    "month": "strftime(day, '%Y-%m')",
}
CONFIDENCE = 0.95
ALL_RIGHT = "all_right"
_ASKED = ("event_right", "type_right", "status_right", "actor_right", "recipient_right")
_SHOWN = ("event_id", "stratum", "stratum_size", "published", "publisher", "url", "sentence", "words", "event_type",
          "mode", "status", "actors", "recipients", "date", "place")  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """How often a field is right by people's verdicts: share, interval, and what it rests on.

    `low` and `high` bound the share with 95 %: Clopper and Pearson's exact interval, for a stratified sheet with the
    effective size of Korn and Graubard (1998). `unsure` verdicts are left out of `judged`; nothing judged, no share.
    """

    field: str
    stratum: str
    judged: int
    right: int
    unsure: int
    precision: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far two judges agree on a field: cells judged by both, share alike, Cohen's kappa (None if all alike)."""

    field: str
    judges: tuple[str, str]
    both: int
    alike: float
    kappa: float | None


@cache
def verdict_fields() -> tuple[str, ...]:
    """The verdict columns of a sheet, in their order."""
    return tuple(row["field"] for row in table_rows("ties", "verdicts.tsv"))


# --- drawing ---


def draw_sample(
    view: RecordView, number: int, *, by: Stratum = "none", seed: int = 0, window: Window | None = None,
    status: str | None = None, min_confidence: float = 0.0,
) -> list[Row]:  # fmt: skip
    """Draws about `number` events by chance as rows of a sheet, equally many from each stratum.

    The same seed and record give the same sheet. A stratum with too few events gives all it has, the others more.
    `stratum_size` says how many it stands for.

    Raises:
        QueryError: nothing to draw from, or no such stratum.
    """
    if by not in _STRATA:
        raise QueryError(f"no stratum {by!r}: say one of {', '.join(_STRATA)}")
    query = f"""SELECT event_id, coalesce({_STRATA[by]}, '?') AS stratum, md5(event_id || $seed) AS place
        FROM {{events}} WHERE {{newest}} AND confidence >= $least AND ($status IS NULL OR status = $status)
            AND ($since IS NULL OR last_day >= $since) AND ($until IS NULL OR day < $until) ORDER BY place"""
    values = {
        "seed": f"|{seed}",
        "least": min_confidence,
        "status": status,
        "since": window.since if window else None,
        "until": window.until if window else None,
    }
    drawn = view.ask(query, values).to_pylist()
    if not drawn:
        raise QueryError("no event to draw from: widen the window, or lower the confidence")
    sizes = Counter(row["stratum"] for row in drawn)
    quotas = _quotas(sizes, number)
    chosen: dict[str, str] = {}
    for row in drawn:
        if quotas[row["stratum"]]:
            quotas[row["stratum"]] -= 1
            chosen[row["event_id"]] = row["stratum"]
    events = {row["event_id"]: row for row in view.events_by_id(list(chosen))}
    return [_sheet_row(events[x], stratum=chosen[x], size=sizes[chosen[x]]) for x in chosen]


def _quotas(sizes: Mapping[str, int], number: int) -> dict[str, int]:
    """How many to take of each stratum: equally many, what a small one lacks going to the larger ones."""
    quotas: dict[str, int] = {}
    left = number
    for done, stratum in enumerate(sorted(sizes, key=lambda name: (sizes[name], name))):
        quotas[stratum] = min(sizes[stratum], round(left / (len(sizes) - done)))
        left -= quotas[stratum]
    return quotas


def _sheet_row(event: Row, *, stratum: str, size: int) -> Row:
    sentence, anchor = event["sentence"], event["anchor"]
    start, end = anchor["start"] - sentence["start"], anchor["end"] - sentence["start"]
    text = sentence["text"]
    return {
        **{name: event[name] for name in ("event_id", "publisher", "published", "url", "event_type", "mode", "status")},
        "stratum": stratum,
        "stratum_size": size,
        "sentence": f"{text[:start]}[{text[start:end]}]{text[end:]}" if text else "",
        "words": anchor["text"],
        "actors": _sides(event["actors"]),
        "recipients": _sides(event["recipients"]),
        "date": event["date"],
        "place": event["place"]["name"] if event["place"] else None,
    }


def _sides(parties: Iterable[Row]) -> str:
    return "; ".join(f"{p['text']} = {' '.join([p['code'] or '?', *p['sectors']])}" for p in parties)


def write_sheet(rows: Sequence[Row], path: str | Path) -> Path:
    """Writes rows of a sheet as CSV (UTF-8 with a mark, which spreadsheets need), with empty columns for verdicts.

    Raises:
        QueryError: the file is there already (verdicts may stand in it), or cannot be written.
    """
    path = Path(path)
    columns = (*_SHOWN, *verdict_fields(), "note")
    try:
        with path.open("x", encoding="utf-8-sig", newline="") as out:
            writer = csv.DictWriter(out, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows({name: _cell(row.get(name)) for name in columns} for row in rows)
    except FileExistsError as fault:
        raise QueryError(f"{path} is there already and may hold verdicts: name another file") from fault
    except OSError as fault:
        raise QueryError(f"{path} cannot be written: {fault}") from fault
    return path


def _cell(value: object) -> object:
    """A cell that no spreadsheet runs as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


# --- judging ---


def read_sheet(path: str | Path) -> list[Row]:
    """Reads a sheet with verdicts: rows of event_id, stratum, stratum_size, and yes, no, unsure or None a field.

    Commas, semicolons and tabs between cells are understood, since spreadsheets write what their country does.

    Raises:
        QueryError: the file is no sheet, or a cell holds a word that is no verdict.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise QueryError(f"{path} cannot be read as a sheet in UTF-8: {fault}") from fault
    header = text.partition("\n")[0]
    separator = max(",;\t", key=header.count)
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as fault:
        raise QueryError(f"{path} cannot be read as a sheet: {fault}") from fault
    if not rows or not {"event_id", "stratum", "stratum_size", *_ASKED} <= set(rows[0]):
        raise QueryError(f"{path} is no coding sheet: make one with `dragoman sample FILE.csv`")
    return [_judged_row(row, path, line) for line, row in enumerate(rows, start=2)]


def _judged_row(row: Mapping[str, str | None], path: Path, line: int) -> Row:
    size = row["stratum_size"] or ""
    if not size.isdigit():
        raise QueryError(f"{path}, line {line}: stratum_size is {size!r}: leave that column as it was drawn")
    verdicts = {name: _verdict(row.get(name), f"{path}, line {line}, {name}") for name in verdict_fields()}
    given = [verdict for verdict in verdicts.values() if verdict]
    needed = all(verdicts[name] for name in _ASKED) or "no" in given
    verdicts[ALL_RIGHT] = _all_right(given) if needed and given else None
    return {"event_id": row["event_id"], "stratum": row["stratum"], "stratum_size": int(size), **verdicts}


def _all_right(given: Sequence[str]) -> str:
    return "no" if "no" in given else "unsure" if "unsure" in given else "yes"


def _verdict(cell: str | None, where: str) -> str | None:
    word = (cell or "").strip().lower()
    if not word:
        return None
    known = _verdict_words()
    if word not in known:
        raise QueryError(f"{where}: {cell!r} is no verdict: write yes, no or unsure, or leave it empty")
    return known[word]


@cache
def _verdict_words() -> Mapping[str, str]:
    return {row["word"]: row["verdict"] for row in table_rows("ties", "verdict_words.tsv")}


def measure_precision(sheets: Sequence[Sequence[Row]]) -> list[Precision]:
    """Gives the precision of each field by the verdicts of one or more judges: over all, then in each stratum.

    Where judges differ, most of them decide; a draw is unsure. Strata weigh by the number of events they stand for.
    """
    found = []
    pooled = _pooled(sheets)
    for name in (ALL_RIGHT, *verdict_fields()):
        strata: dict[str, list[Row]] = defaultdict(list)
        for row in pooled:
            strata[row["stratum"]].append(row)
        counts = {stratum: _Count.of(rows, name) for stratum, rows in sorted(strata.items())}
        counts = {stratum: count for stratum, count in counts.items() if count.judged or count.unsure}
        if counts:
            found.append(_precision(name, "all", list(counts.values())))
        if len(counts) > 1:
            found += [_precision(name, stratum, [count]) for stratum, count in counts.items()]
    return found


def measure_agreement(sheets: Mapping[str, Sequence[Row]]) -> list[Agreement]:
    """Gives, for each two judges and field, how far they agree on what both judged."""
    found = []
    for (one, rows), (two, others) in combinations(sheets.items(), 2):
        theirs = {row["event_id"]: row for row in others}
        for name in (ALL_RIGHT, *verdict_fields()):
            pairs = [(row[name], theirs[row["event_id"]][name]) for row in rows if row["event_id"] in theirs]
            both = [pair for pair in pairs if all(pair)]
            if both:
                alike = sum(a == b for a, b in both) / len(both)
                found.append(
                    Agreement(field=name, judges=(one, two), both=len(both), alike=alike, kappa=_kappa(both, alike))
                )
    return found


def _kappa(pairs: Sequence[tuple[str, str]], alike: float) -> float | None:
    """Cohen (1960): agreement beyond what the two judges' own shares would give by chance."""
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(first[word] * second[word] for word in first) / len(pairs) ** 2
    return None if chance == 1 else (alike - chance) / (1 - chance)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    """Verdicts in a stratum of `size` events."""

    size: int
    right: int
    judged: int
    unsure: int

    @classmethod
    def of(cls, rows: Sequence[Row], name: str) -> _Count:
        words = Counter(row[name] for row in rows)
        return cls(
            size=rows[0]["stratum_size"], right=words["yes"], judged=words["yes"] + words["no"], unsure=words["unsure"]
        )


def _pooled(sheets: Sequence[Sequence[Row]]) -> list[Row]:
    """One row for each event, with the verdict of most judges."""
    judged: dict[str, list[Row]] = defaultdict(list)
    for row in (row for sheet in sheets for row in sheet):
        judged[row["event_id"]].append(row)
    fields = (ALL_RIGHT, *verdict_fields())
    return [{**rows[0], **{name: _most([row[name] for row in rows]) for name in fields}} for rows in judged.values()]


def _most(words: Iterable[str | None]) -> str | None:
    ranked = Counter(word for word in words if word).most_common(2)
    if len(ranked) > 1 and ranked[0][1] == ranked[1][1]:
        return "unsure"
    return ranked[0][0] if ranked else None


def _precision(name: str, stratum: str, counts: Sequence[_Count]) -> Precision:
    told = [count for count in counts if count.judged]
    judged, right = sum(c.judged for c in counts), sum(c.right for c in counts)
    share = sum(c.size * c.right / c.judged for c in told) / sum(c.size for c in told) if told else None
    low, high = (0.0, 1.0) if share is None else _interval(share, _effective_size(told, share))
    return Precision(
        field=name, stratum=stratum, judged=judged, right=right, unsure=sum(c.unsure for c in counts),
        precision=None if share is None else round(share, 4), low=round(low, 4), high=round(high, 4),
    )  # fmt: skip


def _effective_size(counts: Sequence[_Count], share: float) -> float:
    """The size of a plain sample with the variance of this stratified one, at most its own (Korn and Graubard 1998)."""
    judged, size = sum(c.judged for c in counts), sum(c.size for c in counts)
    if len(counts) == 1:
        return float(judged)
    variance = sum(
        (c.size / size) ** 2 * (c.right / c.judged) * (1 - c.right / c.judged) / max(1, c.judged - 1) for c in counts
    )
    return min(float(judged), share * (1 - share) / variance) if variance else float(judged)


def _interval(share: float, number: float) -> tuple[float, float]:
    """Clopper and Pearson (1934) by the beta distribution, which takes sizes that are no whole numbers."""
    from scipy.stats import beta  # here, since it takes most of a second

    right, tail = share * number, (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, right, number - right + 1)) if right > 0 else 0.0
    high = float(beta.ppf(1 - tail, right + 1, number - right)) if right < number else 1.0
    return low, high
