"""Keep the state of alerts in the broker, and let one worker at a time judge.

The state is a text; what is in it is for worker.monitoring. It is written also when the broker is
out of memory, because that is one of the things to be reported.
"""

from typing import Any

from worker.broker import lua_scripts


def take_turn(channel: Any, queue: str, holder: str, for_s: float) -> bool:
    """Let the worker `holder` judge for the next `for_s` seconds, unless another one does so now.

    Returns whether it may. The holder may take its turn again. Raises RedisError or OSError when
    the broker does not answer.
    """
    return _eval(channel, queue, holder, for_s, "")


def write_state(channel: Any, queue: str, state: str, *, holder: str, for_s: float) -> bool:
    """Write the state of alerts, and keep the turn of `holder` for the next `for_s` seconds.

    Nothing is written when the turn is no longer that of `holder`. Returns whether it was written.
    Raises RedisError or OSError when the broker does not answer.
    """
    return _eval(channel, queue, holder, for_s, state)


def read_state(channel: Any, queue: str) -> str:
    """Return the state of alerts in the broker; "" if there is none.

    Raises RedisError or OSError when the broker does not answer.
    """
    _, state_key = _keys(queue)
    with channel.conn_or_acquire() as client:
        text: bytes | None = client.get(channel.global_keyprefix + state_key)
    return (text or b"").decode("utf-8", "replace")


def _eval(channel: Any, queue: str, holder: str, for_s: float, state: str) -> bool:
    arguments = [holder, max(1, round(for_s * 1000)), state]
    return bool(channel.eval(lua_scripts.ALERT_TURN, _keys(queue), arguments))


def _keys(queue: str) -> list[str]:
    return [f"{queue}.alerts.turn", f"{queue}.alerts"]
