"""Train the topic model on corpora and word vectors, and write worker/tag/data/topics.npz.

    python -m training.topics --current-events FILE --huffpost FILE --wcxb FOLDER --fnc1 FOLDER \\
        --iptc FILE --vectors vectors.npz --version topics-2026.12.2

The method is described in devtools/topic_training.py. (extra: bench, for scipy)
"""

import argparse
from pathlib import Path

import numpy as np

from devtools.topic_corpora import (
    CODES,
    after_2019,
    definitions,
    pages,
    phrases,
    sentences,
    stories,
)
from devtools.topic_training import build, load_words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("current-events", "huffpost", "wcxb", "fnc1", "iptc", "vectors"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--out", type=Path, default=Path("worker/tag/data/topics.npz"))
    options = parser.parse_args()
    news = sentences(options.current_events)
    articles = [*pages(options.wcxb), *stories(options.fnc1)]
    real = [*news, *sentences(options.huffpost, 3.0), *articles, *after_2019()]
    extra = [*definitions(options.iptc), *phrases()]
    arrays = build(real, extra, load_words(options.vectors), options.version)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(options.out, **arrays)
    print(
        f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB, thresholds",
        dict(zip(CODES, arrays["thresholds"].round(2).tolist(), strict=True)),
    )


if __name__ == "__main__":
    main()
