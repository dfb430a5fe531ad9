"""The Lua scripts of the broker, and how delivery tags are written.

A tag is `<fencing tag>:<n>`; a group of messages that run as one has `<fencing tag>:0,1,2`.
Each claim has a fencing tag of its own, so who lost a lease can't ack for who has it now.
"""

from collections.abc import Iterable
from pathlib import Path

_FOLDER = Path(__file__).parent / "lua"

CLAIM, ACK, RENEW, EXPIRED, MOVE, PUSH = (
    (_FOLDER / f"{name}.lua").read_text("utf-8")
    for name in ("claim", "ack", "renew", "expired", "move", "push")
)


def members(tags: Iterable[str]) -> list[str]:
    """The tags of single messages behind these, groups taken apart."""
    singles = []
    for tag in tags:
        fence, _, places = tag.partition(":")
        singles += [f"{fence}:{place}" for place in places.split(",")] if places else [tag]
    return singles


def group_tag(tags: list[str]) -> str:
    """Combine delivery tags of one claim into one for the group."""
    fence = tags[0].partition(":")[0]
    return f"{fence}:{','.join(tag.partition(':')[2] for tag in tags)}"
