"""The Lua scripts that run in the broker, and the format of delivery tags.

A delivery tag names a message that a worker took from its queue. It is `<token>:<n>`: the token is
a random id of the claim that took the message, and n its position among the messages of that claim.
Several messages that run together share the tag `<token>:0,1,2`. A worker whose lease of a message
expired can't ack it for the worker that has it now, because the second claim has another token.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

_FOLDER = Path(__file__).parent / "lua"

CLAIM, ACK, RENEW, SWEEP, MOVE, PUSH, COUNT, RELOCATE, FOREIGN, PERMISSIONS, ANNOUNCE, STATUS = (
    (_FOLDER / f"{name}.lua").read_text("utf-8")
    for name in (
        *("claim", "ack", "renew", "sweep", "move", "push"),
        *("count", "relocate", "foreign", "permissions", "announce", "status"),
    )
)
PAUSE = (_FOLDER / "pause.lua").read_text("utf-8")
ALERT_TURN = (_FOLDER / "alert_turn.lua").read_text("utf-8")


def message_tag(token: str, index: int) -> str:
    """The delivery tag, `token:index`, which names one message that a worker took from its queue.

    `token` is the random id of the claim that took the message, and `index` the position of the
    message among those of the claim.
    """
    return f"{token}:{index}"


def group_tag(tags: Sequence[str]) -> str:
    """Combine the delivery tags of several messages that run together into one delivery tag.

    A delivery tag names a message that a worker took, as `token:position`. All of `tags` must have
    the same token, that of the claim which took the messages. For example, `t:0` and `t:2` become
    `t:0,2`.
    """
    token = tags[0].partition(":")[0]
    return f"{token}:{','.join(tag.partition(':')[2] for tag in tags)}"


def split_group_tags(tags: Iterable[str]) -> list[str]:
    """Split each delivery tag that names several messages into one tag for each message.

    A delivery tag names messages that a worker took. For example, `t:0,2` becomes `t:0` and `t:2`;
    a tag that names one message stays as it is.
    """
    singles = []
    for tag in tags:
        token, _, indexes = tag.partition(":")
        singles += [f"{token}:{index}" for index in indexes.split(",")] if indexes else [tag]
    return singles


def ack_arguments(
    tags: Sequence[str],
    counts: Mapping[str, int] | None = None,
    recent: tuple[int, int] = (0, 0),
) -> list[str | int]:
    """Return the arguments of the Lua script ACK, which deletes processed messages from the broker.

    `tags` are delivery tags, each of which names one message that a worker took. `counts` are
    numbers that the script adds to the workers' counters in the broker, by the names of the
    counters. `recent` has the number of messages in these counts, and the microseconds that pool
    processes worked on them; the script adds them up by minute.
    """
    if not counts:
        return [len(tags), *tags]
    pairs = [part for field_and_number in counts.items() for part in field_and_number]
    return [len(tags), *tags, *recent, *pairs]
