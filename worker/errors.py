"""What can go wrong, named by what happens next.

WorkerError
├── Rejected      this article    -> dead letter, its neighbours go on
├── Unavailable   this batch      -> put back, tried again when the service answers
│   └── Busy      a producer      -> sends the rest later
└── BadConfig     this process    -> refuses to start
"""

from collections.abc import Sequence
from enum import StrEnum


class Reason(StrEnum):
    """Why a raw article became a dead letter. Slugs are stable: they are counters and filters."""

    MALFORMED = "malformed"  # not the JSON object the contract asks for
    TOO_LARGE = "too-large"  # over one of the contract's limits
    UNKNOWN_SCHEMA = "unknown-schema"  # a `schema` this worker does not know
    EMPTY = "empty"  # nothing to read in it: neither title nor text
    FAILED_FETCH = "failed-fetch"  # no page came, but an error, a challenge, a wall or a file
    NO_IDENTITY = "no-identity"  # a withdrawal that names neither id nor link
    HOSTILE = "hostile"  # a page built to hang parsers
    CRASHED = "crashed"  # a stage raised what it should not
    DEADLINE = "deadline"  # a stage took longer than an article may
    POISON = "poison"  # killed every process that tried it
    UNDELIVERABLE = "undeliverable"  # a message that no worker could take


class WorkerError(Exception):
    """Parent of every error this package raises on purpose."""


class Rejected(WorkerError):
    """One raw article can't be processed: it becomes a dead letter with this reason."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)  # as given: exceptions cross processes by their arguments
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class Unavailable(WorkerError):
    """A service does not answer: nothing is lost, the batch goes back and is tried again."""

    def __init__(self, what: str, detail: str = "") -> None:
        super().__init__(what, detail)
        self.what = what
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.what} is unavailable" + (f": {self.detail}" if self.detail else "")


class Busy(Unavailable):
    """The broker has enough for now: send the rest after `retry_after_s`; `receipts` are sent."""

    def __init__(self, reason: str, retry_after_s: float, receipts: Sequence[str] = ()) -> None:
        super().__init__("broker", reason)
        self.args = (reason, retry_after_s, receipts)
        self.reason = reason
        self.retry_after_s = retry_after_s
        self.receipts = list(receipts)

    def __str__(self) -> str:
        return (
            f"the broker has enough for now: {self.reason}; {len(self.receipts)} articles are "
            f"sent, send the rest in {self.retry_after_s:g} s"
        )


class BadConfig(WorkerError):
    """Settings or config are wrong: the message names the place, the key and what was expected."""


def exit_code(error: WorkerError) -> int:
    """What a command ends with: 3 a service does not answer, 4 settings or config are wrong."""
    codes = {Unavailable: 3, BadConfig: 4}
    return next((code for kind, code in codes.items() if isinstance(error, kind)), 1)
