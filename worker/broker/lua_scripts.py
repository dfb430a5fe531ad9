"""The Lua scripts of the broker, and the format of delivery tags.

The tag of one message is `<fencing token>:<n>`; the tag of a group of messages that run as one is
`<fencing token>:0,1,2`. Each claim has its own fencing token, so a worker that lost a lease can't
ack the message for the worker that holds it now.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

_FOLDER = Path(__file__).parent / "lua"

CLAIM, ACK, RENEW, EXPIRED, MOVE, PUSH = (
    (_FOLDER / f"{name}.lua").read_text("utf-8")
    for name in ("claim", "ack", "renew", "expired", "move", "push")
)


def message_tag(token: str, index: int) -> str:
    """The delivery tag of one message of a claim."""
    return f"{token}:{index}"


def group_tag(tags: Sequence[str]) -> str:
    """Combine delivery tags of one claim into one for the group."""
    token = tags[0].partition(":")[0]
    return f"{token}:{','.join(tag.partition(':')[2] for tag in tags)}"


def split_group_tags(tags: Iterable[str]) -> list[str]:
    """The delivery tags of single messages, with the tags of groups split into their messages."""
    singles = []
    for tag in tags:
        token, _, indexes = tag.partition(":")
        singles += [f"{token}:{index}" for index in indexes.split(",")] if indexes else [tag]
    return singles
