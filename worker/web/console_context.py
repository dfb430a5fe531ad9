"""What the pages and the API of the web server need: store, settings, sessions, running jobs."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from threading import Event

from starlette.requests import Request

from worker import background
from worker.background import BackgroundLoop
from worker.clean.cleaning_rules import UrlRules
from worker.client.producer import Producer
from worker.config.monitoring_rules import AttentionRules
from worker.errors import WorkerError
from worker.monitoring.source_reading import LearnedSourceCache
from worker.monitoring.status_values import Status
from worker.settings import Settings
from worker.store.access_values import AuditEntry
from worker.store.ports import ArticleStore
from worker.web.access import password_is_set, password_of
from worker.web.cached_config import CachedConfig
from worker.web.caller import Caller
from worker.web.console_broker import ConsoleBroker
from worker.web.outcome_hours import OutcomeHours
from worker.web.rate_meter import RateMeter
from worker.web.replay_job import ReplayJobs
from worker.web.rule_trials import RuleTrials
from worker.web.sessions import SessionCookies
from worker.web.sign_in_limit import SignInLimit
from worker.web.source_lines import SourceLines
from worker.web.source_pauses import SourcePauses
from worker.web.source_watch import SourceWatch

_AHEAD_S = 30.0


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Console:
    """What the pages and the API of the web server share: the store, the settings, sessions, and
    running jobs.

    `read_status` returns the state of the whole system. `open_producer` opens a connection by which
    dead letters are sent to the workers again. `now` returns the present time. `learned` is what is
    known about how sources usually deliver, if the server has it already; None: the console learns
    it itself. `rate` measures how many articles a second are processed.
    """

    settings: Settings
    store: ArticleStore
    read_status: Callable[[], Status]
    open_producer: Callable[[], Producer] = Producer
    now: Callable[[], datetime] = _now
    replays: ReplayJobs = field(default_factory=ReplayJobs)
    sign_ins: SignInLimit = field(default_factory=SignInLimit)
    learned: LearnedSourceCache | None = None
    rate: RateMeter = field(default_factory=RateMeter)

    @property
    def can_act(self) -> bool:
        """Whether somebody who has signed in may change something: a password is set, and the
        server is not read-only."""
        return self.has_password and not self.settings.web_read_only

    @cached_property
    def has_password(self) -> bool:
        """Whether a password is set, so that people sign in."""
        return password_is_set(self.settings)

    @cached_property
    def sessions(self) -> SessionCookies:
        return SessionCookies(password_of(self.settings))

    @cached_property
    def pauses(self) -> SourcePauses:
        """The sources that are paused."""
        return SourcePauses(self.settings, self.broker)

    @cached_property
    def sources(self) -> SourceWatch:
        """The reader of how all sources deliver. What it returns is about a minute old at most."""
        return SourceWatch(
            *(self.store, self.pauses, self.read_status, self.learned, self.now),
            planned=lambda: self.rules.get().monitoring.attention.planned_pauses,
        )

    @cached_property
    def source_lines(self) -> SourceLines:
        """The lines that each source repeats around its articles."""
        return SourceLines(self.settings, self.store)

    @cached_property
    def outcome_hours(self) -> OutcomeHours:
        """The numbers of articles by outcome in each hour of the last week."""
        return OutcomeHours(self.store)

    @cached_property
    def attention(self) -> AttentionRules:
        """The rules that say what needs attention."""
        return self.rules.get().monitoring.attention

    @cached_property
    def broker(self) -> ConsoleBroker:
        """The connection to the broker, for pauses and the state of alerts."""
        return ConsoleBroker(self.settings)

    @cached_property
    def rules(self) -> CachedConfig:
        """The rule files of this machine."""
        return CachedConfig(self.settings.config_dir)

    @cached_property
    def trials(self) -> RuleTrials:
        """Trials of drafts of rule files, one at a time."""
        return RuleTrials(self.settings.config_dir)

    def read_ahead(self) -> BackgroundLoop:
        """Start a loop that reads what is slow to read before anybody asks, and return it."""
        wake = Event()
        self.sources.expect_preparation(wake.set)

        def prepare() -> None:
            self.sources.prepare()
            with suppress(WorkerError):  # a page that needs it says so
                self.outcome_hours.read(self.now())
                self.rules.get()

        return background.start_loop("web-ahead", prepare, pause_s=_AHEAD_S, wake=wake)

    def link_rules(self) -> UrlRules:
        """Return the rules by which the links of articles are normalised before they are stored, so
        that a link can be looked for in the same form."""
        return self.rules.get().cleaning.urls

    def note(self, caller: Caller, action: str, about: str, **details: object) -> None:
        """Add an entry to the audit log: who did what, and when.

        `action` is what the caller did now, `about` names the thing it was done to, and `details`
        are values that are kept with the entry.
        """
        entry = AuditEntry(
            at=self.now(), who=caller.name, action=action, about=about, details=details
        )
        self.store.access.add_audit_entry(entry)


def console_of(request: Request) -> Console:
    """The console that a request is for."""
    console: Console = request.app.state.console
    return console
