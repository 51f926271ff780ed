"""Splitting texts and sequences: chunks of texts that fit in memory, and batches of sequences of similar length."""

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from imdb_gru.corpus.encoded import pad
from imdb_gru.engine.workers import iter_shared
from imdb_gru.system.arrays import Array, Ids, Lengths, Rows

BATCH_SIZE = 64
CHUNK = 4096
"""Maximum number of reviews in a chunk, which bulk prediction holds in memory and sorts by length."""
CHUNK_CHARACTERS = 64 * 2**20
"""Number of characters after which a chunk ends, even if it contains only a few reviews."""


def take_chunk(texts: Iterator[str]) -> Iterator[str]:
    """Yield the texts of the next chunk: at least one text, unless none are left."""
    characters = 0
    for text in itertools.islice(texts, CHUNK):
        yield text
        characters += len(text)
        if characters > CHUNK_CHARACTERS:
            return


def cut_batches(lengths: Lengths) -> list[Rows]:
    """Sort sequences by length, longest first, cut them into batches, and return the row numbers of each batch."""
    order = np.argsort(-lengths, kind="stable")
    return [order[start : start + BATCH_SIZE] for start in range(0, len(order), BATCH_SIZE)]


def map_sorted(
    compute: Callable[[Ids, Lengths], Array], sequences: Sequence[Ids], observe: Callable[[int], object] | None
) -> Iterator[tuple[Rows, Lengths, Array]]:
    """Compute batches on all cores, longest sequences first, and yield each batch's rows, lengths and results."""
    lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
    batches = cut_batches(lengths)

    def work(rows: Rows) -> Array:
        return compute(pad([sequences[row] for row in rows]), lengths[rows])

    for rows, results in zip(batches, iter_shared(work, batches), strict=True):
        if observe:
            observe(len(rows))
        yield rows, lengths[rows], results
