"""Reviews and predictions as CSV, for the peers of the scoreboard; it needs only the standard library.

Each peer is a script:

python PEER.py train REVIEWS.csv FOLDER
python PEER.py predict REVIEWS.csv FOLDER OUT.csv
"""

import csv
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

Reviews = tuple[list[str], list[int]]


def read(path: str) -> Reviews:
    """Read the texts and the labels, which are 1 for positive and 0 for negative."""
    csv.field_size_limit(sys.maxsize)
    with Path(path).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [int(row["label"]) for row in rows]


def run(
    predict: Callable[[list[str], Path], Iterable[float]],
    train: Callable[[list[str], list[int], Path], None] | None = None,
) -> None:
    """Do what the command line asks for: train, or write the probability of positive for each review."""
    task, reviews, name, *output = sys.argv[1:]
    texts, labels = read(reviews)
    folder = Path(name)
    if task == "train" and train:
        folder.mkdir(parents=True, exist_ok=True)
        train(texts, labels, folder)
    elif task == "predict":
        with Path(output[0]).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "probability"])
            writer.writerows(zip(texts, map(float, predict(texts, folder)), strict=True))
