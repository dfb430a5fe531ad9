"""Text to tokens as the training corpora have them: "'s" apart, "Mr." and "U.S." in one piece."""

import re

_TOKEN = re.compile(
    r"(?:[^\W\d_]\.){2,}"  # U.S., e.g.
    r"|(?:Mrs?|Ms|Dr|Gen|Sen|Rep|Gov|Lt|Col|Sgt|Capt|Prof|Rev|St|Jr|Sr|Inc|Corp|Co|Ltd)\."
    r"|[A-Z]\.(?= )"  # an initial
    r"|['’]s\b"
    r"|[^\W_]+(?:[-&.’'](?!s\b)[^\W_]+)*"
    r"|[^\w\s]|\n+"
)
_ENDS = frozenset(".?!\n")


class Tokens:
    """The tokens of a text, and where each stands."""

    __slots__ = ("_found", "text", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        self._found = list(_TOKEN.finditer(text))
        self.words = [match[0] for match in self._found]

    def start(self, token: int) -> int:
        return self._found[token].start()

    def end(self, token: int) -> int:
        return self._found[token].end()


def ends_sentence(word: str) -> bool:
    """Does a sentence end with this token?"""
    return word[0] in _ENDS and len(word.strip("\n")) <= 1
