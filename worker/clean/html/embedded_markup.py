"""Track which elements are open inside a drawing (<svg>) or a formula (<math>), as an HTML parser
does, so that `hostile_markup` knows how deep elements are nested.

In both, unlike in the rest of HTML, a slash at the end of a tag closes the element (HTML standard,
13.2.6.5). Tracking stops at the first tag whose effect is not known for sure.
"""

import re
from typing import Self

ROOTS = frozenset(("svg", "SVG", "math", "MATH"))  # in the usual spellings
# Elements that stay in the drawing with any content. None of them is an HTML element.
_NAMES = frozenset(
    "svg math g path circle rect line ellipse polyline polygon use defs symbol text tspan textpath "
    "lineargradient radialgradient stop clippath mask pattern marker filter image switch view "
    "animate animatemotion animatetransform set mpath feblend fecolormatrix fecomponenttransfer "
    "fecomposite feconvolvematrix fediffuselighting fedisplacementmap fedistantlight fedropshadow "
    "feflood fefunca fefuncb fefuncg fefuncr fegaussianblur feimage femerge femergenode "
    "femorphology feoffset fepointlight fespecularlighting fespotlight fetile feturbulence "
    "mrow mfrac msqrt mroot mstyle merror mpadded mphantom mfenced menclose msub msup msubsup "
    "munder mover munderover mmultiscripts mprescripts mtable mtr mtd mlabeledtr mspace semantics "
    "annotation".split()
)
# Elements that contain HTML: they are tracked only if their end tag follows, after text alone.
_LEAVES = frozenset("title desc mi mn mo ms mtext".split())
_VALUE = r"[ \t\n\f\r]+[^ \t\n\f\r/>=\"'<]+=(?:\"[^\"]*\"|'[^']*')"
_CLOSED = re.compile(rf"(?:{_VALUE})*+[ \t\n\f\r]*/")  # the slash of d=M/> belongs to the value


class Drawing:
    """Follows the tags of the markup inside of one drawing (<svg>) or formula (<math>), to know
    which elements are open (`open`), and so how deep they are nested."""

    __slots__ = ("_ended", "_leaf", "open")

    def __init__(self, root: str) -> None:
        self.open = [root]
        self._leaf = ""
        self._ended = False

    @classmethod
    def opened_by(cls, name: str, attributes: str) -> Self | None:
        """Begin to track a drawing or formula at its start tag, whose name ("svg" or "math") and
        attributes are given.

        Returns None if the tag ends in a slash, because the element may then be closed at once.
        """
        return None if attributes.endswith("/") else cls(name.lower())

    def takes(self, written: str, attributes: str) -> bool:
        """Note the next tag of the markup: an element of the drawing begins or ends. Returns False
        if the drawing has ended, or if it is uncertain what the tag does; the caller must then
        stop. Otherwise returns True.

        `written` is the name of the tag as it is written, "/path" for an end tag, "" for a comment.
        `attributes` is the rest of the tag.
        """
        if self._ended:
            return False
        name = written.lower() if written.isascii() else written
        if not name:
            return True  # a comment
        if self._leaf:
            return self._closes_leaf(name)
        if name.startswith("/"):
            return self._closes(name[1:])
        if name in _LEAVES:
            if not _CLOSED.fullmatch(attributes):
                self._leaf = name
                self.open.append(name)
            return True
        if name in _NAMES:
            if not _CLOSED.fullmatch(attributes):
                self.open.append(name)
            return True
        return False

    def _closes_leaf(self, name: str) -> bool:
        if name != f"/{self._leaf}":
            return False
        self.open.pop()
        self._leaf = ""
        return True

    def _closes(self, name: str) -> bool:
        for index in range(len(self.open) - 1, -1, -1):
            if self.open[index] == name:
                del self.open[index:]
                self._ended = not self.open
                return True
        return False
