"""Tables of reviews and complete classifiers of random weights for them, made without Keras."""

import numpy as np

from imdb_gru.runs.run import Run

ROWS = [(f"{'wonderful' if number % 3 else 'dull'} film number {number}", int(number % 3 > 0)) for number in range(90)]
"""Different reviews, of which 60 are positive and 30 negative."""


def write_rows(path, rows=ROWS):
    """Write texts and labels as a table."""
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))
    return path


def make_table_run(path, data, *, remembers=True, **overrides) -> Run:
    """Make a complete classifier that seems to have been trained on a table, or without digests of what it has seen."""
    from imdb_gru.config import Config, load_config
    from imdb_gru.runs.catalogue import create_run
    from imdb_gru.runs.weights import iter_shapes, save_arrays
    from imdb_gru.tasks.training import load_corpus

    tiny = {"model.units": 6, "model.embedding": 5, "data.path": str(data.absolute())}
    config = load_config("scratch", {**tiny, **overrides}, Config)
    corpus = load_corpus(config)
    run = create_run(path, config)
    run.keep_vocabulary(corpus.vocabulary)
    if remembers:
        run.keep_seen(corpus.seen)
    rng = np.random.default_rng(0)
    save_arrays(
        run, [rng.normal(0, 0.7, shape).astype("f") for shape in iter_shapes(config.model, len(corpus.vocabulary))]
    )
    run.model_path.write_bytes(b"never opened")
    run.history_path.write_text("")
    run.environment_path.write_text("")
    run.seal({"interrupted": False, "best": {"epoch": 1}, "data": corpus.statistics})
    return run
