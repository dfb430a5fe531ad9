"""Bring words and names into the form by which they are compared: without case and accents."""

import unicodedata
from functools import lru_cache

_CACHED_WORDS = 50_000


@lru_cache(_CACHED_WORDS)
def folded_word(word: str) -> str:
    """Return a word in lower case and without accents, by which names are looked up."""
    if word.isascii():
        return word.lower()
    plain = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    return plain.casefold()


def folded_name(name: str) -> str:
    """Return a name in lower case, without accents and with single spaces, by which mentions of it
    are joined: "ATHENS" and "Athens"."""
    return " ".join([folded_word(word) for word in name.replace("’", "'").split()])


def normal_code(name: str) -> str:
    """Return the code of the tag of a name that has no id: "josé-gonzález" for José González."""
    return "-".join(name.replace("’", "'").casefold().split())
