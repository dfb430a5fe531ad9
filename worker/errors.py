"""The errors that this package raises on purpose, named by what happens next.

WorkerError
├── Rejected      the article becomes a dead letter; the rest of its batch is processed
├── Unavailable   the batch goes back to its queue, and is tried again when the service answers
│   ├── Busy      the producer sends the rest later
│   └── Stalled   the batch goes back, with a note of the articles whose runs took too long
└── BadConfig     the process refuses to start
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum


class Reason(StrEnum):
    """Why a raw article was not processed, but set aside in the store as a dead letter.

    The values are stored, so they must not change.
    """

    MALFORMED = "malformed"  # not the JSON object the contract asks for
    TOO_LARGE = "too-large"  # over one of the contract's limits
    UNKNOWN_SCHEMA = "unknown-schema"  # a `schema` this worker does not know
    EMPTY = "empty"  # neither title nor text
    FAILED_FETCH = "failed-fetch"  # an error, a challenge, a paywall or a file instead of a page
    NO_IDENTITY = "no-identity"  # a withdrawal that names neither id nor link
    HOSTILE = "hostile"  # a page built to hang parsers
    CRASHED = "crashed"  # a stage raised an unexpected error
    DEADLINE = "deadline"  # the article took longer than it may
    POISON = "poison"  # each process that tried it was killed
    STALLED = "stalled"  # its runs took too long by the clock, without using the CPU
    UNDELIVERABLE = "undeliverable"  # a message that no worker can process


class WorkerError(Exception):
    """Base class of the errors that this package raises on purpose.

    Their text is written for the people who run the worker.
    """


class Rejected(WorkerError):
    """Raised when a raw article can't be processed, so that it is set aside as a dead letter.

    `reason` is stored with it, and `detail` says more in a sentence.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)  # pickle rebuilds an exception from its arguments
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class Unavailable(WorkerError):
    """Raised when a service, such as broker, store or index, does not answer.

    No article is lost: the batch goes back to its queue, and is tried again later.
    """

    def __init__(self, what: str, detail: str = "") -> None:
        super().__init__(what, detail)
        self.what = what
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.what} is unavailable" + (f": {self.detail}" if self.detail else "")


class Busy(Unavailable):
    """Raised to a producer when the broker is too full to take all of its articles.

    `receipts` has the ids of the articles that were sent before the first unsent one, in order. The
    producer should send all articles after these again, `retry_after_s` seconds later. Some of them
    may have been sent already, if only the queue for floods of articles is full; the worker does
    not store them twice.
    """

    def __init__(self, reason: str, retry_after_s: float, receipts: Sequence[str] = ()) -> None:
        super().__init__("broker", reason)
        self.args = (reason, retry_after_s, receipts)
        self.reason = reason
        self.retry_after_s = retry_after_s
        self.receipts = list(receipts)

    def __str__(self) -> str:
        sent = "1 article is" if len(self.receipts) == 1 else f"{len(self.receipts):,} articles are"
        return (
            f"the broker has enough for now: {self.reason}; {sent} sent, "
            f"send the rest in {self.retry_after_s:g} s"
        )


class Stalled(Unavailable):
    """Raised when the time for a message from the quarantine queue is over, so that it goes back to
    its queue.

    `runs` maps the receipts of some of its articles to the number of runs, in all deliveries of the
    message, that took too long by the clock, but not by CPU time. The article is not to blame for
    such a run, because the machine may have been suspended or busy.
    """

    def __init__(self, detail: str, runs: Mapping[str, int]) -> None:
        super().__init__("time", detail)
        self.args = (detail, runs)  # pickle rebuilds an exception from its arguments
        self.runs = dict(runs)


class BadConfig(WorkerError):
    """Raised when settings or config files are invalid.

    The message names the file or variable, the key, and what was expected there.
    """


def exit_code(error: WorkerError) -> int:
    """The exit code with which a command ends because of this error.

    It is 3 if a service such as the broker does not answer, 4 for invalid settings or config, and 1
    for any other error.
    """
    codes = {Unavailable: 3, BadConfig: 4}
    return next((code for kind, code in codes.items() if isinstance(error, kind)), 1)
