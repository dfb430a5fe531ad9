"""The command `worker` with its subcommands.

Each exits with 0 when it is done, 1 when it is done but something needs a look, 2 for wrong usage,
3 when a service does not answer, 4 when settings or config are wrong, and 130 when interrupted.
"""

import io
import sys
from importlib import import_module

import click

from worker.errors import Unavailable, WorkerError, exit_code
from worker.model.log_lines import escaped
from worker.model.private_files import restrict_umask

EXIT_LOOK, EXIT_UNAVAILABLE, EXIT_INTERRUPTED = 1, 3, 130
_EXAMINED = (
    "broker",
    "index",
    "store",
)  # services that `worker doctor` checks; other errors say what to do themselves
_SENDING = ("run", "enqueue", "retag", "reclean", "resume")  # commands that put messages on a queue

# Grouped by their users. A module is imported when its command runs, so `worker --help` is fast.
GROUPS = {
    "Try it": {
        "run": ("run_command:run", "Ingest files from beginning to end on this machine."),
        "down": ("operations_commands:down", "Stop the embedded broker."),
    },
    "Push articles": {
        "enqueue": ("enqueue_command:enqueue", "Put raw articles from files on the queue."),
        "lint": ("lint_command:lint_articles", "Say what is wrong with raw articles."),
        "schema": ("schema_command:schema", "Print the contract raw-article/1."),
    },
    "Read results": {
        "search": ("search_commands:search", "Find articles by word, tag, source or date."),
        "show": ("search_commands:show", "Show everything about one article."),
        "explain": ("explain_command:explain", "Explain what happened to an article or receipt."),
        "export": ("export_command:export", "Write articles as JSON lines, CSV or Parquet."),
        "changes": ("changes_command:changes", "Print changes of articles since a cursor."),
    },
    "Change the rules": {
        "clean": ("clean_command:clean", "Show what cleaning makes of a file, and why."),
        "tag": ("tag_command:tag", "Show which tags raw articles would get, and why."),
        "tags": ("tags_command:tags", "List topics; check rule files before you use them."),
        "retag": (
            "reprocess_commands:retag",
            "Retag stored articles by newer rules; --dry-run first.",
        ),
        "reclean": (
            "reprocess_commands:reclean",
            "Reclean stored payloads by newer rules; --dry-run first.",
        ),
        "dedup": (
            "dedup_command:dedup",
            "Try other thresholds on stored articles; --dry-run first.",
        ),
    },
    "Keep it running": {
        "keyphrases": ("keyphrases_command:keyphrases", "Count words for keyphrase tags."),
        "migrate": ("operations_commands:migrate_store", "Bring the store's schema up to date."),
        "config": (
            "operations_commands:config",
            "Print settings and rules, and where each came from.",
        ),
        "doctor": (
            "doctor_command:doctor",
            "Check broker, store and config; say how to mend them.",
        ),
        "health": ("health_command:health", "Check whether the worker on this machine works."),
        "pause": ("pause_commands:pause", "Pause a lane or a source; without a name list pauses."),
        "drain": ("drain_command:drain", "End workers when they have finished what they have."),
        "resume": ("pause_commands:resume", "Resume a lane or a source."),
        "web": ("web_command:web", "Start the web server: metrics, health, pages."),
        "status": ("status_command:status", "Say what needs attention; show queues and workers."),
        "report": ("report_command:report", "Summarize the last days; --html writes charts."),
        "top": ("top_command:top", "Show the state on one screen, again and again."),
        "token": ("token_command:token", "Make or revoke access tokens for the web server."),
        "workers": ("workers_command:workers", "List the workers at work on all hosts."),
        "alerts": (
            "alerts_command:alerts",
            "List what was or will be reported; send a test message.",
        ),
        "ledger": (
            "ledger_command:ledger",
            "Compare receipts with outcomes; list what is missing.",
        ),
        "retention": (
            "retention_command:retention",
            "Show what is kept how long; --yes removes what is older.",
        ),
        "backup": ("backup_command:backup", "Copy store, queue and journals to a folder."),
        "restore": ("backup_command:restore", "Put a backup back; --dry-run checks it."),
        "sources": (
            "sources_command:sources",
            "List sources, and whether they are silent; snooze them.",
        ),
        "index": ("index_command:index", "Measure, verify or rebuild the similarity index."),
        "cluster": ("cluster_command:cluster", "Show a cluster; split, merge or pin by hand."),
        "reconcile": ("reconcile_command:reconcile", "Repair clusters, and list each repair."),
        "dead": ("dead_command:dead", "List, show, replay or drop dead letters."),
        "delete": (
            "delete_command:delete",
            "Delete articles for good; without --yes only show them.",
        ),
    },
}
COMMANDS = {name: target for group in GROUPS.values() for name, target in group.items()}


class LazyGroup(click.Group):
    """The command group `worker`, which imports the module of a subcommand only when that is used.

    So each command starts fast. The help lists the subcommands under headings.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = f"{__name__}.{COMMANDS[cmd_name][0]}".split(":")
        command = getattr(import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name]} is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, help_) for name, (_, help_) in commands.items()])


@click.group(
    cls=LazyGroup,
    epilog='Shell completion: eval "$(_WORKER_COMPLETE=bash_source worker)" (or zsh_source, …)',
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="article-worker", prog_name="worker")
def group() -> None:
    """Clean, deduplicate, tag and store news articles from a queue.

    Worker processes are started with Celery: celery -A worker worker

    Exit codes: 0 done, 1 something needs a look, 2 wrong usage, 3 a service does not answer, 4
    settings or config are wrong, 130 interrupted. A command whose input is empty ends with 0, one
    that skipped all of its input with 1, and one that was given a file without raw articles with 2.
    """


def _show(error: click.ClickException) -> None:
    """Print an error of a command; what it repeats of the arguments can't steer the terminal."""
    printed = io.StringIO()
    error.show(printed)
    print(escaped(printed.getvalue(), kept="\n"), end="", file=sys.stderr)


def _interrupted(arguments: list[str]) -> str:
    """What to say when a command was interrupted; of messages only if the command sends some."""
    names = [argument for argument in arguments if not argument.startswith("-")]
    sends = names[:1] in ([name] for name in _SENDING) or names[:2] == ["dead", "replay"]
    return "interrupted; messages on the queue stay there" if sends else "interrupted"


def main(arguments: list[str] | None = None) -> None:
    """Run the command `worker` with these arguments, by default those of the process, and exit.

    Expected errors are printed as one line, without a traceback, and decide the exit code.
    """
    restrict_umask()
    try:
        sys.exit(group.main(arguments, prog_name="worker", standalone_mode=False))
    except click.ClickException as e:
        _show(e)
        sys.exit(e.exit_code)
    except (click.Abort, KeyboardInterrupt):
        print(_interrupted(sys.argv[1:] if arguments is None else arguments), file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:  # as in `worker export | head`: the reader has closed the pipe
        sys.stdout = None  # otherwise Python fails when it flushes stdout at exit
        sys.exit(EXIT_LOOK)
    except OSError as e:
        print(escaped(f"worker: {e.filename or e}: {e.strerror or 'failed'}"), file=sys.stderr)
        sys.exit(EXIT_UNAVAILABLE)
    except WorkerError as e:
        print(escaped(f"worker: {e}", kept="\n"), file=sys.stderr)
        if isinstance(e, Unavailable) and e.what in _EXAMINED:
            print("run `worker doctor` to see what is wrong and how to mend it", file=sys.stderr)
        sys.exit(exit_code(e))
