"""Normalise plain text (its characters, spaces and line ends), so that a database can store it and
a reader can read it."""

import html
import re
import unicodedata

from worker.clean.html.code_indents import INDENT
from worker.clean.text.mojibake import may_be_mojibake

# Control characters, soft hyphens, zero-width and direction marks.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
# Persian, Indic scripts and emoji need joiners; Latin letters don't.
_JOINER = re.compile("(?<=[A-Za-z])[\u200c\u200d]|[\u200c\u200d](?=[A-Za-z])")

# Ligatures of printed fonts, as in texts from PDF files: "oﬃce". All begin with U+FB0x.
_LIGATURE = re.compile("[\ufb00-\ufb06]")

# Only with a semicolon: HTML reads "?a=1&copy=2" as "?a=1©=2".
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")

# Two entities for the two halves (surrogates) of one character of UTF-16, such as an emoji.
_SURROGATE_PAIR = re.compile(
    r"&#(?:(5[56]\d{3})|[xX]([dD][89abAB][0-9a-fA-F]{2}));"
    r"&#(?:(5[67]\d{3})|[xX]([dD][c-fC-F][0-9a-fA-F]{2}));"
)

_MAX_INDENT = 40
_ASCII_MARKS = bytes(code for code in range(128) if not chr(code).isalnum())
_MARKS = re.compile(r"[\W_]+")

# Most texts are nearly all of these characters: only the others are checked for repairs.
_PLAIN_ASCII = bytes(range(32, 127)) + b"\n\r"
# European letters and marks that are visible, and in normal form C next to any other character.
_SOUND = re.compile(
    "[\u00a1-\u00ac\u00ae-\u02ff\u0400-\u0481\u2010-\u2027\u2030-\u205e\u20a0-\u20bf]*"
)

# Widths of hard-wrapped text; texts with shorter lines are lists or verse.
_WRAPPED = range(50, 101)


def storable(text: str) -> str:
    """Remove NUL and lone surrogates from a text, because PostgreSQL stores neither."""
    try:
        data = text.encode()  # far faster than a search for surrogates
    except UnicodeEncodeError:
        data = text.encode("utf-8", "ignore")
        text = data.decode()
    return text.replace("\x00", "") if b"\x00" in data else text


def is_sound(text: str) -> bool:
    """Whether a text needs no repair except of white space: it has no mojibake (text decoded with
    the wrong charset) and no invisible characters. The check is quicker than the repair."""
    if text.isascii() and text.isprintable():
        return True
    data = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN_ASCII)
    odd = data.decode("utf-8", "surrogatepass")
    if not _SOUND.fullmatch(odd):
        return False
    return not may_be_mojibake(text, odd)


def visible(text: str) -> str:
    """Remove the characters of a text that are invisible or can't be stored, and join letters with
    the accents that follow them as separate characters (Unicode normal form C)."""
    text = _INVISIBLE.sub("", text)
    if text.isascii():
        return text
    if "\u200c" in text or "\u200d" in text:
        text = _JOINER.sub("", text)
    if _LIGATURE.search(text):
        text = _LIGATURE.sub(lambda ligature: unicodedata.normalize("NFKC", ligature[0]), text)
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def unescape(text: str) -> str:
    """Replace each HTML entity in a text, such as "&eacute;", by its character. This is done once:
    "&amp;lt;" becomes "&lt;", and not "<"."""
    if "&" not in text:
        return text
    if "&#" in text:
        text = _SURROGATE_PAIR.sub(_joined, text)
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)


def _joined(pair: re.Match[str]) -> str:
    """The character of two entities for surrogates; the entities if they are none."""
    high = int(pair[1]) if pair[1] else int(pair[2], 16)
    low = int(pair[3]) if pair[3] else int(pair[4], 16)
    if not (0xD800 <= high < 0xDC00 <= low < 0xE000):
        return pair[0]
    return chr(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00)


def unescape_again(text: str) -> str:
    """Replace HTML entities, such as "&eacute;", that a text still has after `unescape`, because
    its source had escaped it twice.

    A text in which this would make a new "<" is returned unchanged, so that no tag is made out of
    text.
    """
    if "&" not in text:
        return text
    unescaped = unescape(text)
    return unescaped if unescaped.count("<") == text.count("<") else text


def one_line(text: str) -> str:
    """Return a text on one line, without invisible characters, and with one space for each run of
    white space."""
    return " ".join(visible(text).split())


def paragraphs(text: str, *, sound: bool = False, indented: bool = False) -> str:
    """Tidy a text and put one blank line between its lines, so that each line becomes a paragraph.

    Empty lines and invisible characters are removed, and several spaces become one. `sound` says
    that the text has no invisible characters, because the caller has checked it with `is_sound`;
    this saves time. `indented` says that the text has lines of program code that begin with the
    character `INDENT`: each one becomes a space, at most 40 in a line.
    """
    if indented:
        return _indented_paragraphs(text)
    lines = [line for raw_line in text.splitlines() if (line := raw_line.strip())]
    if "  " in text if sound else not all(map(_is_tidy, lines)):
        tidied = (" ".join(line.split()) for line in visible(text).splitlines())
        lines = [line for line in tidied if line]
    return "\n\n".join(lines)


def _indented_paragraphs(text: str) -> str:
    lines = []
    for line in text.splitlines():
        if tidied := one_line(line):
            width = len(line) - len(line.lstrip(INDENT))
            lines.append(" " * min(width, _MAX_INDENT) + tidied)
    return "\n\n".join(lines)


def split_paragraphs(text: str) -> list[str]:
    """Split a text into a list of its paragraphs, between which there must be one blank line, as in
    the result of `paragraphs`."""
    lines = text.split("\n")
    if len(lines) % 2 and not any(lines[1::2]):
        return lines[::2]
    return text.split("\n\n")


def _is_tidy(line: str) -> bool:
    """Whether a line needs no change: all its characters are printable, it has no double space and
    no ligature, and it is in normal form C."""
    if not line.isprintable() or "  " in line:
        return False
    if line.isascii():
        return True
    return unicodedata.is_normalized("NFC", line) and not _LIGATURE.search(line)


def unwrap(text: str) -> str:
    """Join the lines of a text that was wrapped at a fixed width of 50 to 100 characters, as in
    e-mails, to paragraphs. Other texts are returned unchanged.

    A line is joined to the one before if its first word would not have fitted there.
    """
    beginning = text[: _WRAPPED.stop].rstrip()
    if len(beginning) == _WRAPPED.stop and len(beginning.splitlines()) == 1:
        return text  # the first line is wider: this text is not wrapped
    lines = [line.rstrip() for line in text.splitlines()]
    width = max(map(len, lines), default=0)
    if width not in _WRAPPED:
        return text
    joined: list[str] = []
    before = ""
    for line in lines:
        fits = len(before) + 1 + len(line.split(" ", 1)[0]) <= width
        if before and line and line[0] != " " and not fits:
            joined[-1] += " " + line
        else:
            joined.append(line)
        before = line
    return "\n".join(joined)


def letters(text: str, enough: int) -> int:
    """Count the letters (of any script) of a text, but only up to `enough`, to check quickly
    whether a text has that many."""
    count = 0
    for character in text:
        count += character.isalpha()
        if count >= enough:
            break
    return count


def bare(text: str) -> str:
    """Reduce a text to its letters and digits in lower case (case folded), to compare texts without
    regard to marks, spaces and case: "The Harbour-Post" becomes "theharbourpost"."""
    if text.isascii():
        return text.encode().lower().translate(None, _ASCII_MARKS).decode()
    data = text.casefold().encode("utf-8", "surrogatepass").translate(None, _ASCII_MARKS)
    return _MARKS.sub("", data.decode("utf-8", "surrogatepass"))
