"""Recognise a text that is only the frame of a page: its menus, the links of a gallery, lists of
other articles.

Cleaning takes such a text for the article if the page has no other. All pages of a site have it, so
two articles that share it are no copies of each other.
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
    """Return whether a text is nearly all labels: ten lines or more that are short and do not end
    as sentences do. A bar or dot between the labels of one line counts as a new line.

    Tables and results have figures in most lines, and the lines of poems, lists of steps and
    interviews end with marks, so these are no frames.
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
