"""Mark the passages of an article that are evidence for its tags."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from worker.store.view_values import TagRow
from worker.web.shown_text import shown_text

_MOST_SPANS = 2_000  # passages that are marked


class TextPart(NamedTuple):
    """A part of an article's text, and the tags for which it is evidence, each as "scheme:code"."""

    text: str
    tags: tuple[str, ...]


def text_parts(text: str, field: str, tags: Sequence[TagRow], most: int) -> list[TextPart]:
    """Divide the first `most` characters of a text, to mark the passages that are evidence for
    tags.

    `field` says which field of the article the text is, such as its title. A part begins or ends
    where a passage does; passages may overlap, so a part has the tags of all passages that it is
    in. Passages that do not lie within the text are ignored. The parts joined are the text.
    """
    text = text[:most]
    spans = [
        (span["start"], span["end"], f"{tag['scheme']}:{tag['code']}")
        for tag in tags
        for span in tag["spans"]
        if span["field"] == field and 0 <= span["start"] < span["end"] <= len(text)
    ][:_MOST_SPANS]
    return list(_divided(text, spans))


def _divided(text: str, spans: Sequence[tuple[int, int, str]]) -> Iterator[TextPart]:
    starts: dict[int, list[str]] = {}
    ends: dict[int, list[str]] = {}
    for start, end, name in spans:
        starts.setdefault(start, []).append(name)
        ends.setdefault(end, []).append(name)
    open_names: list[str] = []
    before = 0
    for at in sorted({*starts, *ends, len(text)}):
        if at > before:
            yield TextPart(text[before:at], tuple(dict.fromkeys(open_names)))
        for name in ends.get(at, ()):
            open_names.remove(name)
        open_names += starts.get(at, ())
        before = at


def marked_text(parts: Sequence[TextPart], labels: dict[str, str]) -> Markup:
    """Return the parts as HTML, those with tags as marks that name them.

    `labels` maps the name of a tag to its label for people.
    """
    return Markup("").join(_marked(part, labels) for part in parts)


def _marked(part: TextPart, labels: dict[str, Any]) -> Markup:
    text = shown_text(part.text)
    if not part.tags:
        return Markup("{}").format(text)
    title = shown_text(", ".join(labels.get(name) or name for name in part.tags))
    names = json.dumps(part.tags)
    template = '<mark data-tags="{}" title="{}">{}</mark>'
    return Markup(template).format(names, title, text)  # noqa: S704  format() escapes
