"""Recognise a text that consists only of parts of a page that are no article: its menus, the links
of a gallery, lists of other articles.

Cleaning takes such a text for the article if the page has no other. All pages of a site have the
same menus, so two articles with the same text of this kind are no copies of each other.
"""

import re

_MIN_LABELS = 10  # shorter lists occur in articles
_MAX_SENTENCES = 0.15  # share of the characters: a notice of copyright, a caption
_MAX_FIGURES = 0.4  # share of the characters in lines with figures: tables have more
_MAX_LABEL_CHARS = 100  # of one link, such as the title of another article
# With longer lines on average, sentences have more than their share. Most articles end here.
_MAX_MEAN_CHARS = _MAX_LABEL_CHARS / (1 - _MAX_SENTENCES) + 2
_SENTENCE_ENDS = frozenset(".!?…:;,\"'“”»«)。！？」』：；，、।॥؟؛،።။၊")  # of lines and verses
_FIGURE = re.compile(r"\d")
_BETWEEN_LABELS = re.compile(r"[\n\t|·•]")


def is_frame(text: str) -> bool:
    """Return whether a text is nearly all labels, as in the menus of a page: at least ten lines
    that are short and do not end with a mark such as a full stop. A bar or dot between two labels
    in one line counts as a line break.

    A text with figures in most lines, such as a table of results, is no such text.
    """
    count = 1 + sum(map(text.count, "\n\t|·•")) - text.count("\n\n")
    if count < _MIN_LABELS or len(text) > _MAX_MEAN_CHARS * count:
        return False
    labels = sentences = figures = size = 0
    for line in filter(None, map(str.strip, _BETWEEN_LABELS.split(text))):
        size += len(line)
        if len(line) > _MAX_LABEL_CHARS or line[-1] in _SENTENCE_ENDS:
            sentences += len(line)
            if sentences > _MAX_SENTENCES * len(text):
                return False
        elif _FIGURE.search(line):
            figures += len(line)
        else:
            labels += 1
    few_others = sentences <= _MAX_SENTENCES * size and figures <= _MAX_FIGURES * size
    return labels >= _MIN_LABELS and few_others
