"""A record of any size for measurements: happenings of twenty years among states, as the store lays them out.

Nothing goes through a coder: the tables are drawn by DuckDB from hashes, so that the same number gives the same record.
Shares of states and of words fall like 1/rank, six happenings in ten have one report and the others two or three, and
one in ten is denied or still to come. Sentences are drawn from made-up words.

    python eval/big_record.py FOLDER [--events 1000000]
"""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from dragoman.codebook import load_codebook
from dragoman.columns import SPECS
from dragoman.sides import known_codes
from dragoman.store import RecordStore

FIRST_YEAR, LAST_YEAR = 2006, 2025
# Reports of a happening, on average: 1 for six in ten, 2 for three, 3 for one.
REPORTS_EACH = 1.5
ARTICLE_EVENTS = 4
SYLLABLES = "ba ce di fo gu ha ke li mo nu pa re si to vu za".split()
VOCABULARY = 4000
CODER, CODEBOOK = "drawn-1", "drawn"

DRAW = """
CREATE OR REPLACE TABLE happenings AS
WITH drawn AS (
    SELECT number, (hash(number) // 2)::BIGINT AS h, (hash(number + 1000000007) // 2)::BIGINT AS g,
        (hash(number + 2000000011) // 2)::BIGINT AS f
    FROM range({first}, {first} + {number}) AS t(number)
), picked AS (
    SELECT number, h, f,
        $codes[floor(exp(ln(190) * ((h % 1000003) / 1000003.0)))::INT] AS a,
        $codes[floor(exp(ln(190) * ((g % 1000003) / 1000003.0)))::INT] AS b,
        $types[1 + (g // 1000003) % 16] AS kind,
        DATE '{year}-01-01' + ((h // 1000003) % {days})::INT AS day
    FROM drawn
)
SELECT printf('r%016x', h) AS record_id, kind.name AS event_type, kind.quad::TINYINT AS quad, kind.score AS intensity,
    CASE WHEN f % 20 = 0 THEN 'negated' WHEN f % 20 = 1 THEN 'future' ELSE 'asserted' END AS status,
    a AS actor, if(a = b, $codes[1 + (f % 190)], b) AS recipient, day, number, f,
    CASE WHEN f // 20 % 10 < 6 THEN 1 WHEN f // 20 % 10 < 9 THEN 2 ELSE 3 END AS reports,
    if(f // 200 % 5 = 0, [$contexts[1 + f // 1000 % len($contexts)]], []) AS contexts,
    day || '|' || kind.name || '|asserted' AS cell
FROM picked
"""
RECORDS = """
SELECT record_id, event_type, NULL AS mode, contexts, status, quad, intensity, [actor] AS actors,
    [recipient] AS recipients, strftime(day, '%Y-%m-%d') AS date, 0.5 + (f % 50) / 100.0 AS belief, reports AS voices,
    list_transform(range(reports), lambda k: record_id || '-' || k) AS events,
    list_transform(range(reports), lambda k: 'Outlet ' || (f + k) % 60) AS publishers,
    list_transform(range(reports), lambda k: 'https://outlet' || (f + k) % 60 || '.example/' || record_id) AS urls,
    strftime(day, '%Y-%m-%d') AS first_reported, strftime(day + (f % 3)::INT, '%Y-%m-%d') AS last_reported,
    []::VARCHAR[] AS disagreements, []::VARCHAR[] AS aliases, day, day AS last_day,
    [$vocabulary[1 + f % len($vocabulary)]] AS words, []::STRUCT(kind VARCHAR, most BIGINT)[] AS harm, cell,
    strftime(day, '%Y-%m') AS month
FROM happenings ORDER BY month, day, record_id
"""
EVENTS = """
WITH told AS (SELECT *, unnest(range(reports)) AS k FROM happenings),
worded AS (
    SELECT *, 'State ' || actor || ' ' || lower(event_type) || ' ' || 'State ' || recipient || ' ' || list_aggregate(
        list_transform(range(12), lambda i: $vocabulary[
            1 + floor(exp(ln(len($vocabulary)) * (hash(number * 64 + k * 16 + i) % 1000003) / 1000003.0))::INT
                % len($vocabulary)
        ]), 'string_agg', ' ') || '.' AS words,
        length('State ' || actor) AS to_actor, length(event_type) AS to_verb,
        length('State ' || recipient) AS to_recipient
    FROM told
)
SELECT record_id || '-' || k AS event_id, event_type, NULL AS mode, contexts, status, quad, intensity,
    0.5 + (f % 50) / 100.0 AS confidence, 'drawn' AS basis,
    [{{'text': 'State ' || actor, 'start': 0, 'end': to_actor, 'code': actor, 'sectors': []::VARCHAR[],
       'name': 'State ' || actor, 'identifier': NULL, 'basis': 'drawn'}}] AS actors,
    [{{'text': 'State ' || recipient, 'start': to_actor + to_verb + 2, 'end': to_actor + to_verb + 2 + to_recipient,
       'code': recipient, 'sectors': []::VARCHAR[], 'name': 'State ' || recipient, 'identifier': NULL,
       'basis': 'drawn'}}] AS recipients,
    strftime(day, '%Y-%m-%d') AS date, 'day' AS date_granularity, 'drawn' AS date_basis,
    if(f // 7 % 2 = 0, {{'text': 'here', 'start': 0, 'end': 0, 'name': 'Place ' || f % 500, 'country': recipient,
        'latitude': (f // 500 % 1200) / 10.0 - 50, 'longitude': (f // 70 % 3400) / 10.0 - 170, 'geonameid': f % 500,
        'confidence': 0.9, 'basis': 'drawn', 'kind': 'town'}}, NULL) AS place,
    NULL AS attributed_to, 'doc' AS doc, {{'start': 0, 'end': length(words), 'text': words}} AS sentence,
    {{'start': to_actor + 1, 'end': to_actor + 1 + to_verb, 'text': lower(event_type)}} AS anchor,
    printf('a%016x', number // {article_events}) AS article_id,
    'https://outlet' || (f + k) % 60 || '.example/' || record_id AS url, 'Outlet ' || (f + k) % 60 AS publisher,
    strftime(day + (f % 3)::INT, '%Y-%m-%d') AS published, '{coder}' AS coder, '{codebook}' AS codebook,
    day, day AS last_day, [actor] AS actor_keys, [recipient] AS recipient_keys, cell,
    year(day)::VARCHAR AS year, 1 AS added
FROM worded ORDER BY day, event_id
"""
DYADS = """
SELECT least(actor, recipient) AS low, greatest(actor, recipient) AS high, actor <= recipient AS is_forward,
    false AS is_mutual, day, day AS last_day, quad, event_type, intensity, 0.5 + (f % 50) / 100.0 AS belief, record_id,
    cell, year(day)::VARCHAR AS year
FROM happenings WHERE status = 'asserted' ORDER BY low, high, day, record_id
"""
ARTICLES = """
SELECT printf('a%016x', number // {article_events}) AS article_id, 'doc' AS doc, NULL AS url,
    'Outlet ' || min(f) % 60 AS publisher, min(day) AS published, 'drawn' AS published_basis, NULL AS title_digest,
    'en' AS language, printf('a%016x', number // {article_events}) AS fingerprint, 'drawn' AS location,
    NULL::BLOB AS sketch, NULL AS wire, NULL AS text, {article_events} AS events, '{coder}' AS coder,
    '{codebook}' AS codebook, 1 AS added
FROM happenings GROUP BY number // {article_events}
"""
COVERAGE = """
SELECT 'Outlet ' || f % 60 AS publisher, day, ceil(count(*) / {article_events})::BIGINT AS articles, 1 AS added
FROM happenings GROUP BY ALL
"""
QUESTIONS = {"records": RECORDS, "events": EVENTS, "dyads": DYADS, "articles": ARTICLES, "coverage": COVERAGE}


def make_record(folder: Path, events: int) -> RecordStore:
    """The record in a folder; made first where there is none."""
    if (folder / "dragoman.json").exists():
        return RecordStore.open(folder)
    store = RecordStore.open(folder, create=True)
    drawing = duckdb.connect()
    given = knowledge()
    each = round(events / REPORTS_EACH / (LAST_YEAR - FIRST_YEAR + 1))
    with store._folder.writing() as transaction:
        for year in range(FIRST_YEAR, LAST_YEAR + 1):
            first, days = (year - FIRST_YEAR) * each, (date(year + 1, 1, 1) - date(year, 1, 1)).days
            draw = DRAW.format(first=first, number=each, year=year, days=days)
            drawing.execute(draw, {name: value for name, value in given.items() if f"${name}" in draw})
            for name, question in QUESTIONS.items():
                question = question.format(article_events=ARTICLE_EVENTS, coder=CODER, codebook=CODEBOOK)
                rows = ask(drawing, question, given)
                transaction.append(name, rows.cast(SPECS[name].schema))
        transaction.note(coders=[CODER], merged_through=1)
        transaction.commit()
    return store


def ask(drawing: duckdb.DuckDBPyConnection, question: str, given: dict[str, object]) -> pa.Table:
    used = {name: value for name, value in given.items() if f"${name}" in question}
    return drawing.sql(question, params=used).to_arrow_table()


def knowledge() -> dict[str, object]:
    """States, types with scores, contexts and made-up words, as parameters of the questions."""
    codebook = load_codebook()
    first = ["USA", "CHN", "RUS", "UKR", "ISR", "IRN", "GBR", "FRA", "DEU", "IND", "JPN", "PAK", "TUR", "SYR", "KOR"]
    codes = [*first, *sorted(code for code in known_codes() if code not in first)][:191]
    base = len(SYLLABLES)
    words = [
        "".join(SYLLABLES[part] for part in (n % base, n // base % base, *([n // base**2] if n >= base**2 else [])))
        for n in range(VOCABULARY)
    ]
    return {
        "codes": codes,
        "types": [{"name": k.name, "quad": k.quad, "score": k.score} for k in codebook.types.values()],
        "contexts": list(codebook.contexts),
        "vocabulary": words,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--events", type=int, default=1_000_000)
    options = parser.parse_args()
    store = make_record(options.folder, options.events)
    for name, number in store.counts().items():
        print(f"{name}: {number:,}")


if __name__ == "__main__":
    main()
