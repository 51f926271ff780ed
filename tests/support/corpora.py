"""A corpus of ten reviews in every format that can be read."""

import csv
import io
import json
import tarfile
import zipfile

import numpy as np
import pytest

from imdb_gru.sources.review import Review

TEXTS = {
    ("train", 1): ["A wonderful film, truly.", 'She said "go", and I went.<br /><br />Loved it!', "très bon 😍"],
    ("train", 0): ["Dull, dull,\ndull.", "It isn't good; it's awful (really).", "No."],
    ("test", 1): ["Not bad at all, quite good."],
    ("test", 0): ["I expected better - it was a mess."],
}


KERAS_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def list_reviews(split):
    """The small corpus as reviews, in the order that every source keeps."""
    return [
        Review(text, label, f"tt000000{label}{number}" if split == "train" else f"tt000001{label}{number}")
        for label in (1, 0)
        for number, text in enumerate(TEXTS[split, label])
    ]


def iter_members():
    for split in ("train", "test"):
        for polarity, label in (("pos", 1), ("neg", 0)):
            films = [review.film for review in list_reviews(split) if review.label == label]
            urls = "".join(f"http://www.imdb.com/title/{film}/usercomments\n" for film in films)
            yield f"aclImdb/{split}/urls_{polarity}.txt", urls
            for number, text in enumerate(TEXTS[split, label]):
                yield f"aclImdb/{split}/{polarity}/{number}_{9 if label else 2}.txt", text
    yield "aclImdb/train/unsup/0_0.txt", "never read"


def write_tar(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members:
            if isinstance(member, str):
                member = tarfile.TarInfo(member)
            data = content.encode()
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def keras_words(text):
    return text.lower().translate(str.maketrans(dict.fromkeys(KERAS_FILTERS, " "))).split()


def write_npz(folder):
    words = sorted({word for texts in TEXTS.values() for text in texts for word in keras_words(text)})
    index = {word: rank for rank, word in enumerate(words, 1)}
    (folder / "imdb_word_index.json").write_text(json.dumps(index))
    arrays = {}
    for split in ("train", "test"):
        reviews = list_reviews(split)
        sequences = np.empty(len(reviews), dtype=object)
        sequences[:] = [[index[word] for word in keras_words(review.text)] for review in reviews]
        arrays |= {f"x_{split}": sequences, f"y_{split}": np.array([review.label for review in reviews])}
    np.savez(folder / "imdb.npz", **arrays)
    return folder / "imdb.npz"


def write_table(path, *, labels=("negative", "positive"), split=True):
    rows = [
        {"Review": review.text, "Sentiment": labels[review.label], **({"split": part} if split else {})}
        for part in ("train", "test")
        for review in list_reviews(part)
    ]
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    elif path.suffix == ".parquet":
        pytest.importorskip("pyarrow")
        from pyarrow import Table, parquet

        parquet.write_table(Table.from_pylist(rows), path)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return path


FORMATS = ("folder", "parent", "tar", "npz", "csv", "tsv", "jsonl", "parquet")


def rewrite_zip(path, changes):
    """Replace members of a zip."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (members | changes).items():
            archive.writestr(name, content)
