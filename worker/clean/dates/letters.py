"""Simplify the letters and digits of a written date, so that its words can be looked up."""

import unicodedata

_FOLDED = str.maketrans(
    {**dict.fromkeys("‐‑‒–—―−﹣－", "-"), **dict.fromkeys("’‘ʼʻ`´׳", "'")}
    | {"ı": "i", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "、": ",", "،": ","}
    | {"ی": "ي", "ى": "ي", "ک": "ك", "ة": "ه", "ـ": None}  # letters that Arabic scripts exchange
)


def fold(text: str) -> str:
    """Simplify a text so that the words of a date can be looked up in it, such as "Marz" for
    "März".

    Letters lose their accents and vowel signs, digits of all scripts become ASCII digits, and each
    run of white space becomes one space.
    """
    if not text.isascii():
        apart = unicodedata.normalize("NFKD", text.translate(_FOLDED))
        kept = (_digit(c) for c in apart if unicodedata.category(c) not in ("Mn", "Mc", "Cf"))
        text = unicodedata.normalize("NFC", "".join(kept))
    return " ".join(text.split())


def _digit(character: str) -> str:
    return str(unicodedata.decimal(character)) if character.isdecimal() else character
