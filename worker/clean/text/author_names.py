"""Read the names of authors from a text that a feed or a page gives as its author.

Such texts have several names, functions ("Ann Lee, Senior Reporter"), addresses, the name of the
site, or no name at all ("admin"). The module is a little long because its patterns must be read in
one order: each step relies on what those before it have cut off.
"""

import re
from collections.abc import Collection
from functools import lru_cache

from worker.clean.text.author_functions import (
    FIELD,
    FIELDS,
    OFFICE,
    SURE_OFFICE,
    is_function,
    is_no_author,
)
from worker.clean.text.people import cjk_names, is_name
from worker.clean.text.plain_text import bare

_AGENCIES = frozenset(
    """afp ap dpa reuters ansa efe apa kna epd sid pa xinhua tass interfax upi bloomberg sda ats
    belga anp ntb tt ritzau stt pap ctk čtk mti lusa kyodo jiji yonhap pti ani ians aap awp
    adnkronos agi agencies agencias agences agenturen cnn bbc npr""".split()
)
# These are matched in texts with single spaces: with `\s+`, a run of spaces takes quadratic time.
_LABEL = re.compile(
    r"(?:(?:written|words|text|story|article|reported|reporting|posted|published|created|authored"
    r"|edited|ein beitrag|ein artikel|escrito|publicado|écrit|publié|rédigé|scritto) )?"
    r"(?:by|von|par|por|di|door|av|af|автор|بقلم|מאת) ?:? (?=\w)"
    r"|(?:author|بقلم|كتب|מאת|autor|autorin|auteur|autore|text|texto"
    r"|texte|testo|tekst|текст|words|story|report|reporter|автор|by|von|par|por|door) ?: ?",
    re.I,
)
_FIRST_NAMES = frozenset(("af", "av", "di", "von"))
_MAIL = re.compile(
    r"mailto:[^\s()<>]{0,300}+|[^\s@()<>\[\],;|/]{1,64}+@[^\s@()<>\[\],;|/]{1,255}+(?<=[^\W_])",
    re.I,
)
_URL = re.compile(
    r"(?:https?://|www\.)[^\s()<>,;|]++|\b[a-z0-9-]{1,63}+(?:\.[a-z0-9-]{1,63}+){1,5}+/[^\s()<>,;|]*+",
    re.I,
)
_EMPTY_BRACKETS = re.compile(r"<[\s,;]*>|\([\s,;]*\)|\[[\s,;]*\]")
_BEFORE, _AFTER = ' "“”„<,;:|•·©', ' "“”>,;:|/•·–—©'  # marks around a name
_ENCLOSED = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_IN_BRACKETS = re.compile(r"(?<=[^\s(]) ?[(\[]([^()\[\]]{1,100})[)\]] ?$")
_HANDLE = re.compile(r"(?<=\w)\s{0,9}[,|(]?\s?@\w{1,50}\)?\s{0,9}$")
_AGO = re.compile(
    r"(?:\b(?:\d{1,4}\s?|an?\s)?(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?"
    r"|years?)\s+ago\b|\bvor\s(?:\d{1,4}|eine[rmn]?)\s\w{3,10}|\bil y a\s(?:\d{1,4}|une?)\s\w{3,10}"
    r"|\bhace\s(?:\d{1,4}|una?)\s\w{3,10}|\bhá\s(?:\d{1,4}|uma?)\s\w{3,10}|\d{1,4}\s\w{3,10}\sfa\b"
    r"|\d{1,4}\s?(?:分|時間|小时|小時|日|天)(?:钟|鐘|間)?前|\b\d{1,3}[\s-]?min(?:ute)?s?\sread\b).*",
    re.I,
)
_DATE = re.compile(
    r"[\s,|–—-]{1,5}(?:on\s|am\s|le\s|el\s|il\s)?(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d\d-\d\d"
    r"|\d{1,2}(?:st|nd|rd|th|\.)?\s[^\W\d_]{3,10}\.?,?\s\d{4}|[^\W\d_]{3,10}\.?\s\d{1,2}(?:st|nd|rd|th)?,?"
    r"\s\d{4})\b.*",
    re.I,
)
_BEFORE_NAME = re.compile(rf"{FIELDS}(?:{OFFICE}) ?:? (?=\S)", re.I)
_AT_END = re.compile(
    rf" (?:(?:{FIELD}) ){{1,4}}(?:{OFFICE})$| (?:{SURE_OFFICE}|contributor)$", re.I
)
_PHOTOS = re.compile(
    r"(?<=\w)[.,;|\s]\s?(?:photos?|photography|photographs|pictures?|images?|videos?|graphics?"
    r"|illustrations?|fotos?|bilder|edited|editing)\s?(?::|by\s|von\s|par\s|por\s).*",
    re.I,
)
_WITH = re.compile(r"(?:with|avec|mit|con|com)\s(.{2,80})", re.I)
_WORKPLACE = re.compile(r"\s(?:in|aus|à|en|em|i)\s[^\W\d_a-z][^\s]*(?:\s[^\W\d_a-z][^\s]*)?$")
_EMPLOYER = re.compile(r"\s(?:for|für|pour|para|per|of|from)\s(.{2,60})$")
_LAST_DOT = re.compile(r"(?<=[^\W\d_]{3})\.$")
_SHORT_FORMS = ("inc.", "ltd.", "corp.", "bros.", "esq.")
_SUFFIX = re.compile(
    r"(?:ph\.?\s?d|m\.?d|d\.?phil|m\.?a|b\.?a|m\.?s|m\.?sc|b\.?sc|mba|jd|rn|rd|rdn|ldn|cpa|cfa|cfp|dds"
    r"|dvm|dpt|esq|jr|sr|ii|iii|iv|md|obe|mbe|mp)\.?",
    re.I,
)
_PIPE = re.compile(r" ?[|•·] ?")
_DASH = re.compile(r" [-–—]+ ")
_SEMICOLON = re.compile(r" ?[;；] ?")
_WORDS_BETWEEN = "and|und|et|y|e"
_BETWEEN = re.compile(
    rf"( (?:{_WORDS_BETWEEN}|with|avec|mit|con|com|и|та|och|og) "
    rf"| ?, ?(?:(?:{_WORDS_BETWEEN}|&) )?| ?[/&] ?)",
    re.I,
)
_SURE_MARKS = frozenset((*_WORDS_BETWEEN.split("|"), "&"))  # between any names of two words
_OF_ONE_NAME = frozenset(("y", "e"))  # "José Ortega y Gasset"
_PUBLISHER_WORDS = frozenset(
    """post times news herald gazette tribune journal press magazine media radio tv television daily
    weekly review chronicle observer guardian telegraph mirror mail express standard independent
    today online digest network agency blog broadcasting zeitung tagblatt anzeiger nachrichten
    presse rundschau kurier bote monde figaro temps dépêche país mundo diario periódico correo
    gazzetta corriere repubblica jornal folha""".split()
)
_PARTICLES = frozenset(
    "van von de der den di da dos del della la le ten ter zu zur al el bin ibn".split()
)
_MAX_CHARS = 1_000
_PLAIN_NAME = re.compile(
    r"(?!By |Von |Par |Por |Di |Door |Av |Af )[A-Z][a-z]{1,30} [A-Z][a-z]{1,30}"
)
_MAX_FAMILY_WORDS, _MAX_GIVEN_WORDS = 4, 3


def author_names(text: str, sites: Collection[str] = ()) -> list[str]:
    """Return the names in a text that a feed or page gives as its author: two for "By Ann Lee and
    Bo Chen, Staff Writers"; none for "admin", for an address, or for a function without a name.

    The text must be on one line, without tags. A text that can't be divided for sure is returned as
    one name. `sites` are the names of the site, reduced by `plain_text.bare`; they are removed
    after the name of a person.
    """
    if _PLAIN_NAME.fullmatch(text):
        return [] if is_no_author(text) else [text]
    return list(_read_names(text, frozenset(sites)))


@lru_cache(maxsize=4096)  # most authors of a source write again
def _read_names(text: str, sites: frozenset[str]) -> list[str]:
    if len(text) > _MAX_CHARS:
        return [text]
    text = _without_addresses(" ".join(text.split()))
    if not text or is_no_author(text):
        return []
    if of_cjk := cjk_names(text):
        return list(of_cjk)
    text = _PHOTOS.sub("", _without_label(text))
    names: list[str] = []
    parts = _inverted(_SEMICOLON.split(text)) if ";" in text or "；" in text else [text]
    for part in parts:
        names += _names_of_people(part, sites)
    names = [name.lstrip(_BEFORE).rstrip(_AFTER) for name in names]
    names = [name for name in names if not is_no_author(name)]
    people = [name for name in names if bare(name) not in sites]
    return people if any(map(_is_person, people)) else names


def _without_addresses(text: str) -> str:
    """Remove mail addresses, URLs, times ("3 hours ago") and the marks around a name."""
    if "@" in text:
        text = _MAIL.sub(_without_mail, text)
        text = _HANDLE.sub("", text)
    if "/" in text or "www." in text:
        text = _URL.sub(" ", text)
    if _AGO.search(text):
        text = _AGO.sub("", text)
    if any(map(str.isdigit, text)):
        text = _DATE.sub("", text)
    text = " ".join(_EMPTY_BRACKETS.sub(" ", text).split())
    if text.startswith("@"):
        return text
    enclosed = _ENCLOSED.fullmatch(text)
    text = (enclosed[1] if enclosed else text).lstrip(_BEFORE).rstrip(_AFTER)
    return text if text.casefold().endswith(_SHORT_FORMS) else _LAST_DOT.sub("", text)


def _without_mail(mail: re.Match[str]) -> str:
    """Remove a mail address, but not a name with a handle, as in "Ann Lee@annlee"."""
    is_mail = ":" in mail[0] or "." in mail[0].rpartition("@")[2]
    return " " if is_mail or not mail[0][0].isupper() else mail[0]


def _without_label(text: str) -> str:
    """Remove a word such as "By" before names. "Di" and "Von" before one word are first names."""
    label = _LABEL.match(text)
    if not label:
        return text
    rest = text[label.end() :]
    if label[0].strip().casefold() not in _FIRST_NAMES:
        return rest
    is_name_itself = " " not in rest or rest.split()[0] in _PARTICLES
    return text if is_name_itself else rest


def _inverted(parts: list[str]) -> list[str]:
    """Write the names of a list "Lee, Ann; Chen, Bo" as "Ann Lee"; other lists are unchanged."""
    pairs = [tuple(part.split(", ", 1)) for part in parts if part]
    if len(pairs) > 1 and all(map(_is_inverted, pairs)):
        return [" ".join(reversed(pair)) for pair in pairs]
    return parts


def _is_inverted(pair: tuple[str, ...]) -> bool:
    if len(pair) != 2:
        return False
    family, given = pair[0].split(), pair[1].split()
    if not 0 < len(family) <= _MAX_FAMILY_WORDS or not 0 < len(given) <= _MAX_GIVEN_WORDS:
        return False
    is_family = len(family) == 1 or any(word.lower() in _PARTICLES for word in family[:-1])
    return is_family and is_name(" ".join(reversed(pair))) and not _SUFFIX.fullmatch(pair[1])


def _names_of_people(text: str, sites: Collection[str]) -> list[str]:
    """The names in a text without semicolons: before a vertical bar, then in a list."""
    bracket = _IN_BRACKETS.search(text)
    if bracket and (is_function(bracket[1]) or bare(bracket[1]) in sites):
        text = text[: bracket.start()]
    elif bracket and (others := _WITH.fullmatch(bracket[1])):
        text = f"{text[: bracket.start()]} & {others[1]}"
    if len(bars := [part for part in _PIPE.split(text) if part]) > 1:
        people = [part for part in bars if not _names_publisher(part, sites)]
        people = [part for part in people if not is_function(part)]
        bars = people[:1] + [part for part in people[1:] if _is_author(part)]
        return [name for part in bars for name in _listed(part)]
    name, *rest = _DASH.split(text, 1)
    if rest and _is_person(name):
        if is_function(rest[0]) or _names_publisher(rest[0], sites):
            return [name]
        if rest[0].casefold() in _AGENCIES:
            return [name, rest[0]]
    return _listed(text)


def _names_publisher(text: str, sites: Collection[str]) -> bool:
    words = text.casefold().split()
    if bare(text) in sites or words[0] == "the" or ("." in text.strip(".") and len(words) == 1):
        return True
    return (len(words) > 1 and words[-1] in _PUBLISHER_WORDS) or (
        len(words) == 1 and (words[0] in _PUBLISHER_WORDS)
    )


def _is_author(text: str) -> bool:
    return _is_person(text) or text.casefold() in _AGENCIES


def _is_person(text: str) -> bool:
    """Whether a text may be the full name of a person; scripts without capitals need two words."""
    if " " not in text:
        return bool(cjk_names(text))
    return is_name(text) or (text.lower() == text.upper() and len(text.split()) < 5)


def _listed(text: str) -> list[str]:
    """Split a list of names at commas, slashes and "and"; it is not split if a part can't be the
    name of a person or an agency, as in "Johnson & Johnson"."""
    text = _without_function(text)
    first, *others = _BETWEEN.split(text)
    if not others:
        return [_without_place(text)]
    names, marks = [_without_place(first)], [""]
    for mark, part in zip(others[::2], others[1::2], strict=True):
        is_joint, is_comma = mark.strip().casefold() in _OF_ONE_NAME, mark.strip().startswith(",")
        if is_comma and _SUFFIX.fullmatch(part):
            names[-1] += f", {part}"
        elif is_joint and " " not in part and _is_person(names[-1]):
            names[-1] += f"{mark}{part}"
        else:
            names.append(_without_place(part))
            marks.append("," if is_comma else mark.strip().casefold())
    return _people_only(text, names, marks)


def _people_only(text: str, names: list[str], marks: list[str]) -> list[str]:
    """Choose the names of people and agencies from the parts of a list; the complete text if it
    can't be divided. `marks` are the marks in front of the parts."""
    kept: list[str] = []
    has_person = has_function = False
    for name, mark in zip(names, marks, strict=True):
        is_person = _is_person(name) and not is_function(name)
        if has_person and not is_person and (has_function or _describes(name, mark)):
            has_function = True
        elif has_person or not is_no_author(name):
            kept.append(name)
            has_person = has_person or is_person
    kept = [_without_function(name) for name in kept]
    if all(map(is_listed_author, kept)) or (has_function and len(kept) == 1):
        return kept
    are_full = all(" " in name for name in kept) and _SURE_MARKS.issuperset(marks[1:])
    return kept if are_full else [text]


def _describes(text: str, mark: str) -> bool:
    """Whether what follows a name is the function of the person, or a word for nobody."""
    if is_function(text) or is_no_author(text):
        return True
    return mark == "," and _is_description(text)


def is_listed_author(name: str) -> bool:
    """Whether a name in a list of authors may be that of a person or of a news agency. A degree
    after a comma, as in "Ann Lee, PhD", is ignored."""
    return _is_author(name.partition(", ")[0])


def _is_description(text: str) -> bool:
    """Whether what follows a name and a comma is no name: it begins with a small letter."""
    words = text.split()
    return (
        words[0][:1].islower()
        and words[0] not in _PARTICLES
        and text.casefold() not in _AGENCIES
        and (len(words) > 1 or len(text) > 3)
    )


def _without_place(text: str) -> str:
    """Remove the place or the employer after a full name: "Ann Lee in Paris", "Ann Lee for The
    Post"."""
    if (place := _WORKPLACE.search(text)) and _is_person(text[: place.start()]):
        return text[: place.start()]
    employer = _EMPLOYER.search(text)
    if employer and _names_publisher(employer[1], ()) and _is_person(text[: employer.start()]):
        return text[: employer.start()]
    return text


def _without_function(text: str) -> str:
    """Remove a function that stands directly before or after a full name: "Staff Writer Bo
    Chen"."""
    if (before := _BEFORE_NAME.match(text)) and _is_person(text[before.end() :]):
        return text[before.end() :]
    if (after := _AT_END.search(text)) and _is_person(text[: after.start()]):
        return text[: after.start()]
    return text
