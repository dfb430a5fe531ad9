"""Decode one content of a raw article to text, or name the reason why it is no text.

Clients that fetch pages store whatever they got: sometimes a PDF or a picture, or compressed bytes.
Compressed contents are unpacked up to a limit; files that are no text are recognised by their first
bytes or by control characters.
"""

import re
import zlib
from base64 import b64decode
from typing import NamedTuple

from worker.clean.html.charset import decode
from worker.errors import Reason, Rejected
from worker.model.admission import LIMITS, Content

_GZIP, _ZLIB = b"\x1f\x8b", b"\x78"
_ANY_HEADER = 32 + zlib.MAX_WBITS  # gzip or zlib
_MOST_LAYERS = 2  # some servers compress a response twice
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")  # UTF-16 and UTF-32

# Signatures of file types: their bytes, also as text that was decoded with the wrong charset. Each
# is long enough that the text of an article does not begin with it.
_LOST = "\ufffd"
_SIGNATURES = (
    ("a PDF", re.compile(r"\s{0,40}%PDF-[0-9]\.[0-9]")),
    ("a PostScript file", re.compile(r"%!PS-Adobe-[0-9]")),
    ("an RTF file", re.compile(r"\{\\rtf[0-9]?\\")),
    ("gzip bytes", re.compile(f"\x1f[\x8b‹{_LOST}]")),
    ("a zip archive", re.compile("PK(?:\x03\x04|\x05\x06)")),
    ("a PNG image", re.compile(f"[\x89‰{_LOST}]PNG[\r\n]")),
    ("a GIF image", re.compile(f"GIF8[79]a.{{0,12}}[\x00-\x08\x0e-\x1f{_LOST}]", re.S)),
    ("a JPEG image", re.compile(f"(?:ÿØÿ|{_LOST}{{1,4}}.{{0,8}}(?:JFIF|Exif))", re.S)),
    ("a WebP image", re.compile(r"RIFF.{4,16}?WEBPVP8", re.S)),
    ("zstd bytes", re.compile(f"\\((?:µ|{_LOST})/(?:ý|{_LOST})")),
    ("a bzip2 archive", re.compile("BZh[1-9]1AY&SY")),
    ("an xz archive", re.compile(f"(?:ý|{_LOST})7zXZ")),
    ("a 7z archive", re.compile(f"7z(?:¼¯|{_LOST}{{1,8}})'")),
    ("a RAR archive", re.compile("Rar!\x1a")),
    ("an Office file", re.compile("ÐÏ\x11à")),
    ("a film", re.compile(".{4,8}?ftyp(?:isom|iso[2-6]|mp4[12]|avif|heic|qt  |M4[AV] )", re.S)),
    ("a recording", re.compile("(?:ID3[\x02-\x04]|OggS\x00|fLaC\x00)")),
    ("a font", re.compile("wOF[F2]\x00")),
    ("a program", re.compile("(?:\x7fELF|MZ[\x90\ufffd]\x00)")),
    ("a database", re.compile("SQLite format 3\x00")),
)
_FILE_STARTS = re.compile("[%{\x1f\x7fPGRBMIOfw7SÐÿý(\x89‰\ufffd\\s]|.{4,8}?ftyp", re.S)
# Control characters that text does not have: neither white space, nor NUL (UTF-16 read as bytes),
# nor shifts of ISO-2022.
_CONTROLS = re.compile("[\x01-\x08\x10-\x1a\x1c-\x1f]")
_SAMPLE = 256  # characters
_MIN_CONTROLS = 5
_CONTROL_SHARE = 0.03  # a tenth of random bytes; wire services put a few around an article
_LOST_SHARE = 0.25  # of characters that could not be decoded


class DecodedContent(NamedTuple):
    """The text of one content of a raw article. `failure` says why the content is no text, as in
    "no page: a PDF"; "" if it is text."""

    text: str = ""
    failure: str = ""


def decode_content(content: Content) -> DecodedContent:
    """Decode one content of a raw article, such as its web page, to text. If it is a PDF or another
    file that is no text, the `failure` of the result says so.

    Raises Rejected with `malformed` for invalid base64.
    """
    if content.encoding != "base64":
        return DecodedContent(content.value, _file(content.value))
    try:
        data = b64decode(content.value)
    except ValueError as e:  # binascii.Error, or characters that are not ASCII
        raise Rejected(Reason.MALFORMED, f"content: value is not base64: {e}") from e
    data, failure = _unpacked(data)
    if not failure and not data.startswith(_WIDE_MARKS):
        failure = _file(data[:_SAMPLE].decode("latin-1"))
    if failure:
        return DecodedContent("", failure)
    return DecodedContent(decode(data, content.charset or content.type).text)


def _unpacked(data: bytes) -> tuple[bytes, str]:
    """Decompress gzip or zlib bytes, up to two layers; other bytes are returned unchanged.

    The second result is a failure if the unpacked bytes exceed the limit for an article, else "".
    """
    for _ in range(_MOST_LAYERS):
        if not data.startswith((_GZIP, _ZLIB)):
            break
        unpacker = zlib.decompressobj(_ANY_HEADER)
        try:
            inner = unpacker.decompress(data, LIMITS.article_bytes)
        except zlib.error:
            return data, ""  # a text that begins with "x", or a file for `_file`
        if unpacker.unconsumed_tail:
            return b"", _failed(f"gzip bytes that hold over {LIMITS.article_bytes:,} bytes")
        if not unpacker.eof:
            return data, ""
        data = inner
    return data, ""


def _file(text: str) -> str:
    """Recognise a file by its first characters, and return the failure, "no page: a PDF"; "" for a
    text."""
    if _FILE_STARTS.match(text):
        names = (name for name, signature in _SIGNATURES if signature.match(text))
        if name := next(names, ""):
            return _failed(name)
    if not _CONTROLS.search(text, 0, _SAMPLE) and text.find(_LOST, 0, _SAMPLE) < 0:
        return ""
    beginning = text[:_SAMPLE]
    controls, lost = len(_CONTROLS.findall(beginning)), beginning.count(_LOST)
    garbled = controls >= max(_MIN_CONTROLS, _CONTROL_SHARE * len(beginning))
    if garbled or lost >= max(_MIN_CONTROLS, _LOST_SHARE * len(beginning)):
        return _failed("bytes that are no text")
    return ""


def _failed(name: str) -> str:
    return f"no page: {name}"
