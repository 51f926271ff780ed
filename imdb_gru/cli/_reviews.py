"""The reviews for `inspect units`, `gradients` and `score`: text arguments, the --input file, or a split."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._data_options import build_input_option, other_data_options
from imdb_gru.cli._messages import EventPrinter, say
from imdb_gru.cli._options import number_option

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig
    from imdb_gru.events import Event
    from imdb_gru.runs.run import Run

SEED = 0


@dataclass(frozen=True)
class ReviewChoice:
    """The reviews that the user chose."""

    texts: tuple[str, ...]
    input_path: str | None
    data: "DataConfig | None"
    split: str | None
    reviews: int | None

    def load(self, run: "Run", most: int | None = None) -> list[str]:
        """Return the given texts or, if there are none, reviews from a split.

        At most `most` reviews are chosen from the split at random; --reviews overrides `most`. If both are None, the
        whole split is returned. Raises `UsageError` if the user gave options that cannot be combined.
        """
        from imdb_gru.config import DataConfig
        from imdb_gru.tasks.evaluation import choose_reviews

        data = self.data or DataConfig()
        if self.texts and self.input_path:
            raise click.UsageError(
                "give texts or --input, not both; if --input is followed by a glob, put the glob in quotes"
            )
        if self.texts or self.input_path:
            if data.path or self.split or self.reviews:
                raise click.UsageError(
                    "--data, --split and --reviews choose reviews from a split, so they cannot be used with texts or "
                    "--input"
                )
            from imdb_gru.models.inputs import open_input

            file = data.model_copy(update={"path": self.input_path})
            reader = open_input(self.texts, file, observer=EventPrinter())
            texts = list(reader.follow("reading"))
            for note in reader.notes:
                say(note)
            return texts
        split = self.split or (None if data.path else "validation")
        chosen = choose_reviews(run, data=self.data, split=split, observer=_show_notice)
        reviews = chosen.reviews
        most = self.reviews or most or len(reviews)
        if most < len(reviews):
            import numpy as np

            rows = np.random.default_rng(SEED).choice(len(reviews), most, replace=False)
            reviews = [reviews[row] for row in sorted(rows)]
        say(f"reading {len(reviews)} reviews of split {chosen.split} from {data.path or run}")
        return [review.text for review in reviews]


def _show_notice(event: "Event") -> None:
    from imdb_gru.events import Notice

    if isinstance(event, Notice):
        say(str(event))


def review_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add TEXT, --input, --reviews, --split and the data options; the command receives a `ReviewChoice` as `chosen`."""

    @functools.wraps(command)
    def join(
        *,
        texts: tuple[str, ...],
        input_path: str | None,
        data: "DataConfig | None",
        split: str | None,
        reviews: int | None,
        **options: Any,
    ) -> Any:
        return command(chosen=ReviewChoice(texts, input_path, data, split, reviews), **options)

    added = other_data_options(join)
    for option in (
        click.option(
            "--split",
            type=click.Choice(["train", "validation", "test"]),
            help="The split to take reviews from [default: validation; with --data, the test split "
            "if the data has one].",
        ),
        number_option("--reviews", "Use N randomly chosen reviews from the split."),
        build_input_option("input_path"),
        click.argument("texts", nargs=-1, metavar="[TEXT]..."),
    ):
        added = option(added)
    return added
