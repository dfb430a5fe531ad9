"""Write how long each stage of a batch took as a short text, and read it again.

A pool process returns this text to the main process of its worker, which counts the times. It comes
with the result of the task, so it costs no message of its own.
"""

import re
from collections.abc import Mapping

STAGES = ("clean", "dedup", "tag", "store")

_TIME = re.compile(r"\b([a-z]{1,20})=([0-9]{1,12})\b")


def times_text(seconds: Mapping[str, float]) -> str:
    """Write the seconds of each stage as text, in microseconds, such as `clean=1200 tag=300`.

    Returns "" for no times.
    """
    return " ".join(f"{stage}={round(s * 1e6)}" for stage, s in seconds.items())


def times_in(text: str) -> dict[str, float]:
    """Read the seconds of each stage from a text that `times_text` wrote, quoted or not.

    Stages that this version does not know are left out, so any other text gives an empty dict.
    """
    return {stage: int(us) / 1e6 for stage, us in _TIME.findall(text) if stage in STAGES}
