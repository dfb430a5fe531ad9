"""The result of one check of `worker doctor`."""

from dataclasses import dataclass
from enum import StrEnum


class CheckState(StrEnum):
    """What a check of `worker doctor` found: all is right, something is worth knowing, or
    something must be mended."""

    OK = "ok"
    NOTE = "note"  # works, but somebody should know
    MEND = "mend"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The result of one check of `worker doctor`.

    `what` names what was checked, and `found` says what was found. `state` says whether that is all
    right, worth knowing, or must be mended; `mend` is the advice how, "" if there is none.
    """

    what: str
    state: CheckState
    found: str
    mend: str = ""
