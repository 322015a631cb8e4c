"""The user's own dictionaries: PETRARCH and CAMEO actors and agents with dated codes, or CSV -> senses.

Every entry is loaded or reported with its line. Codes are split into a state (or IGO, NGO...) and PLOVER sectors. It
does not judge whether an entry is true; the user's word wins over the project's tables.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from dragoman.actors.tables import (
    FAR_FUTURE,
    FAR_PAST,
    CaseRule,
    Kind,
    Sense,
    case_of,
    fold_key,
    letters_of,
    read_day,
    split_list,
)
from dragoman.errors import DictionaryError

_CODE = re.compile(r"\[([^\[\]]*)\]")
_DATED = re.compile(r"^(?P<code>\S+)\s+(?P<sign>[<>]?)\s*(?P<first>\d{6,8})(?:\s*-\s*(?P<last>\d{6,8}))?$")
_NOTE = re.compile(r"[#;].*$")
_SET = re.compile(r"^!([A-Z]+)! *= *([^\n]*)$", re.MULTILINE)
_MARK = re.compile(r"!([A-Z]+)!")
# Two-digit years below this are of this century.
_CENTURY_TURN = 30
_SECTORS = frozenset(
    "GOV MIL REB OPP PTY AGR BUS CRM CVL EDU ELI ENV HLH HRI JUD LAB LEG MED REF MOD RAD REL SET INS SEP COP SPY UAF "
    "JRN SOC UNK PRM ETH DEV NGM".split()
)
# CAMEO sectors that PLOVER names otherwise.
_PLOVER = {
    "INS": "REB", "SEP": "REB", "RAD": "REB", "HLH": "MED", "MED": "JRN", "HRI": "SOC", "ENV": "SOC", "DEV": "SOC",
    "NGM": "SOC", "MOD": "SOC", "SET": "CVL", "ETH": "SOC",
}  # fmt: skip
_NO_STATE = frozenset(["IGO", "NGO", "ISM", "IMG", "MNC", "EUR", "UNO", "KOS"])
_BODIES = {"UNO": "UNO", "EUR": "EUR", "EEC": "EUR"}
_OLD_STATES = {"ROM": "ROU", "ZAR": "COD", "TMP": "TLS", "XKX": "KOS", "KSV": "KOS", "UNIS": "UNO"}


class Loaded(NamedTuple):
    """What a dictionary gave: names with their senses, the lines that could not be read, the numbers of the others.

    `lines` holds the lines of names and of codes that gave a sense.
    """

    names: tuple[tuple[str, Sense], ...]
    problems: tuple[str, ...]
    entries: int
    lines: frozenset[int] = frozenset()


class _Line(NamedTuple):
    number: int
    text: str


def load_dictionary(path: Path) -> Loaded:
    """Reads `*.actors.txt`, `*.agents.txt` or `*.csv` (columns phrase, code, and optionally since, until, sectors).

    Raises DictionaryError where the file cannot be opened or its kind cannot be told.
    """
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except OSError as error:
        raise DictionaryError(f"{path} cannot be read ({error.strerror}): name an existing dictionary") from error
    if path.suffix.lower() == ".csv":
        return _collect(path, _read_csv(text))
    if path.suffix.lower() == ".txt":
        return _collect(path, _read_petrarch(text, is_agents=".agents" in path.name.lower()))
    raise DictionaryError(f"{path.name} is no dictionary: name a .actors.txt, .agents.txt or .csv file")


_Entry = tuple[_Line, list[tuple[str, Sense]], str]


def _collect(path: Path, entries: Iterator[_Entry]) -> Loaded:
    names: list[tuple[str, Sense]] = []
    problems: list[str] = []
    count = 0
    read: set[int] = set()
    for line, senses, problem in entries:
        count += bool(senses or problem)
        names.extend(senses)
        if not problem:
            read.add(line.number)
        if problem:
            problems.append(f"{path.name}:{line.number}: {problem}: {line.text.strip()[:80]!r}")
    return Loaded(tuple(names), tuple(problems), count, frozenset(read))


def _read_petrarch(text: str, *, is_agents: bool) -> Iterator[_Entry]:
    """An entry is a name, its `+synonyms`, and codes in brackets, dated or not, behind it or on lines of their own."""
    sets = {match.group(1): split_list(match.group(2).replace(",", ";")) for match in _SET.finditer(text)}
    for block in _blocks(text):
        names: list[tuple[_Line, str]] = []
        codes: list[tuple[_Line, str]] = []
        for line in block:
            bare = _NOTE.sub("", line.text)
            names += [
                (line, name) for name in _spellings(_CODE.sub("", bare).strip().lstrip("+"), sets, is_agents=is_agents)
            ]
            codes += [(line, code.strip()) for code in _CODE.findall(bare)]
        yield from _entries(names, codes, is_agents=is_agents)


def _spellings(written: str, sets: dict[str, tuple[str, ...]], *, is_agents: bool) -> list[str]:
    """Gives the names of a line: `X!PERSON!` stands for each word of the set, `MAN {MEN}` for singular and plural."""
    singular, brace, plural = (part.strip().rstrip("_}").strip() for part in written.partition("{"))
    if not singular:
        return []
    marked = _MARK.search(singular)
    if marked and marked.group(1) in sets:
        return [singular[: marked.start()] + word + singular[marked.end() :] for word in sets[marked.group(1)]]
    if not is_agents or (brace and not plural):
        return [singular]
    regular = singular[:-1] + "IES" if singular.endswith("Y") else singular + "S"
    return [singular, plural or regular]


def _blocks(text: str) -> Iterator[list[_Line]]:
    block: list[_Line] = []
    for number, raw in enumerate(text.splitlines(), 1):
        bare = _NOTE.sub("", raw).strip()
        if not bare or bare.startswith("<") or _SET.match(bare):
            continue
        if block and not raw.startswith(("+", " ", "\t")) and not bare.startswith("["):
            yield block
            block = []
        block.append(_Line(number, raw))
    if block:
        yield block


def _entries(names: list[tuple[_Line, str]], codes: list[tuple[_Line, str]], *, is_agents: bool) -> Iterator[_Entry]:
    if not names:
        yield from ((line, [], "a code without a name") for line, _ in codes)
        return
    if not codes:
        yield from ((line, [], "a name without a code") for line, _ in names)
        return
    read = [(line, _read_code(code, is_agents=is_agents)) for line, code in codes]
    yield from ((line, [], "a code that cannot be read" if sense is None else "") for line, sense in read)
    good = [sense for _, sense in read if sense is not None]
    for line, name in names:
        yield line, [_name_sense(name, sense) for sense in good], "" if good else "no code that can be read"


def _name_sense(name: str, sense: Sense) -> tuple[str, Sense]:
    """PETRARCH writes all names in capitals, so that capitals tell nothing; agents are common nouns."""
    plain = name.replace("_", " ").strip()
    case: CaseRule = "any" if sense.kind == "agent" else "capital"
    if not plain.isupper():
        case = case_of(plain)
    return fold_key(plain), sense._replace(name=plain, case=letters_of(plain) if case == "exact" else case)


def _read_code(code: str, *, is_agents: bool) -> Sense | None:
    dated = _DATED.match(code)
    bare = dated.group("code") if dated else code
    if is_agents or bare.startswith("~"):
        return _agent_sense(bare.strip("~"))
    if not re.fullmatch(r"[A-Z]{3}(?:[A-Z]{3})*", bare):
        return None
    since, until = _dates(dated) if dated else (FAR_PAST, FAR_FUTURE)
    head, *rest = (bare[i : i + 3] for i in range(0, len(bare), 3))
    if head == "IGO" and rest and rest[0] in _BODIES:
        head, rest = _BODIES[rest[0]], rest[1:]
    if head in _SECTORS and head not in _NO_STATE:
        head, rest = "", [head, *rest]
    sectors = tuple(dict.fromkeys(_PLOVER.get(part, part) for part in rest if part in _SECTORS))
    return _sense("user", _OLD_STATES.get(head, head) or None, sectors)._replace(since=since, until=until)


def _agent_sense(code: str) -> Sense | None:
    if not re.fullmatch(r"[A-Z]{3}(?:[A-Z]{3})*", code):
        return None
    parts = [code[i : i + 3] for i in range(0, len(code), 3)]
    sectors = tuple(dict.fromkeys(_PLOVER.get(part, part) for part in parts if part in _SECTORS))
    return _sense("agent", None, sectors or (parts[0],))


def _sense(kind: Kind, code: str | None, sectors: tuple[str, ...]) -> Sense:
    return Sense(kind, code, sectors, "", None, FAR_PAST, FAR_FUTURE, "your dictionary", "any")


def _dates(dated: re.Match[str]) -> tuple[date, date]:
    first, last = _day(dated.group("first")), _day(dated.group("last"))
    if dated.group("sign") == "<":
        return FAR_PAST, first or FAR_FUTURE
    return first or FAR_PAST, last or FAR_FUTURE


def _day(digits: str | None) -> date | None:
    """YYMMDD or YYYYMMDD; two-digit years below 30 are of this century, impossible days become the month's first."""
    if not digits:
        return None
    if len(digits) == len("YYMMDD"):
        digits = ("20" if int(digits[:2]) < _CENTURY_TURN else "19") + digits
    year, month, day = int(digits[:4] or 1), int(digits[4:6] or 1), int(digits[6:8] or 1)
    month = min(max(month, 1), 12)
    return date(max(year, 1), month, day if 1 <= day <= 28 else 28 if day > 28 else 1)


def _read_csv(text: str) -> Iterator[_Entry]:
    rows = csv.DictReader(io.StringIO(text))
    try:
        for row in rows:
            yield _csv_entry(_Line(rows.line_num, ",".join(str(cell) for cell in row.values() if cell)), row)
    except csv.Error as error:
        yield _Line(rows.line_num, ""), [], f"no CSV from here on ({error})"


def _csv_entry(line: _Line, row: dict[str, str]) -> _Entry:
    phrase, code = (row.get("phrase") or "").strip(), (row.get("code") or "").strip()
    if not phrase or not re.fullmatch(r"(?:[A-Z]{3})*", code):
        return line, [], "needs a phrase and a code of three letters"
    try:
        since = read_day((row.get("since") or "").strip(), FAR_PAST)
        until = read_day((row.get("until") or "").strip(), FAR_FUTURE)
    except ValueError:
        return line, [], "a date that is not YYYY-MM-DD"
    sectors = tuple((row.get("sectors") or "").replace(";", " ").split())
    sectors = sectors or tuple(code[i : i + 3] for i in range(3, len(code), 3))
    sense = _sense("user", code[:3] or None, sectors)._replace(since=since, until=until)
    return line, [_name_sense(phrase, sense)], ""
