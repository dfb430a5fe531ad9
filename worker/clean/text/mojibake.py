"""Repair mojibake, which is text that was decoded with the wrong charset.

There are two kinds. UTF-8 that was decoded as another charset has two or three strange characters
for one: "cafÃ©" for "café", "РјРёСЂ" for "мир". Text in another charset that was decoded as
Windows-1252 has one wrong character for each: "z³oty" for "złoty", "ìèð" for "мир".
"""

import re
from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import NamedTuple

import ftfy
from ftfy import TextFixerConfig

from worker.clean.html.charset_detection import detect_charset

# UTF-8 decoded as Latin-1 or Windows-1252: a lead byte and its continuation bytes. ftfy decides
# about the repair, at about 1.2 ms per KB; this expression excludes lines that need none.
_FOLLOWER = "[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
_LATIN_1 = (
    f"[\u00c2-\u00df]{_FOLLOWER}|[\u00e0-\u00ef]{_FOLLOWER}{{2}}|[\u00f0-\u00f4]{_FOLLOWER}{{3}}"
    "|[\u0080-\u0084\u0086-\u009f]"
)
_MOJIBAKE = re.compile(_LATIN_1)
_LEAD = re.compile("[\u0080-\u0084\u0086-\u009f\u00c2-\u00f4]")
_MEND = TextFixerConfig(
    unescape_html=False,
    uncurl_quotes=False,
    fix_latin_ligatures=False,
    fix_character_width=False,
    remove_terminal_escapes=False,
    normalization="NFC",
    explain=False,
)

# Charsets as which UTF-8 is decoded, the most usual first.
_READ_AS = ("cp1252", "latin-1", "cp1251", "cp1250", "koi8-r", "cp1253", "cp1254", "cp1257")
_MIN_SEQUENCES = 3  # of UTF-8 in one line
_COVERED = 0.9  # share of the characters that are not ASCII

# A text in another charset that was decoded as Windows-1252. In no language that is written in
# Windows-1252 are there four such letters in a row, or these signs and letters within words.
_HIGH_RUN = re.compile("[\u00c0-\u00ff]{4}")
_RARE = re.compile("[³¹¾þðÞÐý]")
_SOUTH_SLAVIC = re.compile("[šž]")  # beside one of these, as "è" and "æ" stand for "č" and "ć"
# Letters that Windows-1252 does not have: the text was not decoded as that.
_OTHERS = re.compile(
    "[\u0100-\u0151\u0154-\u015f\u0162-\u0177\u0179-\u017c\u0180-\u024f\u0370-\u1fff]"
)
_ICELANDIC = re.compile(
    "[áéíóúýþæöðÁÉÍÓÚÝÞÆÖÐ\u2010-\u205e\u00a0-\u00b2\u00b4-\u00b8\u00ba-\u00bd]+"
)
_HUNGARIAN = re.compile("[öü]")
_SURELY_RARE = re.compile("[þðÞÐ]")
_WITHIN_WORDS = re.compile(
    r"[a-z][¿¾][a-z]|[a-zà-ÿ][³¹](?![0-9\s.,;:)])|[³¹][a-z]{2}|ý|[a-z]ì[a-z]|õ(?![es])|º[a-z]|[šž]"
)
_LETTERS_WITHIN_WORDS = "¿¾³¹ýìõºšž"  # each alternative of the expression has one
_MIN_WITHIN_WORDS = 2
_MIN_HIGH_BYTES = 4
_SAMPLE_BYTES = 1_000  # enough for detection
_DENSE = 0.3  # share of characters that are not ASCII; in French it is 0.05

# UTF-8 decoded as Windows-1251 is full of these capitals, and as KOI8 of box drawings.
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_CYRILLIC_LEADS = "РСГЕДВПОШЩЧ"
_MIN_LEADS = 0.2
_BOXES = re.compile("[\u2500-\u25a0]")
_OF_CP1252 = {
    ord(character): code
    for code in range(0x80, 0xA0)
    if (character := bytes([code]).decode("cp1252", "ignore"))
}


class _Misreading(NamedTuple):
    """What UTF-8 text becomes if it is decoded as one certain other charset: "cafÃ©" for "café". It
    serves to find such errors and to undo them.

    `sequence` matches the wrong characters that stand for one right one. `byte_of` maps the code
    point of each wrong character to the byte that it was made of, so that the bytes can be decoded
    again, as UTF-8.
    """

    sequence: re.Pattern[str]
    byte_of: dict[int, int]


def may_be_mojibake(text: str, odd: str) -> bool:
    """Check quickly whether a text may have mojibake (text decoded with the wrong charset), before
    the slow repair is tried. The repair finds nothing to do in some of these texts.

    `odd` has the characters of the text that are not ASCII.
    """
    if any(found in text for found in _sequences_of(odd).findall(odd)):
        return True
    if _OTHERS.search(odd) or _ICELANDIC.fullmatch(odd):
        return False
    dense = len(odd) > _DENSE * len(text) and _HIGH_RUN.search(odd)
    suspect = dense or _RARE.search(odd)
    if not suspect and ("è" in odd or "æ" in odd):
        suspect = _SOUTH_SLAVIC.search(odd)
    if not suspect and "õ" in odd:  # for the Hungarian "ő"; Portuguese has no "ö" and "ü"
        suspect = _HUNGARIAN.search(odd)
    return bool(suspect) and _may_be_misread(text)


def _sequences_of(odd: str) -> re.Pattern[str]:
    """Choose the expression for a quick check: only some texts need the slower one."""
    if not _BEYOND_LATIN_1.search(odd):
        return _MOJIBAKE
    if not _CYRILLIC.search(odd) or _BOXES.search(odd):
        return _ANY
    leads = sum(map(odd.count, _CYRILLIC_LEADS))
    return _ANY if leads > _MIN_LEADS * len(odd) else _MOJIBAKE


def mend(text: str, max_chars: int) -> str:
    """Repair the lines of a text that have mojibake (text decoded with the wrong charset, such as
    "cafÃ©" for "café").

    Lines of at most `max_chars` characters in total are repaired, because repairs are slow; the
    others stay as they are.
    """
    if text.isascii():
        return text
    text, max_chars = _by_line(text, max_chars, _from_utf_8)
    if len(text) <= max_chars and _may_be_misread(text):
        text = _decoded_by_paragraph(text)
    return _by_line(text, max_chars, _by_ftfy)[0]


def _by_line(text: str, max_chars: int, repair: Callable[[str], str]) -> tuple[str, int]:
    """Repair the lines of a text, and return it with the number of characters that may still be
    repaired."""
    lines = text.split("\n")
    mended = False
    for at, line in enumerate(lines):
        if line.isascii() or len(line) > max_chars:
            continue
        repaired = repair(line)
        if repaired != line:
            max_chars -= len(line)
            lines[at] = repaired
            mended = True
    return ("\n".join(lines) if mended else text), max_chars


def _by_ftfy(line: str) -> str:
    return ftfy.fix_text(line, _MEND) if _garbled(line) else line


def _garbled(line: str) -> bool:
    """Whether a line has mojibake of UTF-8 as Windows-1252.

    It is looked for only where a character may begin it, as a search takes far longer.
    """
    return any(_MOJIBAKE.match(line, lead.start()) for lead in _LEAD.finditer(line))


def _may_be_misread(text: str) -> bool:
    if _SURELY_RARE.search(text) or _HIGH_RUN.search(text):
        return True
    if not any(letter in text for letter in _LETTERS_WITHIN_WORDS):
        return False
    matches = islice(_WITHIN_WORDS.finditer(text), _MIN_WITHIN_WORDS)
    return sum(1 for _ in matches) == _MIN_WITHIN_WORDS


def _decoded_by_paragraph(text: str) -> str:
    """Decode a text anew that was decoded as Windows-1252, if its letters prove another charset.

    Paragraphs are tried one by one if the complete text is not in one charset.
    """
    try:
        return _decoded_anew(text)
    except UnicodeEncodeError:  # a character that Windows-1252 does not have
        return "\n".join(map(_line_decoded_anew, text.split("\n")))


def _line_decoded_anew(line: str) -> str:
    try:
        return line if line.isascii() else _decoded_anew(line)
    except UnicodeEncodeError:
        return line


def _decoded_anew(text: str) -> str:
    data = text.translate(_OF_CP1252).encode("latin-1")
    sample = data[:_SAMPLE_BYTES]
    charset = "" if _is_utf_8(data) else detect_charset(sample, min_high_bytes=_MIN_HIGH_BYTES)
    decoded = data.decode(charset, "replace") if charset else text
    return text if "\ufffd" in decoded else decoded


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _from_utf_8(line: str) -> str:
    """Repair a line of UTF-8 that was decoded as one of `_READ_AS`, if nearly all of its characters
    that are not ASCII prove it; return any other line unchanged."""
    if not _ANY.search(line):
        return line
    odd = sum(not character.isascii() for character in line)
    for misreading in _MISREADINGS:
        sequences = [found for found in misreading.sequence.findall(line) if " " not in found]
        if len(sequences) < _MIN_SEQUENCES or sum(map(len, sequences)) < _COVERED * odd:
            continue
        repaired = misreading.sequence.sub(partial(_character, misreading), line)
        if "\ufffd" not in repaired:
            return repaired
    return line


def _character(misreading: _Misreading, sequence: re.Match[str]) -> str:
    # A no-break space may have become a space since.
    data = bytes(misreading.byte_of[ord(c)] if c != " " else 0xA0 for c in sequence[0])
    return data.decode("utf-8", "replace")


def _misreading(charset: str) -> _Misreading:
    of = _characters_of(charset)
    follower = _any_of(of, 0x80, 0xBF, "" if charset == "koi8-r" else " ")
    two, three, four = (_any_of(of, *range_) for range_ in _LEAD_BYTES)
    sequence = f"{two}{follower}|{three}{follower}{{2}}|{four}{follower}{{3}}"
    return _Misreading(re.compile(sequence), {ord(text): code for code, text in of.items()})


def _characters_of(charset: str) -> dict[int, str]:
    """Return the characters of the bytes from 128 on in a charset."""
    decoded = {code: bytes([code]).decode(charset, "replace") for code in range(0x80, 0x100)}
    return {code: chr(code) if text == "\ufffd" else text for code, text in decoded.items()}


def _any_of(characters: dict[int, str], first: int, last: int, more: str = "") -> str:
    return "[" + "".join(re.escape(characters[c]) for c in range(first, last + 1)) + more + "]"


_LEAD_BYTES = ((0xC2, 0xDF), (0xE0, 0xEF), (0xF0, 0xF4))  # of two, three and four bytes
_MISREADINGS = tuple(map(_misreading, _READ_AS))


def _quick_check() -> re.Pattern[str]:
    """Compile an expression for such sequences that needs little time: it has no charset twice, and
    only the first two characters of a sequence."""
    latin = {charset: _characters_of(charset) for charset in ("cp1250", "cp1257", "cp1254")}
    leads = "".join(_any_of(of, 0xC2, 0xDF)[1:-1] for of in latin.values())
    followers = "".join(_any_of(of, 0x80, 0xBF)[1:-1] for of in latin.values())
    others = [_characters_of(charset) for charset in ("cp1251", "koi8-r", "cp1253")]
    pairs = [_any_of(of, 0xC2, 0xDF) + _any_of(of, 0x80, 0xBF) for of in others]
    triples = [_any_of(of, 0xE0, 0xEF) + _any_of(of, 0x80, 0xBF) + "{2}" for of in others]
    return re.compile("|".join((_LATIN_1, f"[{leads}][{followers}]", *pairs, *triples)))


_ANY = _quick_check()
_BEYOND_LATIN_1 = re.compile(
    "[\u0100-\u0151\u0154-\u015f\u0162-\u0177\u0179-\u017c\u0370-\u04ff\u2500-\u25a0]"
)
