"""Collect the text blocks of a parsed page, and the elements around them.

A block is a passage of text, such as a paragraph, with no block element and no double <br> in it.
Elements such as <div> that have text in them are called holders. Blocks and holders are numbered in
the order of the page, so the blocks of one holder have consecutive numbers.
"""

import re
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from worker.clean.html.code_indents import with_indents

BREAK = "\x00"  # a <br> inside a block; text from a parser has no NUL

_NOT_CONTENT = (
    "script style noscript template svg iframe object embed canvas math select option head button "
    "input textarea audio video map area link meta param source track progress dialog datalist "
    "img picture wbr hr title"
).split()
_INLINES = (
    "span b i em strong u s small sub sup font mark time cite code abbr label q ins del".split()
)
BLOCKS = (
    "body p div li h1 h2 h3 h4 h5 h6 tr td th table tbody thead tfoot caption ul ol dl dt dd "
    "blockquote pre section article main header footer nav aside form figure figcaption details "
    "summary address center fieldset hgroup menu dir dialog html".split()
)
TAGS = {name: number for number, name in enumerate(BLOCKS)}
CUSTOM = len(BLOCKS)  # the tag number of custom elements: they wrap blocks
_PRE = TAGS["pre"]
_INDENTED = re.compile(rf"(?:^|{BREAK})[ \t]+[^\s{BREAK}]")
_NAMED = ("id", "itemprop", "role", "class")
_HIDDEN = re.compile(r"display\s*:\s*none|(?<!-)visibility\s*:\s*hidden", re.I)
# The kind of a node in the walk: the tag number of a block element, or one of these.
_TEXT, _BREAK, _LINK, _INLINE, _FRAME, _NOTHING = range(-6, 0)
_WORDS = (_INLINE, _LINK)
_MAY_BE_HIDDEN = "[hidden],[style*='none']"
_MAX_HIDDEN_WORDS = 300  # characters
# Elements with menus and imprints: a third of all blocks, and 0.05 % of the article text of 791
# pages.
_FRAMES = ("nav", "footer")
_KINDS = (
    TAGS
    | dict.fromkeys(_FRAMES, _FRAME)
    | dict.fromkeys(_INLINES, _INLINE)
    | dict.fromkeys(_NOT_CONTENT, _NOTHING)
    | {"-text": _TEXT, "br": _BREAK, "a": _LINK}
)


class Holders(NamedTuple):
    """The block elements of a page that hold text, such as <div>, in document order. Entry n of
    each list is about element n; number 0 is the body.

    `parents` has the number of the element around it (0 for the body), `tags` a number for its tag,
    `names` its classes, id and role, and `hidden` whether readers don't see it. The text blocks in
    it have the numbers from `first` up to, but without, `stop`.
    """

    parents: list[int]
    tags: list[int]
    names: list[str]  # the values of id, itemprop, role and class
    hidden: list[bool]  # itself or an ancestor; some sites unhide the article by script
    first: list[int]
    stop: list[int]


class Blocks(NamedTuple):
    """The text blocks of a page (passages such as paragraphs), numbered in the order of the page.

    The first three lists have an entry for each block: `texts` its text, `link_chars` how many of
    its characters are links, and `held_by` the number of the element that contains it. `holders`
    describes these elements. `code` has the text with indentation for blocks of program code, by
    the number of the block. `item_types` has the schema.org type that an element declares, such as
    "LiveBlogPosting", by the number of the element.
    """

    texts: list[str]  # white space collapsed, BREAK for <br>
    link_chars: list[int]
    held_by: list[int]
    holders: Holders
    code: dict[int, str]
    item_types: dict[int, str]


def read_blocks(tree: LexborHTMLParser) -> Blocks:
    """Collect the text blocks of a page (passages such as paragraphs), and the elements around
    them.

    Scripts, images, form controls, menus (<nav>), footers and single hidden words are left out.
    Larger hidden passages are collected, because a page may hide its article until a script shows
    it.
    """
    walk = _Walk()
    pieces = walk.pieces
    hidden_words = _hidden_words(tree)
    node = tree.body.first_child if tree.body else None
    above: list[tuple[LexborNode, int]] = []
    while node is not None:
        name = node.tag or "-"
        try:
            kind = _KINDS[name]
        except KeyError:
            kind = _kind_of(name)
        if kind == _TEXT:
            text = node.text_content or ""
            if pieces or not text.isspace():
                pieces.append(text)
                if walk.in_links:
                    walk.link_chars += len(text.strip())
        elif kind == _BREAK:
            walk.end_line()
        elif kind == _FRAME:
            walk.flush()
        elif kind != _NOTHING and not (
            hidden_words and kind in _WORDS and node.mem_id in hidden_words
        ):
            child = node.first_child
            if child is not None:
                if kind != _INLINE:
                    walk.enter(node, kind)
                above.append((node, kind))
                node = child
                continue
            if kind >= 0 and pieces:
                walk.flush()
        following = node.next
        while following is None and above:
            node, kind = above.pop()
            if kind != _INLINE:
                walk.leave(kind)
            following = node.next
        node = following
    return walk.finish()


def _hidden_words(tree: LexborHTMLParser) -> set[int]:
    """The memory addresses of inline elements that readers don't see. They hold a few words.

    Hidden block elements are collected, because they may be the article itself.
    """
    return {
        node.mem_id
        for node in tree.css(_MAY_BE_HIDDEN)
        if _KINDS.get(node.tag or "") in _WORDS
        and _is_hidden(node.attributes)
        and len(node.text()) <= _MAX_HIDDEN_WORDS
    }


def _kind_of(name: str) -> int:
    """The kind of an element that the table of kinds does not list.

    Comments are skipped, custom elements count as block elements, all others as inline elements.
    """
    if name[0] in "-_!":
        return _NOTHING
    return CUSTOM if "-" in name else _INLINE


class _Walk:
    """Collects the text blocks of a page, while `read_blocks` walks over the page's elements.

    It remembers the elements that the walk is in, the text of the current block (passage of text),
    and all blocks found so far.
    """

    def __init__(self) -> None:
        self.holders = Holders([0], [TAGS["body"]], [""], [False], [0], [0])
        self.blocks = Blocks([], [], [], self.holders, {}, {})
        self.open = 0  # the innermost holder
        self.entered: list[tuple[LexborNode, int]] = []  # become holders with their first block
        self.pieces: list[str] = []
        self.in_links = self.link_chars = 0
        self.in_code = 0  # open <pre> elements, in which line ends count

    def end_line(self) -> None:
        """Handle a <br> in the walk over a page: one ends a line of the current passage of text,
        two in a row end the passage."""
        at = len(self.pieces) - 1
        while at >= 0 and self.pieces[at].isspace():
            at -= 1
        if at >= 0 and self.pieces[at] == BREAK:
            self.flush()
        else:
            self.pieces.append(BREAK)

    def enter(self, node: LexborNode, kind: int) -> None:
        """Handle the start of an element in the walk over a page. A block element, such as <p>,
        ends the current passage of text; in a link, the text counts as link text.

        `kind` says what the element is: for a block element, the number of its tag; for another
        element, such as a link, a constant.
        """
        if kind >= 0:
            if self.pieces:
                self.flush()
            self.entered.append((node, kind))
            self.in_code += kind == _PRE
        elif kind == _LINK:
            self.in_links += 1

    def leave(self, kind: int) -> None:
        """Handle the end of an element in the walk over a page. The end of a block element, such as
        <p>, ends the current passage of text; after a link, the text no longer counts as link text.

        `kind` is the number that was given to `enter` at the start of the same element.
        """
        if kind >= 0:
            if self.pieces:
                self.flush()
            self.in_code -= kind == _PRE
            if self.entered:
                self.entered.pop()
            else:
                self.holders.stop[self.open] = len(self.blocks.texts)
                self.open = self.holders.parents[self.open]
        elif kind == _LINK:
            self.in_links -= 1

    def flush(self) -> None:
        """End the current passage of text, and store it as a block, together with the element that
        holds it. A passage without text is not stored."""
        written = "".join(self.pieces)
        if self.in_code and "\n" in written:
            written = written.replace("\n", BREAK)
        text = " ".join(written.split())
        if BREAK in written:
            text = BREAK.join(filter(None, (line.strip() for line in text.split(BREAK))))
        if text:
            self.open_entered()
            b = self.blocks
            if self.in_code and _INDENTED.search(written):
                b.code[len(b.texts)] = BREAK.join(
                    filter(None, map(with_indents, written.split(BREAK)))
                )
            b.texts.append(text)
            b.link_chars.append(min(self.link_chars, len(text)))
            b.held_by.append(self.open)
        self.pieces.clear()
        self.link_chars = 0

    def open_entered(self) -> None:
        """Add the elements around the current passage of text to `holders`, unless they are in it
        already.

        It is called only when a passage is stored, so `holders` has no elements without text.
        """
        parents, tags, names, hidden, first, stop = self.holders
        for node, tag in self.entered:
            parents.append(self.open)
            hides, name = hidden[self.open], ""
            if attributes := node.attributes:
                name = " ".join([v for n in _NAMED if (v := attributes.get(n))])
                hides = hides or _is_hidden(attributes)
                if item_type := attributes.get("itemtype"):
                    self.blocks.item_types[len(tags)] = item_type.strip().rpartition("/")[2]
            tags.append(tag)
            names.append(name)
            hidden.append(hides)
            first.append(len(self.blocks.texts))
            stop.append(0)
            self.open = len(parents) - 1
        self.entered.clear()

    def finish(self) -> Blocks:
        """End the last passage of text, and return all blocks of the page with the elements around
        them."""
        self.flush()
        self.holders.stop[0] = len(self.blocks.texts)
        return self.blocks


def _is_hidden(attributes: dict[str, str | None]) -> bool:
    style = attributes.get("style")
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or bool(style and _HIDDEN.search(style))
    )
