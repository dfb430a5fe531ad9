"""`worker keyphrases`: the words of all stored articles are counted for config/keyphrases.toml."""

import sys
from collections import Counter, defaultdict
from pathlib import Path

import click

from worker import bootstrap
from worker.cli.terminal import err, progress, several
from worker.settings import Settings
from worker.store.values import Query
from worker.tag.keyphrases.keyphrase_tags import Frequencies, document_words

_KEPT = 100_000  # words of a language, the most frequent
_FEWEST = 2  # documents; a word of one is as rare as a word of none


@click.command(epilog="Example: worker keyphrases --out config/frequencies.json")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write.")
@click.option("--language", default="", help="Only this one, such as en.")
def keyphrases(out: Path, language: str) -> None:
    """Count in how many stored articles each word is, by language: what keyphrases are told by.

    Reads the store, writes one file. Then set `frequencies` and `enabled` in keyphrases.toml.
    Exit code 1 when nothing is stored: a file that is there stays as it is.
    """
    settings = Settings.load()
    bootstrap.prepare_store(settings)
    store = bootstrap.store(settings)
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
        part.write_text(counted.model_dump_json(), "utf-8")
        part.replace(out)
    except OSError as e:
        raise click.BadParameter(f"{e.strerror}: {e.filename}", param_hint="--out") from e
    shown = ", ".join(f"{of} {n}" for of, n in documents.most_common())
    err.print(f"words of {several(documents.total(), 'article')} ({shown}) in {out}", markup=False)
