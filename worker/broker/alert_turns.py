"""Keep the state of alerts in the broker, and choose the one worker that looks for incidents.

One worker at a time judges the state of the system; it has the turn. The state of alerts is a text,
which worker.monitoring writes and reads. It is also written when the broker is out of memory,
because that is one of the things to be reported.
"""

from typing import Any

from worker.broker import lua_scripts


def take_turn(channel: Any, queue: str, holder: str, for_s: float) -> bool:
    """Ask for the turn of the worker `holder`: to be the only one that looks for incidents.

    Returns True if it has the turn for the next `for_s` seconds, and False if another worker has
    it. The worker that has the turn may ask again. Raises RedisError or OSError when the broker
    does not answer.
    """
    return _eval(channel, queue, holder, for_s, "")


def write_state(channel: Any, queue: str, state: str, *, holder: str, for_s: float) -> bool:
    """Write the state of alerts, and prolong the turn of the worker `holder` by `for_s` seconds
    from now.

    Returns False, and writes nothing, if the turn now belongs to another worker. Raises RedisError
    or OSError when the broker does not answer.
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
