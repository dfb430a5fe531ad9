"""Make text of strangers safe to look at: what is not visible, or turns the direction of the text
around it, is shown as an escape.

Jinja escapes what has a meaning in HTML. This is about what has none and still misleads a reader:
control characters, which browsers drop or replace, and marks that reverse the order of letters.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

# Control characters but tab and line ends; the embedding and override marks, whose effect may not
# end with the text; invisible marks of interlinear text and tags; and lone surrogates.
_MISLEADING = (
    *((0x00, 0x08), (0x0B, 0x0C), (0x0E, 0x1F), (0x7F, 0x9F), (0x202A, 0x202E)),
    *((0xFFF9, 0xFFFB), (0xFEFF, 0xFEFF), (0xD800, 0xDFFF), (0xE0000, 0xE007F)),
)


def _escape(code: int) -> str:
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


_ESCAPES = {code: _escape(code) for first, last in _MISLEADING for code in range(first, last + 1)}


def shown_text(text: str) -> str:
    """Replace characters that are not visible, or misleading, by escapes such as `\\x00`."""
    if text.isascii() and text.isprintable():
        return text
    return text.replace("\r\n", "\n").translate(_ESCAPES)


def cut_text(text: str, most: int) -> str:
    """Cut a text after `most` characters, and mark the cut by "…"."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def page_link(path: str, parameters: Mapping[str, Any] | None = None, **changes: Any) -> str:
    """Return the address of a page: its path and these query parameters, those in `changes` in
    place of ones with the same name. Parameters that are empty or None are left out."""
    all_of = {**(parameters or {}), **changes}
    given = {name: str(value) for name, value in all_of.items() if value not in (None, "")}
    encoded = {name: value.encode("utf-8", "replace") for name, value in given.items()}
    return f"{path}?{urlencode(encoded)}" if encoded else path


def web_link(url: str) -> str:
    """Return an address if it is one of the web (HTTP or HTTPS), so that a page may link to it;
    otherwise "", so that no link runs a script."""
    is_web = url[:8].lower().startswith(("http://", "https://"))
    return url if is_web and url.isprintable() and " " not in url else ""
