"""Read raw articles from the paths that a command was called with, and note what was skipped."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import IO, Any, NamedTuple

import click

from worker.cli.file_kinds import LINK, FileKind, NotRawArticle
from worker.cli.file_reading import InputValue, kind_of_other, read_file
from worker.cli.folders import files_below, links_below, others_below
from worker.cli.terminal import echo_line, several, visible

_MOST_NAMED = 10  # refused files that are listed; the others are counted


follow_links_option = click.option(
    "--follow-symlinks",
    "follow_links",
    is_flag=True,
    help="Read what symbolic links in folders lead to, too.",
)


class SkippedInput(NamedTuple):
    """A file, or a line of one, that was skipped because it holds no raw article.

    `location` is the file, or file and line, and `kind` what was found there, such as an image.
    `asked_for` is True if the user named the file, False if it was found in a folder.
    """

    location: str  # file, or file and line; "-" is standard input
    kind: FileKind
    asked_for: bool  # named on the command line, not found in a folder

    def __str__(self) -> str:
        name = "standard input" if self.location == "-" else self.location
        return f"{name} is {self.kind}, not a raw article; {self.kind.advice(self.location)}"


class NoRawArticles(click.ClickException):
    """The error for files that the user named on the command line and that hold no raw articles.

    It prints a line for each file and gives exit code 2, wrong usage.
    """

    exit_code = 2

    def __init__(self, skipped: Sequence[SkippedInput]) -> None:
        super().__init__(f"no raw articles in {several(len(skipped), 'file')}")
        self.skipped = skipped

    def show(self, file: IO[Any] | None = None) -> None:
        for skipped_input in self.skipped[:_MOST_NAMED]:
            echo_line(f"worker: {skipped_input}", error=True)
        if rest := self.skipped[_MOST_NAMED:]:
            click.echo(f"worker: and {several(len(rest), 'more file')}", err=True)


def check_inputs(paths: Sequence[Path]) -> None:
    """Check the paths that the user named on the command line, before any article is sent.

    Raises BadParameter for a path that does not exist, and NoRawArticles for files whose beginning
    shows that they hold no raw article, such as a PDF.
    """
    for path in paths:
        if str(path) != "-" and not path.exists():
            name = visible(str(path), one_line=True)
            raise click.BadParameter(f"{name} does not exist", param_hint="PATHS")
    if refused := [skipped for path in paths if (skipped := _skipped_input(path))]:
        raise NoRawArticles(refused)


def _skipped_input(path: Path) -> SkippedInput | None:
    """The file as skipped input if it holds no raw article, else None.

    Pipes are not read here, because they can be read only once.
    """
    if not path.is_file():
        return None
    with closing(read_file(path)) as values:
        _, raw = next(values, ("", None))
    return (
        SkippedInput(str(path), raw.kind, asked_for=True)
        if isinstance(raw, NotRawArticle)
        else None
    )


def read_inputs(
    paths: Sequence[Path],
    exclude: Sequence[str] = (),
    skipped: list[SkippedInput] | None = None,
    *,
    follow_links: bool = False,
) -> Iterator[InputValue]:
    """Yield the raw articles of files and folders with their locations.

    Files and lines without a raw article are added to `skipped`. `exclude` has name patterns. A
    symbolic link inside a folder is skipped unless `follow_links` is set: it may lead to a file
    that its author may not read.
    """
    left_out = [] if skipped is None else skipped
    for path in paths:
        folder = path.is_dir()
        for link in [] if follow_links else links_below(path, exclude):
            left_out.append(SkippedInput(str(link.relative_to(path)), LINK, asked_for=False))
        for other in others_below(path, exclude, follow_links=follow_links):
            name = str(other.relative_to(path))
            left_out.append(SkippedInput(name, kind_of_other(other), asked_for=False))
        for file in files_below(path, exclude, follow_links=follow_links):
            name = str(file.relative_to(path)) if folder else str(file)
            for location, raw in read_file(file, name):
                if isinstance(raw, NotRawArticle):
                    left_out.append(SkippedInput(location, raw.kind, asked_for=not folder))
                else:
                    yield location, raw


def articles_only(read_inputs: Iterable[InputValue]) -> Iterator[InputValue]:
    """Yield raw articles that were read from files, each with its location, in the same order.

    Raises NoRawArticles as soon as something else comes, such as a file that is a PDF.
    """
    for location, raw in read_inputs:
        if isinstance(raw, NotRawArticle):
            raise NoRawArticles([SkippedInput(location, raw.kind, asked_for=True)])
        yield location, raw


def skipped_summary(skipped: Sequence[SkippedInput]) -> str:
    """A summary such as `skipped 3 files: 2 PDF documents, 1 image`; "" if none were skipped."""
    if not skipped:
        return ""
    kinds = Counter(skipped_input.kind for skipped_input in skipped).most_common()
    counts = ", ".join(kind.counted(count) for kind, count in kinds)
    return f"skipped {several(len(skipped), 'file')}: {counts}"


def skipped_rows(skipped: Sequence[SkippedInput]) -> list[dict[str, str]]:
    """The skipped files and lines as JSON values, with their locations and what was found there."""
    return [
        {"where": skipped_input.location, "kind": skipped_input.kind.name}
        for skipped_input in skipped
    ]


def nothing_to_read(paths: Sequence[Path]) -> str:
    """Make the message to the user that the files and folders at `paths` hold nothing to read."""
    names = ("standard input" if str(path) == "-" else str(path) for path in paths)
    return f"nothing to read in {', '.join(names)}"
