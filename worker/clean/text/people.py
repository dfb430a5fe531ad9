"""Split a text such as a byline into the names of people, or recognise that it has none."""

import re

# These are matched in texts with single spaces: with `\s+`, a run of spaces takes quadratic time.
_BETWEEN = re.compile(r" ?[,;/|·•&] ?| (?:and|with|und|et|y|e|и|avec|con|com|mit|с) ", re.I)
# A place may follow the name: "Ann Lee in Paris".
_WORKPLACE = re.compile(r" (?:in|from|aus|à|en|a|em|in|da|в|из) [^\W\d_a-zа-я].*")
_PARTICLES = frozenset(
    "al bin da das de del della den der di do dos du el ibn la le ten ter van von y zu zum".split()
)
_WORD = re.compile(r"[^\W\d_][^\W\d_.’'`-]*(?:[.’'`-][^\W\d_]*)*")
_INITIAL = re.compile(r"\b[^\W\d_]\. ?$")
_MAX_WORDS = 5
_MAX_CHARS = 60  # of one name


def people(text: str) -> tuple[str, ...]:
    """Return the names of people in a text such as a byline, each once: two for "Ann Lee and Bo
    Chen".

    Returns () if any part of the text can't be the name of a person or an agency.
    """
    text = " ".join(text.split()).strip(" ()[]")
    parts = [_bare(_WORKPLACE.sub("", part)) for part in _BETWEEN.split(text)]
    names = tuple(dict.fromkeys(part for part in parts if part))
    return names if all(map(is_name, names)) else ()


def _bare(part: str) -> str:
    """Remove marks and spaces around a name, except the dot of an initial: "Ann L."."""
    bare = part.strip(" .:")
    return f"{bare}." if _INITIAL.search(part) else bare


def is_name(text: str) -> bool:
    """Whether a text may be the name of a person: each word begins with a capital, or is a particle
    such as "van" or "de la"."""
    words = text.split()
    if not 0 < len(words) <= _MAX_WORDS or len(text) > _MAX_CHARS:
        return False
    if words[0].lower() in _PARTICLES and len(words) == 1:
        return False
    return words[-1][:1].isupper() and all(map(_of_name, words))


def _of_name(word: str) -> bool:
    if word in _PARTICLES:
        return True
    return word[0].isupper() and _WORD.fullmatch(word) is not None
