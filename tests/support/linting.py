"""What `worker lint` finds in raw articles."""

from tests.make import NOW
from worker.client.lint import LintResult, lint, rehearsal


def linted(*raws: object) -> list[LintResult]:
    with rehearsal(None) as pipeline:
        named = ((f"feed.jsonl:{n}", raw) for n, raw in enumerate(raws, start=1))
        return list(lint(named, pipeline, NOW))
