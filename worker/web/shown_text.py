"""Make text of strangers safe to look at: what is not visible, or turns the direction of the text
around it, is shown as an escape.

Jinja escapes what has a meaning in HTML. This is about what has none and still misleads a reader:
control characters, which browsers drop or replace, and marks that reverse the order of letters.
"""

import re

# Control characters but tab and line end; the embedding and override marks, whose effect may not
# end with the text; invisible marks of interlinear text and tags; and lone surrogates.
_MISLEADING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ufff9-\ufffb\ufeff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def shown_text(text: str) -> str:
    """Replace characters that are not visible, or misleading, by escapes such as `\\x00`."""
    if text.isascii() and text.isprintable():
        return text
    return _MISLEADING.sub(lambda match: _escape(match[0]), text.replace("\r\n", "\n"))


def cut_text(text: str, most: int) -> str:
    """Cut a text after `most` characters, and mark the cut by "…"."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def web_link(url: str) -> str:
    """Return an address if it is one of the web, so that it may be linked, otherwise ""."""
    is_web = url[:8].lower().startswith(("http://", "https://"))
    return url if is_web and url.isprintable() and " " not in url else ""


def _escape(character: str) -> str:
    code = ord(character)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
