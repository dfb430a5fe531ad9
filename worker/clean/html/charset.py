"""Decode the bytes of a text or a page, even if the declared charset is wrong or missing.

A byte order mark decides first. Bytes that are valid UTF-8 are taken for UTF-8, because they are
hardly ever so by chance, and servers often declare a wrong charset. Then the declared charset is
tried, and at last one is guessed from the bytes.
"""

import codecs
import re
from typing import NamedTuple

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
    if charset := _wide(data):
        return Decoded(data.decode(charset, "replace"), charset, "sniffed")
    text = _strict(data, "utf-8")
    if text and "\x1b$" not in text:  # ISO-2022-JP is valid ASCII
        return Decoded(text, "utf-8", "utf-8")
    head = data[:_DECLARED_WITHIN]
    inside = next((m[1].decode() for m in (_META.search(head), _XML.search(head)) if m), "")
    for name, by in ((declared, "declared"), (inside, "meta")):
        charset = charset_of(name)
        charset = _sibling(data, charset)
        if charset and (text := _mostly(data, charset)):
            return Decoded(text, charset, by)
    charset = _sibling(data, _sniffed(data))
    return Decoded(data.decode(charset, "replace"), charset, "sniffed")


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

    In such markup nearly every other byte is NUL.
    """
    head = data[:1024]
    if head.count(0) * 3 < len(head) or len(head) < _FEW_BYTES:
        return ""
    return "utf-16-be" if head[::2].count(0) > head[1::2].count(0) else "utf-16-le"


def _sniffed(data: bytes) -> str:
    """Detect the charset from the bytes with resiliparse's uchardet; if that fails,
    Windows-1252."""
    from resiliparse.parse.encoding import detect_encoding

    if sum(byte > 127 for byte in data[:100_000]) < _FEW_BYTES:
        return "cp1252"  # too few bytes for detection: the default of browsers
    guessed = charset_of(detect_encoding(data[:100_000]) or "")
    return guessed if guessed and _mostly(data, guessed) else "cp1252"
