"""Format a count together with its noun, in the singular or the plural."""


def several(count: int, what: str, plural: str = "") -> str:
    """Format a count with its noun, such as `1 article` or `1,204 articles`.

    `plural` is the plural of the noun if that is not the noun with an s, such as `entries`.
    """
    return f"{count:,} {what if count == 1 else plural or what + 's'}"
