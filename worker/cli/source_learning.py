"""What is learned of a source, for `worker sources`: index and store, side by side."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

from worker import bootstrap
from worker.clean.lines.source_boilerplate import LEARNED, PINNED, SourceBoilerplate, line_key
from worker.cli.terminal import out, print_table
from worker.config.loader import load_config
from worker.errors import Unavailable
from worker.model.admission import Frozen
from worker.settings import Settings
from worker.store.values import RemovedLineCount


class Repeated(Frozen):
    """A line that is left out of what this source sends, or would be."""

    line: str  # as it stood when it was last left out; "" when that never happened
    how: str  # learned, pinned, refused; forgotten: it was left out and is not any more
    since: date | None = None  # in the window that counts
    texts: int = 0  # that had it
    days: int = 0  # that brought new ones
    left_out: int = 0  # times
    last: datetime | None = None


class Told(Frozen):
    version: str  # of what is learned, "" when that is nothing
    lines: tuple[Repeated, ...]
    silent: str = ""  # why the index could not be asked


def told(source: str, left_out: Sequence[RemovedLineCount], settings: Settings) -> Told:
    config = load_config(settings.config_dir)
    try:
        its = bootstrap.boilerplate(settings, config, start=False).learned(
            [source], datetime.now(UTC)
        )
    except Unavailable as e:
        return Told(
            version="", lines=tuple(_rows(source, SourceBoilerplate(), left_out)), silent=str(e)
        )
    learned = its.get(source, SourceBoilerplate())
    rules = config.cleaning.learned
    given = [
        Repeated(line=line, how=how)
        for how, lines in ((PINNED, rules.pinned), ("refused", rules.refused))
        for line in lines.get(source, ())
    ]
    rows = _rows(source, learned, [each for each in left_out if each.rule == LEARNED])
    pinned = {line_key(source, e.line): e for e in left_out if e.rule == PINNED}
    counted = (
        each.model_copy(update={"left_out": met.times, "last": met.last})
        if (met := pinned.get(line_key(source, each.line)))
        else each
        for each in given
    )
    return Told(version=learned.version, lines=(*rows, *counted))


def _rows(
    source: str, learned: SourceBoilerplate, left_out: Sequence[RemovedLineCount]
) -> Iterator[Repeated]:
    met = {line_key(source, each.line): each for each in left_out}
    for key in dict.fromkeys((*learned.lines, *met)):
        known, seen = learned.lines.get(key), met.get(key)
        yield Repeated(
            line=seen.line if seen else "",
            how=LEARNED if known else "forgotten",
            since=date.fromordinal(known.since) if known else None,
            texts=known.texts if known else 0,
            days=known.days if known else 0,
            left_out=seen.times if seen else 0,
            last=seen.last if seen else None,
        )


def print_repeated(repeated: Told) -> None:
    if repeated.silent:
        out.print(f"  learned    nothing can be told: {repeated.silent}", markup=False)
    if not repeated.lines:
        out.print("  repeats    no line is learned, pinned or refused")
        return
    columns = ("line", "how", "since", "texts", "days", "left out", "last")
    rows = (
        (
            *(r.line or "(not met since)", r.how, r.since or "", r.texts or "", r.days or ""),
            *(r.left_out, r.last or ""),
        )
        for r in repeated.lines
    )
    version = f", version {repeated.version}" if repeated.version else ""
    print_table(f"{len(repeated.lines)} lines that it repeats{version}", columns, rows)
