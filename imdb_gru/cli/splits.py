"""Own the choice of the reviews that a run is judged on."""

from typing import TYPE_CHECKING

import click

from imdb_gru.cli.options import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imdb_gru.config import DataConfig
    from imdb_gru.run import Run
    from imdb_gru.sources.review import Review, Source
    from imdb_gru.text.corpus import TrainingReviews

split_option = click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    help="The split to judge on [default: test; of a next-word run, what was held out].",
)


def load_split(
    run: "Run", data: str | None, text_column: str | None, label_column: str | None, split: str | None
) -> "tuple[str, Sequence[Review]]":
    """Read the reviews to judge on; the run's own held-out reviews where its data has no test split."""
    from imdb_gru.text.corpus import UNDIVIDED, load_reviews, load_training_reviews

    config = run.load_config()
    own = config.data
    source = _open(str(run), own, data, text_column, label_column)
    if split is None:
        if "test" in source.splits:
            split = "test"
        elif data is None:
            split = "validation"
            say(f"{source.name} has no test split: judging on the reviews held out in training")
        else:
            split = UNDIVIDED if UNDIVIDED in source.splits else source.splits[-1]
    if split in (UNDIVIDED, "test") or (split == "validation" and split in source.splits):
        return split, load_reviews(source, split, own.limit)
    chosen = _choose_part(run, source, load_training_reviews(source, config), split)
    return split, [review for review in chosen if review.label is not None]


def load_texts(
    run: "Run", data: str | None, text_column: str | None, label_column: str | None, split: str | None
) -> "tuple[str, Sequence[Review]]":
    """Read the reviews to judge a next-word run on: those held out in training, or all of another source."""
    from imdb_gru.errors import DataError
    from imdb_gru.text.corpus import UNDIVIDED, hold_reviews, load_pretraining_reviews, load_reviews

    config = run.load_next_word_config()
    own = config.data
    source = _open(str(run), own, data, text_column, label_column, require_labels=False)
    if data and split is None:
        reviews = [review for part in source.splits for review in hold_reviews(source, part)]
        if not reviews:
            raise DataError(f"{source.name} holds no reviews: name others with --data")
        return UNDIVIDED, reviews
    split = split or "validation"
    if split == "test" or split in set(source.splits) - {"train"}:
        return split, load_reviews(source, split, own.limit)
    return split, _choose_part(run, source, load_pretraining_reviews(source, config), split)


def _open(
    run: str,
    own: "DataConfig",
    data: str | None,
    text_column: str | None,
    label_column: str | None,
    *,
    require_labels: bool = True,
) -> "Source":
    """Open what the options name, and where they name nothing, the run's own data."""
    from imdb_gru.sources import open_run_source

    return open_run_source(
        run, own, data, text_column=text_column, label_column=label_column, require_labels=require_labels
    )


def _choose_part(run: "Run", source: "Source", reviews: "TrainingReviews", split: str) -> "Sequence[Review]":
    """Return the reviews that the run was trained on, or those it held out; raises where they are not the source's."""
    from imdb_gru.errors import DataError, RunError

    if reviews.hash != run.load_metrics()["data"]["hash"]:
        raise RunError(
            f"{source.name} does not hold the reviews that {run} was trained on, so its {split} split is not "
            "known: name that data with --data, or judge on other reviews without --split"
        )
    chosen = reviews.train if split == "train" else reviews.validation
    if not chosen:
        share = run.load_any_config().train.validation_split
        raise DataError(
            f"{run} held no reviews out (train.validation_split is {share:g}): judge on other reviews with "
            "--split or --data"
        )
    return chosen
