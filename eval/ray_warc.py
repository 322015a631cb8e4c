"""A WARC of news pages end to end on a Ray cluster of two nodes, beside one process: the same record, row for row.

The pages are items of a shared news set, rendered as HTML pages of outlets with the headers and the book-keeping
records of a crawl. Where more pages are asked than items, each is fetched several times in a row, the last of twenty
under a changed link, which makes it a page of its own. With --keep, a run that was cut off goes on where it stood.

    nice -n 10 python eval/ray_warc.py [--pages 20000] [--items 13341] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import email.utils
import gzip
import html
import json
import lzma
import os
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import duckdb

from dragoman.store import RecordStore

SHARED = Path(os.environ.get("DRAGOMAN_SHARED", Path(__file__).parents[2] / "shared"))
NEWS = SHARED / "data/news/headlines_2025.jsonl.xz"
NODES = 2
TABLES = ("articles", "events", "records", "links", "dyads", "statements", "skips", "coverage", "inputs")
SERVERS = ("nginx", "Apache/2.4.58 (Unix)", "cloudflare", "openresty")
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} | {publisher}</title>
<link rel="canonical" href="{url}">
<meta property="og:type" content="article"><meta property="og:title" content="{title}">
<meta property="og:site_name" content="{publisher}"><meta property="og:url" content="{url}">
<meta property="article:published_time" content="{published}T09:30:00+00:00">
<link rel="stylesheet" href="/assets/site.css"><script src="/assets/site.js" async></script>
</head>
<body>
<header><nav><ul><li><a href="/">Home</a></li><li><a href="/world">World</a></li>
<li><a href="/politics">Politics</a></li>
<li><a href="/business">Business</a></li></ul></nav></header>
<main><article><h1>{title}</h1><time datetime="{published}T09:30:00Z">{published}</time>
{paragraphs}
</article>
<aside><h2>More stories</h2><ul><li><a href="/a">Read more</a></li>
<li><a href="/b">Sign up to our newsletter</a></li></ul>
</aside></main>
<footer><p>&copy; {publisher}. All rights reserved.</p><a href="/privacy">Privacy</a></footer>
</body></html>
"""


def make_archive(path: Path, pages: int, items: int) -> None:
    """Writes an archive of so many pages of so many items, packed record by record, with all that a crawl keeps."""
    with path.open("wb") as out:
        out.write(gzip.compress(_record("warcinfo", None, b"software: project-written crawl\r\n", number=0)))
        for number, item in enumerate(islice(repeated_items(items, pages), pages), start=1):
            for part in crawl_records(item, number):
                out.write(gzip.compress(part, compresslevel=1))


def repeated_items(distinct: int, pages: int) -> Iterator[dict[str, str]]:
    """So many items, each as often in a row as the pages need; the last of twenty under a changed link."""
    with lzma.open(NEWS, "rt", encoding="utf8") as lines:
        items = [json.loads(line) for line in islice(lines, distinct)]
    times = -(-pages // len(items))
    for item in items:
        for turn in range(times):
            yield {**item, "url": f"{item['url']}?ref={turn}"} if turn % 20 == 19 else item


def crawl_records(item: dict[str, str], number: int) -> Iterator[bytes]:
    url = item["url"] or f"https://news.example/{number}"
    fields = {name: html.escape(item.get(name) or "") for name in ("title", "publisher", "published")}
    paragraphs = "\n".join(
        f"<p>{html.escape(part)}</p>" for part in (item.get("text") or "").split("\n") if part.strip()
    )
    body = PAGE.format(url=html.escape(url), paragraphs=paragraphs, **fields).encode()
    yield _record(
        "request", url, b"GET / HTTP/1.1\r\nUser-Agent: project-written crawl\r\nAccept: text/html\r\n\r\n", number
    )
    yield _record("response", url, answer(body, number), number)
    yield _record("metadata", url, b"fetchTimeMs: 120\r\n", number)


def answer(body: bytes, number: int) -> bytes:
    """An HTTP answer as servers give it: plain, packed or in chunks, by turns."""
    moment = email.utils.format_datetime(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number), usegmt=True)
    lines = [
        f"Date: {moment}",
        "Content-Type: text/html; charset=UTF-8",
        f"Server: {SERVERS[number % len(SERVERS)]}",
        "Cache-Control: max-age=60",
        "Vary: Accept-Encoding",
        f'ETag: W/"{number:x}"',
        "X-Frame-Options: SAMEORIGIN",
    ]
    if number % 3 == 0:
        body = gzip.compress(body, compresslevel=1, mtime=0)
        lines.append("Content-Encoding: gzip")
    if number % 3 == 1:
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        lines.append("Transfer-Encoding: chunked")
    else:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode() + body


def _record(kind: str, url: str | None, block: bytes, number: int) -> bytes:
    moment = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    types = {"warcinfo": "application/warc-fields", "metadata": "application/warc-fields"}
    lines = [
        "WARC/1.0",
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: <urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{kind} {number}')}>",
        f"WARC-Date: {moment}",
        *([f"WARC-Target-URI: {url}", "WARC-IP-Address: 192.0.2.1"] if url else []),
        f"Content-Type: {types.get(kind, f'application/http; msgtype={kind}')}",
        f"Content-Length: {len(block)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + block + b"\r\n\r\n"


def add(record: Path, archive: Path, *options: str) -> tuple[float, float]:
    """Adds the archive to a record with the command line; gives seconds by the clock and of this process's children."""
    began, cpu = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    command = [sys.executable, "-m", "dragoman", "add", "--record", str(record), *options, str(archive)]
    with (record.parent / f"{record.name}.err").open("w") as errors:
        done = subprocess.run(command, stderr=errors, stdout=subprocess.PIPE, text=True, check=False)
    print(f"  {done.stdout.strip()} (exit {done.returncode})", flush=True)
    if done.returncode not in {0, 1}:
        raise SystemExit((record.parent / f"{record.name}.err").read_text()[-2000:])
    return time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - cpu


def rows(record: Path, table: str) -> Counter[str]:
    """Every row of a table as text; without the number of the commit that brought it.

    Coverage is kept commit by commit and answered in sums: those are compared.
    """
    store = RecordStore.open(record)
    if table == "coverage":
        return Counter(map(repr, store.coverage()))
    if not (files := store.files(table, store.snapshot())):
        return Counter()
    query = "SELECT * FROM read_parquet(?, hive_partitioning = true, hive_types_autocast = false)"
    found = duckdb.sql(query, params=[files]).to_arrow_table().to_pylist()
    return Counter(repr({name: value for name, value in row.items() if name != "added"}) for row in found)


def compare(one: Path, other: Path) -> int:
    """Prints the rows of each table in both records; gives the number that stand in one only."""
    different = 0
    for table in TABLES:
        left, right = rows(one, table), rows(other, table)
        apart = ((left - right) + (right - left)).total()
        print(f"  {table:12}{left.total():>9,} rows on one process, {right.total():>9,} on Ray, {apart} different")
        different += apart
    return different


def on_ray(folder: Path, archive: Path) -> float:
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(NODES - 1):
        cluster.add_node(num_cpus=1)
    try:
        return add(folder / "on_ray", archive, "--ray", cluster.address)[0]
    finally:
        cluster.shutdown()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=20_000)
    parser.add_argument("--items", type=int, default=13_341)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    if not NEWS.is_file():
        print(f"{NEWS} is not here: set DRAGOMAN_SHARED to the folder that holds data/news.", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        archive = folder / "news.warc.gz"
        if not archive.exists():
            make_archive(archive, options.pages, options.items)
        print(f"{options.pages:,} pages of {options.items:,} items, {archive.stat().st_size / 1e6:.1f} MB", flush=True)
        wall, cpu = add(folder / "on_one", archive)
        print(f"one process: {wall:.0f} s, {cpu:.0f} s of CPU, {1000 * cpu / options.pages:.1f} ms a page", flush=True)
        print(f"Ray, {NODES} nodes: {on_ray(folder, archive):.0f} s", flush=True)
        different = compare(folder / "on_one", folder / "on_ray")
    print(f"rows that differ: {different} (target 0)")
    return 1 if different else 0


if __name__ == "__main__":
    raise SystemExit(main())
