"""imdb-gru train: train a classifier into a run directory."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from imdb_gru.cli.options import Command, say
from imdb_gru.cli.training import Lesson, training_options

if TYPE_CHECKING:
    from imdb_gru.cluster.training import ClusterTrainer
    from imdb_gru.config import Config, Task
    from imdb_gru.run import Run
    from imdb_gru.sources.review import Source
    from imdb_gru.text.corpus import Corpus, TrainingReviews
    from imdb_gru.text.vocabulary import Vocabulary
    from imdb_gru.training.trainer import Trainer


@click.command(cls=Command)
@training_options
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Train on N processes of a Ray cluster, with train.batch_size reviews each at a time; needs the extra 'ray'.",
)
@click.option(
    "--address",
    metavar="HOST:PORT",
    help="The Ray cluster, such as 10.0.0.1:6379; all its machines must see --run. Without it, this machine.",
)
def train(workers: int | None, address: str | None, **options: Any) -> None:
    """Train a model, and write it with all that later commands need into a run directory.

    \b
    imdb-gru train --data sample --set train.epochs=2
    """
    if address and not workers:
        raise click.UsageError("--address names the cluster that --workers run on: say how many")
    Sentiment(workers, address).run(**options)


class Sentiment(Lesson):
    """A classifier, from labelled reviews."""

    task: ClassVar["Task"] = "sentiment"
    promise = "stops after the batches at hand and keeps the best epoch"
    require_labels = True

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        self.workers = workers
        self.address = address

    def open_place(self) -> AbstractContextManager[None]:
        """Connect to the cluster, where workers are asked for."""
        if not self.workers:
            return nullcontext()
        from imdb_gru.cluster.connection import check_ray, connect

        check_ray("--workers")
        return connect(self.address)

    def complete_config(self, config: "Config") -> "Config":
        """Make the batch that of all workers together: so the run can go on with any number of them."""
        batch_size = config.train.batch_size * (self.workers or 1)
        return config.model_copy(update={"train": config.train.model_copy(update={"batch_size": batch_size})})

    def load_config(self, path: Path | None, overrides: list[str]) -> "Config":
        """Read a classifier's config."""
        from imdb_gru.config import load_config

        return load_config(path, overrides)

    def load_reviews(self, source: "Source", config: "Config") -> "TrainingReviews":
        """Read labelled reviews."""
        from imdb_gru.text.corpus import load_training_reviews

        return load_training_reviews(source, config)

    def load_vocabulary(self, config: "Config") -> "Vocabulary | None":
        """Return that of the next-word run to start from, if there is one."""
        from imdb_gru.config import find_departures
        from imdb_gru.pretrained import load_pretrained

        pretrained = load_pretrained(config)
        if pretrained:
            say(f"starting from {config.model.pretrained}")
            return pretrained.vocabulary
        departures = ", ".join(find_departures(config.model_dump()))
        say(f"starting from nothing{departures and f' (the model in the package has another {departures})'}")
        return None

    def build_trainer(self, run: "Run", config: "Config", corpus: "Corpus") -> "Trainer | ClusterTrainer":
        """Build a classifier in training."""
        from imdb_gru.errors import RunError
        from imdb_gru.pretrained import load_pretrained
        from imdb_gru.training.trainer import Trainer

        pretrained = load_pretrained(config)
        if pretrained and pretrained.vocabulary.words != corpus.vocabulary.words:
            name = config.model.pretrained
            raise RunError(f"{name} is not what {run} started from: put it back, or train the run again")
        if self.workers:
            from imdb_gru.cluster.training import ClusterTrainer

            return ClusterTrainer(run, config, corpus, pretrained, self.workers, say)
        return Trainer(run, config, corpus, pretrained)

    def describe_model(self, config: "Config", corpus: "Corpus") -> tuple[str, int, int]:
        """Return Keras's summary, the parameters, and the bytes."""
        from imdb_gru.training.plan import estimate_memory, summarise_model

        summary, parameters = summarise_model(config, corpus)
        return summary, parameters, estimate_memory(config, parameters, corpus)

    def describe_epoch(self, record: dict[str, Any]) -> list[str]:
        """Return loss and accuracy."""
        parts = [f"loss {record['loss']:.4f}", f"accuracy {record['accuracy']:.2%}"]
        if "validation_loss" not in record:
            return parts
        validation = f"validation loss {record['validation_loss']:.4f}"
        return [*parts, validation, f"accuracy {record['validation_accuracy']:.2%}"]

    def describe_best(self, best: dict[str, Any]) -> list[tuple[str, str]]:
        """Return the validation figures, if there are any."""
        if "validation_accuracy" not in best:
            return []
        return [
            ("validation accuracy", f"{best['validation_accuracy']:.2%}"),
            ("validation log loss", f"{best['validation_loss']:.4f}"),
        ]

    def describe_start(self, run: "Run") -> str:
        """Say that nothing of the first epoch is kept."""
        return f"stopped before an epoch was done; nothing of it is kept; begin it again with: {run.resumption}"
