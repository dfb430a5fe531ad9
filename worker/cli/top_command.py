"""`worker top`: the state of the whole system on one screen, read again every two seconds.

The screen is drawn anew after each reading and each key. Without a terminal, the state is printed
once, as `worker status` prints it.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import click
from rich.console import Group, RenderableType
from rich.text import Text

from worker.cli.dead_letter_tables import make_letter_table
from worker.cli.finite_numbers import FiniteRange
from worker.cli.sparkline import sparkline
from worker.cli.status_command import print_status
from worker.cli.status_reading import StatusReader, status_reader
from worker.cli.status_text import figures, first_lines, sections
from worker.cli.terminal import moment, out, visible
from worker.errors import Unavailable
from worker.model.records import OutcomeKind
from worker.monitoring.status_values import LaneStatus, Status
from worker.settings import Settings
from worker.store.dead_letter_values import DeadLetterQuery, StoredDeadLetter
from worker.store.hourly_values import HourlyCount, hour_of
from worker.store.ports import DeadLetterReader

HOURS = 24
CHART_S = 60.0  # the chart of hours is read again after this time
_LETTERS = 10
_SAMPLES = 60  # of the drain time
_END = "\x04"  # Ctrl-D
_KEYS = "d: dead letters   p: pause or resume a lane   q: quit"

ReadKey = Callable[[float], str]


@click.command(epilog="Example: worker top --every 5")
@click.option(
    "--every",
    type=FiniteRange(0.5, 3600),
    default=2.0,
    show_default=True,
    help="Seconds between two readings.",
)
def top(every: float) -> None:
    """Show the state of queues and workers on one screen, again and again.

    Below it are charts of the articles of the last 24 hours by outcome (UTC, the present hour
    last), and of the drain time since this command began: an estimate of how long the present
    workers need for all that waits. Keys: d shows the newest dead letters, p asks which lane (a
    queue of the workers: live, bulk or quarantine) to pause or resume, q ends.

    Without a terminal, the state is printed once, and the exit code is that of `worker status`.
    """
    with status_reader(Settings.load()) as reader:
        screen = Screen(reader)
        if not (sys.stdin.isatty() and out.is_terminal):
            print_status(screen.status)
            for line in screen.chart_lines():
                out.print(line, markup=False, soft_wrap=True)
            sys.exit(1 if screen.status.attention else 0)
        with _single_keys() as read_key:
            run(screen, read_key, every)


class Screen:
    """What `worker top` shows: the last reading of the state, with what was read before it.

    `shows_letters` says whether dead letters are shown in place of the tables. `asks_lane` is true
    while it asks which lane to pause or resume, and `asked` is the lane that is to be confirmed.
    `notice` says what was done last.
    """

    def __init__(self, reader: StatusReader) -> None:
        self._reader = reader
        self._drains: list[float] = []
        self._hours: list[HourlyCount] = []
        self._hours_read = float("-inf")
        self._letters: list[StoredDeadLetter] = []
        self.shows_letters = False
        self.asks_lane = False
        self.asked: LaneStatus | None = None
        self.notice = ""
        self.status = self.read()

    def read(self) -> Status:
        """Read the state of the system again, and the chart or the list of dead letters if it is
        shown."""
        self.status = status = self._reader.read()
        if status.scale.drain_s is not None:
            self._drains = [*self._drains[1 - _SAMPLES :], status.scale.drain_s]
        if "store" not in status.unreachable:
            if time.monotonic() - self._hours_read > CHART_S:
                self._hours_read = time.monotonic()
                since = datetime.now(UTC) - timedelta(hours=HOURS - 1)
                self._hours = self._reader.store.outcomes_by_hour(since)
            if self.shows_letters:
                self._letters = newest_letters(self._reader.store)
        return status

    def press(self, key: str) -> bool:
        """Do what a key stands for. Returns False if it ends the command."""
        self.notice = ""
        if key == _END:
            return False
        if self.asks_lane or self.asked:
            self._answer(key)
        elif key == "q":
            return False
        elif key == "p" and self.status.lanes:
            self.asks_lane = True
        elif key == "d":
            self.shows_letters = not self.shows_letters
            self.read()
        return True

    def _answer(self, key: str) -> None:
        """Take a key as the answer to what was asked; any that is no answer ends the asking."""
        numbered = {str(n): lane for n, lane in enumerate(self.status.lanes, start=1)}
        confirmed = self.asked if key == "y" else None
        self.asked = numbered.get(key) if self.asks_lane else None
        self.asks_lane = False
        if confirmed is None:
            return
        try:
            self._reader.set_pause(confirmed.lane, paused=not confirmed.paused)
        except Unavailable as e:
            self.notice = str(e)
            return
        self.notice = f"{confirmed.lane} is {'resumed' if confirmed.paused else 'paused'}"
        self.read()

    def _bottom(self) -> str:
        if self.asks_lane:
            lanes = (f"{n}: {lane.lane}" for n, lane in enumerate(self.status.lanes, start=1))
            return f"pause or resume which lane?   {'   '.join(lanes)}   another key: none"
        if self.asked:
            change = "resume" if self.asked.paused else "pause"
            return f"{change} {self.asked.lane} on all hosts?   y: yes   another key: no"
        notice = f"{self.notice}   " if self.notice else ""
        return f"{notice}{moment(self.status.at)} UTC   {_KEYS}"

    def chart_lines(self) -> Iterator[str]:
        """Yield a line of blocks for each outcome in the last 24 hours, and for the drain time."""
        for outcome, numbers in by_outcome(self._hours, datetime.now(UTC)).items():
            yield f"{outcome:>13}  {sparkline(numbers)}  {sum(numbers):,} in {HOURS} h"
        if len(self._drains) > 1:
            tenths = [round(10 * drain_s) for drain_s in self._drains]
            yield f"{'drain':>13}  {sparkline(tenths)}  {self._drains[-1]:.1f} s"

    def draw(self) -> RenderableType:
        """Return what is to be on the screen now."""
        first, *more = first_lines(self.status)
        parts: list[RenderableType] = [Text(visible(first), style="bold"), *map(_line, more)]
        if self.shows_letters:
            letters = make_letter_table(self._letters) if self._letters else "there are none"
            parts += ["", _title("newest dead letters"), letters]
        else:
            for title, table in sections(self.status):
                parts += ["", _title(title), table]
            parts.append("")
            parts += [_line(f"{name:>13}  {value}") for name, value in figures(self.status)]
            parts += map(_line, self.chart_lines())
        parts += ["", Text(visible(self._bottom(), one_line=True), style="dim")]
        return Group(*parts)


def run(screen: Screen, read_key: ReadKey, every_s: float) -> None:
    """Show the screen until a key ends it. `read_key` waits for a key for some seconds, and returns
    "" if none was pressed."""
    from rich.live import Live  # 20 ms that most commands can do without

    with Live(screen.draw(), console=out, screen=True, auto_refresh=False) as live:
        due = time.monotonic() + every_s
        while True:
            key = read_key(max(0.0, due - time.monotonic()))
            if key and not screen.press(key):
                return
            if time.monotonic() >= due:
                screen.read()
                due = time.monotonic() + every_s
            live.update(screen.draw(), refresh=True)


def by_outcome(counts: list[HourlyCount], now: datetime) -> dict[OutcomeKind, list[int]]:
    """Return for each outcome the numbers of articles in the last 24 hours, the earliest first.

    An outcome that no article had in that time is left out.
    """
    first = hour_of(now) - HOURS + 1
    numbers = {kind: [0] * HOURS for kind in OutcomeKind}
    for hour, outcome, articles in counts:
        if outcome in numbers and 0 <= hour - first < HOURS:
            numbers[OutcomeKind(outcome)][hour - first] += articles
    return {kind: of_kind for kind, of_kind in numbers.items() if any(of_kind)}


def newest_letters(store: DeadLetterReader) -> list[StoredDeadLetter]:
    """Return the dead letters (articles that could not be processed) that failed last."""
    return store.letters(store.letter_ids(DeadLetterQuery(limit=_LETTERS)))


def _title(text: str) -> Text:
    return Text(visible(text), style="bold")


def _line(text: str) -> Text:
    return Text(visible(text, one_line=True), no_wrap=True, overflow="ellipsis")


@contextmanager
def _single_keys() -> Iterator[ReadKey]:
    """Let each key be read at once, without the Enter key, until the `with` block ends."""
    import select
    import termios
    import tty

    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)

    def read_key(timeout_s: float) -> str:
        ready, _, _ = select.select([keyboard], [], [], timeout_s)
        # A terminal that was closed is ready, and has nothing to read.
        return (os.read(keyboard, 1).decode("latin-1") or _END) if ready else ""

    try:
        tty.setcbreak(keyboard)
        yield read_key
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
