"""Tell in sentences why an article could not be processed, and which commands help."""

from collections.abc import Iterator

from worker.errors import Reason
from worker.explain.wording import moment
from worker.model.short_ids import short_id
from worker.store.dead_letter_values import DeadLetterState, StoredDeadLetter

# The contract's reasons: the same payload fails again, unless a newer worker reads more.
_SAME_EACH_TIME = (
    Reason.MALFORMED,
    Reason.TOO_LARGE,
    Reason.UNKNOWN_SCHEMA,
    Reason.EMPTY,
    Reason.NO_IDENTITY,
)


def dead_letter_sentences(dead_letter: StoredDeadLetter) -> Iterator[str]:
    """Tell in sentences why an article could not be processed, and whether it was sent again.

    `dead_letter` is the record that the store keeps of such an article.
    """
    times = (
        "once"
        if dead_letter.seen == 1
        else f"{dead_letter.seen} times, first {moment(dead_letter.first)}"
    )
    yield (
        f"It could not be processed: {dead_letter.reason}, "
        f"{dead_letter.detail or 'no detail is left'}. "
        f"It ended in the stage {dead_letter.stage!r}, {times}, last {moment(dead_letter.last)}."
    )
    if dead_letter.state is DeadLetterState.REPLAYING:
        yield f"It was sent again under the receipt {dead_letter.replay} and waits for its outcome."
    elif dead_letter.state is DeadLetterState.REPLAYED:
        became = f"became {dead_letter.outcome}" if dead_letter.outcome else "is back on its queue"
        if dead_letter.article_id:
            became += f", article {short_id(dead_letter.article_id)}"
        yield f"It was sent again under the receipt {dead_letter.replay} and {became}."
    else:
        yield dead_letter_advice(dead_letter)


def dead_letter_advice(dead_letter: StoredDeadLetter) -> str:
    """Say in a sentence which commands help with an article that could not be processed.

    `dead_letter` is the record that the store keeps of such an article. If nothing but another
    payload can cure it, the sentence tells how to mend the article, else how to send it again.
    """
    start = short_id(dead_letter.letter_id)
    if dead_letter.reason in _SAME_EACH_TIME:
        whole = "" if dead_letter.whole else ", of which only the beginning was kept"
        return (
            f"It is kept. A replay fails again until its payload{whole} is mended: "
            f"worker dead show {start} --raw > article.json, edit that file, "
            f"worker dead replay {start} --with article.json --yes"
        )
    return f"It is kept: worker dead show {start}, worker dead replay {start}"
