"""Reports found in files, folders, feeds, archives, article lines and web pages; and how bad ones are refused."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import threading
import time
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.errors import SourceError
from dragoman.model import Report, Skip
from dragoman.sources import REASONS, read_reports, streams, web
from dragoman.sources.streams import read_lines, sniff_format, unpack_stream

PAGE = b"<!DOCTYPE html><html><head><title>Talks</title></head><body><p>They met in the city.</p></body></html>"
LINE = b'{"doc": "a1", "title": "Talks", "text": "They met  in the city.", "published": "2022-09-20"}\n'
FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>The Harbour Courier</title>
<item><title>Talks held</title><link>https://harbour-courier.example/1</link><description>&lt;p&gt;They met.&lt;/p&gt;
</description><pubDate>Tue, 20 Sep 2022 23:30:00 -0400</pubDate></item>
<item><title>Truce signed</title><link>https://harbour-courier.example/2</link></item></channel></rss>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>Courier</title><entry><title>Talks</title>
<link href="https://courier.example/3"/><published>2022-09-20T23:30:00-04:00</published>
<author><name>Courier Desk</name></author><content type="html">&lt;p&gt;They met at length.&lt;/p&gt;</content>
<summary>They met.</summary></entry></feed>"""


def make_record(number: int, body: bytes = PAGE, head: bytes = b"Content-Type: text/html; charset=utf-8") -> bytes:
    answer = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body
    return make_warc_record(b"response", number, answer)


def make_warc_record(kind: bytes, number: int, block: bytes) -> bytes:
    return (
        (
            b"WARC/1.0\r\nWARC-Type: "
            + kind
            + b"\r\nWARC-Record-ID: <urn:uuid:%d>\r\nWARC-Date: 2022-09-20T10:00:00Z\r\n"
            b"WARC-Target-URI: https://courier.example/%d\r\nContent-Type: application/http; msgtype=response\r\n"
            b"Content-Length: %d\r\n\r\n" % (number, number, len(block))
        )
        + block
        + b"\r\n\r\n"
    )


def find(path: Path | str, **options: object) -> tuple[list[Report], list[Skip]]:
    found = list(read_reports([str(path)], **options))  # type: ignore[arg-type]
    reports = [one for one in found if isinstance(one, Report)]
    skips = [one for one in found if isinstance(one, Skip)]
    assert all(skip.reason in REASONS and skip.stage in {"sources", "folder"} for skip in skips)
    return reports, skips


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


# Formats -------------------------------------------------------------------------------------------------------------

CONTENTS = {
    "a.html": (PAGE, "html", 1),
    "a.htm": (PAGE, "html", 1),
    "a.txt": (b"Talks\n\nThey met in the city.", "text", 1),
    "a.jsonl": (LINE + LINE, "line", 2),
    "a.xml": (FEED, "feed-item", 2),
    "a.rss": (FEED, "feed-item", 2),
    "a.atom": (ATOM, "feed-item", 1),
    "a.warc": (make_record(1) + make_record(2), "html", 2),
}


@pytest.mark.parametrize("pack", [None, gzip.compress, lzma.compress], ids=["plain", "gz", "xz"])
@pytest.mark.parametrize("name", CONTENTS)
def test_reads_every_format_plain_and_packed(tmp_path: Path, name: str, pack: object) -> None:
    content, kind, count = CONTENTS[name]
    suffix = {None: "", gzip.compress: ".gz", lzma.compress: ".xz"}[pack]
    reports, skips = find(put(tmp_path, name + suffix, pack(content) if callable(pack) else content))
    assert not skips
    assert [report.kind for report in reports] == [kind] * count


def test_reads_zstd(tmp_path: Path) -> None:
    from fastwarc.stream_io import ZstdWriter

    packed = io.BytesIO()
    with ZstdWriter(packed) as writer:
        writer.write(make_record(1) + make_record(2))
    reports, skips = find(put(tmp_path, "a.warc.zst", packed.getvalue()))
    assert (len(reports), skips) == (2, [])


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
def test_standard_input_is_taken_for_what_it_is(name: str, pack: object) -> None:
    content, kind, count = CONTENTS[name]
    assert callable(pack)
    found = list(read_reports(["-"], stdin=io.BytesIO(pack(content))))
    assert [one.kind for one in found if isinstance(one, Report)] == [kind] * count
    assert all(one.location.startswith("<stdin>") for one in found)


def test_packed_members_are_read_on(tmp_path: Path) -> None:
    for name, pack in (("a.jsonl.gz", gzip.compress), ("b.jsonl.xz", lzma.compress)):
        reports, skips = find(put(tmp_path, name, pack(LINE) + pack(LINE)))
        assert (len(reports), skips) == (2, [])


def test_a_folder_is_read_in_order_and_other_files_are_no_inputs(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/z.html", "b/a.html", "c.html", "README.md", "picture.png"):
        put(tmp_path, name, PAGE)
    reports, skips = find(tmp_path)
    assert [Path(report.location).relative_to(tmp_path).as_posix() for report in reports] == [
        "c.html",
        "b/a.html",
        "b/z.html",
    ]
    (passed,) = skips
    assert (passed.stage, passed.reason, passed.detail) == ("folder", "passed-over", "2 files: .md, .png")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert [skip.reason for skip in find(tmp_path)[1]] == ["empty"]


def test_article_lines_keep_their_fields_and_characters(tmp_path: Path) -> None:
    text = "  They\u00a0met…\r\n twice\u200b "
    line = json.dumps({"doc": "x", "text": text, "publisher": "Courier", "url": "https://a.example/1", "extra": 1})
    (report,), _ = find(put(tmp_path, "a.jsonl", line.encode()))
    assert report.fields["text"] == text
    assert (report.fields["doc"], report.publisher, report.url) == ("x", "Courier", "https://a.example/1")
    assert report.location == f"{tmp_path / 'a.jsonl'}:1"


def test_feed_items_carry_title_link_day_as_written_and_longest_text(tmp_path: Path) -> None:
    (first, second), _ = find(put(tmp_path, "a.xml", FEED))
    assert (first.fields["title"], first.url, first.publisher) == (
        "Talks held",
        "https://harbour-courier.example/1",
        "The Harbour Courier",
    )
    assert (first.published, first.published_basis) == (date(2022, 9, 20), "feed")
    assert second.published is None
    (entry,), _ = find(put(tmp_path, "b.atom", ATOM))
    assert (entry.published, entry.fields["authors"]) == (date(2022, 9, 20), ("Courier Desk",))
    assert "at length" in entry.fields["html"]


def test_archived_pages_carry_address_encoding_and_time(tmp_path: Path) -> None:
    (report,), skips = find(put(tmp_path, "a.warc", make_warc_record(b"request", 9, b"GET /") + make_record(1)))
    assert (report.url, report.encoding, report.content) == ("https://courier.example/1", "utf-8", PAGE)
    assert report.fetched_at is not None
    assert report.fetched_at.date() == date(2022, 9, 20)
    assert not skips


def test_archived_answers_are_unpacked(tmp_path: Path) -> None:
    packed = gzip.compress(PAGE)
    chunked = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (9, packed[:9], len(packed) - 9, packed[9:])
    head = b"Content-Type: text/html\r\nContent-Encoding: gzip"
    records = make_record(1, packed, head) + make_record(2, chunked, head + b"\r\nTransfer-Encoding: chunked")
    # Crawlers also store the plain body under the headers of the packed one.
    records += make_record(3, PAGE, head + b"\r\nTransfer-Encoding: chunked")
    reports, skips = find(put(tmp_path, "a.warc", records))
    assert not skips
    assert [report.content for report in reports] == [PAGE] * 3


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.html", PAGE, (date(2023, 1, 2), "given")),
        ("a.jsonl", LINE, (date(2022, 9, 20), "line")),
        ("a.atom", ATOM, (date(2022, 9, 20), "feed")),
    ],
)
def test_the_given_day_serves_where_there_is_no_other(
    tmp_path: Path, name: str, content: bytes, expected: tuple[date, str]
) -> None:
    (report,), _ = find(put(tmp_path, name, content), published=date(2023, 1, 2))
    assert (report.published, report.published_basis) == expected


# Calls that are wrong, and inputs that are ----------------------------------------------------------------------------


@pytest.mark.parametrize("inputs", [[], ["-", "-"], ["no-such-file.html"], ["no/such", "neither\0"], ["x" * 5000]])
def test_a_wrong_call_is_an_error_at_once(inputs: list[str]) -> None:
    with pytest.raises(SourceError):
        read_reports(inputs)


def test_one_missing_file_among_others_is_a_skip(tmp_path: Path) -> None:
    found = list(read_reports([str(tmp_path / "no.html"), str(put(tmp_path, "a.html", PAGE))]))
    assert isinstance(found[0], Skip)
    assert found[0].reason == "missing"
    assert isinstance(found[1], Report)


BAD: dict[str, tuple[str, bytes, int, list[tuple[str, str]]]] = {
    "empty file": ("a.html", b"", 0, [("", "empty")]),
    "white space": ("a.txt", b" \n\n ", 0, [("", "empty")]),
    "empty lines file": ("a.jsonl", b"", 0, [("", "empty")]),
    "empty packed file": ("a.jsonl.gz", gzip.compress(b""), 0, [("", "empty")]),
    "no bytes under .gz": ("a.html.gz", b"", 0, [("", "empty")]),
    "binary as text": ("a.txt", bytes(range(256)) * 20, 0, [("", "binary")]),
    "binary as page": ("a.html", b"\x89PNG\r\n\x1a\n" + bytes(2000), 0, [("", "binary")]),
    "binary as lines": ("a.jsonl", bytes(range(256)) * 20, 0, [("", "binary")]),
    "binary as feed": ("a.xml", b"PK\x03\x04" + bytes(500), 0, [("", "binary")]),
    "binary as archive": ("a.warc", bytes(range(256)) * 20, 0, [("#1", "broken-record")]),
    "binary of no name": ("a.bin", b"%PDF-1.7 and so on", 0, [("", "binary")]),
    "truncated gzip page": ("a.html.gz", gzip.compress(PAGE * 50)[:-30], 0, [("", "truncated")]),
    "damaged gzip page": ("a.html.gz", gzip.compress(PAGE)[:20] + b"\xff" * 40, 0, [("", "truncated")]),
    "truncated xz page": ("a.html.xz", lzma.compress(PAGE * 50)[:-30], 0, [("", "truncated")]),
    "text called gz": ("a.txt.gz", b"Talks\n\nThey met.", 1, []),
    "broken line": ("a.jsonl", LINE + b'{"text": "a\n' + LINE, 2, [(":2", "broken-line")]),
    "line that is a list": ("a.jsonl", b"[1]\n" + LINE, 1, [(":1", "broken-line")]),
    "line without text": ("a.jsonl", b'{"doc": "x", "text": " "}\n' + LINE, 1, [(":1", "broken-line")]),
    "line of wrong types": ("a.jsonl", b'{"doc": 3, "text": "They met."}\n' + LINE, 1, [(":1", "broken-line")]),
    "line not UTF-8": ("a.jsonl", LINE + b'{"text": "caf\xe9"}\n' + LINE, 2, [(":2", "broken-line")]),
    "half a character": ("a.jsonl", b'{"text": "\\ud800"}\n' + LINE, 1, [(":1", "broken-line")]),
    "deep line": ("a.jsonl", b"[" * 200_000 + b"\n" + LINE, 1, [(":1", "broken-line")]),
    "unknown date": ("a.jsonl", LINE.replace(b"2022-09-20", b"some day"), 1, [(":1", "unknown-date")]),
    "impossible date": ("a.jsonl", LINE.replace(b"2022-09-20", b"2022-02-31"), 1, [(":1", "unknown-date")]),
    "no feed": ("a.xml", b"<?xml version='1.0'?><catalogue><book/></catalogue>", 0, [("", "broken-feed")]),
    "feed without entries": ("a.rss", b"<rss version='2.0'><channel></channel></rss>", 0, [("", "empty")]),
    "feed cut in half": ("a.xml", FEED[:-90], 2, [("#2", "broken-feed")]),
    "feed with a character beyond Unicode": (
        "a.xml",
        b"<" + FEED.replace(b"<title>", b"<title>&#x110000;", 1),
        0,
        [("", "broken-feed")],
    ),
    "feed named like a file": ("a.rss", b"/etc/hostname", 0, [("", "broken-feed")]),
    "archive cut in half": ("a.warc", (make_record(1) + make_record(2))[:-40], 1, [("#2", "truncated")]),
    "packed archive cut": (
        "a.warc.gz",
        (gzip.compress(make_record(1)) + gzip.compress(make_record(2)))[:-40],
        1,
        [("#2", "truncated")],
    ),
    "garbage in archive": ("a.warc", make_record(1) + b"garbage\r\n" * 9, 1, [("#2", "truncated")]),
    "redirect in archive": ("a.warc", make_record(1).replace(b"200 OK", b"301 No"), 0, [("#1", "not-a-page")]),
    "image in archive": ("a.warc", make_record(1, b"x", b"Content-Type: image/png"), 0, [("#1", "not-a-page")]),
    "no answer in archive": ("a.warc", make_warc_record(b"response", 1, b"what?"), 0, [("#1", "broken-record")]),
    "archive of no pages": ("a.warc", make_warc_record(b"request", 1, b"GET / HTTP/1.1\r\n"), 0, [("", "empty")]),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_input_is_refused_by_its_place_and_the_good_part_is_read(tmp_path: Path, case: str) -> None:
    name, content, count, expected = BAD[case]
    reports, skips = find(put(tmp_path, name, content))
    assert len(reports) == count
    places = [(skip.location.removeprefix(str(tmp_path / name)), skip.reason) for skip in skips]
    assert places == expected


def test_lines_before_the_break_of_a_packed_file_are_read(tmp_path: Path) -> None:
    lines = b"".join(LINE.replace(b"a1", b"%d" % number) for number in range(50_000))
    packed = gzip.compress(lines)
    reports, skips = find(put(tmp_path, "a.jsonl.gz", packed[: len(packed) // 2]))
    assert len(reports) > 10_000
    assert [skip.reason for skip in skips] == ["truncated"]
    assert skips[0].location.endswith(f":{len(reports) + 1}")


@pytest.mark.parametrize("name", ["a.html", "a.txt", "a.xml"])
def test_a_report_beyond_the_limit_is_refused(tmp_path: Path, name: str) -> None:
    content = b"<rss>" + b"x" * streams.REPORT_LIMIT
    reports, skips = find(put(tmp_path, f"{name}.gz", gzip.compress(content, 1)))
    assert (reports, [skip.reason for skip in skips]) == ([], ["too-large"])


def test_a_huge_line_is_passed_over_within_bounded_memory(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "a.jsonl"
    with path.open("wb") as stream:
        stream.write(LINE + b'{"text": "')
        for _ in range(200):
            stream.write(b"x" * 1024 * 1024)
        stream.write(b'"}\n' + LINE)
    tracemalloc.start()
    reports, skips = find(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(reports) == 2
    assert [(skip.location, skip.reason) for skip in skips] == [(f"{path}:2", "too-large")]
    assert peak < 5 * streams.REPORT_LIMIT


def test_xz_that_asks_for_too_much_memory_is_refused(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 512 * 1024 * 1024}]
    # The header alone asks; unpacking a small text would not need it.
    try:
        packed = lzma.compress(PAGE, format=lzma.FORMAT_XZ, filters=filters)
    except MemoryError:
        pytest.skip("this machine cannot write such a file")
    assert [skip.reason for skip in find(put(tmp_path, "a.html.xz", packed))[1]] == ["truncated"]


def test_article_lines_that_are_all_blank_are_refused_as_empty(tmp_path: Path) -> None:
    reports, skips = find(put(tmp_path, "a.jsonl", b"\t\n \n"))
    assert not reports
    assert [skip.reason for skip in skips] == ["empty"]


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=400), form=st.sampled_from(["html", "text", "jsonl", "xml", "warc", "bin", "gz"]))
def test_any_bytes_in_any_format_end_in_reports_and_skips(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, form: str
) -> None:
    path = put(tmp_path_factory.mktemp("any"), f"a.{form}", content)
    reports, skips = find(path)
    assert reports or skips


@settings(max_examples=100, deadline=None)
@given(cut=st.integers(0, 2000), flip=st.integers(0, 2000), name=st.sampled_from(sorted(CONTENTS)))
def test_damaged_inputs_end_in_reports_and_skips(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flip: int, name: str
) -> None:
    content = bytearray(gzip.compress(CONTENTS[name][0]))
    content[flip % len(content)] ^= 0x5A
    path = put(tmp_path_factory.mktemp("damaged"), f"{name}.gz", bytes(content[: max(1, cut % len(content))]))
    reports, skips = find(path)
    assert reports or skips


@given(lines=st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=20))
def test_lines_come_back_as_they_were(lines: list[bytes]) -> None:
    stream = io.BufferedReader(io.BytesIO(b"".join(line + b"\n" for line in lines)))  # type: ignore[arg-type]
    found = list(read_lines(stream, limit=10))
    assert [number for number, _ in found] == list(range(1, len(lines) + 1))
    assert [line for _, line in found] == [line + b"\n" if len(line) < 11 else None for line in lines]


@given(content=st.binary(max_size=2000))
def test_packing_is_undone(content: bytes) -> None:
    for pack in (gzip.compress, lzma.compress):
        assert unpack_stream(io.BytesIO(pack(content))).read() == content


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b"WARC/1.0\r\n", "warc"),
        (b'\xef\xbb\xbf {"text": 1}', "line"),
        (b"<?xml version='1.0'?><rss>", "feed"),
        (b"<?xml version='1.0'?><!DOCTYPE html><html>", "html"),
        (b"  <!DOCTYPE html>", "html"),
        (b"\xff\xfe<\x00h\x00t\x00m\x00l\x00", "html"),
        (b"Talks held", "text"),
        (b"\x00\x01\x02", None),
    ],
)
def test_formats_are_told_by_their_first_bytes(head: bytes, form: str | None) -> None:
    assert sniff_format(head) == form


# The web -------------------------------------------------------------------------------------------------------------


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.partition("?")[0]
        if name == "/slow":
            time.sleep(1)
        status = {"/gone": 404, "/move": 302, "/loop": 302, "/escape": 302}.get(name, 200)
        self.send_response(status)
        target = {"/move": "/page", "/loop": "/loop", "/escape": "http://169.254.169.254/"}.get(name)
        if target:
            self.send_header("Location", target)
        types = {"/feed": "application/rss+xml", "/picture": "image/png"}
        self.send_header("Content-Type", types.get(name, "text/html; charset=ISO-8859-1"))
        self.end_headers()
        bodies = {"/feed": FEED, "/big": b"x" * (streams.REPORT_LIMIT + 1), "/picture": b"\x89PNG\r\n" + bytes(99)}
        if status == 200:
            self.wfile.write(bodies.get(name, PAGE))

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_page_is_fetched(site: str) -> None:
    (report,), _ = find(f"{site}/move", allow_private=True)
    assert (report.url, report.content, report.encoding, report.kind) == (f"{site}/page", PAGE, "iso-8859-1", "html")


def test_a_fetched_feed_gives_its_items(site: str) -> None:
    reports, _ = find(f"{site}/feed", allow_private=True)
    assert [report.url for report in reports] == [f"https://harbour-courier.example/{number}" for number in (1, 2)]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/gone", "fetch-failed"),
        ("/loop", "fetch-failed"),
        ("/big", "too-large"),
        ("/picture", "binary"),
    ],
)
def test_a_bad_answer_is_refused(site: str, path: str, reason: str) -> None:
    reports, skips = find(f"{site}{path}", allow_private=True)
    assert (reports, [skip.reason for skip in skips]) == ([], [reason])


def test_private_addresses_are_refused(site: str) -> None:
    assert [skip.reason for skip in find(site)[1]] == ["refused-address"]


def test_a_redirect_to_a_private_address_is_refused(site: str) -> None:
    real = web.is_public_address
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(web, "is_public_address", lambda address: address == "127.0.0.1" or real(address))
        assert [skip.reason for skip in find(f"{site}/escape")[1]] == ["refused-address"]


def test_the_connection_goes_to_the_address_that_was_checked(site: str) -> None:
    port = int(site.rpartition(":")[2])
    asked: list[str] = []

    def resolve(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    page = web.fetch_page(f"http://rebound.example:{port}/page", allow_private=True, resolve=resolve)
    assert (page.content, asked) == (PAGE, ["rebound.example"])
    with pytest.raises(web.FetchError, match="not public"):
        web.fetch_page(f"http://rebound.example:{port}/page", resolve=resolve)


def test_a_slow_answer_is_given_up(site: str) -> None:
    with pytest.raises(web.FetchError):
        web.fetch_page(f"{site}/slow", allow_private=True, limits=web.FetchLimits(read_seconds=0.1))


@pytest.mark.parametrize(
    "url", ["http://", "http://[", "http://a:99999/", "http://exa mple\n.org/", "http://\u2100.x/"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    assert [skip.reason for skip in find(url)[1]] in (["fetch-failed"], ["refused-address"])


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("1.1.1.1", True),
        ("2606:4700:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("nonsense", False),
    ],
)
def test_public_addresses_are_told_from_others(address: str, is_public: bool) -> None:
    assert web.is_public_address(address) is is_public
