"""Fuzz cleaning with inputs that reach new code: `make fuzz`, until it finds something or stops.

Whatever comes in, an article or Rejected comes out, with text that can be stored and no markup of
a script. Atheris keeps inputs that reach new code in the folder it is given.
"""

import sys

import atheris

with atheris.instrument_imports(include=["worker.clean"]):
    from tests.clean.ordinary import cleaned
    from worker.errors import Rejected

_TYPES = ("text/html", "text/plain", "application/xhtml+xml", "")
_PIECES = (
    *"<p> </p> <div> </div> <nav> <a href=x> </a> <h1> <br> <li> <td> <table> <svg> <i>".split(),
    *"<script> </script> <!-- --> <title> <time> <b> &amp; &lt; &#0; â€™ By: | 2021-05-01".split(),
    *("<meta name=author content='Ann Lee'>", "<link rel=canonical href=//a.example/1>"),
    *("<div class=byline>", "<script type=application/ld+json>", '{"@type":"Article","author":'),
    *("Read more: ", "Photo: Reuters", "PARIS (AP) - ", "\n", " ", "The harbour reopened. "),
)


def clean_any(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    media_type = provider.PickValueInList(list(_TYPES))
    page = "<!doctype html><html><body>" if provider.ConsumeBool() else ""
    value = page + _value(provider)
    try:
        article = cleaned(content=[{"type": media_type, "value": value}])
    except Rejected:
        return
    article.text.encode()
    assert "\x00" not in article.text


def _value(provider: atheris.FuzzedDataProvider) -> str:
    """Random characters, or pieces of pages in random order with random characters between them."""
    if provider.ConsumeBool():
        return str(provider.ConsumeUnicode(provider.remaining_bytes()))
    pieces = []
    while provider.remaining_bytes():
        ordinary = provider.ConsumeIntInRange(0, 7)
        pieces.append(
            provider.PickValueInList(list(_PIECES)) if ordinary else provider.ConsumeUnicode(8)
        )
    return "".join(pieces)


def main() -> None:
    atheris.Setup(sys.argv, clean_any)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
