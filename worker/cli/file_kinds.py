"""Recognise files that hold no raw articles, such as a PDF, by their first bytes and their name.

The content counts more than the name: a PDF called article.txt is a PDF. A file of no recognised
kind is read as raw articles.
"""

import codecs
import json
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import NamedTuple

HEAD_BYTES = 4096  # of a file that are examined
TEXTS = ("", ".txt", ".text", ".md", ".markdown")
PAGES = (".html", ".htm", ".xhtml")
LINES = (".jsonl", ".ndjson")
READ = (*TEXTS, *PAGES, *LINES, ".json")


class FileKind(NamedTuple):
    """A kind of file that holds no raw articles, such as a PDF document.

    `name` is what the user is told, and `plural` its plural, "" if that is the name with an s. `do`
    is advice what to do with such a file, in which FILE stands for the path, and STEM for the path
    without its ending.
    """

    name: str
    do: str
    plural: str = ""  # if it is not the name with an s

    def __str__(self) -> str:
        an = self.name.startswith(("a", "i", "O", "RSS", "XML", "HTML"))
        return f"{'an' if an else 'a'} {self.name}"

    def counted(self, count: int) -> str:
        return f"{count:,} {self.name if count == 1 else self.plural or self.name + 's'}"

    def advice(self, location: str) -> str:
        """Tell the user what can be done with a file of this kind at the path `location`.

        The sentence may hold a command with the path in it. For a path with spaces or other special
        characters, the word FILE stands in its place.
        """
        if not re.fullmatch(r"[\w./-]+", location) or location == "-":
            return self.do.replace("STEM", "FILE")
        stem = location.removesuffix(PurePath(location).suffix)
        return self.do.replace("FILE", location).replace("STEM", stem)


class NotRawArticle(NamedTuple):
    """The value that a reader of files yields where it found no raw article in a file or line.

    `kind` is the kind of file that was found instead, such as a PDF document.
    """

    kind: FileKind


FEED = FileKind(
    "RSS or Atom feed",
    "map its entries with from_feedparser (a JSON Feed: from_jsonfeed) after "
    "`python -m ensurepip; python -m pip install feedparser`: python -c 'import feedparser, json; "
    'from worker import from_feedparser; feed = feedparser.parse("FILE"); '
    "[print(json.dumps(from_feedparser(entry, feed))) for entry in feed.entries]' "
    "| worker enqueue -",
)
JSON_FEED = FileKind(
    "JSON Feed",
    "map its items with from_jsonfeed (RSS and Atom: from_feedparser): "
    "python -c 'import json; "
    'from worker import from_jsonfeed; feed = json.load(open("FILE")); '
    '[print(json.dumps(from_jsonfeed(item, feed))) for item in feed["items"]]\' '
    "| worker enqueue -",
)
_KEYS = "`worker schema` prints the keys of one"
_OPML = FileKind(
    "OPML list of feeds",
    "have a poller fetch those feeds, and enqueue their entries",
    "OPML lists of feeds",
)
_SITEMAP = FileKind("sitemap", "fetch the pages that it lists, and enqueue those as .html")
_NEWSML = FileKind("NewsML document", f"write each item as a raw article; {_KEYS}")
_XML = FileKind("XML document", f"write each article as a raw article; {_KEYS}")
_PDF = FileKind("PDF document", "make text of it first: pdftotext FILE STEM-text.txt")
_OFFICE = FileKind("Office document", "save it as text (.txt) or as a page (.html) first")
_IMAGE = FileKind("image", "give its address in `media` of the article that shows it")
_MEDIA = FileKind("audio or video file", "give its address in `media` of the article that plays it")
_ARCHIVE = FileKind("archive", "unpack it, and enqueue the folder")
_PACKED = FileKind("compressed file", "unpack it first: gunzip -c FILE | worker enqueue -")
_TABLE = FileKind("table", f"write each row as a raw article, a JSON object on a line; {_KEYS}")
_CONFIG = FileKind("configuration file", f"raw articles are JSON objects; {_KEYS}")
_PROGRAM = FileKind("program", "enqueue what it prints: PROGRAM | worker enqueue -")
_BINARY = FileKind("binary file", "if it is an article, save it as text in UTF-8")
OTHER = FileKind(
    "file of another kind",
    "if it is the text of an article, call it .txt",
    "files of another kind",
)
PAGE = FileKind("HTML page", "call it .html")
_JSON = FileKind("JSON document", "call it .json, or .jsonl with an object on each line")
LINK = FileKind("symbolic link", "--follow-symlinks reads what it leads to")
UNREADABLE = FileKind("file that can't be read", "see its permissions", "files that can't be read")


def _compiled(*rows: tuple[bytes, FileKind]) -> list[tuple[re.Pattern[bytes], FileKind]]:
    return [(re.compile(pattern, re.S), kind) for pattern, kind in rows]


# First bytes that no article text has.
_MARKS = _compiled(
    (rb"%PDF-", _PDF),
    (rb"\{\\rtf\d", _OFFICE),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OFFICE),
    (rb"PK\x03\x04.{26}(?:\[Content_Types\]|_rels/|word/|xl/|ppt/|mimetype)", _OFFICE),
    (rb"PK\x03\x04|PK\x05\x06|Rar!\x1a|7z\xbc\xaf|WARC/\d", _ARCHIVE),
    (rb"\x1f[\x8b\x9d]|\xfd7zXZ|\x28\xb5\x2f\xfd|\x04\x22\x4d\x18|BZh\d1AY", _PACKED),
    (rb"\x89PNG|\xff\xd8\xff|GIF8[79]a", _IMAGE),
    (rb"\x1aE\xdf\xa3", _MEDIA),
    (rb"\x7fELF|#! ?/", _PROGRAM),
)
# First bytes that a text can have too: used only for files that contain binary bytes.
_MARKS_OF_BINARIES = _compiled(
    (rb"RIFF....WEBP|BM|II\*\x00|MM\x00\*|\x00\x00\x01\x00|8BPS|....ftyp(?:avi|hei|mif)", _IMAGE),
    (rb"....ftyp|ID3|\xff[\xfa\xfb]|OggS|RIFF|fLaC", _MEDIA),
    (rb".{257}ustar|MSCF|!<arch>", _ARCHIVE),
    (rb"SQLite format 3|PAR1|ARROW1", _TABLE),
    (rb"MZ|\xca\xfe\xba\xbe", _PROGRAM),
)
_ENDINGS = {
    FEED: "rss atom rdf",
    _OPML: "opml",
    _XML: "xml nitf newsml",
    _PDF: "pdf",
    _OFFICE: "doc docx odt ott rtf xls xlsx ods ppt pptx odp pages epub mobi msg",
    _IMAGE: "png jpg jpeg gif webp svg ico bmp tif tiff avif heic",
    _MEDIA: "mp3 mp4 m4a ogg oga wav flac webm mkv mov avi",
    _ARCHIVE: "zip tar tgz 7z rar jar whl warc deb rpm iso",
    _PACKED: "gz bz2 xz zst lz4 br",
    _TABLE: "csv tsv parquet feather arrow db sqlite sqlite3 sql avro",
    _CONFIG: "toml yaml yml ini cfg conf env lock properties",
    _PROGRAM: "py pyc ipynb js mjs ts css sh bash rb go rs c h cc cpp java php pl lua r so exe dll",
}
_BY_ENDING = {f".{ending}": kind for kind, all_ in _ENDINGS.items() for ending in all_.split()}
_BY_ROOT: dict[str, FileKind] = {
    **dict.fromkeys(("rss", "feed", "rdf", "channel"), FEED),
    "opml": _OPML,
    **dict.fromkeys(("urlset", "sitemapindex"), _SITEMAP),
    **dict.fromkeys(("newsml", "newsitem", "newsmessage", "nitf", "packageitem"), _NEWSML),
    "svg": _IMAGE,
    "html": PAGE,
}
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_BEFORE_ROOT = (("<?", "?>"), ("<!--", "-->"), ("<!", ">"))  # the opening and closing marks
_TEXT_CONTROLS = b"\t\n\r\x0c\x08\x1b"
_MOST_CONTROLS = 0.05  # share of control characters in a text
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_JSON_BEGINS = re.compile(r"\{\s*(?:[\"}]|$)|\[\s*(?:\{|$)")


def kind_of(name: str, head: bytes) -> FileKind | None:
    """Recognise a file without raw articles by its name and by its first bytes, `head`.

    Returns its kind, such as PDF document; None for a file that may hold raw articles and should be
    read.
    """
    ending = PurePath(name).suffix.lower()
    kind_by_content = content_kind(head)
    if kind_by_content and kind_by_content is not PAGE:
        return kind_by_content
    if ending not in READ:
        return _BY_ENDING.get(ending, OTHER)
    if ending in TEXTS and ending:
        return kind_by_content or (_JSON if begins_json(_text(head)) else None)
    return None


def content_kind(head: bytes) -> FileKind | None:
    """Recognise the kind of a file, such as a PDF document, by its first bytes alone.

    Returns None if they show no known kind, as in plain text or JSON. For an HTML page it returns
    PAGE, although a page can be read as a raw article.
    """
    start = head.removeprefix(codecs.BOM_UTF8).lstrip(b" \t\r\n")
    binary = _is_binary(head)
    for pattern, kind in _MARKS + _MARKS_OF_BINARIES if binary else _MARKS:
        if pattern.match(start) or pattern.match(head):
            return kind
    return _BINARY if binary else _BY_ROOT.get(_root(_text(head)))


def value_kind(value: object) -> FileKind | None:
    """The kind of feed that a JSON value is: a JSON Feed, or the result of feedparser.parse.

    Returns None for any other value, such as a raw article.
    """
    if not isinstance(value, Mapping):
        return None
    if "jsonfeed.org/version" in str(value.get("version", ""))[:100]:
        return JSON_FEED
    if isinstance(value.get("entries"), list) and isinstance(value.get("feed"), Mapping):
        return FEED  # the value that feedparser.parse returns
    return None


def begins_json(text: str) -> bool:
    """Whether a text begins with a JSON object or a list of objects.

    The text may be the beginning of a longer one, so the object may be incomplete.
    """
    text = text.strip()
    if not _JSON_BEGINS.match(text):
        return False
    try:
        json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as e:
        return e.pos >= len(text) or e.msg.startswith("Unterminated string")
    except RecursionError:
        pass
    return True


def _is_binary(head: bytes) -> bool:
    if head.startswith(_WIDE_MARKS) or _is_wide(head):
        return False
    controls = sum(byte < 32 and byte not in _TEXT_CONTROLS for byte in head)
    return 0 in head or controls > _MOST_CONTROLS * len(head)


def _is_wide(head: bytes) -> bool:
    """Whether the first bytes are UTF-16 without a byte order mark.

    In Latin text every other byte of UTF-16 is zero.
    """
    zeros = head[::2].count(0), head[1::2].count(0)
    return min(zeros) == 0 and 3 * max(zeros) > len(head)


def _text(head: bytes) -> str:
    """The first bytes as text, decoded well enough to see how it begins."""
    if head.startswith(_WIDE_MARKS):
        wide = "utf-32" if head[:4] in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE) else "utf-16"
        return head.decode(wide, "replace")
    if _is_wide(head):
        return head.replace(b"\0", b"").decode("latin-1")
    return head.decode("utf-8-sig", "replace")


def _root(text: str) -> str:
    """The name of the first XML or HTML element after declarations and comments, in lower case.

    It is "html" after an HTML doctype, and "" when there is no element.
    """
    text = text.lstrip()
    while text.startswith(("<?", "<!")):
        if re.match(r"<!doctype\s+html\b", text, re.I):
            return "html"
        end = next(last for first, last in _BEFORE_ROOT if text.startswith(first))
        text = text.partition(end)[2].lstrip()
    root = _ROOT.match(text)
    return root[1].lower() if root else ""
