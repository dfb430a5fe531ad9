"""Find the listed form of a Russian or Arabic name from the form that stands in a text.

Russian names have endings for their cases ("Москве"), and some Arabic words are written together
with the next word ("and", "in", "for").
"""

# Endings of cases, each with those that the nominative may have instead. The longest come first.
_ENDINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ого", ("ый", "ий", "ой")),
    ("его", ("ий",)),
    ("ому", ("ый", "ий", "ой")),
    ("ему", ("ий",)),
    ("ыми", ("ые",)),
    ("ями", ("и",)),
    ("ами", ("ы",)),
    ("ью", ("ь",)),
    ("ых", ("ые",)),
    ("ым", ("", "ый")),
    ("им", ("ий", "")),
    ("ом", ("", "ый", "ий", "о")),
    ("ем", ("", "й", "ь", "ий")),
    ("ём", ("ь", "")),
    ("ой", ("а", "ая")),
    ("ей", ("я", "а")),
    ("ую", ("ая",)),
    ("ах", ("ы",)),
    ("ам", ("ы",)),
    ("а", ("", "о")),
    ("я", ("й", "ь")),
    ("у", ("", "а", "о")),
    ("ю", ("й", "ь", "я")),
    ("е", ("", "а", "й", "ь", "я", "о")),
    ("ы", ("а",)),
    ("и", ("ь", "а", "я")),
)
_NEUTER = "о"
_SLAVIC = ("ов", "ев", "ин")
_LEAST_STEM = 2  # letters before an ending
_ARTICLE = "ال"
_FOR_THE = "لل"  # "for" and the article
_JOINED = "وف"  # "and", "so"
_PREPOSITIONS = "بلك"  # "in", "for", "like"


def nominatives(word: str) -> list[str]:
    """Return the Russian words of which `word` may be a case, and `word` itself first."""
    forms = [word]
    for ending, others in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
            stem = word[: len(word) - len(ending)]
            forms += [stem + other for other in others if other != _NEUTER or _has_cases(stem)]
    return forms


def _has_cases(stem: str) -> bool:
    """Whether a name of this stem and -o has cases: Косово has, Токио and Монако have none."""
    return stem.endswith(_SLAVIC)


def without_prefixes(word: str) -> list[str]:
    """Return an Arabic word, and what remains of it without words that are written together with
    the next one: "and", "in", "for"."""
    forms = [word]
    if word[:1] in _JOINED:
        forms.append(word[1:])
    for form in tuple(forms):
        if form.startswith(_FOR_THE):
            forms.append(_ARTICLE + form[len(_FOR_THE) :])
        if form[:1] in _PREPOSITIONS:
            forms.append(form[1:])
    return forms
