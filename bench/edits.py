"""Simulate edits by newsrooms and machines: some leave a text a copy, others make another text.

Each edit takes a text and `Donors`, and returns the edited text. Inserted words and sentences come
from donor texts that are not in the measured stream, so an insertion never makes two texts similar.
"""

import random
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from hashlib import blake2b
from typing import NamedTuple

from devtools.news_corpora import Text

_FIGURE = re.compile(r"\d[\d.,]*\d|\d")
_NAME = re.compile(r"\b[A-Z][A-Za-z&.'-]*[A-Za-z]\b")
_CITIES = "LONDON,NEW YORK,PARIS,TOKYO,BRUSSELS,BONN,OTTAWA,MADRID,CHICAGO,SYDNEY".split(",")
_AGENCIES = "Reuters,AP,AFP,dpa,UPI,Bloomberg".split(",")
_TURNED = {"rose": "fell", "rise": "fall", "up": "down", "higher": "lower", "profit": "loss"}
_TURNS = _TURNED | {to: frm for frm, to in _TURNED.items()}
_SHORTEST = 20  # minimum number of words that a cut text keeps

Edit = Callable[[Text, "Donors"], Text]


class Donors:
    """A random generator, and texts from which words, names and paragraphs are inserted."""

    def __init__(self, texts: Sequence[Text], seed: int) -> None:
        self.rng = random.Random(seed)
        self._texts = list(texts)
        self._next = 0
        self._words = [w for t in texts[:300] for w in t.text.split() if w.isalpha()]
        self._names = sorted({n for t in texts[:300] for n in _NAME.findall(t.text) if len(n) > 3})

    def text(self, least_words: int) -> Text:
        """The next donor with enough words. Two texts that share a donor would be similar."""
        while True:
            text = self._texts[self._next % len(self._texts)]
            self._next += 1
            if len(text.text.split()) >= least_words:
                return text

    def word(self) -> str:
        return self.rng.choice(self._words)

    def name(self) -> str:
        return self.rng.choice(self._names)


def headline(text: Text, donors: Donors) -> Text:
    """Replace the title by words of the text in another order."""
    words = [w.strip(".,\"'") for w in text.text.split()[:80] if len(w) > 3]
    picked = donors.rng.sample(words, min(7, len(words)))
    return text._replace(title=" ".join(picked).capitalize())


def paragraphs(text: Text, donors: Donors) -> Text:
    """Insert one to three paragraphs, or drop paragraphs of up to a quarter of the words."""
    parts = _paragraphs(text.text)
    if donors.rng.random() < 0.5:
        for added in _paragraphs(donors.text(60).text)[: donors.rng.randint(1, 3)]:
            parts.insert(donors.rng.randint(0, len(parts)), added)
        return text._replace(text="\n\n".join(parts))
    most = len(text.text.split()) // 4
    for part in donors.rng.sample(parts, len(parts)):
        if len(part.split()) <= most:
            parts.remove(part)
            most -= len(part.split())
    return text._replace(text="\n\n".join(parts))


def light(text: Text, donors: Donors) -> Text:
    """Reword 2 to 8 % of the words."""
    return _reworded(text, donors, donors.rng.uniform(0.02, 0.08))


def heavy(text: Text, donors: Donors) -> Text:
    """Reword 15 to 25 % of the words, and replace the title of every second text."""
    edited = _reworded(text, donors, donors.rng.uniform(0.15, 0.25))
    return headline(edited, donors) if donors.rng.random() < 0.5 else edited


def truncated(text: Text, donors: Donors) -> Text:
    """Keep the first 25 to 60 % of the words, followed by an ellipsis."""
    words = text.text.split(" ")
    kept = max(_SHORTEST, round(len(words) * donors.rng.uniform(0.25, 0.6)))
    return text._replace(text=" ".join(words[:kept]) + " …")


def extended(text: Text, donors: Donors) -> Text:
    """Insert donor paragraphs after the first one: 50 to 150 % of the text's words."""
    remaining = round(len(text.text.split()) * donors.rng.uniform(0.5, 1.5))
    parts = _paragraphs(text.text)
    while remaining > 0:
        for part in _paragraphs(donors.text(60).text):
            words = part.split(" ")[: max(remaining, 0)]
            parts.insert(donors.rng.randint(1, len(parts)), " ".join(words))
            remaining -= len(words)
    edited = text._replace(text="\n\n".join(parts))
    return headline(edited, donors) if donors.rng.random() < 0.3 else edited


def spliced(text: Text, donors: Donors) -> Text:
    """Join most of the text with a donor text of about the same length, in either order."""
    words = text.text.split(" ")
    own = " ".join(words[: round(len(words) * donors.rng.uniform(0.6, 1.0))])
    donor = donors.text(60)
    added = " ".join(donor.text.split(" ")[: round(len(words) * donors.rng.uniform(0.7, 1.3))])
    first, second = (own, added) if donors.rng.random() < 0.5 else (added, own)
    title = text.title if first is own else donor.title
    return text._replace(title=title, text=f"{first}\n\n{second}")


def dateline(text: Text, donors: Donors) -> Text:
    """Prefix a dateline; every second text also gets a line of credits at the end."""
    day = text.day or date(1987, 3, 1)
    city, agency = donors.rng.choice(_CITIES), donors.rng.choice(_AGENCIES)
    opened = f"{city}, {day:%B} {day.day} ({agency}) - {text.text}"
    closed = (
        f"{opened}\n\n(Reporting by {donors.name()} {donors.name()}; Editing by {donors.name()})"
    )
    return text._replace(text=closed if donors.rng.random() < 0.5 else opened)


def ocr(text: Text, donors: Donors) -> Text:
    """Replace, drop or double 2 to 5 % of the characters, digits included."""
    share, rng = donors.rng.uniform(0.02, 0.05), donors.rng
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"

    def read(character: str) -> str:
        if character.isspace() or rng.random() >= share:
            return character
        return rng.choice(("", character * 2, rng.choice(letters), rng.choice(letters)))

    return text._replace(text="".join(map(read, text.text)))


def series(text: Text, donors: Donors) -> Text:
    """Turn the text into the report of another day: other figures, in half of them other trends."""
    changed = _refigured(text, donors, 0.85)
    if donors.rng.random() < 0.5:
        turned = re.compile(rf"\b({'|'.join(_TURNS)})\b")
        changed = changed._replace(
            text=turned.sub(lambda m: _TURNS[m[0]], changed.text),
            title=turned.sub(lambda m: _TURNS[m[0]], changed.title),
        )
    return _later(changed, donors, 1, 10)


def template(text: Text, donors: Donors) -> Text:
    """Fill in the same form for another subject: all names and most figures are replaced."""
    names: dict[str, str] = {}

    def replacement(match: re.Match[str]) -> str:
        return names.setdefault(match[0].lower(), donors.name())

    body = _NAME.sub(replacement, text.text)
    title = re.sub(r"\w+", lambda m: names.get(m[0].lower(), m[0]), text.title)
    return _later(_refigured(text._replace(title=title, text=body), donors, 0.85), donors, 0, 10)


def background(text: Text, donors: Donors) -> Text:
    """Return another article that repeats the last 20 to 40 % of this text as its background."""
    other = donors.text(100)
    own = other.text.split(" ")
    shared = text.text.split(" ")[
        -round(len(text.text.split(" ")) * donors.rng.uniform(0.2, 0.4)) :
    ]
    own = own[: max(round(len(shared) * donors.rng.uniform(1.5, 2.5)), 60)]
    merged = " ".join(own) + "\n\n" + " ".join(shared)
    return _later(text._replace(title=other.title, text=merged), donors, 0, 3)


def gallery(text: Text, donors: Donors) -> Text:
    """Return a photo gallery that shares its frame text with all galleries; the caption differs."""
    words = donors.text(60).text.split(" ")
    begin = donors.rng.randrange(30)
    caption = " ".join(words[begin : begin + donors.rng.randint(8, 25)])
    many = donors.rng.randint(5, 40)
    frame = (
        f"Photo gallery: {many} pictures. Use the arrow keys or swipe to see the next picture. "
        f"{caption} Photograph: staff. Click on a picture to enlarge it, share it with friends or "
        "order a print from our picture desk. All pictures are protected by copyright and may not "
        "be used without permission. More galleries: the week in pictures, readers' best shots."
    )
    return _later(text._replace(title=" ".join(caption.split()[:6]), text=frame), donors, 0, 5)


def boilerplate(text: Text, donors: Donors) -> Text:
    """Return another short article with the closing text that a site appends to all articles."""
    own = donors.text(60)
    excerpt = " ".join(own.text.split(" ")[: donors.rng.randint(45, 90)])
    frame = (
        f"{excerpt}\n\nThis article appeared in the print edition. Subscribe to our newsletter for "
        "the most important stories of the day, straight to your inbox every morning. By signing "
        "up you agree to our terms of use and privacy policy. Follow us on our social channels "
        "and never miss an update. Copyright by the publisher, all rights reserved."
    )
    return _later(text._replace(title=own.title, text=frame), donors, 0, 5)


COPIES: dict[str, Edit] = {
    "headline": headline,
    "paragraphs": paragraphs,
    "light": light,
    "heavy": heavy,
    "truncated": truncated,
    "extended": extended,
    "spliced": spliced,
    "dateline": dateline,
    "ocr": ocr,
}
LOOKALIKES: dict[str, Edit] = {
    "series": series,
    "template": template,
    "background": background,
    "gallery": gallery,
    "boilerplate": boilerplate,
}
SHORT_COPIES: dict[str, Edit] = {"headline": headline, "light": light, "dateline": dateline}


class Spelling(NamedTuple):
    """Spell each word with one to three Han characters, the same ones each time, without spaces."""

    first: int = 0x4E00
    many: int = 5000

    def __call__(self, text: Text) -> Text:
        return text._replace(title=self._spelled(text.title), text=self._spelled(text.text))

    def _spelled(self, text: str) -> str:
        return re.sub(r"[^\W\d]+", lambda m: self._word(m[0]), text).replace(" ", "")

    def _word(self, word: str) -> str:
        digest = blake2b(word.lower().encode(), digest_size=7).digest()
        codes = (
            digest[n] << 8 | digest[n + 1]
            for n in (0, 2, 4)[: 1 + (digest[6] > 95) + (digest[6] > 215)]
        )
        return "".join(chr(self.first + code % self.many) for code in codes)


def _paragraphs(text: str) -> list[str]:
    return [part for part in text.split("\n\n") if part.strip()]


def _reworded(text: Text, donors: Donors, share: float) -> Text:
    """Replace, drop or insert words at this share of the words; words with digits stay."""
    words: list[str] = []
    for word in text.text.split(" "):
        if donors.rng.random() >= share or any(c.isdigit() for c in word):
            words.append(word)
            continue
        end = "\n\n" if "\n\n" in word else ""
        words.extend(donors.rng.choice(([donors.word() + end], [], [word, donors.word()])))
    return text._replace(text=" ".join(words))


def _refigured(text: Text, donors: Donors, share: float) -> Text:
    def replacement(match: re.Match[str]) -> str:
        if donors.rng.random() >= share:
            return match[0]
        return re.sub(r"\d", lambda _: str(donors.rng.randint(0, 9)), match[0])

    return text._replace(
        title=_FIGURE.sub(replacement, text.title), text=_FIGURE.sub(replacement, text.text)
    )


def _later(text: Text, donors: Donors, least: int, most: int) -> Text:
    if text.day is None:
        return text
    return text._replace(day=text.day + timedelta(days=donors.rng.randint(least, most)))
