"""Decode the bytes of a text or a page, even if the declared charset is wrong or missing.

A byte order mark decides first. Bytes that are valid UTF-8 are taken for UTF-8, because they are
hardly ever so by chance, and servers often declare a wrong charset. Then the declared charset is
tried, and at last one is detected from the bytes. Declared Latin-1 and ASCII are ignored, because
clients and servers write them where they don't know the charset.
"""

import codecs
import re
from typing import NamedTuple

from worker.clean.html.charset_detection import detect_charset, swapped_cyrillic

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_META = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*(?:[\"']\s*)?([\w:.-]{2,30})", re.I)
_XML = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w:.-]{2,30})", re.I)
_DECLARED_WITHIN = 4096  # bytes; browsers read 1,024, but pages declare it later
_TYPE = re.compile(r"charset\s*=\s*(?:[\"']\s*)?([\w:.-]{2,30})", re.I)
# The codec for the name that pages use, after the labels of the WHATWG Encoding standard.
_MEANT = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "l1": "cp1252",
    "iso-8859-9": "cp1254",
    "latin5": "cp1254",
    "tis-620": "cp874",
    "iso-8859-11": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "windows-31j": "cp932",
    "x-mac-cyrillic": "mac_cyrillic",
    "macintosh": "mac_roman",
    "unicode": "utf-16",
}
# Windows charsets are often declared, and detected, as the ISO charset that they extend.
_EXTENDED = {
    "iso8859-2": "cp1250",
    "iso8859-5": "cp1251",
    "iso8859-6": "cp1256",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-13": "cp1257",
}
_CONTROLS = re.compile(rb"[\x80-\x9f]")  # in ISO charsets; letters and quotes in those of Windows
# Codecs of Python that are no charsets.
_NO_TEXT = frozenset(("idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined"))
_FEW_BYTES = 8
_SWAPPED = frozenset(
    ("cp1251", "koi8-r", "koi8-u")
)  # each gives letters for the bytes of the other
# Escape sequences by which ISO-2022 switches to Japanese and Korean; all other bytes are ASCII.
_ESCAPES = ((b"\x1b$)C", "iso2022_kr"), (b"\x1b$", "iso2022_jp_2"))
_DEFAULTS = frozenset("iso-8859-1 iso8859-1 latin-1 latin1 l1 us-ascii ascii".split())
_WIDE_SAMPLE = 4096  # bytes
_ONE_SIDE = 0.9  # share of the NULs at even or at odd offsets
_MAX_STRANGE = 0.02  # share of characters that texts do not have
_STRANGE = re.compile("[\x00-\x08\x0e-\x1f\ue000-\uf8ff\ufffe\uffff]")
_LOST = 0.01  # share of undecodable characters above which a declaration is ignored


class Decoded(NamedTuple):
    """The text of some bytes, and the charset that they were decoded with. `by` says how the
    charset was found, for example by a byte order mark."""

    text: str
    charset: str
    by: str  # mark, utf-8, declared, meta, sniffed


def decode(data: bytes, declared: str = "") -> Decoded:
    """Decode bytes of a text or page to text, whatever their charset is; never raises.

    `declared` is the charset or media type that the response declares, "" if none. It is used only
    if the bytes begin with no byte order mark and are no valid UTF-8.
    """
    for mark, charset in _MARKS:
        if data.startswith(mark):
            return Decoded(data.decode(charset, "replace").removeprefix("\ufeff"), charset, "mark")
    if charset := _wide(data) or _escaped(data):
        return Decoded(data.decode(charset, "replace"), charset, "sniffed")
    if text := _strict(data, "utf-8"):
        return Decoded(text, "utf-8", "utf-8")
    head = data[:_DECLARED_WITHIN]
    inside = next((m[1].decode() for m in (_META.search(head), _XML.search(head)) if m), "")
    for name, by in ((declared, "declared"), (inside, "meta")):
        charset = _sibling(data, "" if _is_default(name) else charset_of(name))
        if charset and (text := _mostly(data, charset)):
            if charset in _SWAPPED and swapped_cyrillic(text):
                break
            return Decoded(text, charset, by)
    charset = _sibling(data, detect_charset(data)) or "cp1252"
    return Decoded(data.decode(charset, "replace"), charset, "sniffed")


def _is_default(declared: str) -> bool:
    """Whether a declaration is the one that clients and servers write where they know nothing."""
    parameter = _TYPE.search(declared)
    return (parameter[1] if parameter else declared).strip().lower() in _DEFAULTS


def charset_of(declared: str) -> str:
    """Return the name of Python's codec for a declared charset or media type, such as "text/html;
    charset=latin-1"; "" if it names no known charset.

    Old names mean the charset that browsers use for them: "latin-1" is Windows-1252.
    """
    parameter = _TYPE.search(declared)
    name = (parameter[1] if parameter else "" if "/" in declared else declared).strip().lower()
    try:
        codec = codecs.lookup(_MEANT.get(name, name)) if name else None
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        return ""
    if codec is None or codec.name in _NO_TEXT or not codec._is_text_encoding:
        return ""
    return _MEANT.get(codec.name, codec.name)


def _strict(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        return ""


def _mostly(data: bytes, charset: str) -> str:
    """Decode bytes; return "" if so much is undecodable that the charset must be wrong."""
    text = data.decode(charset, "replace")
    return text if text.count("\ufffd") <= max(1, _LOST * len(text)) else ""


def _sibling(data: bytes, charset: str) -> str:
    extended = _EXTENDED.get(charset)
    return extended if extended and _CONTROLS.search(data) else charset


def _wide(data: bytes) -> str:
    """Detect UTF-16 without a byte order mark and return its codec, else "".

    Markup, spaces and digits have a NUL in every other byte, whatever the language is.
    """
    head = data[:_WIDE_SAMPLE]
    nuls = head.count(0)
    if len(head) < _FEW_BYTES or nuls < max(2, len(head) // 100):
        return ""
    even = head[::2].count(0)
    if max(even, nuls - even) < _ONE_SIDE * nuls:
        return ""
    charset = "utf-16-be" if even > nuls - even else "utf-16-le"
    text = head[: len(head) // 2 * 2].decode(charset, "ignore")
    strange = len(_STRANGE.findall(text)) + abs(len(head) // 2 - len(text))
    return charset if strange <= max(1, _MAX_STRANGE * len(text)) else ""


def _escaped(data: bytes) -> str:
    """Detect ISO-2022, which is valid ASCII, by its escape sequences; else return ""."""
    if b"\x1b$" not in data or not data.isascii():
        return ""
    possible = (charset for mark, charset in _ESCAPES if mark in data)
    return next((charset for charset in possible if _strict(data, charset)), "")
