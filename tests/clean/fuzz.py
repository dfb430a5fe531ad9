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


def clean_any(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    media_type = provider.PickValueInList(list(_TYPES))
    page = "<!doctype html><html><body>" if provider.ConsumeBool() else ""
    value = page + provider.ConsumeUnicode(provider.remaining_bytes())
    try:
        article = cleaned(content=[{"type": media_type, "value": value}])
    except Rejected:
        return
    article.text.encode()
    assert "\x00" not in article.text


def main() -> None:
    atheris.Setup(sys.argv, clean_any)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
