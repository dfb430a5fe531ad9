r"""Train the recogniser of names on tagged corpora, and write worker/tag/data/entities*.npz.

    python -m training.entities --vectors vectors.npz --texts TEXTS... --version 2026.11 CORPUS...
    python -m training.entities --model entities.npz --lists FOLDER --news DATA --version 2026.12 \
        CORPUS...

CORPUS: files of `word TAB label`, sentences apart by an empty line (BIO; PER, ORG, LOC). TEXTS:
unlabelled news, for how words are written and, in a second round, what names mostly are. The second
form takes what is known of words from an earlier model, and adds in which part of names each word
stands in the lists that `training.pack_gazetteer` reads, and the news texts of DATA in which names
are marked (`training.news_names`).
A CRF by python-crfsuite; its weights are repacked for `worker/tag/entities/crf.py`.
Environment: `uv sync --extra train`; two minutes.
"""

import argparse
import gzip
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
import pycrfsuite
from sklearn.cluster import MiniBatchKMeans

from devtools.marked_names import marked_texts
from devtools.topic_corpora import texts
from training import news_names
from training.gazetteer import aliases, groups, listed_groups
from worker.tag.entities.lexicon import Lexicon
from worker.tag.entities.name_model import pack_strings
from worker.tag.entities.word_features import (
    AFTER,
    AFTER_2,
    BEFORE,
    BEFORE_2,
    EDGE,
    HERE,
    MARK,
    NONE,
    START,
    LexiconEntry,
    combinations,
    kind_pattern,
    shape,
    shape_kind,
    traits,
    word_features,
)
from worker.tag.tokens import LINE_END, Tokens, ends_sentence

Sentence = list[tuple[str, str]]

_KINDS = ("PER", "ORG", "LOC")
_CLUSTERS = 200
_COMMON = 30_000  # forms looked at before work begins
_FEWEST = 0.02  # a weight below this decides nothing
NEWS_TIMES = 2  # how often a sentence of news counts: it is what the worker reads
_OPENERS = frozenset(".!?\"“”‘:—-•'\n")


def corpus(path: Path) -> list[Sentence]:
    """Sentences of (word, label)."""
    blocks = path.read_text("utf-8").strip().split("\n\n")
    return [[tuple(row.split("\t")[:2]) for row in b.splitlines() if row.strip()] for b in blocks]


def iob2(path: Path) -> list[Sentence]:
    """Sentences of a Universal NER file; kinds that are not tagged are no names."""
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    blocks = text.strip().split("\n\n")
    rows = ([line.split("\t") for line in b.splitlines() if line[0] != "#"] for b in blocks)
    return [[(row[1], row[2] if row[2][2:] in _KINDS else "O") for row in block] for block in rows]


class Words:
    """What is known of words while training; the same entries as the packed lexicon gives."""

    def __init__(self, vectors: Path, unlabelled: Sequence[Path]) -> None:
        self.clusters = _clusters(vectors)
        self.groups = groups()
        self.lower_quarters = _lower_quarters(unlabelled)
        self.common = _common(unlabelled)
        self.usual_labels: dict[str, str] = {}
        self._forms: dict[str, tuple[tuple[str, ...], ...]] = {}

    def learn(self, usual_labels: Mapping[str, str]) -> None:
        self.usual_labels = dict(usual_labels)
        self._forms.clear()

    def entry(self, word: str) -> LexiconEntry:
        lower = word.lower()
        return LexiconEntry(
            cluster=self.clusters.get(lower, -1),
            groups=tuple(sorted(self.groups.get(lower, ()))),
            lower=self.lower_quarters.get(lower, -1),
            usual_label=self.usual_labels.get(word, ""),
        )

    def forms_of(self, word: str) -> tuple[tuple[str, ...], ...]:
        if word not in self._forms:
            self._forms[word] = word_features(word, self.entry(word) if word else LexiconEntry())
        return self._forms[word]

    def sentence(self, words: Sequence[str], *, thorough: bool) -> list[list[str]]:
        """The features of each word of a sentence, as the CRF sees them."""
        padded = [EDGE, EDGE, *words, EDGE, EDGE]
        forms, kinds = (
            [self.forms_of(w) for w in padded],
            [shape_kind(shape(w)) if w else NONE for w in padded],
        )
        word_traits = (
            [traits(w, self.entry(w) if w else LexiconEntry()) for w in padded] if thorough else []
        )
        features = []
        for index in range(2, len(words) + 2):
            first = index == 2 or (index == 3 and kinds[2] == MARK)
            features.append(
                [
                    *forms[index][START if first else HERE],
                    *forms[index - 1][BEFORE],
                    *forms[index + 1][AFTER],
                    *forms[index - 2][BEFORE_2],
                    *forms[index + 2][AFTER_2],
                    kind_pattern(*kinds[index - 1 : index + 2]),
                    *(combinations(word_traits[index - 2 : index + 3]) if thorough else ()),
                ]
            )
        return features

    def arrays(self) -> dict[str, np.ndarray]:
        """What is known of words, as arrays of a model file."""
        renamed = aliases(self.lower_quarters)
        return {
            "aliases": pack_strings(renamed),
            "places": pack_strings(renamed.values()),
            "common": pack_strings(self.common),
            **_lexicon(self),
        }


class StoredWords(Words):
    """What the file of an earlier model knows of words, with more groups of words."""

    def __init__(self, model: Path, more_groups: Mapping[str, set[str]]) -> None:
        self._stored = dict(np.load(model))
        self._lexicon = Lexicon(self._stored)
        self._more = more_groups
        self._forms: dict[str, tuple[tuple[str, ...], ...]] = {}

    def entry(self, word: str) -> LexiconEntry:
        entry = self._lexicon.entry(word)
        groups = {*entry.groups, *self._more.get(word.lower(), ())}
        return entry._replace(groups=tuple(sorted(groups)))

    def arrays(self) -> dict[str, np.ndarray]:
        stored = self._stored
        more = {crc32(word.encode()): groups for word, groups in self._more.items()}
        row_of = {key: row for row, key in enumerate(stored["words"].tolist())}
        keys = sorted(row_of.keys() | more.keys())
        rows = np.array([row_of.get(key, -1) for key in keys])
        old_sets = [str(names).split() for names in stored["group_sets"]]
        names_of = [
            " ".join(
                sorted({*(old_sets[stored["groups"][row]] if row >= 0 else ()), *more.get(k, ())})
            )
            for k, row in zip(keys, rows.tolist(), strict=True)
        ]
        sets = {names: number for number, names in enumerate(sorted(set(names_of)))}
        kept = ("aliases", "places", "common", "known", "known_as", "known_names")
        return {
            **{name: stored[name] for name in kept},
            "words": np.array(keys, np.uint32),
            "clusters": np.where(rows < 0, np.int16(-1), stored["clusters"][rows]),
            "lower": np.where(rows < 0, np.int8(-1), stored["lower"][rows]),
            "groups": np.array([sets[names] for names in names_of], np.uint16),
            "group_sets": np.array(list(sets)),
        }


def _clusters(path: Path) -> dict[str, int]:
    stored = np.load(path)
    vectors = stored["vectors"].astype(np.float32)
    vectors -= vectors.mean(0)
    reduced = vectors @ np.linalg.svd(vectors.T @ vectors)[0][:, :64]
    reduced /= np.linalg.norm(reduced, axis=1, keepdims=True)
    clustering = MiniBatchKMeans(_CLUSTERS, random_state=0, n_init=2, batch_size=4096, max_iter=60)
    return dict(
        zip(map(str, stored["words"]), clustering.fit(reduced).labels_.tolist(), strict=True)
    )


def _lower_quarters(paths: Sequence[Path]) -> dict[str, int]:
    """How often each word is written small inside sentences, in quarters."""
    lowercase: Counter[str] = Counter()
    large: Counter[str] = Counter()
    for path in paths:
        for text in texts(path):
            before = "."
            for word in re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|[^\w\s]", text):
                if before not in _OPENERS:
                    (lowercase if word[0].islower() else large)[word.lower()] += 1
                before = word
    counts = {word: lowercase[word] + large[word] for word in lowercase | large}
    return {w: round(4 * lowercase[w] / n) for w, n in counts.items() if n >= 3}


def _common(paths: Sequence[Path]) -> list[str]:
    """The forms of words that most texts have."""
    all_texts = (text for path in paths for text in texts(path))
    counts = Counter(word for text in all_texts for word in dict.fromkeys(Tokens(text).words))
    return [word for word, _ in counts.most_common(_COMMON) if word != LINE_END]


def train(
    words: Words, sentences: Sequence[Sentence], model: Path, *, thorough: bool = False
) -> "pycrfsuite.Tagger":
    """A CRF with elastic-net regularisation, set on development data."""
    trainer = pycrfsuite.Trainer(verbose=False)
    for sentence in sentences:
        features = words.sentence([w for w, _ in sentence], thorough=thorough)
        trainer.append(features, [label for _, label in sentence])
    trainer.select("lbfgs")
    trainer.set_params(
        {"c1": 0.05, "c2": 0.2, "max_iterations": 60, "feature.possible_transitions": True}
    )
    trainer.train(str(model))
    tagger = pycrfsuite.Tagger()
    tagger.open(str(model))
    return tagger


def split(text: str) -> Iterator[list[str]]:
    """The sentences of a text as lists of words."""
    words: list[str] = []
    for word in Tokens(text).words:
        if word != LINE_END:
            words.append(word)
        if words and ends_sentence(word):
            yield words
            words = []
    if words:
        yield words


def usual_labels(
    tagger: "pycrfsuite.Tagger", words: Words, paths: Sequence[Path]
) -> dict[str, str]:
    """What each capitalised form mostly is in unlabelled text, how surely, and if it is common."""
    label_counts: dict[str, Counter[str]] = defaultdict(Counter)
    for path in paths:
        for text in texts(path):
            for sentence in split(text):
                labels = tagger.tag(words.sentence(sentence, thorough=False))
                for word, label in zip(sentence, labels, strict=True):
                    if word[0].isupper():
                        label_counts[word][label] += 1
    usual = {}
    for word, labels in label_counts.items():
        total = labels.total()
        if total >= 2:
            label, times = labels.most_common(1)[0]
            sure = "9" if times > 0.9 * total else "7" if times > 0.7 * total else "5"
            usual[word] = label + sure + ("+" if total >= 8 else "")
    return usual


def pack(
    taggers: Sequence["pycrfsuite.Tagger"], words: Words, version: str, *, thorough: bool
) -> dict[str, np.ndarray]:
    """The arrays of a model file: features by the CRC of their names, weights as bytes. Of several
    models it is the average of what their own files would say."""
    labels = taggers[0].labels()
    tables = [_weights(tagger, labels) for tagger in taggers]
    keys = sorted({key for table in tables for key in table})
    none = np.zeros(len(labels))
    rows = [sum(table.get(key, none) for table in tables) / len(tables) for key in keys]
    weights, scale = _as_bytes(np.array(rows))
    return {
        "version": np.array(version),
        "thorough": np.array(thorough),
        "labels": np.array(labels),
        "keys": np.array(keys, np.uint32),
        "weights": weights,
        "scale": np.array(scale, np.float32),
        "moves": sum(_moves(tagger, labels) for tagger in taggers) / len(taggers),
        **words.arrays(),
    }


def _weights(tagger: "pycrfsuite.Tagger", labels: Sequence[str]) -> dict[int, np.ndarray]:
    """Of one model, as exact as bytes have them, without those that decide nothing."""
    table: dict[int, np.ndarray] = defaultdict(lambda: np.zeros(len(labels), np.float32))
    for (name, label), weight in tagger.info().state_features.items():
        table[crc32(name.encode())][labels.index(label)] += weight
    kept = {key: row for key, row in table.items() if np.abs(row).max() >= _FEWEST}
    rounded, scale = _as_bytes(np.stack(list(kept.values())))
    return dict(zip(kept, rounded * scale, strict=True))


def _as_bytes(weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Rounded, and what one of them is worth."""
    scale = np.abs(weights).max() / 127
    return np.round(weights / scale).astype(np.int8), scale


def _moves(tagger: "pycrfsuite.Tagger", labels: Sequence[str]) -> np.ndarray:
    moves = np.zeros((len(labels), len(labels)), np.float32)
    for (before, after), weight in tagger.info().transitions.items():
        moves[labels.index(before), labels.index(after)] += weight
    return moves


def _lexicon(words: Words) -> dict[str, np.ndarray]:
    by_key = {crc32(w.encode()): w for w in {*words.clusters, *words.groups, *words.lower_quarters}}
    keys = np.array(sorted(by_key), np.uint32)
    entries = [words.entry(by_key[int(key)]) for key in keys]
    sets = sorted({" ".join(entry.groups) for entry in entries})
    forms = {crc32(w.encode()): label for w, label in words.usual_labels.items()}
    names = sorted(set(forms.values()))
    form_keys = np.array(sorted(forms), np.uint32)
    return {
        "words": keys,
        "clusters": np.array([entry.cluster for entry in entries], np.int16),
        "groups": np.array([sets.index(" ".join(e.groups)) for e in entries], np.uint16),
        "group_sets": np.array(sets),
        "lower": np.array([entry.lower for entry in entries], np.int8),
        "known": form_keys,
        "known_as": np.array([names.index(forms[int(key)]) for key in form_keys], np.uint8),
        "known_names": np.array(names),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", nargs="+", type=Path)
    parser.add_argument("--texts", nargs="+", type=Path, default=[])
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--model", type=Path, help="an earlier one, instead of --vectors")
    parser.add_argument("--lists", type=Path, help="of the gazetteer; with --model")
    parser.add_argument("--news", type=Path, help="folder of texts; with --model")
    parser.add_argument("--version", required=True)
    parser.add_argument("--out", type=Path, default=Path("worker/tag/data"))
    options = parser.parse_args()
    if options.model:
        words: Words = StoredWords(options.model, listed_groups(options.lists))
    else:
        words = Words(options.vectors, options.texts)
    sentences = [s for path in options.corpora for s in corpus(path)]
    for marked in marked_texts(options.news, news_names.LABELS) if options.news else ():
        sentences += [*news_names.sentences(marked)] * NEWS_TIMES
    with tempfile.TemporaryDirectory() as folder:
        if not options.model:
            first = train(words, sentences, Path(folder, "first"))
            words.learn(usual_labels(first, words, options.texts))
        fast = train(words, sentences, Path(folder, "fast"))
        slow = train(words, sentences, Path(folder, "slow"), thorough=True)
        models = {
            "entities": pack([fast], words, options.version, thorough=False),
            "entities-thorough": pack(
                [fast, slow], words, f"{options.version}-thorough", thorough=True
            ),
        }
    for name, arrays in models.items():
        out = options.out / f"{name}.npz"
        np.savez_compressed(out, **arrays)
        print(f"{out}: {out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
