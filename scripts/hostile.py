"""Throws generated hostile inputs at extraction and at the readers of each format: no crash, no hang.

usage: python scripts/hostile.py [--inputs 200000] [--slice 1/20] [--seed 7] [--only TARGET] [--atheris SECONDS]

Inputs are real-shaped ones of every format (made here, or the bundled samples) with cuts, repeats, swaps, wild bytes
and tokens that parsers fear, by hypothesis, which shrinks what it finds. A slice is a part of the whole with examples
of its own: the twenty slices together are the whole, and any can be run alone. With --atheris one target (--only) is
fuzzed by coverage instead; that needs the package `atheris`. What is found belongs into tests/, in its smallest form.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import io
import json
import lzma
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from types import FrameType, FunctionType
from typing import Any

from fastwarc.stream_io import ZstdWriter
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from dragoman.actors import ActorIndex
from dragoman.actors.dictionaries import load_dictionary
from dragoman.addresses import join_address
from dragoman.article import article_line, extract_article
from dragoman.errors import DragomanError
from dragoman.exchange import IMPORT_FORMS, ROW_FORMS, import_events, write_events
from dragoman.model import Article, Report, Skip
from dragoman.pipeline import Desk, Work
from dragoman.places import PlaceIndex
from dragoman.reader.gate import Gate
from dragoman.reader.network import default_folder
from dragoman.reader.pairs import parse_marked
from dragoman.reader.sentences import split_article
from dragoman.reader.windows import cut_pieces, load_tokenizer
from dragoman.rows import event_row
from dragoman.sources import _read_stream, read_reports
from dragoman.times import find_times
from dragoman.watch import read_subscriptions
from dragoman.watch.manners import Rules, plain_address, retry_after, site_of

SAMPLES = Path(str(resources.files("dragoman.data").joinpath("samples")))
# CPU seconds; the inputs are at most some ten thousand bytes, so more is a hang.
PATIENCE = 10
LONGEST = 40_000
# Of what is read by the network.
SHORT = 1_500
MANY = 30
TOKENS = (
    b"<",
    b">",
    b"</",
    b"<!--",
    b"-->",
    b"<![CDATA[",
    b"]]>",
    b"&#x110000;",
    b"&#0;",
    b"&amp;",
    b"<script>",
    b"<p>",
    b"<div>",
    b"<table>",
    b"\x00",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\r",
    b"\n",
    b"\r\n\r\n",
    b"\t",
    b'"',
    b"'",
    b"\\u",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"NaN",
    b"0000-00-00",
    b"9999-12-31",
    b"<?xml version='1.0' encoding='utf-7'?>",
    b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]>",
    b"&a;",
    b"WARC/1.0\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Length: 99999999999\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"\x1f\x8b",
    b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd",
    "‏‮".encode(),
    "İ".encode(),
    "ﬃ".encode(),
    "١٢٣".encode(),
    "²".encode(),
    b"%s%n",
    b"../",
    b"\xa0",
    b"''''",
    b"((((",
    b"----",
    b"Mr. ",
    b"on Feb. 30, 0000 ",
)

Target = Callable[[bytes], object]


class Hang(BaseException):
    """An input took too long. No library catches it."""


@contextmanager
def patience() -> Iterator[None]:
    def give_up(_: int, __: FrameType | None) -> None:
        raise Hang(f"more than {PATIENCE} s of CPU time")

    signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


# --- what is thrown at ---


def extract(content: bytes) -> None:
    take(Report(location="page", kind="html", content=content))


def take(found: Report | Skip) -> None:
    """Extracts a report, and asks all that needs no network about it."""
    article = extract_article(found) if isinstance(found, Report) else found
    if isinstance(article, Skip):
        assert article.reason
        return
    json.dumps(article_line(article)).encode()
    sentences = split_article(article)
    for sentence in sentences:
        assert article.body[sentence.start : sentence.end] == sentence.text
    assert len(GATE.passes(cut_pieces(TOKENIZER, sentences))) == len(sentences)
    if len(article.body) < 5_000:
        layers(article)


def layers(article: Article) -> None:
    sentences = split_article(article)
    spans = [*find_times(article, sentences), *PLACES.find_places(article, sentences)]
    spans += ACTORS.annotate(article, sentences)
    assert all(article.body[span.start : span.end] == span.text for span in spans)


def read_text(content: bytes) -> None:
    text = content.decode("utf8", "replace")
    layers(Article(id="a", doc="a", title=text[:40], text=text))


def read_as(form: str | None, pack: Callable[[bytes], bytes] = bytes) -> Target:
    def read(content: bytes) -> None:
        for found in _read_stream(io.BytesIO(pack(content)), "input", form):  # type: ignore[arg-type]
            take(found)

    return read


def read_file(reader: Callable[[Path], Iterable[object]], suffix: str = "") -> Target:
    def read(content: bytes) -> None:
        with tempfile.NamedTemporaryFile(suffix=suffix) as file:
            file.write(content)
            file.flush()
            try:
                list(reader(Path(file.name)))
            except DragomanError:
                return

    return read


def code(content: bytes) -> None:
    """Reads, codes and prints the beginning: the network takes a tenth of a second for a page of text."""
    for found in _read_stream(io.BytesIO(content[:SHORT]), "input", "text"):
        for coded in desk()([found]):
            [json.dumps(event_row(event)).encode() for event in getattr(coded, "events", ())]


@cache
def desk() -> Desk:
    return Desk(Work(), threads=1)


def ask_politely(content: bytes) -> None:
    """What a site says of itself, and what a feed's links lead to."""
    text = content.decode("utf8", "replace")
    rules = Rules(text)
    for link in text.split()[:20]:
        address = join_address("https://courier.example/", link)
        if address is not None:
            assert rules.allows(plain_address(address)) in {True, False}
            assert site_of(address).startswith("http")
    assert rules.delay() >= 0
    assert (retry_after(text, 0.0) or 0.0) >= 0


def read_marked(content: bytes) -> None:
    text, spans = parse_marked(content.decode("utf8", "replace"))
    assert all(0 <= start <= end <= len(text) for start, end, _ in spans)


GATE, ACTORS, PLACES = Gate.load(), ActorIndex.load(), PlaceIndex.load()
TOKENIZER = load_tokenizer(default_folder() / "tokenizer.json")


# --- what they look like where nothing is wrong ---


def zstd(content: bytes) -> bytes:
    out = io.BytesIO()
    with ZstdWriter(out) as packed:
        packed.write(content)
    return out.getvalue()


def warc(page: bytes) -> bytes:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://courier.example/1\r\n"
        "WARC-Date: 2022-09-20T10:00:00Z\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(answer)}\r\n\r\n"
    )
    return (head.encode() + answer + b"\r\n\r\n") * 2


FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Courier</title><item><title>Envoys meet</title>
<link>https://courier.example/1</link><pubDate>Tue, 20 Sep 2022 10:00:00 GMT</pubDate><description>Envoys of Chad and
Niger met on Monday.</description></item></channel></rss>"""
LINE = (
    json.dumps({"doc": "one", "url": "https://courier.example/1", "published": "2022-09-20", "title": "Envoys meet",
                "text": "Mr. Lavrov met Gen. Li in the U.S. on Feb. 24, 2022. “They agreed,” he said."}) + "\n"
).encode() * 3  # fmt: skip
ACTORS_FILE = b"""KYOTO_PROTOCOL_ ; note\nFREEDONIA_ [FRD]\n+SYLVANIA_ [FRDGOV 190101-200101]\n\t[FRDOPP >200101]\n"""
CSV = b"""phrase,code,since,until,sectors\nthe Duke,FRD,1901-01-01,2020-01-01,GOV\nSylvania,SYL,,,\n"""
AGENTS_FILE = b"""MINISTER_{_MINISTRIES_} [~GOV]\n!PERSON! = MAN_ , WOMAN_\n!PERSON!_ [~CVL] # people\n"""
OPML = b"""<?xml version="1.0"?><opml version="2.0"><body><outline text="World" xmlUrl="https://courier.example/feed"/>
<outline xmlUrl="http://envoy.example:8080/rss?x=1"/></body></opml>"""
ROBOTS = b"""User-agent: *\nDisallow: /private\nAllow: /*.html$\nCrawl-delay: 2\nRequest-rate: 1/5\n
User-agent: dragoman\nDisallow: /a b\nSitemap: https://courier.example/map.xml\nhttps://courier.example/1?utm_source=x#y"""
MARKED = b"<s>Chad</s> sent <t>Niger</t> an envoy, whom <s>the minister</s> met."
PHOENIX_CELLS = "20150301_1|20150301|2015|3|1|FRAGOV|FRA|GOV||DEUGOV|DEU|GOV||040|4|1|1.0|48.8|2.3|Paris|Ile|FR|id1|http://a.example|s|"
PHOENIX = PHOENIX_CELLS.replace("|", "\t") + "\n"


def event_files() -> dict[str, bytes]:
    """The samples' events in every form that can be written."""
    answers = desk()(list(read_reports([str(SAMPLES)])))
    rows = [event_row(event) for coded in answers for event in getattr(coded, "events", ())][:6]
    files = {"phoenix": PHOENIX.encode()}
    for form in ROW_FORMS:
        out = io.StringIO()
        write_events(rows, form, out)
        files[form] = out.getvalue().encode()
    return files


def targets() -> dict[str, tuple[Target, list[bytes]]]:
    pages = [path.read_bytes()[:LONGEST] for path in sorted(SAMPLES.glob("*.html"))] or [
        b"<html><p>They met.</p></html>"
    ]
    page = min(pages, key=len)
    text = b"The foreign ministers of Finland and Sweden met in Helsinki on Monday. Mr. Li, 52, left two weeks ago."
    files = event_files()
    found: dict[str, tuple[Target, list[bytes]]] = {
        "page": (extract, pages),
        "text": (read_text, [text]),
        "lines": (read_as("line"), [LINE]),
        "feed": (read_as("feed"), [FEED]),
        "warc": (read_as("warc"), [warc(page[:3000])]),
        "sniffed": (read_as(None), [FEED, LINE, warc(page[:2000]), text]),
        "gzip": (read_as(None), [gzip.compress(LINE), gzip.compress(page)]),
        "xz": (read_as(None), [lzma.compress(LINE), lzma.compress(page)]),
        "packed": (read_as("line", gzip.compress), [LINE]),
        "zstd": (read_as(None), [zstd(LINE), zstd(page)]),
        "actors": (read_file(lambda path: [load_dictionary(path)], ".actors.txt"), [ACTORS_FILE]),
        "agents": (read_file(lambda path: [load_dictionary(path)], ".agents.txt"), [AGENTS_FILE]),
        "csv": (read_file(lambda path: [load_dictionary(path)], ".csv"), [CSV]),
        "feeds": (read_file(read_subscriptions), [OPML, b"# ours\nhttps://courier.example/feed # one\n"]),
        "robots": (ask_politely, [ROBOTS]),
        "pairs": (read_marked, [MARKED]),
        "coded": (code, [text, FEED]),
    }
    for form in IMPORT_FORMS:
        found[f"import {form}"] = (read_file(lambda path, form=form: import_events([path], form)), [files[form]])  # type: ignore[misc]
    return found


# --- how they are made ---


def mutated(seeds: list[bytes]) -> st.SearchStrategy[bytes]:
    token = st.one_of(
        st.sampled_from(TOKENS), st.binary(max_size=6), st.text(max_size=4).map(lambda t: t.encode("utf8", "replace"))
    )
    edit = st.tuples(
        st.sampled_from("insert replace cut repeat move flood".split()), st.floats(0, 1), st.floats(0, 1), token
    )
    return st.builds(apply, st.sampled_from(seeds), st.lists(edit, min_size=1, max_size=8))


def apply(content: bytes, edits: list[tuple[str, float, float, bytes]]) -> bytes:
    for kind, where, width, token in edits:
        at = int(where * len(content))
        end = min(len(content), at + 1 + int(width * width * 400))
        part = content[at:end]
        middle = {
            "insert": token + part, "replace": token, "cut": b"", "repeat": part * (1 + int(width * MANY)),
            "move": part[::-1], "flood": token * (1 + int(width * 2000)),
        }[kind]  # fmt: skip
        content = (content[:at] + middle + content[end:])[:LONGEST]
    return content


def throw(name: str, target: Target, seeds: list[bytes], *, number: int, chance: int) -> str | None:
    """Throws so many inputs at a target; gives the fault that was found, if any."""

    @seed(chance)
    @settings(
        max_examples=number, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, Phase.shrink], report_multiple_bugs=False, print_blob=False,
    )  # fmt: skip
    @given(mutated(seeds))
    def survive(content: bytes) -> None:
        with patience():
            target(content)

    try:
        survive()
    except (Exception, Hang) as fault:  # noqa: BLE001 - whatever it is, it is the finding
        return f"{name}: {''.join(traceback.format_exception(fault))[-3000:]}"
    return None


def fuzz(target: Target, seeds: list[bytes], seconds: int) -> None:
    """Fuzzes one target by coverage until the time is over or something is found."""
    import atheris

    def once(content: bytes) -> None:
        with patience():
            target(content)

    # Not all that is loaded: that takes minutes.
    for function in [each for each in gc.get_objects() if isinstance(each, FunctionType)]:
        if str(function.__module__).startswith(("dragoman.", "trafilatura", "feedparser")):
            atheris.instrument_func(function)
    with tempfile.TemporaryDirectory() as corpus:
        for number, content in enumerate(seeds):
            Path(corpus, str(number)).write_bytes(content)
        atheris.Setup(
            [sys.argv[0], corpus, f"-max_total_time={seconds}", "-max_len=8000", "-timeout=30"], once,
            internal_libfuzzer=True,
        )  # fmt: skip
        atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=200_000, help="of all slices and targets together")
    parser.add_argument("--slice", default="1/1", help="K/N: the K-th of N parts")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only")
    parser.add_argument("--atheris", type=int, metavar="SECONDS")
    options = parser.parse_args()
    part, parts = map(int, options.slice.split("/"))
    chosen: dict[str, Any] = {n: t for n, t in targets().items() if options.only in {None, n}}
    if options.atheris:
        for target, seeds in chosen.values():
            fuzz(target, seeds, options.atheris)
    each = max(1, options.inputs // parts // len(chosen))
    faults = []
    for name, (target, seeds) in chosen.items():
        started = time.process_time()
        fault = throw(name, target, seeds, number=each, chance=options.seed * 1000 + part)
        print(f"{name:16} {each} inputs, {time.process_time() - started:.0f} s{'  FOUND' if fault else ''}", flush=True)
        faults += [fault] if fault else []
    print("\n".join(faults) or f"{each * len(chosen)} inputs without a crash or hang")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
