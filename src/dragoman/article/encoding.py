"""Turns the bytes of a page into characters, repairing the usual breakages.

Pages lie about their encoding: UTF-8 declared as Latin-1, Windows quotes in UTF-8, text decoded wrongly and encoded
again ("donâ€™t"). Article lines never come here: their characters are the caller's.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import lru_cache

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_META_CHARSET = re.compile(rb"charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([A-Za-z0-9_:.-]{2,30})", re.IGNORECASE)
# How far into a page a charset declaration is looked for: the HTML standard says 1024 bytes, pages say later.
_META_BYTES = 4096
# Labels that mean a wider code page in practice (WHATWG Encoding Standard).
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "tis-620": "cp874",
}
# Python's text codecs that are no encoding of a page; `hex` and its like are told by not being text codecs.
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "mbcs", "oem"})
# Above this share of bytes beyond ASCII, an undeclared page is not in a Western language, and its encoding is guessed.
_WESTERN_SHARE = 0.08
_GUESS_BYTES = 32 * 1024


def decode_page(content: bytes, charset: str | None = None) -> str:
    """The characters of a page or plain text; `charset` is what the server declared.

    UTF-8 is believed whenever the bytes are valid UTF-8, whatever is declared: other encodings are valid UTF-8 only
    by a freak.
    """
    for mark, codec in _MARKS:
        if content.startswith(mark):
            return content.decode(codec, errors="replace")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return _decode_broken(content, charset)


def _decode_broken(content: bytes, charset: str | None) -> str:
    declared = _find_codec(charset) or _find_codec(_declared_charset(content))
    if declared and declared != "utf-8":
        return content.decode(declared, errors="replace")
    mixed = content.decode(errors="surrogateescape")
    strays = sum("\udc80" <= character <= "\udcff" for character in mixed)
    whole = sum(character > "\x7f" for character in mixed) - strays
    if declared or strays <= whole:
        return mixed.translate(_stray_bytes())
    return content.decode(_guess_codec(content), errors="replace")


@lru_cache(maxsize=1)
def _stray_bytes() -> dict[int, str]:
    """What each byte that is no UTF-8 means: the Windows-1252 character, which is what it nearly always was."""
    return {0xDC00 + byte: bytes([byte]).decode("cp1252", errors="replace") for byte in range(0x80, 0x100)}


def _declared_charset(content: bytes) -> str | None:
    found = _META_CHARSET.search(content, 0, _META_BYTES)
    return found.group(1).decode("ascii") if found else None


def _find_codec(label: str | None) -> str | None:
    try:
        codec = codecs.lookup(label.strip()) if label else None
    except (LookupError, ValueError):
        return None
    if codec is None or codec.name in _NO_CHARSETS or not codec._is_text_encoding:
        return None
    return _WIDER.get(codec.name, codec.name)


def _guess_codec(content: bytes) -> str:
    sample = content[:_GUESS_BYTES]
    if sum(byte > 0x7F for byte in sample) <= _WESTERN_SHARE * len(sample):
        return "cp1252"
    import charset_normalizer  # only pages that declare nothing and are not Western come here

    best = charset_normalizer.from_bytes(sample).best()
    return best.encoding if best else "cp1252"


# UTF-8 of Latin letters and of typographic marks, read as Windows-1252: a lead byte and its continuation bytes. Other
# lead bytes are left alone, because "CAFÉ®" and "groß“" are rightly written so.
_CONTINUATION = "\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122"
_MOJIBAKE = re.compile(f"[\u00c2\u00c3][{_CONTINUATION}]|\u00e2[\u20ac\u201a\u201e][{_CONTINUATION}]")


def repair_mojibake(text: str) -> str:
    """The text with characters that were decoded wrongly once put right; everything else stays as it is.

    >>> repair_mojibake("Itâ€™s in SÃ£o TomÃ©")
    'It’s in São Tomé'
    """
    return _MOJIBAKE.sub(_repair_run, text)


def _repair_run(run: re.Match[str]) -> str:
    wrong = run.group()
    raw = bytes(b for character in wrong for b in _to_byte(character))
    for size in range(len(raw), 1, -1):
        try:
            return raw[:size].decode() + wrong[size:]
        except UnicodeDecodeError:
            continue
    return wrong


def _to_byte(character: str) -> bytes:
    """The byte that Windows-1252, or Latin-1 where that has a hole, shows as this character."""
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1", errors="replace")


_SPACES = re.compile(r"[^\S\n]+")
_CONTROLS = (*range(0x00, 0x09), 0x0B, *range(0x0E, 0x20), *range(0x7F, 0xA0), 0xFFFE, 0xFFFF)
_INVISIBLE = dict.fromkeys((*_CONTROLS, 0xAD, 0x200B, 0x2060, 0xFEFF))


def tidy_characters(text: str) -> str:
    """Page text with mojibake repaired, composed accents, plain spaces and no invisible characters."""
    visible = repair_mojibake(text).translate(_INVISIBLE)
    return _SPACES.sub(" ", unicodedata.normalize("NFC", visible))
