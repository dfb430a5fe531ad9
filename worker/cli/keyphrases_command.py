"""`worker keyphrases`: count the words of all stored articles for config/keyphrases.toml."""

import sys
from collections import Counter, defaultdict
from pathlib import Path

import click

from worker import bootstrap
from worker.cli.terminal import err, progress, several
from worker.model.private_files import users_umask
from worker.settings import Settings
from worker.store.values import Query
from worker.tag.keyphrases.keyphrase_tags import Frequencies, document_words

_KEPT = 100_000  # most frequent words of each language
_FEWEST = 2  # documents that must have a word; fewer count as none


@click.command(epilog="Example: worker keyphrases --out config/frequencies.json")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write.")
@click.option("--language", default="", help="Only articles in this language, such as en.")
def keyphrases(out: Path, language: str) -> None:
    """Count for each language how many stored articles have each word, and write the counts.

    Keyphrases are words that are frequent in a text and rare in these counts. Afterwards set
    `frequencies` and `enabled` in keyphrases.toml. Exit code 1 when no article is stored; an
    existing file then stays as it is.
    """
    settings = Settings.load()
    store = bootstrap.existing_store(settings)
    query = Query(language=language)
    documents: Counter[str] = Counter()
    words: dict[str, Counter[str]] = defaultdict(Counter)
    with progress("counting words") as bar:
        task = bar.add_task("", total=store.count(query) if err.is_terminal else None)
        for article in store.articles(query):
            documents[article.language] += 1
            words[article.language].update(document_words(f"{article.title}\n{article.text}"))
            bar.advance(task)
    if not documents:
        err.print(f"no {language} article is stored: nothing was written".replace("  ", " "))
        sys.exit(1)
    kept = {
        of: {word: n for word, n in counts.most_common(_KEPT) if n >= _FEWEST}
        for of, counts in words.items()
    }
    counted = Frequencies(documents=dict(documents), words=kept)
    try:
        part = out.with_name(out.name + ".part")
        with users_umask():
            part.write_text(counted.model_dump_json(), "utf-8")
        part.replace(out)
    except OSError as e:
        raise click.BadParameter(f"{e.strerror}: {e.filename}", param_hint="--out") from e
    shown = ", ".join(f"{of} {n}" for of, n in documents.most_common())
    err.print(f"words of {several(documents.total(), 'article')} ({shown}) in {out}", markup=False)
