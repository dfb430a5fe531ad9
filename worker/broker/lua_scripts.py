"""The Lua scripts that run in the broker, and the format of delivery tags.

A delivery tag names a leased message: `<fencing token>:<n>`. The tag of a group, several messages
that run as one, is `<fencing token>:0,1,2`. The fencing token is a random id, another one for each
claim, so a worker that lost a lease can't ack the message for the worker that holds it now.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

_FOLDER = Path(__file__).parent / "lua"

CLAIM, ACK, RENEW, EXPIRED, MOVE, PUSH, PERMISSIONS = (
    (_FOLDER / f"{name}.lua").read_text("utf-8")
    for name in ("claim", "ack", "renew", "expired", "move", "push", "permissions")
)


def message_tag(token: str, index: int) -> str:
    """The delivery tag of the message at position `index` among the messages of one claim."""
    return f"{token}:{index}"


def group_tag(tags: Sequence[str]) -> str:
    """Combine the delivery tags of messages that run as a group into one tag.

    All are of one claim. For example, `t:0` and `t:2` become `t:0,2`.
    """
    token = tags[0].partition(":")[0]
    return f"{token}:{','.join(tag.partition(':')[2] for tag in tags)}"


def split_group_tags(tags: Iterable[str]) -> list[str]:
    """Split each tag of a group into the delivery tags of its messages, and keep the other tags.

    For example, `t:0,2` becomes `t:0` and `t:2`.
    """
    singles = []
    for tag in tags:
        token, _, indexes = tag.partition(":")
        singles += [f"{token}:{index}" for index in indexes.split(",")] if indexes else [tag]
    return singles
