"""Articles that stalled are replayed by themselves: once, and when there is time."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import redis

from tests.support.transport import peer
from worker.errors import Reason
from worker.maintenance.stalled_letters import replay_stalled
from worker.model.admission import Payload
from worker.model.records import DeadLetter
from worker.store.sql_store import SqlStore

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def letter(number: int, reason: Reason = Reason.STALLED) -> DeadLetter:
    return DeadLetter(
        receipt=f"r-{reason}-{number}",
        reason=reason,
        detail="killed",
        stage="clean",
        source="wire",
        payload=Payload.of({"id": f"{reason}-{number}", "title": "Harbour"}),
    )


def test_a_stalled_article_is_replayed_once_after_a_while_when_no_message_waits(
    sqlite_store_url: str, valkey_url: str, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKER_BROKER_URL", valkey_url)
    store = SqlStore(sqlite_store_url)
    store.write_dead_letters([letter(1), letter(2), letter(3, Reason.POISON)], now=NOW)
    with peer(valkey_url) as worker:

        def replayed(after_s: float) -> int:
            now = NOW + timedelta(seconds=after_s)
            return replay_stalled(worker.channel, "articles", store, 600, now)

        assert replayed(599) == 0
        valkey.lpush("articles.quarantine", "a message that waits")
        assert replayed(3599) == 0
        valkey.delete("articles.quarantine")
        assert replayed(601) == 2
        message = json.loads(valkey.lindex("articles.replay", 0))
        assert message["headers"]["argsrepr"] == "[2 articles]"
        again = replace(letter(1), receipt=f"replay-{letter(1).letter_id}-1")
        store.write_dead_letters([again], now=NOW + timedelta(seconds=700))
        assert replayed(90_000) == 0
    store.close()


def test_while_messages_keep_waiting_a_stalled_article_waits_six_times_as_long(
    sqlite_store_url: str, valkey_url: str, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKER_BROKER_URL", valkey_url)
    store = SqlStore(sqlite_store_url)
    store.write_dead_letters([letter(1)], now=NOW)
    valkey.lpush("articles", "a message that waits")
    with peer(valkey_url) as worker:
        assert replay_stalled(worker.channel, "articles", store, 600, NOW + timedelta(hours=2)) == 1
    store.close()
